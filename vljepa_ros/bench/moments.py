"""The ways to choose moments for decoding, each as a curve from sparse to dense."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vljepa_ros.decoding.adaptive import Adaptive, is_news, join
from vljepa_ros.decoding.detectors import Detector, Pixels, Uniform, Variance
from vljepa_ros.decoding.segments import Change, SegmentConfig
from vljepa_ros.decoding.ward import cut, ward_tree
from vljepa_ros.planning.protocols import Array

from .cider import Annotations, Decodes, Point, cider
from .streams import Stream

UNIFORM_PERIODS_S = (0.4, 0.6, 1.0, 1.6, 2.4, 3.6, 5.0, 7.0, 10.0, 20.0, 40.0)
PIXEL_LEVELS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0)
VARIANCES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.35)
PATIENCE = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.5, 5.0)  # in mean gaps between events
FLOORS = (0.05, 0.1)  # below the standard one: denser
WARD_GAPS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.3, 2.0, 4.0, 8.0)  # in mean gaps

Read = Callable[[Array], str]
"""Unit means (S, D) -> the caption they give."""


@dataclass(frozen=True)
class Watched:
    """A stream, the answers (N, S, D) about its heard subjects, and its annotations."""

    stream: Stream
    answers: Array
    notes: Annotations


def play(detector: Detector, watched: Watched, read: Read, at: str = "decided") -> Decodes:
    """What a detector decodes in a stream, stamped with the time when it is `decided`, or with the
    `moment` that it speaks of."""
    found = changes(detector, watched)
    return Decodes([getattr(c, at) for c in found], [read(c.means) for c in found])


def changes(detector: Detector, watched: Watched) -> list[Change]:
    """Everything a detector finds in a stream."""
    found = []
    for i, stamp in enumerate(watched.stream.stamps):
        change = detector.update(float(stamp), watched.answers[i], watched.stream.frames[i])
        if change is not None:
            found.append(change)
    return found + detector.finish()


def patient(
    found: Sequence[Change], config: SegmentConfig, patience: float, read: Read,
    at: str = "decided",
) -> Decodes:
    """What `Adaptive` with `patience` decodes, from the changes it finds without."""
    times: list[float] = []
    texts: list[str] = []
    i = 0
    while i < len(found):
        due, whole = found[i].decided + patience, found[i]
        i += 1
        while i < len(found) and found[i].decided <= due:
            whole = join(whole, found[i])
            i += 1
        if is_news(whole, config):
            times.append(due if at == "decided" else whole.moment)
            texts.append(read(whole.means))
    return Decodes(times, texts)


def curve(
    streams: Sequence[Watched], settings: Sequence[float],
    decode: Callable[[Watched, float], Decodes],
) -> list[Point]:
    """One point a setting, pooled over the streams."""
    points = []
    for setting in settings:
        found = [(decode(w, setting), w.notes) for w in streams]
        count = sum(len(decodes.times) for decodes, _ in found)
        points.append(Point(setting, count, round(cider(found), 4)))
    return points


def all_curves(
    streams: Sequence[Watched], gap: float, read: Read, ours: Callable[[SegmentConfig], Adaptive],
    config: SegmentConfig,
) -> dict[str, list[Point]]:
    """Name -> curve, for streams of one mean gap between events."""
    gaps = [g * gap for g in PATIENCE]
    standard = {id(w): changes(ours(config), w) for w in streams}
    dense = {
        (id(w), floor): changes(ours(_readier(config, floor)), w)
        for w in streams for floor in FLOORS
    }
    at_decision, at_moment = [
        curve(streams, gaps, lambda w, g, at=at: patient(standard[id(w)], config, g, read, at))
        + curve(streams, FLOORS,
                lambda w, f, at=at: patient(dense[id(w), f], config, 0.0, read, at))
        for at in ("decided", "moment")
    ]
    trees = {id(w): ward_tree(w.answers.reshape(len(w.answers), -1)) for w in streams}

    def ward(w: Watched, mean_gap: float, middle: bool) -> Decodes:
        return _ward(w, trees[id(w)], mean_gap, middle, read)

    return {
        "uniform": curve(streams, UNIFORM_PERIODS_S,
                         lambda w, period: play(Uniform(period), w, read)),
        "pixels": curve(streams, PIXEL_LEVELS, lambda w, level: play(Pixels(level), w, read)),
        "variance": curve(streams, VARIANCES, lambda w, v: play(Variance(v), w, read)),
        "variance_moment": curve(streams, VARIANCES,
                                 lambda w, v: play(Variance(v), w, read, "moment")),
        "ward": curve(streams, [g * gap for g in WARD_GAPS], lambda w, g: ward(w, g, False)),
        "ward_midpoint": curve(streams, [g * gap for g in WARD_GAPS],
                               lambda w, g: ward(w, g, True)),
        "ours": at_moment,
        "ours_at_decision": at_decision,
        "oracle": curve(streams, gaps, lambda w, g: oracle(w, g, read)),
    }


def oracle(watched: Watched, patience: float, read: Read) -> Decodes:
    """Decodes at the true change points, each from the mean of the true segment that begins there.

    As ours, several within `patience` seconds are decoded together, at the last of them.
    """
    moments = [e.time for e in watched.stream.events if e.kind == "change"]
    bounds = [0.0, *moments, watched.stream.seconds]
    stamps = watched.stream.stamps
    times: list[float] = []
    texts: list[str] = []
    i = 0
    while i < len(bounds) - 1:
        due = bounds[i] + patience
        while i + 1 < len(bounds) - 1 and bounds[i + 1] <= due:
            i += 1
        inside = (stamps >= bounds[i]) & (stamps < bounds[i + 1])
        rows = watched.answers[inside] if inside.any() else watched.answers[-1:]
        text = read(_unit(rows.mean(axis=0)))
        if not texts or text != texts[-1]:
            times.append(bounds[i])
            texts.append(text)
        i += 1
    return Decodes(times, texts)


def _ward(watched: Watched, tree: Array, mean_gap: float, middle: bool, read: Read) -> Decodes:
    count = max(1, round(watched.stream.seconds / mean_gap))
    frames = len(watched.answers)
    starts = [*cut(frames, tree, min(count, frames)), frames]
    stamps = watched.stream.stamps
    times, texts = [], []
    for start, end in zip(starts, starts[1:], strict=False):
        times.append(float(stamps[(start + end) // 2 if middle else start]))
        texts.append(read(_unit(watched.answers[start:end].mean(axis=0))))
    return Decodes(times, texts)


def _readier(config: SegmentConfig, floor: float) -> SegmentConfig:
    """Readier to decode: a lower floor and no more noise allowance."""
    return SegmentConfig(floor=floor, ceiling=max(floor, 0.2), noise_factor=3.0,
                         noise_window=config.noise_window, hold=min(config.hold, 0.4))


def _unit(rows: Array) -> Array:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
