"""Moments of indexed recordings that fit a phrase, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .events import Event, Weights, scores
from .index import Index
from .phrase import phrases

WINDOW_S = 2.0  # longest moment that is shown
SHORTLIST = 300
"""Of so many events, the likeliest by the signs that cost nothing, the phrase is imagined."""
_WEIGHTS = Weights(explains=1.0)
_BEHIND = 1e3  # what is not on the list comes after everything that is


@dataclass(frozen=True)
class Hit:
    """A moment: seconds of the recording's own clock. ``score``: larger fits better."""

    path: str
    start: float
    end: float
    score: float


def retrieve(world: Any, index: Index, text: str, count: int = 10) -> list[Hit]:
    """The ``count`` best moments for a phrase, at most one per event.

    Raises GoalError for an empty or too long text, ValueError when nothing is indexed.
    """
    found = list(index.events(world.vocabulary))
    if not found:
        raise ValueError(f"no recording is indexed in '{index.folder}'")
    [row] = rank(world, [event for _, event in found], [text])
    order = np.argsort(-row, kind="stable")[:count]
    return [Hit(found[i][0], *window(found[i][1]), float(row[i])) for i in order]


def rank(world: Any, events: Sequence[Event], texts: list[str]) -> list[np.ndarray]:
    """Per text the scores (E,) of the events."""
    asked = phrases(world, texts)
    if len(events) <= SHORTLIST:
        return list(scores(world, events, asked, _WEIGHTS)["total"].T)
    rows = []
    quick = scores(world, events, asked, _WEIGHTS, imagine=False)["total"]
    for phrase, row in zip(asked, quick.T, strict=True):
        best = np.argsort(-row, kind="stable")[:SHORTLIST]
        row = row - _BEHIND
        row[best] = scores(world, [events[i] for i in best], [phrase], _WEIGHTS)["total"][:, 0]
        rows.append(row)
    return rows


def window(event: Event) -> tuple[float, float]:
    """Start and end of the most telling part of an event, at most WINDOW_S long."""
    start = max(event.start, event.moment - WINDOW_S / 2)
    return start, min(event.end, start + WINDOW_S)
