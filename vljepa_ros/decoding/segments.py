"""A stream of readouts cut into segments, online and causal.

Each subject of the scene has its own segment, described by the mean of the answers in it. A frame
whose answer is farther from that mean than the stream's own noise explains starts a *candidate*;
a candidate that holds for a minimum time becomes the new segment. Reading several subjects and
taking the largest change beats pooled tokens (measured in a feasibility study). The offline
reference is Ward clustering with a temporal constraint (VL-JEPA, arXiv 2512.10942, selective
decoding).

Stamps are seconds of camera time; answers are (S, D) unit vectors, one row a subject.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

_MAD_TO_SIGMA = 1.4826  # of a normal distribution


@dataclass(frozen=True)
class SegmentConfig:
    """How readily a new segment starts. Distances are 1 - cosine, in [0, 2].

    The threshold of a subject is median + ``noise_factor`` robust sigmas of its recent distances to
    the segment's mean, never below ``floor`` nor above ``ceiling``.
    """

    floor: float = 0.15
    ceiling: float = 0.5
    noise_factor: float = 6.0
    noise_window: int = 60  # frames the noise estimate looks back on
    hold: float = 0.4  # seconds a change must last
    hold_frames: int = 3  # and frames, so that a gap in the stream alone does not confirm it
    release: float = 0.7  # a candidate ends below this fraction of the threshold

    def __post_init__(self) -> None:
        _require(0 < self.floor <= 2, "floor", self.floor, "(0, 2]")
        _require(self.floor <= self.ceiling <= 2, "ceiling", self.ceiling, "floor to 2")
        _require(self.noise_factor >= 0, "noise_factor", self.noise_factor, "0 or more")
        _require(4 <= self.noise_window <= 10000, "noise_window", self.noise_window, "4..10000")
        _require(0 <= self.hold <= 60, "hold", self.hold, "0..60 s")
        _require(1 <= self.hold_frames <= 1000, "hold_frames", self.hold_frames, "1..1000")
        _require(0 < self.release <= 1, "release", self.release, "(0, 1]")


@dataclass(frozen=True)
class Change:
    """A new segment of one or more subjects.

    ``subjects`` are their indices, the largest change first; ``distances`` the cosine distances
    between the means before and after, same order (1.0 for a first sight). ``moment`` is when the
    new meaning was first seen, ``decided`` when it had held long enough. ``before`` and ``means``
    are (S, D) unit means before and after (``before`` is zero at first sight).
    """

    subjects: tuple[int, ...]
    distances: tuple[float, ...]
    moment: float
    decided: float
    before: Array
    means: Array
    first: bool = False


class _Mean:
    """Running mean of unit vectors."""

    def __init__(self, stamp: float, row: Array) -> None:
        self.start = stamp
        self.count = 0
        self.total = np.zeros_like(row, dtype=np.float64)
        self.add(row)

    def add(self, row: Array) -> None:
        self.total += row
        self.count += 1

    @property
    def unit(self) -> Array:
        return self.total / max(float(np.linalg.norm(self.total)), 1e-9)

    def distance(self, row: Array) -> float:
        return 1.0 - float(self.unit @ row)


class _Noise:
    """Robust running estimate of how far answers scatter without anything happening."""

    def __init__(self, window: int) -> None:
        self.ring = np.zeros(window)
        self.seen = 0

    def add(self, distance: float) -> None:
        self.ring[self.seen % len(self.ring)] = distance
        self.seen += 1

    def limit(self, factor: float) -> float:
        if self.seen < 4:
            return 0.0
        values = self.ring[: min(self.seen, len(self.ring))]
        median = _median(values)
        return median + factor * _MAD_TO_SIGMA * _median(np.abs(values - median))


class _Track:
    """The segment of one subject, and what may become the next."""

    def __init__(self, config: SegmentConfig) -> None:
        self.config = config
        self.noise = _Noise(config.noise_window)
        self.segment: _Mean | None = None
        self.candidate: _Mean | None = None
        self.latest = 0.0  # distance of the newest answer, relative to the threshold

    @property
    def threshold(self) -> float:
        limit = self.noise.limit(self.config.noise_factor)
        return min(max(limit, self.config.floor), self.config.ceiling)

    def update(self, stamp: float, row: Array) -> _Mean | None:
        """The mean that ended when a new segment starts now (an empty one at first), else None."""
        threshold = self.threshold
        if self.segment is not None:
            distance = self.segment.distance(row)
            self.latest = distance / threshold
            away = distance > threshold * (1.0 if self.candidate is None else self.config.release)
            if not away:
                self.candidate = None
                self.segment.add(row)
                self.noise.add(distance)
                return None
        if self.candidate is None:
            self.candidate = _Mean(stamp, row)
        else:
            scatter = self.candidate.distance(row)
            self.noise.add(scatter)
            if scatter > threshold:  # still moving: the new meaning is not there yet
                self.candidate = _Mean(stamp, row)
            else:
                self.candidate.add(row)
        held = stamp - self.candidate.start >= self.config.hold
        if not held or self.candidate.count < self.config.hold_frames:
            return None
        ended = self.segment or _Mean(stamp, np.zeros_like(row))
        self.segment, self.candidate, self.latest = self.candidate, None, 0.0
        return ended

    def rewind(self) -> None:
        self.candidate = None


class Segmenter:
    """Feed it frames in order of time; it answers with a :class:`Change` when one is decided."""

    def __init__(self, config: SegmentConfig | None = None) -> None:
        self.config = config or SegmentConfig()
        self._tracks: list[_Track] = []
        self._stamp = -np.inf
        self._spoken_first = False

    @property
    def signal(self) -> float:
        """Largest distance over the subjects, relative to its threshold (1 = a change begins)."""
        return max((track.latest for track in self._tracks), default=0.0)

    def pending(self, subjects: Iterable[int]) -> bool:
        """Whether one of these is on the way to a new meaning that has not held long enough yet."""
        return any(self._tracks[i].candidate is not None for i in subjects)

    @property
    def thresholds(self) -> Array:
        """(S,) the thresholds in force."""
        return np.array([track.threshold for track in self._tracks])

    def means(self) -> Array:
        """(S, D) the unit means of the current segments; zero where a subject has none yet."""
        rows = [t.segment.unit if t.segment is not None else None for t in self._tracks]
        width = next((len(row) for row in rows if row is not None), 1)
        return np.stack([np.zeros(width) if row is None else row for row in rows])

    def update(self, stamp: float, answers: Array) -> Change | None:
        """Take the answers (S, D) of the frame at ``stamp``; non-finite rows raise ValueError."""
        answers = np.asarray(answers, dtype=np.float64)
        if answers.ndim != 2 or not np.isfinite(answers).all():
            raise ValueError("answers: non-finite or not (S, D); allowed: finite (S, D)")
        if len(answers) != len(self._tracks):
            self._tracks = [_Track(self.config) for _ in answers]
            self._spoken_first = False
        if stamp < self._stamp:  # the clock went back: what was being timed starts anew
            for track in self._tracks:
                track.rewind()
        self._stamp = stamp
        ended = [track.update(stamp, row) for track, row in zip(self._tracks, answers, strict=True)]
        if not self._spoken_first:
            return self._first(stamp, answers)
        changed = [i for i, mean in enumerate(ended) if mean is not None]
        if not changed:
            return None
        means = self.means()
        before = means.copy()
        for i in changed:
            before[i] = ended[i].unit  # type: ignore[union-attr]
        distances = {i: _distance(before[i], means[i]) for i in changed}
        changed.sort(key=lambda i: -distances[i])
        moment = min(self._start(i) for i in changed)
        return Change(
            tuple(changed), tuple(distances[i] for i in changed), moment, stamp, before, means
        )

    def _first(self, stamp: float, answers: Array) -> Change | None:
        """The first sight waits until every subject has a segment."""
        if any(track.segment is None for track in self._tracks):
            return None
        self._spoken_first = True
        everything = tuple(range(len(self._tracks)))
        moment = min(self._start(i) for i in everything)
        before = np.zeros_like(answers)
        distances = (1.0,) * len(everything)
        return Change(everything, distances, moment, stamp, before, self.means(), first=True)

    def _start(self, index: int) -> float:
        segment = self._tracks[index].segment
        return segment.start if segment is not None else self._stamp


def _median(values: Array) -> float:
    """Of a few values: numpy's own costs many times as much, and this runs on every frame."""
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2.0


def _distance(before: Array, after: Array) -> float:
    return 1.0 - float(before @ after)


def _require(ok: bool, name: str, value: object, allowed: str) -> None:
    if not ok:
        raise ValueError(f"{name} = {value!r} is not usable; allowed: {allowed}")
