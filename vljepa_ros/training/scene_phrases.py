"""The sentences of scene-v0: the training corpus and the development sentences."""

from __future__ import annotations

from collections.abc import Callable

from vljepa_ros.model.y_encoder import CONTRADICTORY, FINE

from .phrases import (
    Sampler,
    Sentence,
    load_patterns,
    read_yaml,
    refusals,
    sentences,
)
from .refusals import Refusals, seeded
from .scene_compounds import SceneCompounds
from .scene_semantics import SCENE, SPOT_ACTION, STATEMENTS


class SceneSampler(Sampler):
    """Draws training sentences; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        super().__init__(load_patterns(), seed)
        self.refusals = Refusals(self)
        clauses, frames = (
            read_yaml("vljepa_ros.training", f"phrases/train_{name}_clauses.yaml")
            for name in ("scene", "workbench")
        )
        self.compounds = SceneCompounds(self.patterns.macros, clauses, frames, seeded(self))

    def composed(self) -> Sentence:
        """A goal put together from clauses; one in six is a sequence whose last step counts."""
        draw = self.compounds.sequence if self.rng.random() < 0.17 else self.compounds.fine
        return self.assembled(draw, FINE)

    def clashing(self) -> Sentence:
        """Clauses that exclude each other."""
        return self.assembled(lambda: (self.compounds.contradictory(), None), CONTRADICTORY)

    def exchanged(self) -> Sentence:
        """A goal of one part (half) or several with a thing that is not there."""
        goals = [s for s in self.patterns.goals if s in STATEMENTS]
        while True:
            kind = self.rng.random()
            if kind < 0.5:
                goal = self._plain(goals)
            else:
                goal = self.composed() if kind < 0.75 else self.joined()
            found = self.refusals.exchanged(goal)
            if found:
                return found

    def chatty(self) -> Sentence:
        """A goal of any kind, most of them fine, amid talk."""
        plain = [s for s in self.patterns.goals if s in STATEMENTS]
        kinds: list[Callable[[], Sentence]] = [
            *[lambda: self._plain(plain)] * 8, *[self.composed] * 3, self.joined, self.compound,
            *[self.clashing] * 2, self.exchanged, self.refusals.contradictory,
        ]
        return self.refusals.chatty(kinds[self.rng.integers(len(kinds))]())

    def _plain(self, statements: list[str]) -> Sentence:
        statement = statements[self.rng.integers(len(statements))]
        text = self.dress(self.words(self.patterns.goals[statement]))
        return Sentence(text, parts=(statement,), doubt=FINE)


def corpus(seed: int, scale: float = 1.0) -> list[Sentence]:
    """A fixed, seeded training corpus without duplicates; about 70,000 sentences at scale 1."""
    sampler = SceneSampler(seed)

    def times(n: int) -> range:
        return range(max(1, int(n * scale)))

    state_ids = [s for s in STATEMENTS if not s.startswith("activity.")]
    rows: list[Sentence] = []
    rows += [sampler.single(s) for s in state_ids for _ in times(900)]
    rows += [sampler.action(a) for a in sampler.patterns.actions for _ in times(350)]
    rows += [sampler.activity(a) for a in sampler.patterns.activities for _ in times(150)]
    rows += [sampler.action(SPOT_ACTION) for _ in times(150)]
    found: list[tuple[Callable[[], Sentence], int]] = [
        (sampler.compound, 6000), (sampler.joined, 6500), (sampler.composed, 8500),
        (sampler.unrelated, 4000), (sampler.contradictory, 2500),
        (sampler.clashing, 5000), (sampler.refusals.contradictory, 3000),
        (lambda: sampler.refusals.neighbour("fine"), 2500),
        (lambda: sampler.refusals.neighbour("aside"), 700),
        (sampler.refusals.absent, 4500), (sampler.refusals.mixed, 1800),
        (sampler.exchanged, 4000), (sampler.refusals.elsewhere, 600), (sampler.chatty, 6000),
    ]
    for drawn, count in found:
        rows += [drawn() for _ in times(count)]
    return list({(row.text, row.statement, row.action): row for row in rows}.values())


class SceneLanguage:
    """See `wording.Language`."""

    world = SCENE

    def corpus(self, seed: int, scale: float = 1.0) -> list[Sentence]:
        return corpus(seed, scale)

    def development(self) -> dict[str, list[Sentence]]:
        sets = sentences(read_yaml("vljepa_ros.training", "phrases/dev.yaml"))
        sets["refusal"] = refusals(
            read_yaml("vljepa_ros.training", "phrases/dev_refusal.yaml")["scene-v0"]
        )
        return sets
