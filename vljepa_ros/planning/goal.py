"""A goal: parts that must all hold, each an embedding in the shared space or a place in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .protocols import Array

TOLERANCE_M = 0.025
MAX_DISTANCE = 2.0  # of a part: cosine distances lie in [0, 2]


@dataclass(frozen=True)
class GoalPart:
    """One thing that must hold.

    ``embedding`` (D,) is the unit goal embedding and at the same time the query put to the model:
    the predictor answers with the true statement about what the goal speaks of, so
    1 - cos(answer, embedding) is near 0 exactly when the part holds. ``statement_id`` names the
    known statement the wording was understood as ("" when the goal came as a bare embedding).

    A metric part has a ``position`` (3,) in metres in the camera's optical frame and names the
    ``thing`` that must be there within ``tolerance_m``; its ``embedding`` is the thing's query.
    """

    text: str
    embedding: Array
    subject: str = ""
    statement_id: str = ""
    threshold: float = 0.3
    thing: str = ""
    position: tuple[float, float, float] | None = None
    tolerance_m: float = TOLERANCE_M

    def metric_distance(self, positions: Array) -> Array:
        """(...,) in [0, 2) for positions (..., 3) in metres: the threshold at the tolerance.

        d = 2 y / (1 + y), y proportional to the metres off: comparable to a cosine distance, and
        still falling far away, where a search needs to know which way is better.
        """
        off = np.linalg.norm(np.asarray(positions) - np.asarray(self.position), axis=-1)
        scale = self.threshold / (MAX_DISTANCE - self.threshold) / self.tolerance_m
        return np.asarray(MAX_DISTANCE * off * scale / (1.0 + off * scale))


@dataclass(frozen=True)
class Goal:
    """A conjunction of parts. ``source`` is 'text', 'image', 'embedding' or 'pose'.

    ``message`` says in words why a goal was not understood.
    """

    parts: tuple[GoalPart, ...]
    text: str = ""
    goal_id: str = ""
    source: str = "text"
    understood: bool = True
    confidence: float = 1.0
    message: str = ""

    @property
    def queries(self) -> Array:
        """(P, D): one query a part."""
        return np.stack([part.embedding for part in self.parts]).astype(np.float32)

    @property
    def metric(self) -> list[int]:
        """Indices of the metric parts."""
        return [i for i, part in enumerate(self.parts) if part.position is not None]

    @property
    def things(self) -> Array:
        """(M, D): the queries of the things whose positions the goal asks for; M may be 0."""
        width = self.parts[0].embedding.shape[-1] if self.parts else 0
        rows = [self.parts[i].embedding for i in self.metric]
        return np.stack(rows).astype(np.float32) if rows else np.zeros((0, width), np.float32)

    @property
    def thresholds(self) -> Array:
        """(P,): a part is met when its distance is below its threshold."""
        return np.array([part.threshold for part in self.parts], dtype=np.float32)

    def part_distances(self, answers: Array, positions: Array | None = None) -> Array:
        """(..., P) distances in [0, 2].

        Args:
            answers: (..., P, D) unit answers to `queries`; those to metric parts are not used.
            positions: (..., M, 3) metres, optical frame, of `things`; needed when M > 0.
        """
        distances = 1.0 - np.einsum("...pd,pd->...p", answers, self.queries)
        metric = self.metric
        if metric and positions is None:
            name = self.parts[metric[0]].thing
            raise ValueError(f"positions: none; allowed: one for '{name}', which the goal places")
        for column, i in enumerate(metric):
            assert positions is not None
            distances[..., i] = self.parts[i].metric_distance(positions[..., column, :])
        return distances

    def distance(self, answers: Array, positions: Array | None = None) -> Array:
        """(...,) the sum over parts: what ranking compares."""
        return self.part_distances(answers, positions).sum(axis=-1)

    def met(self, answers: Array, positions: Array | None = None) -> Array:
        """(...,) bool: every part below its own threshold."""
        return np.asarray((self.part_distances(answers, positions) < self.thresholds).all(axis=-1))
