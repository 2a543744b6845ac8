"""Selective decoding as the paper measures it: every annotation against the nearest decode in time.

CIDEr is pycocoevalcap's; its tokenizer needs Java, so words are split here. Decodes and
annotations of several streams are pooled, nearest within their own stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vljepa_ros.model.y_decoder import words_of


@dataclass(frozen=True)
class Decodes:
    """Decodes of one stream: `times` in seconds and the `texts` they gave."""

    times: Sequence[float]
    texts: Sequence[str]


Annotations = Sequence[tuple[float, str]]
"""(time, caption) of one stream."""


@dataclass(frozen=True)
class Point:
    """One setting of one way to choose moments."""

    setting: float
    decodes: int
    cider: float


def matched(decodes: Decodes, annotations: Annotations) -> list[str]:
    """The text of the decode nearest in time to every annotation; "" when there is none."""
    if not len(decodes.times):
        return [""] * len(annotations)
    times = np.asarray(decodes.times)
    return [decodes.texts[int(np.abs(times - time).argmin())] for time, _ in annotations]


def cider(streams: Sequence[tuple[Decodes, Annotations]]) -> float:
    """CIDEr (0 to 10) of the matched decodes of all streams."""
    from pycocoevalcap.cider.cider import Cider

    found = [text for decodes, notes in streams for text in matched(decodes, notes)]
    wanted = [caption for _, notes in streams for _, caption in notes]
    if len(wanted) < 2:
        return float("nan")
    score, _ = Cider().compute_score(
        {i: [spaced(text)] for i, text in enumerate(wanted)},
        {i: [spaced(text)] for i, text in enumerate(found)},
    )
    return float(score)


def spaced(text: str) -> str:
    """Words of a text, lower case, marks left out."""
    return " ".join(word for word in words_of(text) if word[0].isalnum())


def decodes_at(points: Sequence[Point], level: float) -> float | None:
    """Decodes a curve needs to reach a CIDEr, interpolated; None when it never does.

    Between two settings the better of the sparser ones counts: nobody has to choose a worse one.
    """
    best, reached = -np.inf, 0.0
    for point in sorted(points, key=lambda p: (p.decodes, -p.cider)):
        if point.cider >= level:
            if not np.isfinite(best) or point.cider == best:
                return float(point.decodes)
            share = (level - best) / (point.cider - best)
            return float(reached + max(share, 0.0) * (point.decodes - reached))
        if point.cider > best:
            best, reached = point.cider, float(point.decodes)
    return None
