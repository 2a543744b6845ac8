"""What every recording owes its reader: frames in order of time, and what was wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

Array = np.ndarray

VIDEO_SUFFIXES = frozenset({".mp4", ".mkv", ".avi", ".mov", ".webm", ".m4v"})
BAG_SUFFIXES = frozenset({".mcap", ".db3"})
_BAG_METADATA = "metadata.yaml"


class RecordingError(ValueError):
    """A recording that cannot be read at all; one line naming the file."""


@dataclass(frozen=True)
class Picture:
    """``stamp`` seconds (of the recording's own clock), ``pixels`` (H, W, 3) uint8 RGB."""

    stamp: float
    pixels: Array


@dataclass
class Flaws:
    """What was wrong with a recording that could be read nevertheless."""

    damaged: int = 0  # frames that did not decode
    truncated: str = ""  # why reading stopped before the end
    jumps_back: list[float] = field(default_factory=list)  # stamps after which time went back
    gaps: list[tuple[float, float]] = field(default_factory=list)  # stamp, seconds without a frame
    sizes: list[tuple[int, int]] = field(default_factory=list)  # width, height in order of sight

    def in_words(self) -> list[str]:
        """One line a kind of flaw; empty when there is none."""
        lines = []
        if self.damaged:
            were = "frame did not decode and was" if self.damaged == 1 else (
                "frames did not decode and were")
            lines.append(f"{self.damaged} {were} left out")
        if self.truncated:
            lines.append(f"ends early: {self.truncated}")
        if self.jumps_back:
            at = ", ".join(f"{stamp:.2f} s" for stamp in self.jumps_back[:3])
            count = len(self.jumps_back)
            often = "once" if count == 1 else f"{count} times"
            lines.append(f"time goes back {often} (at {at})")
        if self.gaps:
            at, length = max(self.gaps, key=lambda gap: gap[1])
            count = len(self.gaps)
            named = "a gap of" if count == 1 else f"{count} gaps, the longest"
            lines.append(f"{named} {length:.1f} s at {at:.2f} s")
        if len(self.sizes) > 1:
            sizes = ", ".join(f"{w}x{h}" for w, h in self.sizes[:5])
            lines.append(f"the picture changes its size ({sizes})")
        return lines


class Recording(Protocol):
    """Frames of one camera. ``flaws`` is complete once `pictures` has been read to its end."""

    path: Path
    flaws: Flaws

    def pictures(self, rate: float = 0.0) -> Iterator[Picture]:
        """Frames as recorded, or at most ``rate`` a second; never none when it opened."""
        ...


def is_recording(path: Path) -> bool:
    """Whether a file or folder looks like a video or a rosbag2 recording."""
    if path.is_dir():
        return (path / _BAG_METADATA).is_file()
    suffix = path.suffix.lower()
    return suffix in VIDEO_SUFFIXES or suffix in BAG_SUFFIXES


def recordings_in(folder: Path) -> list[Path]:
    """Every recording below a folder, sorted; a bag folder counts once.

    Raises RecordingError when there is no such folder.
    """
    if not folder.is_dir():
        raise RecordingError(f"'{folder}' is not a folder")
    found: list[Path] = []
    waiting = [folder]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.name.startswith("."):
                continue
            if is_recording(path):
                found.append(path)
            elif path.is_dir():
                waiting.append(path)
    return sorted(found)


def open_recording(path: Path, topic: str = "") -> Recording:
    """A video file, a bag folder or a bag file.

    Args:
        topic: the camera's topic in a bag; empty takes the only or the busiest one.

    Raises RecordingError when there is no such file, it is no recording, or holds no picture.
    """
    from .bag import Bag
    from .video import Video

    path = Path(path)
    if not path.exists():
        raise RecordingError(f"'{path}' does not exist")
    if path.is_dir() and not (path / "metadata.yaml").is_file():
        raise RecordingError(
            f"'{path}' has no metadata.yaml; allowed: a video, a rosbag2 folder, an MCAP file"
        )
    if path.is_dir() or path.suffix.lower() in BAG_SUFFIXES:
        return Bag(path, topic)
    if topic:
        raise RecordingError(f"topic {topic!r} is for bags; '{path}' is a video")
    return Video(path)


def onward(pictures: Iterator[Picture]) -> Iterator[Picture]:
    """The pictures on a clock that never goes back: where the recording's does, it goes on a second
    after the last frame, so that a moment has one stamp only."""
    shift, last = 0.0, None
    for picture in pictures:
        stamp = picture.stamp + shift
        if last is not None and stamp <= last:
            shift += last + JUMP_S - stamp
            stamp = last + JUMP_S
        last = stamp
        yield Picture(stamp, picture.pixels)


JUMP_S = 1.0
"""As in nodes.clip_buffer: less than this back in time is a late frame, more is a new start."""
GAP_FACTOR = 5.0
GAP_LEAST_S = 1.0


class Watch:
    """Notes flaws of a stream while it passes, and thins it out to a rate."""

    def __init__(self, flaws: Flaws, rate: float) -> None:
        self.flaws, self.period = flaws, 1.0 / rate if rate > 0 else 0.0
        self.last = 0.0  # stamp of the newest frame
        self._last: float | None = None
        self._taken: float | None = None
        self._usual = 0.0

    def wants(self, stamp: float) -> bool:
        """Whether the frame at ``stamp`` is to be decoded and passed on."""
        if self._last is not None:
            step = stamp - self._last
            if step < -JUMP_S:
                self.flaws.jumps_back.append(stamp)
                self._taken, self._usual = None, 0.0
            elif step <= 0:
                return False
            else:
                if self._usual and step > max(GAP_LEAST_S, GAP_FACTOR * self._usual):
                    self.flaws.gaps.append((self._last, step))
                else:
                    self._usual = step if not self._usual else 0.9 * self._usual + 0.1 * step
        self._last = self.last = stamp
        if self._taken is not None and stamp - self._taken < self.period * 0.999:
            return False
        # On a grid, or a camera at 15 Hz thinned to 10 would come out at 7.5.
        late = self._taken is None or stamp - self._taken > 2 * self.period
        self._taken = stamp if late else self._taken + self.period  # type: ignore[operator]
        return True

    def saw(self, pixels: Array) -> None:
        size = (pixels.shape[1], pixels.shape[0])
        if not self.flaws.sizes or self.flaws.sizes[-1] != size:
            self.flaws.sizes.append(size)
