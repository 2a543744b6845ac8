"""Goals of scene-v0 put together from clauses: parts that hold together, and parts that do not.

A clause allows some values of some subjects. Clauses are drawn for a state of the world, said in
any order, mood and frame (phrases/train_scene_clauses.yaml); a contradiction is the same with one
clause more that leaves some subject no value. Because a clause may also be said twice in other
words, and every clause is drawn in both kinds, neither a word nor a repetition tells them apart.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from vljepa_ros.sim.symbolic import PLACES

from .spintax import Tree, draw, parse, tidy
from .workbench_compounds import HARD, MAX_TOKENS, NUMBERS, SOFT
from .workbench_typing import type_carelessly

FIXTURES = {f"{thing}{kind}": values for thing in ("drawer", "window")
            for kind, values in (("", ("open", "closed")), ("_lock", ("locked", "unlocked")))}
TABLE = frozenset(PLACES)
CUBE = TABLE | {"drawer"}
ROWS = {row: frozenset(p for p in PLACES if row in p.split("_"))
        for row in ("back", "front", "left", "right", "middle")}
MOODS = {"state": 36, "should": 16, "is": 14, "do": 24, "mixed": 10}
COUNTS = {1: 12, 2: 34, 3: 28, 4: 17, 5: 9}  # subjects a goal speaks of
SEVERAL = 0.4  # of the clauses may say several subjects at once
AGAIN = 0.25  # of the goals say one part twice
FINITE = ("should", "is")
JOINTS = {
    "state": (*SOFT, (", ", ", "), (", ", " plus "), (", ", " with "), (" + ", " + "), *HARD),
    "do": (*SOFT, (", ", ", and also "), (", ", " as well as to "), *HARD),
    "should": (*SOFT, (", ", " while "), (", ", ", and likewise "), *HARD),
    "mixed": HARD,
}
_TOKEN = re.compile(r"\w+|[^\w\s]")
_SLOT = re.compile(r"\[(p|to|n|r)\]")

Meaning = dict[str, frozenset[str]]
"""Subject (drawer, window, drawer_lock, window_lock, cube) -> values that a clause allows."""


class Clause(NamedTuple):
    """What a clause allows, its forms by mood, and the place or row its slots stand for."""

    means: Meaning
    forms: Mapping[str, list[Tree]]
    place: str = ""


def both(first: Meaning, second: Meaning) -> Meaning:
    """What two clauses together allow; an empty set where they exclude each other."""
    return {s: first.get(s, second.get(s, frozenset())) & second.get(s, first.get(s, frozenset()))
            for s in {**first, **second}}


def parts_of(means: Meaning) -> tuple[str, ...] | None:
    """Statement ids of a goal; None when it does not hold together or no statement says it."""
    parts = []
    for subject, values in means.items():
        if subject == "cube" and values == TABLE:
            parts.append("cube_in.table")
        elif len(values) != 1:
            return None
        else:
            value = next(iter(values))
            place = subject == "cube" and value != "drawer"
            subject = "cube_place" if place else "cube_in" if subject == "cube" else subject
            parts.append(f"{subject}.{value}")
    return tuple(parts)


def meaning(key: str, place: str = "") -> Meaning:
    """A clause file's key ("drawer=open cube=PLACE") as what it allows."""
    means: Meaning = {}
    for item in key.split():
        subject, value = item.split("=")
        if subject != "cube":
            means[subject] = frozenset({value})
            continue
        means[subject] = {
            "drawer": frozenset({"drawer"}), "table": TABLE, "not_table": CUBE - TABLE,
            "PLACE": frozenset({place}), "not_PLACE": CUBE - {place},
        }.get(value) or ROWS[place]
    return means


class SceneCompounds:
    """Draws goals of one to five subjects; the same seed draws the same ones."""

    def __init__(
        self, macros: Mapping[str, str], file: Mapping[str, Any], frames: Mapping[str, Any],
        seed: int,
    ) -> None:
        """`file`: train_scene_clauses.yaml; `frames`: train_workbench_clauses.yaml."""
        self.rng = random.Random(seed)
        self.macros = {**macros, **frames["macros"], **file["macros"]}
        self.verbs = {m: {**frames["moods"][m], **file["moods"][m]} for m in FINITE}
        self.clauses = list(self._clauses(file))
        self.rows = {row: [parse(r, self.macros) for r in rows]
                     for row, rows in file["rows"].items()}
        self.places = {(kind, p): parse(f"<{kind}{p.upper()}>", self.macros)
                       for kind in ("", "TO_", "N_") for p in PLACES}
        self.noise = {k: [parse(r, self.macros) for r in rows] for k, rows in file["noise"].items()}
        self.before = {k: [parse(r, self.macros) for r in rows]
                       for k, rows in frames["before"].items()}
        self.after = [parse(r, self.macros) for r in frames["after"]]
        self.then, self.together = file["then"], file["together"]

    def _clauses(self, file: Mapping[str, Any]) -> Iterable[Clause]:
        for key, table in file["clauses"].items():
            for thing in ("drawer", "window") if "@F" in key else ("",):
                forms: dict[str, list[Tree]] = {}
                for mood, rows in table.items():
                    for own in FINITE if mood == "full" else (mood,):
                        macros = {**self.macros, **self.verbs.get(own, {})}
                        forms[own] = [parse(r.replace("@F", thing), macros) for r in rows]
                key_of = key.replace("@F", thing)
                slots = PLACES if "PLACE" in key else ROWS if "ROW" in key else ("",)
                for place in slots:
                    yield Clause(meaning(key_of, place), forms, place)

    def fine(self) -> tuple[str, tuple[str, ...]]:
        """A goal that holds together, and the statement ids it asks for."""
        while True:
            clauses = self._drawn()
            if self.rng.random() < AGAIN:
                clauses.append(self._fitting(clauses))
            whole = _together(clauses)
            parts = parts_of(whole)
            self.rng.shuffle(clauses)
            text = self._said(clauses, self._mood(), set(whole)) if parts else None
            if text and parts:
                return text, parts

    def contradictory(self) -> str:
        """The same with one clause that leaves some subject no value."""
        while True:
            clauses = self._drawn()
            whole = _together(clauses)
            against = self._against(whole)
            clauses.append(against)
            self.rng.shuffle(clauses)
            mood = self._mood()
            lasting = [c for c in clauses if _exclude(c, whole if c is against else against.means)]
            text = self._said(clauses, mood, set(both(whole, against.means)), lasting)
            if text:
                return text

    def sequence(self) -> tuple[str, tuple[str, ...]]:
        """Steps of which a later one undoes an earlier one: the last counts."""
        rng = self.rng
        while True:
            clauses = [c for c in self._drawn() if "do" in c.forms]
            if not clauses:
                continue
            last = rng.randrange(len(clauses))
            single = [c for c in self.clauses
                      if "do" in c.forms and len(c.means) == 1 and len(clauses[last].means) == 1
                      and not any(v for v in both(c.means, clauses[last].means).values())]
            parts = parts_of(_together(clauses))
            if not single or parts is None:
                continue
            clauses.insert(rng.randrange(last + 1), rng.choice(single))
            words = [self._words(c, "do") for c in clauses]
            text = words[0] + "".join(rng.choice(self.then) + w for w in words[1:])
            if len(_TOKEN.findall(text)) <= MAX_TOKENS:
                first = rng.choice(("", "", "first ", "please ", "first of all "))
                return tidy(first + text), parts

    def _drawn(self) -> list[Clause]:
        """Clauses that together hold in some state, of as many subjects as COUNTS says."""
        rng = self.rng
        state: Meaning = {s: frozenset({rng.choice(values)}) for s, values in FIXTURES.items()}
        cube = rng.choice((*PLACES, "drawer", "drawer", "drawer", "table", "table"))
        state["cube"] = TABLE if cube == "table" else frozenset({cube})
        count = rng.choices(list(COUNTS), list(COUNTS.values()))[0]
        left = set(rng.sample(list(state), count))
        found = []
        while left:
            options = [c for c in self.clauses
                       if set(c.means) <= left and all(state[s] == v for s, v in c.means.items())]
            several = [c for c in options if len(c.means) > 1]
            if several and rng.random() < SEVERAL:
                options = several
            elif len(several) < len(options):
                subject = rng.choice(sorted(left))
                options = [c for c in options if set(c.means) == {subject}] or options
            found.append(rng.choice(options))
            left -= set(found[-1].means)
        return found

    def _fitting(self, clauses: list[Clause]) -> Clause:
        """A clause that says again what is said, or narrows nothing."""
        whole = _together(clauses)
        return self.rng.choice([
            c for c in self.clauses if set(c.means) <= set(whole)
            and all(whole[s] <= v for s, v in c.means.items())
        ])

    def _against(self, whole: Meaning) -> Clause:
        """A clause that excludes what is said of a subject; every subject as often."""
        rng = self.rng
        subject = rng.choice(sorted(whole))
        return rng.choice([c for c in self.clauses
                           if subject in c.means and not whole[subject] & c.means[subject]])

    def _mood(self) -> str:
        return self.rng.choices(list(MOODS), list(MOODS.values()))[0]

    def _said(
        self, clauses: list[Clause], mood: str, subjects: set[str],
        lasting: Iterable[Clause] = (),
    ) -> str | None:
        """The clauses as a sentence; `lasting` ones are never said as steps that could be undone.

        None when a clause cannot be said in the mood or the sentence is too long.
        """
        rng = self.rng
        words = []
        for clause in clauses:
            own = rng.choice(("state", "do", *FINITE)) if mood == "mixed" else mood
            if own == "do" and (clause in lasting or rng.random() < 0.3):
                own = "keep"
            if own not in clause.forms:
                return None
            words.append(self._words(clause, own))
        if rng.random() < 0.15:
            aside = self._aside(subjects)
            words.insert(rng.randrange(len(words) + 1), aside)
            words = [w for w in words if w]
        text = self._framed(self._joined(words, mood), mood)
        text += rng.choice(self.together) if len(words) > 1 and mood != "mixed" else ""
        if rng.random() < 0.3:
            text += draw(rng.choice(self.after), rng)
        text = tidy(type_carelessly(text, rng) if rng.random() < 0.25 else text)
        return text if len(_TOKEN.findall(text)) <= MAX_TOKENS else None

    def _aside(self, subjects: set[str]) -> str:
        """What asks for nothing, of a thing that no clause speaks of; "" when there is none."""
        free = [k for k in ("drawer", "window", "cube") if not any(k in s for s in subjects)]
        if not any(s.endswith("lock") for s in subjects):
            free.append("lock")
        return draw(self.rng.choice(self.noise[self.rng.choice(free)]), self.rng) if free else ""

    def _joined(self, words: list[str], mood: str) -> str:
        rng = self.rng
        if mood == "state" and len(words) > 1 and rng.random() < 0.08:
            numbers = rng.choice(NUMBERS).split()
            return " ".join(f"{n} {w}" for n, w in zip(numbers, words, strict=False))
        between, last = rng.choice(JOINTS["should" if mood == "is" else mood])
        text = words[0]
        for i, word in enumerate(words[1:], 2):
            text += (last if i == len(words) else between) + word
        return text

    def _framed(self, text: str, mood: str) -> str:
        rng = self.rng
        kind = {"state": "want", "is": "is", "do": "do"}.get(mood, "any")
        if mood == "is" or (kind != "any" and not text.startswith("don't") and rng.random() < 0.3):
            return draw(rng.choice(self.before[kind]), rng) + text
        return draw(rng.choice(self.before["any"]), rng) + text if rng.random() < 0.35 else text

    def _words(self, clause: Clause, mood: str) -> str:
        rng = self.rng

        def filled(slot: re.Match[str]) -> str:
            if slot[1] == "r":
                return draw(rng.choice(self.rows[clause.place]), rng)
            kind = {"p": "", "to": "TO_", "n": "N_"}[slot[1]]
            tree = self.places[kind, clause.place]
            return min((tidy(draw(tree, rng)) for _ in range(2)), key=lambda t: t.count(" "))

        return _SLOT.sub(filled, draw(rng.choice(clause.forms[mood]), rng))


def _together(clauses: list[Clause]) -> Meaning:
    whole: Meaning = {}
    for clause in clauses:
        whole = both(whole, clause.means)
    return whole


def _exclude(clause: Clause, means: Meaning) -> bool:
    return not all(both(clause.means, means).values())
