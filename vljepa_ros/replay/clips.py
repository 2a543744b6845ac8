"""The moments of a recording that matter, cut out as videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from vljepa_ros.planning.protocols import Array
from vljepa_ros.recordings.frames import Picture, Recording, onward

from .pipeline import Line

BEFORE_S, AFTER_S = 1.5, 1.5
"""Shown before the moment of a change, and after it was decided."""
MERGE_S = 1.0
"""Cuts this near are one."""
_TICK = Fraction(1, 1000)
_CODECS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", {"preset": "veryfast", "crf": "23"}),
    ("mpeg4", {"qscale": "4"}),
)


@dataclass
class Cut:
    """Seconds ``start`` to ``end`` of the recording's clock, and what was said in between.

    After :func:`write_cuts`: ``file``, and ``thumbnail`` (H, W, 3) uint8 of the first moment.
    """

    start: float
    end: float
    lines: list[Line] = field(default_factory=list)
    file: str = ""
    thumbnail: Array | None = None

    @property
    def seconds(self) -> float:
        return self.end - self.start


def cuts_of(
    lines: Sequence[Line], first: float, last: float, before: float = BEFORE_S,
    after: float = AFTER_S,
) -> list[Cut]:
    """The stretches around what was said, merged where they meet, in order of time.

    The sight of the scene at the start is no moment that matters. Raises ValueError for padding
    that is negative.
    """
    if before < 0 or after < 0:
        raise ValueError(f"padding = {before:g}, {after:g} s; allowed: 0 or more")
    cuts: list[Cut] = []
    for line in sorted((line for line in lines if not line.first), key=lambda line: line.moment):
        start, end = max(first, line.moment - before), min(last, line.decided + after)
        if cuts and start <= cuts[-1].end + MERGE_S:
            cuts[-1].end = max(cuts[-1].end, end)
            cuts[-1].lines.append(line)
        else:
            cuts.append(Cut(start, end, [line]))
    return cuts


def write_cuts(recording: Recording, cuts: Sequence[Cut], folder: Path, rate: float = 30.0) -> None:
    """Encode every cut as MP4 in ``folder``, at the recording's pace but at most ``rate`` frames a
    second. A file appears whole or not at all. Raises OSError when it cannot be written."""
    waiting = list(cuts)
    writer: _Writer | None = None
    for picture in onward(recording.pictures(rate)):
        while waiting and picture.stamp > waiting[0].end:
            if writer is not None:
                writer.close()
                writer = None
            waiting.pop(0)
        if not waiting or picture.stamp < waiting[0].start:
            continue
        if writer is None:
            cut = waiting[0]
            cut.file = f"moment_{cuts.index(cut) + 1:03d}.mp4"
            writer = _Writer(folder / cut.file, picture)
        writer.add(picture)
        cut = waiting[0]
        if cut.thumbnail is None or picture.stamp <= cut.lines[0].decided:
            cut.thumbnail = picture.pixels
    if writer is not None:
        writer.close()


class _Writer:
    """One MP4 (H.264 where PyAV has it); pictures of another size are scaled to the first's."""

    def __init__(self, path: Path, first: Picture) -> None:
        self.path, self.start = path, first.stamp
        self.unfinished = path.with_name(f".unfinished-{path.name}")
        height, width = first.pixels.shape[:2]
        self.size = (max(2, width - width % 2), max(2, height - height % 2))
        codec, options = next((c, o) for c, o in _CODECS if c in av.codecs_available)
        self.container = av.open(str(self.unfinished), "w", options={"movflags": "faststart"})
        self.stream: Any = self.container.add_stream(codec, rate=30, options=options)
        self.stream.width, self.stream.height = self.size
        self.stream.pix_fmt = "yuv420p"
        self.stream.time_base = self.stream.codec_context.time_base = _TICK
        self._last = -1

    def add(self, picture: Picture) -> None:
        pixels = picture.pixels
        if pixels.shape[1::-1] != self.size:
            pixels = cv2.resize(pixels, self.size, interpolation=cv2.INTER_AREA)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts = max(round((picture.stamp - self.start) * 1000), self._last + 1)
        frame.time_base = _TICK
        self._last = frame.pts
        self.container.mux(self.stream.encode(frame))

    def close(self) -> None:
        self.container.mux(self.stream.encode())
        self.container.close()
        self.unfinished.replace(self.path)


def size_of(path: Path) -> int:
    """Bytes of a file, or of everything in a folder."""
    if path.is_dir():
        return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    return path.stat().st_size
