"""Goals of several parts on the workbench, put together from clauses.

What is asked for is drawn first (workbench_arrangements.py), then it is said: parts that belong
together share a clause or not, every clause is one of many forms, clauses come in any order and are
joined and framed in many ways, so that a reader cannot learn whole sentences by heart. The clauses
stand in phrases/train_workbench_clauses.yaml. Held-out pairs of colour and place are drawn in no
part and in no mention.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from vljepa_ros.sim.symbolic import PLACES

from .phrases import read_yaml
from .spintax import Tree, draw, parse, tidy
from .workbench_arrangements import Arrangement, Unit, against, picked, units
from .workbench_semantics import COLOURS
from .workbench_typing import type_carelessly

MOODS = {"state": 34, "do": 20, "put": 10, "want": 8, "should": 9, "is": 6, "inf": 4, "mixed": 9}
LASTING = {mood: share for mood, share in MOODS.items() if mood not in ("do", "put", "mixed")}
"""Moods in which the order of clauses means nothing."""
THEN = (", then ", " and then ", ". Then ", "; then ", ", afterwards ", ", after that ",
        ", and finally ", ". After that ", ", and once that is done, ", ", next ")
SOFT = ((", ", " and "), (", ", ", and "), (" and ", " and "), (", ", ", "))
HARD = (("; ", "; "), (". ", ". "), ("; ", "; and "), (" - ", " - "), (" / ", " / "))
JOINTS: dict[str, tuple[tuple[str, str], ...]] = {
    "state": (*SOFT, (", ", ", "), (", ", " plus "), *HARD, (", ", ", also "), (" & ", " & ")),
    "do": (*SOFT, (", then ", ", then "), (", ", " and finally "), (". ", ". Then "),
           (", ", " and then "), *HARD[:3]),
    "mixed": HARD[:3],
}
"""Mood -> what stands between clauses, and before the last one."""
NUMBERS = ("1) 2) 3) 4) 5)", "1. 2. 3. 4. 5.", "a) b) c) d) e)", "(1) (2) (3) (4) (5)", "- - - - -")
STYLES = {"bare": 42, "noun": 24, "cube": 8, "one": 8, "mixed": 18}
NOUNS = ("cube", "cube", "cube", "block", "block", "brick", "box", "piece")
MAX_TOKENS = 40
"""Words and marks of a sentence: its word pieces stay within what training reads (48)."""
_TOKEN = re.compile(r"\w+|[^\w\s]")
_SLOT = re.compile(r"\[(\w+)\]")
_ASKING = re.compile(r"(could|can|would|will) (you|I|we)\b")


class Form(NamedTuple):
    """One way to say a section; ``other``: it mentions another cube."""

    tree: Tree
    other: bool


class Compounds:
    """Draws goals of several parts; the same seed draws the same ones."""

    def __init__(self, macros: Mapping[str, str], seed: int) -> None:
        self.rng = random.Random(seed)
        file = read_yaml("vljepa_ros.training", "phrases/train_workbench_clauses.yaml")
        self.macros = {**macros, **file["macros"]}
        self.forms = {m: self._mood(file, m) for m in ("state", "do", "put", "should", "is", "inf")}
        self.noise, self.before, after = (
            {key: [parse(row, self.macros) for row in rows] for key, rows in table.items()}
            for table in (file["noise"], file["before"], {"any": file["after"]})
        )
        self.after = after["any"]
        self.phrases = {(kind, p): parse(f"<{kind}{p.upper()}>", macros)
                        for kind in ("", "TO_", "N_") for p in PLACES}
        self.words = {c: parse(f"<WORD_{c.upper()}>", macros) for c in COLOURS}

    def _mood(self, file: dict[str, Any], mood: str) -> dict[str, list[Form]]:
        """Section -> its forms in a mood."""
        verbs = file["moods"].get(mood, {})
        name = "full" if verbs else mood
        table = {**file[name], **file["fixtures"][name]}
        if verbs and mood != "inf":
            for section, rows in file["finite"].items():
                table[section] = [*table[section], *rows]
        macros = {**self.macros, **verbs}
        return {section: [Form(parse(row, macros), "[x]" in row) for row in rows]
                for section, rows in table.items()}

    def draw(self) -> tuple[str, tuple[str, ...]]:
        """A goal sentence and the statement ids it asks for, two to five."""
        while True:
            made = Arrangement(self.rng)
            if len(made.parts) > 1:
                text = self._said(made)
                if len(_TOKEN.findall(text)) <= MAX_TOKENS:
                    return text, made.parts

    def contradictory(self) -> str:
        """A goal with one clause that excludes one of its parts."""
        while True:
            made = Arrangement(self.rng)
            text = self._said(made, against(made, self.rng)[0])
            if len(_TOKEN.findall(text)) <= MAX_TOKENS:
                return text

    def sequence(self) -> tuple[str, tuple[str, ...]]:
        """Steps of which a later one undoes an earlier one: the last counts."""
        rng = self.rng
        while True:
            made = Arrangement(rng)
            step, name = against(made, rng)
            voice, steps = Voice(self, made), units(made, rng)
            undoing = [i for i, unit in enumerate(steps)
                       if name and (name in unit.slots.values() or f"{name}." in unit.section)]
            if not undoing or not made.parts:
                continue
            steps.insert(rng.randrange(undoing[0] + 1), step)
            words = [voice.clause(self.forms["do"][u.section], u.slots).lstrip("^") for u in steps]
            text = words[0] + "".join(rng.choice(THEN) + word for word in words[1:])
            text = tidy(rng.choice(("", "", "first ", "please ", "first of all ")) + text)
            if len(_TOKEN.findall(text)) <= MAX_TOKENS:
                return text, made.parts

    def _said(self, made: Arrangement, extra: Unit | None = None) -> str:
        """The parts as a sentence; `extra` is a further clause, never one that could be undone."""
        rng, voice = self.rng, Voice(self, made)
        mood = picked(rng, MOODS if extra is None else LASTING)
        cubes: list[str] = []
        fixtures: list[str] = []
        found = units(made, rng)
        if extra:
            found.insert(rng.randrange(len(found) + 1), extra)
        for unit in found:
            own = {"mixed": rng.choice(("state", "do", "should")), "want": "put"}.get(mood, mood)
            own = "do" if mood == "put" and not unit.slots else own
            clause = voice.clause(self.forms[own][unit.section], unit.slots)
            (cubes if unit.slots or mood != "put" else fixtures).append(clause)
        if rng.random() < 0.3:  # fixtures last, or first, as lists often have them
            last = rng.random() < 0.7
            cubes.sort(key=lambda c: ("window" in c or "drawer" in c) == last)
        first = not fixtures or rng.random() < 0.7
        text = self._framed(self._joined(cubes, mood), mood, first)
        if fixtures:
            rest = self._joined(fixtures, "do")
            joints = ("; ", ". ", ", and ", " and ", ", then ", " and then ")
            joint = rng.choice(joints[:2] if "don't" in rest else joints)
            text = f"{text.rstrip('?')}{joint}{rest}" if first else f"{rest}{joint}{text}"
        if rng.random() < 0.15:
            text = self._with_noise(text, made, voice)
        text = self._ended(text)
        return tidy(type_carelessly(text, rng) if rng.random() < 0.3 else text)

    def _joined(self, clauses: list[str], mood: str) -> str:
        """Clauses with what stands between them."""
        rng = self.rng
        if mood in ("state", "do") and len(clauses) > 1 and rng.random() < 0.08:
            numbers = rng.choice(NUMBERS).split()
            return " ".join(f"{n} {c.lstrip('^')}" for n, c in zip(numbers, clauses, strict=False))
        joints = JOINTS.get(mood, SOFT)
        late = any(c.startswith("^") for c in clauses[1:])
        marks = any("," in c or ":" in c for c in clauses)
        if late or (marks and mood in JOINTS and rng.random() < 0.5):
            joints = HARD[:2]
        between, last = rng.choice(joints)
        if between == last == ". " and rng.random() < 0.7:
            later = [c.lstrip("^") for c in clauses[1:]]
            clauses = [clauses[0], *(c[0].upper() + c[1:] for c in later)]
        text = clauses[0]
        for i, clause in enumerate(clauses[1:], 2):
            text += (last if i == len(clauses) else between) + clause.lstrip("^")
        return text

    def _framed(self, text: str, mood: str, first: bool) -> str:
        rng = self.rng
        free = not text.startswith("^") and "don't" not in text.lower()
        text = text.lstrip("^")
        if mood in ("put", "want", "is", "inf"):
            start = draw(rng.choice(self.before[mood]), rng) if first else "put "
            text = start + text
        elif mood == "do" and free and rng.random() < 0.4:
            text = draw(rng.choice(self.before["do"]), rng) + text
        elif rng.random() < 0.45 and first:
            return draw(rng.choice(self.before["any"]), rng) + text
        if first and rng.random() < 0.12 and mood not in ("state", "mixed"):
            text = draw(rng.choice(self.before["any"]), rng) + text
        return text

    def _with_noise(self, text: str, made: Arrangement, voice: Voice) -> str:
        """The sentence, and a cube or fixture that nobody asks about."""
        rng = self.rng
        idle = [c for c in made.colours if c not in made.named]
        kinds = ["cube", "cube"] * bool(idle)
        kinds += [f for f in ("drawer", "window") if f not in text and not made.speaks_of(f)]
        if not kinds:
            return text
        kind = rng.choice(kinds)
        noise = voice.filled(draw(rng.choice(self.noise[kind]), rng),
                             {"x": rng.choice(idle) if kind == "cube" else ""})
        if rng.random() < 0.5:
            return noise + rng.choice((", ", "; ", ". ", " - ", ", but ")) + text
        return text + rng.choice((", ", "; ", ". ", " - ", ", and ", ", but ")) + noise

    def _ended(self, text: str) -> str:
        rng = self.rng
        if _ASKING.search(text):
            return text + ("?" if "don't" not in text and rng.random() < 0.6 else "")
        return text + (draw(rng.choice(self.after), rng) if rng.random() < 0.35 else "")


class Voice:
    """How one sentence names cubes and places."""

    def __init__(self, owner: Compounds, made: Arrangement) -> None:
        self.owner, self.made, self.rng = owner, made, owner.rng
        self.style = picked(self.rng, STYLES)
        self.noun = self.rng.choice(NOUNS)
        self.words = {c: draw(owner.words[c], self.rng) if self.rng.random() < 0.15 else c
                      for c in made.colours}
        self.tries = max(1, len(made.parts) - 1)  # the more parts, the shorter the places

    def clause(self, forms: list[Form], slots: Mapping[str, str]) -> str:
        """One of the forms, filled in."""
        others = [c for c in self.made.colours if c not in slots.values()]
        if not others:
            forms = [form for form in forms if not form.other]
        values = {**slots, "x": self.rng.choice(others or [""])}
        return self.filled(draw(self.rng.choice(forms).tree, self.rng), values)

    def filled(self, text: str, slots: Mapping[str, str]) -> str:
        """Names for the slots of a clause."""
        def name(found: re.Match[str]) -> str:
            slot = found[1]
            if slot in ("p", "to", "n"):
                return self.place({"p": "", "to": "TO_", "n": "N_"}[slot], slots["p"])
            if slot == "q":
                others = [p for p in self.made.places if p != slots["p"]]
                return self.place("", self.rng.choice(others))
            return self.cube(slots[slot])

        return _SLOT.sub(name, text)

    def cube(self, colour: str) -> str:
        """A cube by its colour."""
        rng, word = self.rng, self.words[colour]
        style = self.style
        if style == "mixed":
            style = rng.choice(("bare", "bare", "noun", "noun", "cube", "one"))
        noun = self.noun if rng.random() < 0.8 else rng.choice(NOUNS)
        if style == "noun":
            return f"the {word} {noun}" if rng.random() < 0.93 else f"that {word} {noun}"
        return {"bare": word, "cube": f"{word} {noun}", "one": f"the {word} one"}[style]

    def place(self, kind: str, place: str) -> str:
        """A phrase of a place, short where the sentence is long."""
        tree = self.owner.phrases[kind, place]
        return min((tidy(draw(tree, self.rng)) for _ in range(self.tries)),
                   key=lambda text: text.count(" "))
