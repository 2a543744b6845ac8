"""Where in a recording something happens: changes of meaning, motion without any, and rest."""

from __future__ import annotations

import numpy as np

from vljepa_ros.planning.protocols import Array
from vljepa_ros.planning.vocabulary import Vocabulary

from .events import MOVING
from .features import Features

SMOOTH_S = 1.0  # a reading counts when it is the usual one over this long
MERGE_S = 1.2  # changes this near belong to one event
ON_THE_WAY_S = 2.4  # in one motion also such: what is carried is read here and there on its way
LEAD_S, TAIL_S = 1.6, 0.8  # of an event, before its first and after its last change
TO_REST_S = 2.0  # and so far on to where nothing moves: the arm hides things
LEAST_MOTION_S = 0.8
QUIET_S = 2.0
_BRIDGE_S = 0.6  # motion that pauses shorter than this goes on


def spans_of(features: Features, vocabulary: Vocabulary) -> Array:
    """(E, 2) first and last rows, in order of time; never none."""
    count = len(features)
    step = float(np.median(np.diff(features.stamps))) if count > 1 else 0.2

    def rows(seconds: float) -> int:
        return max(1, round(seconds / max(step, 1e-3)))

    changed = _changes(features, vocabulary, rows(SMOOTH_S))
    moving = features.motion.astype(np.float32) >= MOVING
    groups = _groups(np.flatnonzero(changed.any(axis=1)), rows(MERGE_S))
    groups = _carried_on(groups, changed, moving, rows(ON_THE_WAY_S), rows(_BRIDGE_S))
    found: list[tuple[int, int]] = []
    covered = np.zeros(count, dtype=bool)
    for i, (first, last) in enumerate(groups):
        after = groups[i + 1][0] - 1 if i + 1 < len(groups) else count - 1
        before = found[-1][1] if found else 0
        begin = max(before, _rest(moving, first - rows(LEAD_S), -1, rows(TO_REST_S)))
        end = _rest(moving, last + rows(TAIL_S), 1, rows(TO_REST_S))
        found.append((begin, max(begin, min(after, end))))
        covered[begin : found[-1][1] + 1] = True
    for first, last in _groups(np.flatnonzero(moving), rows(_BRIDGE_S)):
        # The way to a change and back belongs to it.
        near = slice(max(0, first - rows(_BRIDGE_S)), last + rows(_BRIDGE_S) + 1)
        if not covered[near].any() and last - first + 1 >= rows(LEAST_MOTION_S):
            found.append((max(0, first - 1), min(count - 1, last + 1)))
        covered[first : last + 1] = True
    for first, last in _groups(np.flatnonzero(~covered), 1):
        if last - first + 1 >= rows(QUIET_S):
            found.append((first, min(last, first + rows(QUIET_S))))
    return np.array(sorted(found) or [(0, count - 1)], dtype=np.int32)


def _changes(features: Features, vocabulary: Vocabulary, window: int) -> Array:
    """(N, S) where the smoothed reading of a lasting subject becomes another."""
    answers = features.answers.astype(np.float32)
    changed = np.zeros((len(features), len(vocabulary.subjects)), dtype=bool)
    for i in vocabulary.lasting:
        reading, _ = vocabulary.subjects[i].nearest(answers[:, i])
        usual = _mode(np.asarray(reading), window)
        changed[1:, i] = usual[1:] != usual[:-1]
    return changed


def _carried_on(
    groups: list[tuple[int, int]], changed: Array, moving: Array, gap: int, pause: int
) -> list[tuple[int, int]]:
    """The groups, those joined that follow one another within ``gap`` rows, speak of the same
    subject, and have no rest of ``pause`` rows between them."""
    joined: list[tuple[int, int]] = []
    for first, last in groups:
        if joined:
            begin, end = joined[-1]
            same = changed[begin : end + 1].any(axis=0) & changed[first : last + 1].any(axis=0)
            stops = np.diff(np.flatnonzero(np.concatenate(([1], moving[end : first + 1], [1]))))
            if first - end <= gap and same.any() and stops.max() <= pause:
                joined[-1] = (begin, last)
                continue
        joined.append((first, last))
    return joined


def _rest(moving: Array, row: int, step: int, most: int) -> int:
    """The row, or the nearest one in this direction at which two in turn stand still."""
    here = int(np.clip(row, 0, len(moving) - 1))
    for k in range(most + 1):
        at = here + step * k
        if not 0 <= at + step < len(moving):
            return int(np.clip(at, 0, len(moving) - 1))
        if not moving[at] and not moving[at + step]:
            return at + step
    return here


def _mode(values: Array, window: int) -> Array:
    """The most frequent value around each row."""
    half = window // 2
    padded = np.pad(values, half, mode="edge")
    kinds = np.unique(values)
    counts = np.stack([
        np.convolve(padded == kind, np.ones(2 * half + 1), mode="valid") for kind in kinds
    ])
    return np.asarray(kinds[counts.argmax(axis=0)])


def _groups(rows: Array, gap: int) -> list[tuple[int, int]]:
    """Runs of rows at most ``gap`` apart: (first, last) each."""
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows) > gap)
    firsts = np.concatenate(([0], breaks + 1))
    lasts = np.concatenate((breaks, [len(rows) - 1]))
    return [(int(rows[a]), int(rows[b])) for a, b in zip(firsts, lasts, strict=True)]
