"""Goals that must be refused for what they say, and close ones that must not be.

Patterns stand in phrases/train_refusal2.yaml (the workbench's in train_refusal_workbench.yaml);
besides, the names in goals that can be met are
exchanged for things that are not there (phrases/train_absent_nouns.yaml), so that a refused goal
has the very wording of a fine one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from vljepa_ros.model.y_encoder import CONTRADICTORY, FINE, UNRELATED
from vljepa_ros.sim.symbolic import PLACES

from .phrases import Sampler, Sentence, bare, held_out_sentences, read_yaml
from .spintax import expand

THINGS = {
    "cube": r"\b(the |that |this |a |my )?((?:(?:little|small|tiny|red|loose|toy|play|single) )*)"
            r"(?:cube|block|brick)\b(?![-s])",
    "drawer": r"\b(the |that |this |an? )?((?:(?:cabinet|pull-out|sliding|storage|left) )*)"
              r"drawer\b(?![-s])",
    "window": r"\b(the |that |this |an? )?((?:(?:sliding|little|small|right) )*)window\b(?![-s])",
    "table": r"\b(the |that |this |a )?()(?:table|tabletop|work surface|worktop)\b(?![-s])",
}
"""What a thing is called in goals: article, adjectives, noun."""
ASKED = {"cube": r"\bcube_", "drawer": r"\bdrawer|cube_in\.drawer", "window": r"\bwindow",
         "table": r"cube_place|cube_in\.table"}
"""Thing -> the parts of a goal that are about it."""
Goal = tuple[str, tuple[str, ...]]
"""A sentence (or its pattern) and the statement ids it asks for."""
_INSIDE = re.compile(r"\b(in|inside|into|within|from|out of) $")
ALIKE = 0.35  # of the exchanged names are of things like ours ("the other drawer")


class Refusals:
    """Draws refused goals and their neighbours with the sampler's generator."""

    def __init__(self, sampler: Sampler) -> None:
        own, nouns = (read_yaml("vljepa_ros.training", f"phrases/train_{name}.yaml")
                      for name in ("refusal2", "absent_nouns"))
        self.sampler, self.rng = sampler, sampler.rng
        self.macros = {**sampler.patterns.macros, **nouns["macros"], **own["macros"]}
        self.patterns: dict[str, list[str]] = {}
        self.goals: dict[str, list[Goal]] = {}
        self.chat: dict[str, list[str]] = own["chat"]
        self.add(own)

    def add(self, file: Mapping[str, Any]) -> None:
        """Take over a file's patterns, those with @F once for the drawer, once for the window."""
        for kind in ("contradictory", "absent", "mixed"):
            self.patterns.setdefault(kind, []).extend(
                row.replace("@F", thing) for row in file[kind] for thing in _things(row))
        for kind in ("fine", "aside"):
            self.goals.setdefault(kind, []).extend(
                (row["text"].replace("@F", thing),
                 tuple(part.replace("@F", thing) for part in row["parts"]))
                for row in file[kind] for thing in _things(row["text"]))

    def expanded(self, pattern: str, parts: tuple[str, ...] = ()) -> Goal:
        """One expansion of a pattern, and the parts it asks for."""
        return expand(pattern, self.rng, self.macros), parts

    def contradictory(self) -> Sentence:
        """Two wishes that exclude each other; what it asks for is left open."""
        return Sentence(self._words("contradictory"), doubt=CONTRADICTORY)

    def absent(self) -> Sentence:
        """Asks for nothing that there is."""
        return Sentence(self._words("absent"), parts=(), doubt=UNRELATED)

    def mixed(self) -> Sentence:
        """A wish that can be met beside one that cannot; what it asks for is left open."""
        return Sentence(self._words("mixed"), doubt=UNRELATED)

    def neighbour(self, kind: str) -> Sentence:
        """A goal like those that are refused, but fine; `kind` "fine" or "aside"."""
        rows = self.goals[kind]
        text, parts = _unseen(lambda: self.expanded(*rows[self.rng.integers(len(rows))]))
        return Sentence(self.sampler.dress(text), parts=parts, doubt=FINE)

    def exchanged(self, goal: Sentence) -> Sentence | None:
        """The goal with one of its things exchanged for one that is not there, or None.

        Only things that the goal's parts are about: "leave the cat alone" asks for nothing.
        """
        if not goal.parts:
            return None
        asked = [thing for thing, parts in ASKED.items() if re.search(parts, " ".join(goal.parts))]
        named = [thing for thing in asked if re.search(THINGS[thing], goal.text, re.I)]
        if not named:
            return None
        text = self._exchange(goal.text, str(self.rng.choice(named)))
        if bare(text) in held_out_sentences():
            return None
        alone = len(goal.parts) == 1
        return Sentence(text, parts=() if alone else None, doubt=UNRELATED)

    def chatty(self, goal: Sentence) -> Sentence:
        """The same goal with something said before or after it that asks for nothing."""
        place = "before" if self.rng.random() < 0.5 else "after"
        rows = self.chat[place]
        said = expand(f"@{rows[self.rng.integers(len(rows))]}@", self.rng, self.macros)[1:-1]
        text = goal.text.rstrip(".!?")
        if place == "after":
            text += said
        else:
            text = said + (text[:1].lower() if text[1:2].islower() else text[:1]) + text[1:]
        if bare(text) in held_out_sentences():
            return goal
        return replace(goal, text=text)

    def elsewhere(self) -> Sentence:
        """A goal of the cube's place with a place that is none of the table's six."""
        away = {f"{kind}{p.upper()}": "the <SURFACE>" if kind == "N_" else "<AWAY>"
                for kind in ("", "TO_", "N_") for p in PLACES}
        macros = {**self.macros, **away}
        text, _ = _unseen(lambda: (expand(self._place_pattern(), self.rng, macros), ()))
        return Sentence(self.sampler.dress(text), parts=(), doubt=UNRELATED)

    def _place_pattern(self) -> str:
        """A pattern of a goal of the cube's place that has the place as a macro."""
        while True:
            place = list(PLACES)[self.rng.integers(len(PLACES))]
            options = self.sampler.patterns.goals[f"cube_place.{place}"]
            pattern = options[self.rng.integers(len(options))]
            if f"{place.upper()}>" in pattern:
                return pattern

    def _words(self, kind: str) -> str:
        rows = self.patterns[kind]
        text, _ = _unseen(lambda: self.expanded(rows[self.rng.integers(len(rows))]))
        return self.sampler.dress(text)

    def _exchange(self, text: str, thing: str) -> str:
        """Every mention of the thing becomes the same other name."""
        alike = {"cube": "<LIKE_CUBE>", "drawer": "<LIKE_DRAWER>", "window": "<LIKE_WINDOW>"}
        whole = thing in alike and self.rng.random() < ALIKE
        other = expand(alike[thing], self.rng, self.macros) if whole else ""
        nouns = {kind: expand(kind, self.rng, self.macros)
                 for kind in ("<STRANGE>", "<CONTAINER>", "<OPENABLE>", "<SURFACE>")}
        adjectives = self.rng.random() < 0.3

        def name(found: re.Match[str]) -> str:
            if whole:
                return other
            kind = {"cube": "<STRANGE>", "table": "<SURFACE>"}.get(thing, "<OPENABLE>")
            if thing == "drawer" and _INSIDE.search(found.string[: found.start()]):
                kind = "<CONTAINER>"
            return f"{found[1] or ''}{found[2] if adjectives else ''}{nouns[kind]}"

        return re.sub(THINGS[thing], name, text, flags=re.IGNORECASE)


def _things(pattern: str) -> tuple[str, ...]:
    return ("drawer", "window") if "@F" in pattern else ("",)


def _unseen(drawn: Callable[[], Goal]) -> Goal:
    """Draws until the sentence is not a held-out one."""
    while True:
        text, parts = drawn()
        if bare(text) not in held_out_sentences():
            return text, parts


def seeded(sampler: Sampler) -> int:
    """A seed for another generator, from the sampler's."""
    return int(sampler.rng.integers(2**31))
