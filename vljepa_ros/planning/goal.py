"""A goal: parts that must all hold, each an embedding in the shared space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .protocols import Array


@dataclass(frozen=True)
class GoalPart:
    """One thing that must hold.

    ``embedding`` (D,) is the unit goal embedding and at the same time the query put to the model:
    the predictor answers with the true statement about what the goal speaks of, so
    1 - cos(answer, embedding) is near 0 exactly when the part holds. ``statement_id`` names the
    known statement the wording was understood as ("" when the goal came as a bare embedding).
    """

    text: str
    embedding: Array
    subject: str = ""
    statement_id: str = ""
    threshold: float = 0.3


@dataclass(frozen=True)
class Goal:
    """A conjunction of parts. ``source`` is 'text', 'image' or 'embedding'."""

    parts: tuple[GoalPart, ...]
    text: str = ""
    goal_id: str = ""
    source: str = "text"
    understood: bool = True
    confidence: float = 1.0

    @property
    def queries(self) -> Array:
        """(P, D): one query a part."""
        return np.stack([part.embedding for part in self.parts]).astype(np.float32)

    def part_distances(self, answers: Array) -> Array:
        """(..., P) distances 1 - cos from answers (..., P, D) to the parts' queries, in [0, 2]."""
        return 1.0 - np.einsum("...pd,pd->...p", answers, self.queries)

    def distance(self, answers: Array) -> Array:
        """(...,) the sum over parts: what ranking compares."""
        return self.part_distances(answers).sum(axis=-1)

    def met(self, answers: Array) -> Array:
        """(...,) bool: every part below its own threshold."""
        limits = np.array([part.threshold for part in self.parts], dtype=np.float32)
        return np.asarray((self.part_distances(answers) < limits).all(axis=-1))
