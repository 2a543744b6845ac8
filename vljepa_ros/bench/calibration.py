"""How well confidences tell yes from no, and whether they are as often right as they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .report import wilson

BINS = 10


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """The probability that a yes scores above a no, ties half; None when one kind is missing."""
    values, truth = np.asarray(scores, dtype=float), np.asarray(labels, dtype=bool)
    yes, no = values[truth], values[~truth]
    if not len(yes) or not len(no):
        return None
    above = (yes[:, None] > no[None]).mean() + 0.5 * (yes[:, None] == no[None]).mean()
    return round(float(above), 4)


def auc_interval(scores: Sequence[float], labels: Sequence[bool]) -> list[float]:
    """95% interval: Wilson's with the smaller class as the count, which is on the wide side."""
    figure = auc(scores, labels)
    count = min(sum(labels), len(labels) - sum(labels))
    return [0.0, 1.0] if figure is None else wilson(figure * count, count)


def reliability(confidences: Sequence[float], labels: Sequence[bool]) -> dict[str, Any]:
    """Bins of confidence with n, mean confidence and frequency of yes; and the expected error.

    The expected calibration error is the mean gap between the two, weighted by n.
    """
    values, truth = np.asarray(confidences, dtype=float), np.asarray(labels, dtype=float)
    which = np.minimum((values * BINS).astype(int), BINS - 1)
    rows, gap = [], 0.0
    for i in range(BINS):
        inside = which == i
        if inside.any():
            said, was = float(values[inside].mean()), float(truth[inside].mean())
            rows.append({"from": i / BINS, "to": (i + 1) / BINS, "n": int(inside.sum()),
                         "confidence": round(said, 4), "frequency": round(was, 4)})
            gap += abs(said - was) * inside.mean()
    return {"n": len(values), "expected_calibration_error": round(gap, 4), "bins": rows}
