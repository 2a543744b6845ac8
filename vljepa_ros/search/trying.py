"""What somebody tries in vain: to open or to close something that is locked.

By the ids of the vocabulary: activities ``activity.open_X`` and ``activity.close_X`` of a subject X
with statements ``X.open``, ``X.closed`` and a subject ``X_lock`` with ``X_lock.locked``. What is
open already cannot be opened, which tells more than the direction of a motion that is not there.
"""

from __future__ import annotations

import numpy as np

from vljepa_ros.planning.protocols import Array
from vljepa_ros.planning.vocabulary import MOMENTARY, Subject, Vocabulary

from .phrase import TRYING

_FROM = {"open": "closed", "close": "open"}


def tried(vocabulary: Vocabulary, before: Array, activity: Array) -> list[tuple[str, Array]]:
    """What may have been tried: (one of `TRYING`, (D,) what opening and closing the thing mean).

    At most one where the model says what the robot is doing; else every thing that is locked, and
    nobody knows which it was.

    Args:
        before: (S, D) answers to the vocabulary's queries; activity: (A, D) to the momentary ones.
    """
    held = {
        subject.statement_ids[int(subject.nearest(before[i])[0])]
        for i, subject in enumerate(vocabulary.subjects)
    }
    locked = [
        (subject, verb) for subject in vocabulary.subjects for verb in TRYING
        if f"{subject.id}_lock.locked" in held and f"{subject.id}.{_FROM[verb]}" in held
    ]
    momentary = [s for s in vocabulary.subjects if s.id in MOMENTARY]
    if not momentary:
        return [(verb, _mean(subject.embeddings)) for subject, verb in locked]
    best: tuple[float, str, Array] | None = None
    for subject, row in zip(momentary, activity, strict=True):
        for thing, verb in locked:
            meaning = _about(subject, thing.id)
            if meaning is None or f"{subject.id}.{verb}_{thing.id}" not in subject.statement_ids:
                continue
            fit = float(meaning @ row)
            if best is None or fit > best[0]:
                best = (fit, verb, meaning)
    return [] if best is None else [best[1:]]


def guesses(vocabulary: Vocabulary) -> bool:
    """Whether what was tried can only be guessed, by what is locked: no activities, but locks."""
    ids = {subject.id for subject in vocabulary.subjects}
    return not ids & set(MOMENTARY) and any(f"{name}_lock" in ids for name in ids)


def _about(subject: Subject, thing: str) -> Array | None:
    """(D,) what opening and closing a thing have in common."""
    rows = [subject.embeddings[subject.statement_ids.index(name)]
            for name in (f"{subject.id}.{verb}_{thing}" for verb in TRYING)
            if name in subject.statement_ids]
    return _mean(np.stack(rows)) if rows else None


def _mean(rows: Array) -> Array:
    """(D,) unit mean."""
    mean = np.mean(rows, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6))
