"""Goals that the workbench must refuse: colours and things that are not there, cubes in clashes."""

from __future__ import annotations

import re

from vljepa_ros.model.y_encoder import UNRELATED

from .phrases import Sampler, Sentence, bare, held_out_sentences, read_yaml
from .refusals import Goal, Refusals
from .spintax import expand
from .workbench_semantics import COLOURS
from .workbench_slots import draw_names, fill, named_parts

NOT_HERE = re.compile(r"cubes|blocks|LIKE_CUBE|<ELSE>")
"""In a pattern of scene-v0: what the workbench may well have, or asks of its one cube."""
CUBES = re.compile(r"cube|CUBE|block|brick|_SPOT|(BACK|FRONT)_|\bit in\b|table", re.IGNORECASE)
WORDS = {
    "red": "red|scarlet|crimson", "green": "bright green|leaf-green|green",
    "blue": "royal-blue|navy|blue", "yellow": "lemon-yellow|canary-yellow|yellow",
    "purple": "purple|violet|lilac", "white": "snow-white|plain white|white",
}
"""Colour -> what training sentences call it, as a regular expression."""
KIND = r"((?: (?:toy )?(?:cubes?|blocks?|bricks?|box|piece|thing|one)\b)?)"


class WorkbenchRefusals(Refusals):
    """As `Refusals`; colours and places are drawn as in all sentences of the workbench."""

    def __init__(self, sampler: Sampler, places: list[str]) -> None:
        """`places`: patterns of goals of a cube's place."""
        super().__init__(sampler)
        self.places = [p for p in places if "<PLACE>" in p or "_PLACE>" in p]
        for kind, rows in self.patterns.items():
            strange = CUBES if kind == "contradictory" else NOT_HERE
            self.patterns[kind] = [row for row in rows if not strange.search(row)]
        for kind, goals in self.goals.items():
            self.goals[kind] = [
                goal for goal in goals
                if not CUBES.search(goal[0]) and not any("cube" in part for part in goal[1])]
        own = read_yaml("vljepa_ros.training", "phrases/train_refusal_workbench.yaml")
        self.macros |= own["macros"]
        self.add(own)

    def expanded(self, pattern: str, parts: tuple[str, ...] = ()) -> Goal:
        names = draw_names(self.rng)
        return expand(fill(pattern, names), self.rng, self.macros), named_parts(parts, names)

    def exchanged(self, goal: Sentence) -> Sentence | None:
        """As `Refusals.exchanged`; half of the time one of the goal's colours is exchanged."""
        asked = [c for c in COLOURS if any(c in re.split(r"[._]", p) for p in goal.parts or ())
                 and re.search(rf"\b(?:{WORDS[c]})\b", goal.text, re.IGNORECASE)]
        if not asked or self.rng.random() < 0.35:
            return super().exchanged(goal)
        text = self._recoloured(goal.text, str(self.rng.choice(asked)))
        if bare(text) in held_out_sentences():
            return None
        alone = len(goal.parts or ()) == 1
        return Sentence(text, parts=() if alone else None, doubt=UNRELATED)

    def _recoloured(self, text: str, colour: str) -> str:
        """Every mention of the colour's cube becomes one of another colour, or another thing."""
        other, thing = (expand(kind, self.rng, self.macros) for kind in ("<ORPH>", "<STRANGE>"))
        how = self.rng.random()

        def name(found: re.Match[str]) -> str:
            if how < 0.5 or not found[1]:
                return (other if how < 0.75 or found[1] else thing) + found[1]
            return f"{found[0].removesuffix(found[1])} {thing}" if how < 0.8 else thing

        return re.sub(rf"\b(?:{WORDS[colour]})\b{KIND}", name, text, flags=re.IGNORECASE)

    def _place_pattern(self) -> str:
        names = draw_names(self.rng)
        pattern = self.places[self.rng.integers(len(self.places))]
        return fill(pattern, {**names, "C": names["C1"], "PLACE": names["P1"]})
