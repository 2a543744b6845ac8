"""Cameras of every kind: a picture in any encoding, and a process that publishes them.

``python -m test.nodes.cameras`` takes one JSON object a line, see :meth:`Cameras.command`.
"""

from __future__ import annotations

import json
import sys
import threading

import cv2
import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from test.nodes.fakes import picture

RATE_HZ = 15.0
_DEPTHS = {"8": "u1", "16": "u2", "8U": "u1", "16U": "u2", "32F": "f4", "64F": "f8"}
_ORDERS = {"rgb": [0, 1, 2], "bgr": [2, 1, 0], "rgba": [0, 1, 2, 0], "bgra": [2, 1, 0, 0]}


def in_encoding(rgb, encoding):
    """(H, W, 3) uint8 RGB as rows of the encoding's own elements: (R, N), R = H but for nv21/nv24.

    Every branch is written from sensor_msgs/image_encodings.hpp, not from our decoder.
    """
    height, width = rgb.shape[:2]
    if encoding in ("uyvy", "yuv422", "yuyv", "yuv422_yuy2", "nv21", "nv24"):
        return _in_yuv(rgb, encoding)
    if encoding.startswith("bayer_"):
        pattern, depth = encoding[6:10], encoding[10:]
        planes = np.empty((height, width), np.uint8)
        for i, colour in enumerate(pattern):
            rows, columns = slice(i // 2, None, 2), slice(i % 2, None, 2)
            planes[rows, columns] = rgb[rows, columns, "rgb".index(colour)]
        return _deep(planes, _DEPTHS[depth])
    if encoding.startswith("mono"):
        return _deep(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), _DEPTHS[encoding[4:]])
    if "C" in encoding:
        depth, channels = encoding.split("C")
        names = {"1": None, "3": "bgr", "4": "bgra"}[channels]
    else:
        names = encoding.rstrip("168")
        depth = encoding[len(names) :]
    pixels = rgb[..., _ORDERS[names]] if names else cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return _deep(pixels, _DEPTHS[depth]).reshape(height, -1)


def _deep(pixels, dtype):
    if dtype == "u2":  # low bits that must not matter
        return pixels.astype(np.uint16) << 8 | 0x5A
    return (pixels / 255).astype(dtype) if dtype in ("f4", "f8") else pixels


def _in_yuv(rgb, encoding):
    """BT.601, video range; colours of two pixels in a row (or four in a square) are shared."""
    matrix = np.array([[65.74, 129.06, 25.06], [-37.95, -74.49, 112.44], [112.44, -94.15, -18.28]])
    yuv = rgb @ matrix.T / 256 + [16, 128, 128]
    y, u, v = np.moveaxis(np.clip(np.rint(yuv), 0, 255).astype(np.uint8), -1, 0)
    height, width = y.shape
    if encoding == "nv24":
        colours = np.stack([u, v], -1).reshape(2 * height, width)
        return np.vstack([y, colours])
    if encoding == "nv21":
        return np.vstack([y, np.stack([v[::2, ::2], u[::2, ::2]], -1).reshape(-1, width)])
    colours = np.stack([u[:, ::2], v[:, ::2]], -1).reshape(height, width)
    pair = (colours, y) if encoding in ("uyvy", "yuv422") else (y, colours)
    return np.stack(pair, -1).reshape(height, -1)


def raw_image(rgb, encoding, pad=0, big=False):
    """A sensor_msgs/Image; ``pad`` bytes of rubbish after every row."""
    rows = in_encoding(rgb, encoding)
    if big:
        rows = rows.astype(rows.dtype.newbyteorder(">"))
    data = np.ascontiguousarray(rows).view(np.uint8)
    if encoding == "nv24" and pad:  # a row of colours is two rows long, its padding behind it
        luma, colours = np.split(data, [rgb.shape[0]])
        colours = colours.reshape(rgb.shape[0], -1)
        colours = np.pad(colours, ((0, 0), (0, 2 * pad)), constant_values=99)
        data = np.pad(luma, ((0, 0), (0, pad)), constant_values=99)
        step, data = data.shape[1], np.concatenate([data.ravel(), colours.ravel()])
    else:
        data = np.pad(data, ((0, 0), (0, pad)), constant_values=99)
        step = data.shape[1]
    msg = Image(height=rgb.shape[0], width=rgb.shape[1], encoding=encoding, step=step)
    msg.is_bigendian = int(big)
    msg.data.frombytes(data.tobytes())
    return msg


def compressed_image(rgb, encoding):
    """A sensor_msgs/CompressedImage; ``encoding`` is jpeg or png."""
    data = cv2.imencode({"jpeg": ".jpg", "png": ".png"}[encoding], rgb[..., ::-1])[1].tobytes()
    return CompressedImage(format=f"rgb8; {encoding} compressed bgr8", data=data)


class Cameras(Node):
    """Any number of cameras, one for each topic."""

    def __init__(self):
        super().__init__("cameras")
        self._cameras = {}
        self.create_timer(1 / RATE_HZ, self._tick)

    def command(
        self,
        topic,
        encoding="",
        size=(48, 48),
        pad=0,
        big=False,
        state=(0, 0, 0),
        reliability="BEST_EFFORT",
        durability="VOLATILE",
    ):
        """Publish from now on; a camera that was there is replaced when its QoS is another.

        Without an encoding the camera stops.
        """
        if not encoding:
            self.destroy_publisher(self._cameras.pop(topic)[1])
            return
        rgb = picture(state, (size[1], size[0]))
        compressed = encoding in ("jpeg", "png")
        msg = compressed_image(rgb, encoding) if compressed else raw_image(rgb, encoding, pad, big)
        msg.header.frame_id = "camera_optical"
        policies = (reliability, durability, type(msg))
        before, publisher, _ = self._cameras.get(topic, (None, None, None))
        if before != policies:
            if publisher is not None:
                self.destroy_publisher(publisher)
            profile = QoSProfile(
                depth=1,
                reliability=ReliabilityPolicy[reliability],
                durability=DurabilityPolicy[durability],
            )
            publisher = self.create_publisher(type(msg), topic, profile)
        self._cameras[topic] = policies, publisher, msg

    def _tick(self):
        for _, publisher, msg in tuple(self._cameras.values()):
            msg.header.stamp = self.get_clock().now().to_msg()
            publisher.publish(msg)


def main():
    rclpy.init()
    node = Cameras()
    executor = rclpy.get_global_executor()

    def listen():
        for line in sys.stdin:
            executor.create_task(lambda line=line: node.command(**json.loads(line)))
        rclpy.try_shutdown()

    threading.Thread(target=listen, daemon=True).start()
    executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass


if __name__ == "__main__":
    main()
