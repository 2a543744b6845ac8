"""Moments of indexed recordings that fit a phrase, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .events import Event, scores
from .index import Index
from .phrase import phrases

WINDOW_S = 2.0  # longest moment that is shown


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
    total = scores(world, events, phrases(world, texts))["total"]
    return list(total.T)


def window(event: Event) -> tuple[float, float]:
    """Start and end of the most telling part of an event, at most WINDOW_S long."""
    start = max(event.start, event.moment - WINDOW_S / 2)
    return start, min(event.end, start + WINDOW_S)
