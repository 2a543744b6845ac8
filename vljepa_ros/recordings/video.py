"""A video file, read with PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av

from .frames import Flaws, Picture, RecordingError, Watch


class Video:
    """One video stream of a file. Stamps start at 0 s."""

    def __init__(self, path: Path) -> None:
        self.path, self.flaws = Path(path), Flaws()
        with self._open() as container:
            if not container.streams.video:
                raise RecordingError(f"'{path}' has no video stream")
            stream = container.streams.video[0]
            length = container.duration / av.time_base if container.duration else 0.0
            self.duration = float(length)  # seconds as the file says; 0 when it does not
            self.rate = float(stream.average_rate or 0)
        if next(iter(self.pictures()), None) is None:
            raise RecordingError(f"'{path}' holds no picture that decodes")

    def pictures(self, rate: float = 0.0) -> Iterator[Picture]:
        """See `frames.Recording`. A file that breaks off ends early and says so in `flaws`."""
        self.flaws = Flaws()
        watch = Watch(self.flaws, rate)
        with self._open() as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            first: float | None = None
            number = 0
            packets = container.demux(stream)
            while True:
                try:
                    packet = next(packets)
                except StopIteration:
                    break
                except av.error.FFmpegError as error:
                    self.flaws.truncated = _reason(error)
                    break
                try:
                    frames = packet.decode()
                except av.error.FFmpegError:
                    self.flaws.damaged += 1
                    continue
                for frame in frames:
                    time = frame.time if frame.time is not None else number / (self.rate or 25.0)
                    number += 1
                    first = time if first is None else first
                    if not watch.wants(time - first):
                        continue
                    pixels = frame.to_ndarray(format="rgb24")
                    watch.saw(pixels)
                    yield Picture(time - first, pixels)
        # The sound may last a little longer, and the last picture stand for a while.
        least = 0.9 * self.duration - min(1.0, 0.1 * self.duration)
        if self.duration and first is not None and watch.last < least:
            self.flaws.truncated = self.flaws.truncated or (
                f"{watch.last:.1f} s of {self.duration:.1f} s"
            )

    def _open(self) -> av.container.InputContainer:
        try:
            return av.open(str(self.path))
        except (av.error.FFmpegError, OSError) as error:
            raise RecordingError(f"'{self.path}' cannot be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error).splitlines()[0]
