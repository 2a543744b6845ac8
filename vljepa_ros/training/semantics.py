"""What can be said about a world, as data: the training code is the same for every world.

Statement ids tie pictures, sentences and goals together: two sentences with the same id mean the
same and are never negatives of each other; the values of one subject exclude each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

NOT_MENTIONED = 0
IGNORED = -100


@dataclass(frozen=True)
class Semantics:
    """Subjects, statements, questions and actions of one world.

    ``statements``: id -> canonical wording, the order is the index used in training;
    ``subjects``: id -> the statements that exclude each other, the lasting ones first;
    ``momentary``: subjects that are no part of a state; ``actions``: id -> canonical wording;
    ``compatible_pairs``: statements of different subjects that are both true of one thing;
    ``coarser``: a statement that says less -> dropped where its subject's finer one is asked for;
    ``things``: thing id -> (subject that names its place, question about its exact position);
    ``outcomes``: action id -> the statement that its sentence asks for when it is said as a goal;
    ``held_out``: statements never shown in training, not even as negatives.
    """

    name: str
    statements: dict[str, str]
    questions: dict[str, str]
    subjects: dict[str, tuple[str, ...]]
    actions: dict[str, str]
    momentary: tuple[str, ...] = ()
    compatible_pairs: tuple[tuple[str, str], ...] = ()
    things: dict[str, tuple[str, str]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    held_out: frozenset[str] = frozenset()
    held_out_actions: frozenset[str] = frozenset()

    @cached_property
    def statement_ids(self) -> tuple[str, ...]:
        return tuple(self.statements)

    @cached_property
    def index(self) -> dict[str, int]:
        return {statement: i for i, statement in enumerate(self.statements)}

    @cached_property
    def subject_ids(self) -> tuple[str, ...]:
        return tuple(self.subjects)

    @cached_property
    def state_subjects(self) -> tuple[str, ...]:
        """The lasting subjects: they come first in `subjects`."""
        return tuple(s for s in self.subjects if s not in self.momentary)

    @cached_property
    def action_ids(self) -> tuple[str, ...]:
        return tuple(self.actions)

    @cached_property
    def value_rows(self) -> list[np.ndarray]:
        """Per subject the statement indices that training may ask with (none held out)."""
        return [
            np.array([self.index[v] for v in values if v not in self.held_out])
            for values in self.subjects.values()
        ]

    @cached_property
    def never_negative(self) -> Tensor:
        """(N, N) bool: True where the second is no negative of the first.

        Statements that can be true at the same time, and everything held out.
        """
        table = torch.zeros(len(self.statements), len(self.statements), dtype=torch.bool)
        for a, b in self.compatible_pairs:
            table[self.index[a], self.index[b]] = True
            table[self.index[b], self.index[a]] = True
        for statement in self.held_out:
            table[:, self.index[statement]] = True
        return table

    @cached_property
    def subjects_of(self) -> dict[str, list[int]]:
        """Statement id -> indices of the subjects it is a value of."""
        found: dict[str, list[int]] = {}
        for i, values in enumerate(self.subjects.values()):
            for value in values:
                found.setdefault(value, []).append(i)
        return found

    def home(self, statement: str) -> str:
        """The subject a goal part is asked of: the one named as the id's owner, or the first."""
        owner = self.owners.get(statement)
        return owner if owner is not None else self.subject_ids[self.subjects_of[statement][0]]

    @cached_property
    def owners(self) -> dict[str, str]:
        """Statements that are values of two subjects -> the coarser of the two."""
        return {
            s: min((self.subject_ids[i] for i in where), key=lambda k: len(self.subjects[k]))
            for s, where in self.subjects_of.items() if len(where) > 1
        }

    def reader_labels(self, parts: Iterable[str] | None) -> list[int]:
        """Per lasting subject: IGNORED, NOT_MENTIONED, or 1 + index of the value asked for."""
        if parts is None:
            return [IGNORED] * len(self.state_subjects)
        wanted = {self.home(part): part for part in parts}
        return [
            1 + self.subjects[s].index(wanted[s]) if s in wanted else NOT_MENTIONED
            for s in self.state_subjects
        ]


def semantics(name: str) -> Semantics:
    """The semantics of a world by name; ValueError lists the known ones."""
    if name == "scene-v0":
        from .scene_semantics import SCENE

        return SCENE
    if name == "workbench":
        from .workbench_semantics import WORKBENCH

        return WORKBENCH
    raise ValueError(f"world = {name!r} is unknown; allowed: scene-v0, workbench")
