"""The last moments of a camera, out of which clips are picked by stamp.

A clip is a window of time: T frames ``stride`` seconds apart, whatever the camera's rate, so that
motion looks the same at 10 and at 60 Hz. Messages are kept as they came and are decoded by whoever
first looks at them, which is the worker and only for the frames it really uses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from .images import Array, ImageError

JUMP_S = 1.0
"""A stamp this much older than the newest means that time went back (a bag played anew, a restarted
simulation); anything less is a frame that came late."""


class Frame:
    """One camera message, decoded at most once."""

    def __init__(self, stamp: float, header: Any, decode: Callable[[], Array]) -> None:
        self.stamp, self.header = stamp, header
        self._decode: Callable[[], Array] | None = decode
        self._pixels: Array | None = None
        self.bad = False

    def pixels(self) -> Array:
        """(H, W, 3) uint8 RGB. Raises ImageError, after which ``bad`` is true."""
        if self._decode is not None:
            decode, self._decode = self._decode, None
            try:
                self._pixels = decode()
            except ImageError:
                self.bad = True
                raise
        if self._pixels is None:
            raise ImageError("data: did not decode before")
        return self._pixels


@dataclass(frozen=True)
class Clip:
    """T frames, oldest first; the oldest is repeated when the window holds fewer."""

    frames: tuple[Frame, ...]

    @property
    def newest(self) -> Frame:
        return self.frames[-1]

    @property
    def window_start(self) -> float:
        return self.frames[0].stamp

    def stack(self) -> Array:
        """(T, 3, H, W) uint8. A frame that is bad or of another size than the newest is replaced by
        the next newer one. Raises ImageError when the newest itself is bad."""
        rows = [self.newest.pixels()]
        for frame in reversed(self.frames[:-1]):
            try:
                pixels = frame.pixels()
            except ImageError:
                pixels = rows[-1]
            rows.append(pixels if pixels.shape == rows[-1].shape else rows[-1])
        return np.ascontiguousarray(np.stack(rows[::-1]).transpose(0, 3, 1, 2))


class Arrival(Enum):
    """What became of a pushed frame."""

    TAKEN = "taken"
    LATE = "late"  # older than the newest: dropped
    JUMPED_BACK = "jumped back"  # time went back: taken, everything before is forgotten


class ClipBuffer:
    """Pushed by the camera callback; a clip may be decoded by another thread meanwhile."""

    def __init__(self, frames: int, stride: float) -> None:
        self.count, self.stride = frames, stride
        self._frames: list[Frame] = []
        self._lock = threading.Lock()

    def push(self, frame: Frame) -> Arrival:
        with self._lock:
            arrival = Arrival.TAKEN
            if self._frames and frame.stamp < self._frames[-1].stamp:
                if frame.stamp > self._frames[-1].stamp - JUMP_S:
                    return Arrival.LATE
                self._frames.clear()
                arrival = Arrival.JUMPED_BACK
            # A fast camera: an eighth of a stride is as near as any pick needs.
            frames = self._frames
            if len(frames) > 1 and frames[-1].stamp - frames[-2].stamp < self.stride / 8:
                frames.pop()
            frames.append(frame)
            oldest = frame.stamp - (self.count - 0.5) * self.stride
            self._frames = [kept for kept in frames if kept.stamp >= oldest]
            return arrival

    def clip(self) -> Clip:
        """The clip that ends with the newest frame."""
        with self._lock:
            frames = [frame for frame in self._frames[:-1] if not frame.bad] + self._frames[-1:]
        newest = frames[-1].stamp
        moments = [newest - k * self.stride for k in reversed(range(self.count))]
        return Clip(tuple(min(frames, key=lambda f: abs(f.stamp - at)) for at in moments))

    def clear(self) -> None:
        with self._lock:
            self._frames.clear()
