"""Asking a world model about (state, action) pairs, and what the answers say about a goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .goal import Goal
from .protocols import Action, Array, ImaginedPairs, StateBatch, WorldModel
from .vocabulary import Vocabulary


@dataclass(frozen=True)
class Judged:
    """What K states are like. ``keys`` (K, S + P) int: nearest statement per lasting subject, then
    1 for each goal part that is met; ``distances`` (K,) to the goal; ``estimates`` (K,) the
    distances of the parts not met; ``parts`` (K, P)."""

    keys: Array
    distances: Array
    estimates: Array
    parts: Array


@dataclass(frozen=True)
class Judge:
    """Reads states against one goal and the lasting subjects in a single call."""

    world: WorldModel
    vocabulary: Vocabulary
    goal: Goal

    @property
    def queries(self) -> Array:
        """(P + S, D): the goal's queries, then the lasting subjects'."""
        lasting = self.vocabulary.queries[self.vocabulary.lasting]
        return np.concatenate((self.goal.queries, lasting))

    def now(self, states: StateBatch) -> Judged:
        """What these states are like."""
        answers = self.world.read(states, self.queries)
        return self.judge(answers, self.locate(states))

    def locate(self, states: StateBatch) -> Array | None:
        """(N, M, 3) metres, optical frame, of the goal's things; None when it places nothing."""
        things = self.goal.things
        return self.world.locate(states, things) if len(things) else None

    def imagine(
        self, states: StateBatch, actions: Sequence[Action], pairs: Array, read_above: float
    ) -> tuple[ImaginedPairs, Judged]:
        """Imagine (state, action) pairs (P, 2); judge those that work with ``read_above``."""
        found = self.world.imagine_pairs(
            states, actions, pairs, self.queries, read_above, self.goal.things
        )
        return found, self.judge(found.readouts, found.positions)

    def judge(self, answers: Array, positions: Array | None) -> Judged:
        """From answers (K, P + S, D) to `queries` and positions (K, M, 3) of the goal's things."""
        split = len(self.goal.parts)
        parts = self.goal.part_distances(answers[:, :split], positions)
        met = parts < self.goal.thresholds
        columns = [
            self.vocabulary.subjects[s].nearest(answers[:, split + i])[0]
            for i, s in enumerate(self.vocabulary.lasting)
        ]
        keys = np.concatenate((np.stack(columns, axis=-1), met.astype(int)), axis=-1)
        unmet = np.where(met, 0.0, parts)
        return Judged(keys, parts.sum(axis=-1), unmet.sum(axis=-1), parts)

    def in_words(self, before: Sequence[int], after: Sequence[int]) -> str:
        """What is different between two keys, e.g. 'the drawer is open'; 'nothing changes' else."""
        subjects = [self.vocabulary.subjects[s] for s in self.vocabulary.lasting]
        changed = [s.statements[after[i]] for i, s in enumerate(subjects) if before[i] != after[i]]
        split = len(subjects)
        for i, part in enumerate(self.goal.parts):
            if part.position is not None and after[split + i] > before[split + i]:
                changed.append(part.text)
        return ", ".join(dict.fromkeys(changed)) or "nothing changes"
