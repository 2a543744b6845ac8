"""A rosbag2 recording (MCAP or SQLite), read with `rosbags`: no ROS needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.typesys import Stores, get_typestore

from vljepa_ros.nodes.images import ImageError, decode_compressed, decode_image

from .frames import Flaws, Picture, RecordingError, Watch

_DECODERS = {
    "sensor_msgs/msg/Image": decode_image,
    "sensor_msgs/msg/CompressedImage": decode_compressed,
}


class Bag:
    """The pictures of one topic. Stamps are the headers', in seconds; 0 is the time of arrival."""

    def __init__(self, path: Path, topic: str = "") -> None:
        self.path, self.flaws = Path(path), Flaws()
        with self._open() as reader:
            cameras = [c for c in reader.connections if c.msgtype in _DECODERS and c.msgcount]
            self.topic = self._choose(cameras, topic)
            self.duration = reader.duration / 1e9

    def pictures(self, rate: float = 0.0) -> Iterator[Picture]:
        """See `frames.Recording`. Frames that do not decode are counted in `flaws`."""
        self.flaws = Flaws()
        watch = Watch(self.flaws, rate)
        with self._open() as reader:
            chosen = [c for c in reader.connections if c.topic == self.topic]
            messages = reader.messages(connections=chosen)
            while True:
                try:
                    connection, arrived, raw = next(messages)
                except StopIteration:
                    return
                except Exception as error:  # the storage's own errors are of many types
                    self.flaws.truncated = _one_line(error)
                    return
                try:
                    message: Any = reader.deserialize(raw, connection.msgtype)
                    stamp = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
                    if not watch.wants(stamp or arrived * 1e-9):
                        continue
                    pixels = _DECODERS[connection.msgtype](message)
                except ImageError:
                    self.flaws.damaged += 1
                    continue
                except Exception:  # a message cut short fails in the deserialiser
                    self.flaws.damaged += 1
                    continue
                watch.saw(pixels)
                yield Picture(stamp or arrived * 1e-9, pixels)

    def _choose(self, cameras: list[Connection], topic: str) -> str:
        counts: dict[str, int] = {}
        for camera in cameras:
            counts[camera.topic] = counts.get(camera.topic, 0) + camera.msgcount
        if not counts:
            raise RecordingError(f"'{self.path}' holds no sensor_msgs/Image or CompressedImage")
        if topic and topic not in counts:
            raise RecordingError(
                f"'{self.path}' has no pictures on topic {topic!r}; allowed: {', '.join(counts)}"
            )
        return topic or max(counts, key=lambda name: counts[name])

    def _open(self) -> closing[AnyReader]:
        reader = AnyReader([self.path], default_typestore=get_typestore(Stores.ROS2_JAZZY))
        try:
            reader.open()
        except AnyReaderError as error:
            raise RecordingError(f"'{self.path}' is no readable bag: {_one_line(error)}") from error
        except Exception as error:  # a damaged file fails in whatever parses it
            raise RecordingError(f"'{self.path}' is damaged: {_one_line(error)}") from error
        return closing(reader)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__
