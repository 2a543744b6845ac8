"""Zero-shot classification: which of some labels, in any words, fits what happens best."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .events import Event, scores
from .phrase import phrases

TEMPERATURE = 0.35
"""Of the softmax over labels; `bench classify` says how often a confidence of 90% is right."""
MAX_LABELS = 1000


class LabelError(ValueError):
    """A file of labels that cannot be used; one line."""


@dataclass(frozen=True)
class Guess:
    """A label and its probability among those given."""

    label: str
    probability: float


def classify(world: Any, events: list[Event], labels: list[str]) -> list[list[Guess]]:
    """Per event the labels, most probable first."""
    total = scores(world, events, phrases(world, labels))["total"] / TEMPERATURE
    weights = np.exp(total - total.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return [
        [Guess(labels[i], float(row[i])) for i in np.argsort(-row, kind="stable")]
        for row in weights
    ]


def read_labels(path: Path) -> tuple[list[str], list[str]]:
    """(labels, those that were given twice), one label a line; # begins a comment.

    Raises LabelError for a file that cannot be read or holds fewer than two labels.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise LabelError(f"labels file '{path}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LabelError(f"labels file '{path}' is not UTF-8 text") from error
    given = [" ".join(line.split("#")[0].split()) for line in lines]
    kept: dict[str, str] = {}
    twice = []
    for label in filter(None, given):
        if label.lower() in kept:
            twice.append(label)
        kept.setdefault(label.lower(), label)
    if len(kept) < 2:
        raise LabelError(f"labels file '{path}' holds {len(kept)} labels; allowed: 2 or more, "
                         "one a line")
    if len(kept) > MAX_LABELS:
        raise LabelError(f"labels file '{path}' holds {len(kept)} labels; allowed: {MAX_LABELS}")
    return list(kept.values()), twice
