"""Guesses of labels, judged: tables (E, L) of scores, one a wording, and each clip's true label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vljepa_ros.planning.protocols import Array
from vljepa_ros.search.classify import TEMPERATURE

from .event_clips import EventClip
from .report import share

_SHOWN = 15
_SURE = 0.9


def right(tables: Sequence[Array], truth: Array, top: int = 1) -> list[bool]:
    """Whether the true label is among the `top` best, wording after wording."""
    return [
        bool(truth[i] in np.argsort(-table[i], kind="stable")[:top])
        for table in tables for i in range(len(truth))
    ]


def confident_right(tables: Sequence[Array], truth: Array) -> dict[str, Any]:
    """How often a guess of at least 90% is right."""
    flags: list[bool] = []
    for table in tables:
        weights = np.exp((table - table.max(axis=1, keepdims=True)) / TEMPERATURE)
        weights /= weights.sum(axis=1, keepdims=True)
        sure = weights.max(axis=1) >= _SURE
        flags += list(table.argmax(axis=1)[sure] == truth[sure])
    return share(flags)


def wrong(
    tables: Sequence[Array], truth: Array, films: Sequence[EventClip],
    sets: Sequence[Sequence[str]],
) -> list[str]:
    """Some of the wrong guesses, from all over the clips."""
    found = [
        f"{films[i].file} {films[i].kind}: {labels[int(table[i].argmax())]!r}, not "
        f"{labels[truth[i]]!r}"
        for table, labels in zip(tables, sets, strict=True) for i in range(len(truth))
        if table[i].argmax() != truth[i]
    ]
    return found[:: max(1, len(found) // _SHOWN)][:_SHOWN]
