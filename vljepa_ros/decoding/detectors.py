"""When to decode: one interface, ours and its rivals.

A detector takes the frames of a stream in order and says at which of them words are worth their
cost. The online ones answer in `update`, causally; the offline ones wait for the whole stream and
answer in `finish`. They are chosen by name (:func:`make_detector`), in decoder_node by the
parameter ``detector``.

adaptive   per-subject segments whose threshold follows the stream's own noise (ours)
uniform    every `period` seconds
pixels     the picture differs enough from the one decoded last
variance   a local window's variance has risen and fallen (VL-JEPA's online suggestion)
ward       Ward clustering with temporal constraint over blocks of the stream (VL-JEPA's offline)
oracle     the true change points, given beforehand
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from .adaptive import Adaptive
from .segments import Array, Change
from .ward import ward_starts

CELLS = 16  # a picture is compared on a grid of this many cells a side: noise averages out


class Detector(Protocol):
    """What decoder_node and the benchmarks ask of change detection."""

    def update(self, stamp: float, answers: Array, picture: Array | None = None) -> Change | None:
        """Take a frame's answers (S, D) at `stamp` seconds, and its picture (H, W, 3) uint8 if
        there is one; a Change when words are due now."""
        ...

    def finish(self) -> list[Change]:
        """The stream has ended: what an offline detector found, in order; else nothing."""
        ...

    @property
    def signal(self) -> float:
        """How near the next change is: 1 where it begins."""
        ...

    def means(self) -> Array:
        """(S, D) unit means of what is held true now."""
        ...


class _Whole:
    """What the rivals share: a decode concerns every subject and is compared with the last one."""

    signal = 0.0

    def __init__(self) -> None:
        self._decoded: Array | None = None

    def finish(self) -> list[Change]:
        return []

    def means(self) -> Array:
        return np.zeros((0, 1)) if self._decoded is None else self._decoded

    def decode(self, moment: float, decided: float, rows: Array) -> Change:
        """A Change of all subjects to the mean of rows (N, S, D) or (S, D)."""
        means = _unit(rows.mean(axis=0) if rows.ndim == 3 else rows)
        first = self._decoded is None
        before = np.zeros_like(means) if self._decoded is None else self._decoded
        distances = 1.0 - (before * means).sum(axis=1)
        order = np.argsort(-distances, kind="stable")
        self._decoded = means
        return Change(
            tuple(int(i) for i in order), tuple(float(distances[i]) for i in order),
            moment, decided, before, means, first,
        )


class Uniform(_Whole):
    """Every `period` seconds, whatever happens."""

    def __init__(self, period: float = 1.0) -> None:
        super().__init__()
        self.period = _positive("period", period)
        self._next = -np.inf

    def update(self, stamp: float, answers: Array, picture: Array | None = None) -> Change | None:
        if self._next - stamp > self.period:  # the clock went back
            self._next = stamp
        if stamp < self._next - 1e-6:
            return None
        self._next = (stamp if np.isinf(self._next) else self._next) + self.period
        if self._next <= stamp:  # the stream was silent
            self._next = stamp + self.period
        return self.decode(stamp, stamp, np.asarray(answers, dtype=np.float64))


class Pixels(_Whole):
    """When the picture is `threshold` grey levels in the mean away from the one decoded last."""

    def __init__(self, threshold: float = 4.0) -> None:
        super().__init__()
        self.threshold = _positive("threshold", threshold)
        self._picture: Array | None = None

    def update(self, stamp: float, answers: Array, picture: Array | None = None) -> Change | None:
        if picture is None:
            raise ValueError("picture: none; allowed: (H, W, 3) uint8, which 'pixels' compares")
        cells = coarse(picture)
        if self._picture is not None and self._picture.shape == cells.shape:
            self.signal = float(np.abs(cells - self._picture).mean() / self.threshold)
            if self.signal < 1.0:
                return None
        self._picture = cells
        return self.decode(stamp, stamp, np.asarray(answers, dtype=np.float64))


class Variance(_Whole):
    """When the variance of the last `window` frames rose above `threshold` and fell below again."""

    def __init__(self, threshold: float = 0.05, window: int = 5) -> None:
        super().__init__()
        self.threshold = _positive("threshold", threshold)
        self._rows: deque[Array] = deque(maxlen=window)
        self._since: float | None = None

    def update(self, stamp: float, answers: Array, picture: Array | None = None) -> Change | None:
        self._rows.append(np.asarray(answers, dtype=np.float64))
        rows = np.stack(self._rows)
        if len(rows) < (self._rows.maxlen or 1):
            return None
        mean = rows.mean(axis=0)
        variance = float((1.0 - (mean * mean).sum(axis=1)).max())
        self.signal = variance / self.threshold
        if variance >= self.threshold:
            self._since = stamp if self._since is None else self._since
            return None
        if self._since is None and self._decoded is not None:
            return None
        moment, self._since = self._since or stamp, None
        return self.decode(moment, stamp, rows)


class Ward(_Whole):
    """Ward clustering with temporal constraint of blocks of the stream.

    Offline in a block: with `block` infinite, of the whole stream, known when it ends. `mean_gap`
    is the mean length of a segment, in seconds, which the number of clusters follows.
    """

    def __init__(self, mean_gap: float = 5.0, block: float = np.inf) -> None:
        super().__init__()
        self.mean_gap = _positive("mean_gap", mean_gap)
        self.block = _positive("block", block)
        self._stamps: list[float] = []
        self._rows: list[Array] = []
        self._ready: deque[Change] = deque()

    def update(self, stamp: float, answers: Array, picture: Array | None = None) -> Change | None:
        if self._stamps and not 0 <= stamp - self._stamps[0] < self.block:
            self._cluster(stamp)
        self._stamps.append(stamp)
        self._rows.append(np.asarray(answers, dtype=np.float64))
        return self._ready.popleft() if self._ready else None

    def finish(self) -> list[Change]:
        self._cluster(self._stamps[-1] if self._stamps else 0.0)
        found = list(self._ready)
        self._ready.clear()
        return found

    def _cluster(self, now: float) -> None:
        if not self._stamps:
            return
        rows, stamps = np.stack(self._rows), self._stamps
        count = max(1, round((stamps[-1] - stamps[0]) / self.mean_gap))
        starts = ward_starts(rows.reshape(len(rows), -1), min(count, len(rows)))
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            self._ready.append(self.decode(stamps[start], now, rows[start:end]))
        self._stamps, self._rows = [], []


class Oracle(_Whole):
    """Decodes each stretch between the given true change points from its mean; offline."""

    def __init__(self, moments: Sequence[float]) -> None:
        super().__init__()
        self._moments = sorted(moments)
        self._stamps: list[float] = []
        self._rows: list[Array] = []

    def update(self, stamp: float, answers: Array, picture: Array | None = None) -> Change | None:
        self._stamps.append(stamp)
        self._rows.append(np.asarray(answers, dtype=np.float64))
        return None

    def finish(self) -> list[Change]:
        if not self._stamps:
            return []
        bounds = [self._stamps[0], *self._moments, np.inf]
        stamps, rows, found = np.array(self._stamps), np.stack(self._rows), []
        for start, end in zip(bounds, bounds[1:], strict=False):
            inside = (stamps >= start) & (stamps < end)
            if inside.any():
                found.append(self.decode(start, start, rows[inside]))
        self._stamps, self._rows = [], []
        return found


ONLINE: dict[str, Callable[..., Detector]] = {
    "adaptive": Adaptive, "uniform": Uniform, "pixels": Pixels, "variance": Variance, "ward": Ward,
}
"""Name -> constructor, of those that can run on a live stream (`ward` in blocks)."""


def make_detector(name: str, **options: object) -> Detector:
    """The detector of this name; raises ValueError naming those there are."""
    if name not in ONLINE:
        raise ValueError(f"detector = {name!r} is not usable; allowed: {', '.join(ONLINE)}")
    return ONLINE[name](**options)


def coarse(picture: Array) -> Array:
    """(16, 16, 3) means of a picture (H, W, 3), H and W at least 16."""
    height, width = (size // CELLS for size in picture.shape[:2])
    if not (height and width):
        raise ValueError(f"picture is {picture.shape}; allowed: at least {CELLS} x {CELLS}")
    cut = picture[: height * CELLS, : width * CELLS].astype(np.float32)
    return np.asarray(cut.reshape(CELLS, height, CELLS, width, -1).mean(axis=(1, 3)))


def _unit(rows: Array) -> Array:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)


def _positive(name: str, value: float) -> float:
    if not value > 0:
        raise ValueError(f"{name} = {value!r} is not usable; allowed: above 0")
    return value
