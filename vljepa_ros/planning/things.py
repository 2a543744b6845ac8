"""Things that can be out of sight, and what their subjects' readings say together.

The vocabulary tells which they are: subjects with the same ``....unseen`` statement speak of one
thing, "red" of "red.unseen".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .protocols import Array
from .vocabulary import UNSEEN, Subject

_SHARP = 0.07  # temperature of a reading's confidence, as in Subject.nearest


@dataclass(frozen=True)
class Believed:
    """One subject's statement. ``since`` is the look, counted from 1, that it is believed from;
    ``remembered``: not in sight, kept from memory or imagined while the camera saw nothing."""

    subject: str
    statement_id: str
    statement: str
    confidence: float
    remembered: bool = False
    since: int = 0

    @property
    def unseen(self) -> bool:
        """Out of sight, and nothing is remembered."""
        return self.statement_id.endswith(UNSEEN)


def remembered(beliefs: tuple[Believed, ...]) -> tuple[str, ...]:
    """What is believed of things out of sight, in words, each once."""
    return tuple(dict.fromkeys(b.statement for b in beliefs if b.remembered and not b.unseen))


def is_thing(subject: Subject) -> bool:
    """Whether a subject speaks of something that can be out of sight."""
    return any(statement.endswith(UNSEEN) for statement in subject.statement_ids)


def things_of(subjects: list[Subject]) -> dict[str, list[Subject]]:
    """Thing -> the subjects that share its "not in sight" statement."""
    things: dict[str, list[Subject]] = {}
    for subject in subjects:
        for statement in subject.statement_ids:
            if statement.endswith(UNSEEN):
                things.setdefault(statement.removesuffix(UNSEEN), []).append(subject)
    return things


def weights_of(subject: Subject, answer: Array) -> Array:
    """(V,) confidences of a subject's statements."""
    logits = subject.embeddings @ answer / _SHARP
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


def believed_as(subject: Subject, row: int, confidence: float) -> Believed:
    """A subject's statement, by its row, as seen."""
    return Believed(subject.id, subject.statement_ids[row], subject.statements[row], confidence)


def value_of(believed: Believed) -> str:
    """What is said of the thing, without its name: "drawer" of "red.drawer"."""
    return believed.statement_id.split(".", 1)[-1]


def in_agreement(
    subjects: list[Subject], read: Mapping[str, Array], hidden: str
) -> dict[str, Believed]:
    """A thing in sight: its subjects' best statements that do not contradict each other.

    A statement that several subjects share holds for all of them or for none.
    """
    shared = {
        statement for statement in subjects[0].statement_ids
        if len(subjects) > 1 and all(statement in s.statement_ids for s in subjects)
    } - {hidden}
    best: tuple[float, dict[str, Believed]] = (-np.inf, {})
    for common in (*sorted(shared), None):
        rows: dict[str, Believed] = {}
        total = 0.0
        for subject in subjects:
            weights = read[subject.id]
            allowed = [
                row for row, statement in enumerate(subject.statement_ids)
                if statement != hidden
                and (statement == common if common else statement not in shared)
            ]
            if not allowed:
                break
            row = max(allowed, key=lambda r: float(weights[r]))
            rows[subject.id] = believed_as(subject, row, float(weights[row]))
            total += float(np.log(max(weights[row], 1e-12)))
        if len(rows) == len(subjects) and total > best[0]:
            best = (total, rows)
    return best[1]
