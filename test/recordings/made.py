"""Tiny videos and bags, made on the spot."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_JAZZY)


def write_video(path, frames, fps=10, stamps=None):
    """frames (H, W, 3) uint8; stamps in seconds replace an even pace."""
    base = Fraction(1, 1000)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.time_base = "yuv420p", base
        stream.codec_context.time_base = base
        stream.codec_context.gop_size = 5
        stream.bit_rate = 2_000_000
        for i, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts = round((i / fps if stamps is None else stamps[i]) * 1000)
            frame.time_base = base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def image(pixels, stamp, encoding="rgb8"):
    types = STORE.types
    time = types["builtin_interfaces/msg/Time"](sec=int(stamp), nanosec=round(stamp % 1 * 1e9))
    header = types["std_msgs/msg/Header"](stamp=time, frame_id="camera")
    height, width = pixels.shape[:2]
    return types["sensor_msgs/msg/Image"](
        header=header, height=height, width=width, encoding=encoding, is_bigendian=0,
        step=width * 3, data=np.ascontiguousarray(pixels).reshape(-1),
    )


def compressed(pixels, stamp):
    types = STORE.types
    data = cv2.imencode(".png", pixels[..., ::-1])[1].reshape(-1)
    return types["sensor_msgs/msg/CompressedImage"](
        header=image(pixels, stamp).header, format="png", data=data
    )


def write_bag(path, messages, mcap=True):
    """messages: (topic, message) or (topic, message, arrival in seconds)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plugin = StoragePlugin.MCAP if mcap else StoragePlugin.SQLITE3
    connections = {}
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        for i, (topic, message, *arrival) in enumerate(messages):
            kind = message.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=STORE)
            at = round((arrival[0] if arrival else i * 0.1) * 1e9)
            writer.write(connections[topic], at, STORE.serialize_cdr(message, kind))
    return path


def text(words):
    return STORE.types["std_msgs/msg/String"](data=words)


def grey(value, size=(32, 48)):
    return np.full((*size, 3), value, np.uint8)
