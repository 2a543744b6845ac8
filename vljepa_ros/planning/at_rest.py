"""When to look: after an action the scene is judged only once it has come to rest."""

from __future__ import annotations

import numpy as np

from .protocols import Array
from .vocabulary import Vocabulary

ACTIVITY = "activity"
"""The subject that tells what the robot itself is doing; it is not part of the scene's state."""


class AtRest:
    """True once ``frames`` states in a row, all after ``since``, read the same and hardly change.

    Times are camera stamps in seconds; ``since`` is the end of the last action. A state whose
    window reaches back before it still shows the motion and does not count. ``tolerance`` is the
    largest cosine distance between two states of a scene at rest.
    """

    def __init__(self, vocabulary: Vocabulary, frames: int = 3, tolerance: float = 0.1) -> None:
        self._subjects = [i for i, s in enumerate(vocabulary.subjects) if s.id != ACTIVITY]
        self._vocabulary = vocabulary
        self._frames, self._tolerance = frames, tolerance
        self.restart(-np.inf)

    def restart(self, since: float) -> None:
        """Look anew, at what comes after ``since``."""
        self._since = since
        self._count = 0
        self._reading: tuple[int, ...] = ()
        self._answers: Array | None = None

    def fresh(self, window_start: float, stamp: float) -> bool:
        """Whether a state shows nothing from before ``since``."""
        return stamp > self._since and window_start >= self._since

    def update(self, window_start: float, stamp: float, answers: Array) -> bool:
        """Take a state's answers (S, D) to the vocabulary's queries."""
        if not self.fresh(window_start, stamp):
            return False
        rows = answers[self._subjects]
        reading = tuple(int(v) for v in self._vocabulary.readings(answers)[self._subjects])
        calm = self._answers is None or self._moved(rows) <= self._tolerance
        self._count = self._count + 1 if calm and reading == self._reading else 1
        self._reading, self._answers = reading, rows
        return self._count >= self._frames

    def _moved(self, rows: Array) -> float:
        assert self._answers is not None
        return float((1.0 - (rows * self._answers).sum(axis=1)).max(initial=0.0))
