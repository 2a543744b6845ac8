"""Camera messages -> (H, W, 3) uint8 RGB.

Decoded here with numpy and OpenCV rather than with cv_bridge: the distribution's and PyPI's
versions of it differ (the latter ignores ``step``, misreads 16UC1 and needs numpy 1).
Every size is checked before anything is allocated; errors are one line that names the field, its
value and what is allowed.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Array = np.ndarray

MAX_SIDE = 8192  # pixels; larger than any camera this is meant for
MAX_PIXELS = 33_000_000  # 8K video; bounds the memory of one decoded frame to 100 MB


class ImageError(ValueError):
    """A camera message that is not a picture."""


# encoding -> (element type, channels, OpenCV conversion to RGB or None)
_PLAIN: dict[str, tuple[str, int, int | None]] = {
    "rgb8": ("u1", 3, None),
    "bgr8": ("u1", 3, cv2.COLOR_BGR2RGB),
    "rgba8": ("u1", 4, cv2.COLOR_RGBA2RGB),
    "bgra8": ("u1", 4, cv2.COLOR_BGRA2RGB),
    "mono8": ("u1", 1, cv2.COLOR_GRAY2RGB),
    "rgb16": ("u2", 3, None),
    "bgr16": ("u2", 3, cv2.COLOR_BGR2RGB),
    "rgba16": ("u2", 4, cv2.COLOR_RGBA2RGB),
    "bgra16": ("u2", 4, cv2.COLOR_BGRA2RGB),
    "mono16": ("u2", 1, cv2.COLOR_GRAY2RGB),
    "yuv422": ("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": ("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": ("u1", 2, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": ("u1", 2, cv2.COLOR_YUV2RGB_YUY2),
    # Y plane first, then the colours: one pair for 2 x 2 pixels, or one for each.
    "nv21": ("u1", 1, cv2.COLOR_YUV2RGB_NV21),
    "nv24": ("u1", 1, None),
}
# ROS names a Bayer pattern by its first two pixels, OpenCV by the second row's.
_BAYER = {
    "bayer_rggb": cv2.COLOR_BayerBG2RGB,
    "bayer_bggr": cv2.COLOR_BayerRG2RGB,
    "bayer_gbrg": cv2.COLOR_BayerGR2RGB,
    "bayer_grbg": cv2.COLOR_BayerGB2RGB,
}
for _pattern, _conversion in _BAYER.items():
    _PLAIN[f"{_pattern}8"] = ("u1", 1, _conversion)
    _PLAIN[f"{_pattern}16"] = ("u2", 1, _conversion)
# OpenCV's own names; channels in OpenCV's order, as cv_bridge has it. Floats are 0 to 1.
for _name, _dtype in (("8U", "u1"), ("16U", "u2"), ("32F", "f4"), ("64F", "f8")):
    _PLAIN[f"{_name}C1"] = (_dtype, 1, cv2.COLOR_GRAY2RGB)
    _PLAIN[f"{_name}C3"] = (_dtype, 3, cv2.COLOR_BGR2RGB)
    _PLAIN[f"{_name}C4"] = (_dtype, 4, cv2.COLOR_BGRA2RGB)

ENCODINGS = tuple(_PLAIN)
"""Every encoding of sensor_msgs that carries a picture: all but signed and two-channel matrices."""

_PLANES = {"nv21": 0.5, "nv24": 2.0}  # size of the colours after the Y plane, in Y planes
_EVEN_WIDTH = {"yuv422", "uyvy", "yuv422_yuy2", "yuyv", "nv21"}
_EVEN_HEIGHT = {"nv21"}
_COMPRESSED = ("jpeg", "jpg", "png")
# ITU-R BT.601, video range, as OpenCV's YUV conversions: rows R, G, B; columns Y, U, V, 1.
_BT601 = np.array(
    [[1.164, 0, 1.596, -222.9], [1.164, -0.391, -0.813, 135.5], [1.164, 2.018, 0, -276.9]]
)


def check_image(msg: Any) -> tuple[int, int]:
    """(height, width) of a sensor_msgs/Image whose header fields make sense; else ImageError.

    Reads no pixel, so that it may run in a callback.
    """
    if msg.encoding not in _PLAIN:
        raise ImageError(f"encoding: {msg.encoding!r}; allowed: {', '.join(ENCODINGS)}")
    dtype, channels, _ = _PLAIN[msg.encoding]
    height, width = _check_size(msg.height, msg.width)
    if msg.encoding in _EVEN_WIDTH and width % 2:
        raise ImageError(f"width: {width}; allowed: an even number for {msg.encoding}")
    if msg.encoding in _EVEN_HEIGHT and height % 2:
        raise ImageError(f"height: {height}; allowed: an even number for {msg.encoding}")
    if msg.encoding.startswith("bayer") and (width < 2 or height < 2):
        raise ImageError(f"height x width: {height} x {width}; allowed: 2 x 2 or more for Bayer")
    row = width * channels * np.dtype(dtype).itemsize
    if msg.step < row:
        raise ImageError(
            f"step: {msg.step}; allowed: {row} or more ({width} pixels of {msg.encoding})"
        )
    largest = msg.step * height
    if msg.encoding in _PLANES:
        largest += int(largest * _PLANES[msg.encoding])
    smallest = largest - (msg.step - row)  # the last row may come without its padding
    if not smallest <= len(msg.data) <= largest:
        raise ImageError(
            f"data: {len(msg.data)} bytes; allowed: {largest} (step {msg.step} x height {height}"
            f"{', and the colours' if msg.encoding in _PLANES else ''})"
        )
    return height, width


def decode_image(msg: Any) -> Array:
    """A sensor_msgs/Image as (H, W, 3) uint8 RGB, its own copy. Raises ImageError."""
    height, width = check_image(msg)
    dtype, channels, conversion = _PLAIN[msg.encoding]
    row = width * channels * np.dtype(dtype).itemsize
    raw = np.frombuffer(msg.data, dtype=np.uint8)
    if len(raw) % msg.step:  # the last row came without its padding
        raw = np.concatenate([raw, np.zeros(-len(raw) % msg.step, np.uint8)])
    if msg.encoding in _PLANES:
        return _from_planes(msg.encoding, raw.reshape(-1, msg.step), height, width)
    rows = raw.reshape(height, msg.step)[:, :row]
    order = ">" if msg.is_bigendian else "<"
    pixels = np.ascontiguousarray(rows).view(np.dtype(dtype).newbyteorder(order))
    pixels = _to_uint8(pixels.reshape(height, width, channels))
    if conversion is None:
        return pixels.copy() if pixels.base is not None else pixels
    return cv2.cvtColor(pixels if channels > 1 else pixels[..., 0], conversion)


def _from_planes(encoding: str, rows: Array, height: int, width: int) -> Array:
    """nv21 (V, U for 2 x 2 pixels) or nv24 (U, V for each); ``rows`` (R, step) bytes."""
    if encoding == "nv21":
        return cv2.cvtColor(np.ascontiguousarray(rows[:, :width]), cv2.COLOR_YUV2RGB_NV21)
    colours = rows[height:].reshape(height, -1)[:, : 2 * width].reshape(height, width, 2)
    return cv2.transform(np.dstack([rows[:height, :width], colours]), _BT601)


def decode_compressed(msg: Any) -> Array:
    """A sensor_msgs/CompressedImage (JPEG or PNG) as (H, W, 3) uint8 RGB. Raises ImageError.

    The format field is free text ("jpeg", "rgb8; jpeg compressed bgr8"); what counts is the data,
    but for a mosaic ("bayer_rggb8; jpeg compressed") and for the order of the colours.
    """
    if "compressedDepth" in msg.format:
        raise ImageError(f"format: {msg.format!r}; allowed: {', '.join(_COMPRESSED)} colour images")
    return _decode_file(bytes(msg.data), msg.format)


def read_image_file(path: Path) -> Array:
    """A JPEG or PNG file as (H, W, 3) uint8 RGB. Raises ImageError and OSError."""
    return _decode_file(path.read_bytes(), path.suffix.lstrip("."))


def _decode_file(data: bytes, image_format: str) -> Array:
    _check_size(*_size_of(data, image_format))
    pixels = cv2.imdecode(
        np.frombuffer(data, np.uint8), cv2.IMREAD_ANYCOLOR | cv2.IMREAD_IGNORE_ORIENTATION
    )
    if pixels is None:
        raise ImageError(
            f"data: {len(data)} bytes that do not decode; allowed: a whole JPEG or PNG"
        )
    if pixels.ndim == 2:
        pattern = image_format.split(";")[0].strip().rstrip("1068")
        return cv2.cvtColor(pixels, _BAYER.get(pattern, cv2.COLOR_GRAY2RGB))
    # image_transport says in which order the colours were when it compressed them.
    return pixels if "compressed rgb" in image_format else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def encode_rgb8(msg: Any, pixels: Array) -> Any:
    """Fill the picture fields of ``msg`` (sensor_msgs/Image) from (H, W, 3) uint8 RGB."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ImageError(f"pixels: {pixels.shape} {pixels.dtype}; allowed: (H, W, 3) uint8")
    msg.height, msg.width = pixels.shape[:2]
    msg.encoding = "rgb8"
    msg.is_bigendian = 0
    msg.step = msg.width * 3
    # _data: the generated setter checks every byte of a list; an array of bytes it takes as it is.
    msg.data.frombytes(np.ascontiguousarray(pixels).tobytes())
    return msg


def _check_size(height: int, width: int) -> tuple[int, int]:
    for name, value in (("height", height), ("width", width)):
        if not 1 <= value <= MAX_SIDE:
            raise ImageError(f"{name}: {value}; allowed: 1 to {MAX_SIDE}")
    if height * width > MAX_PIXELS:
        raise ImageError(
            f"height x width: {height} x {width}; allowed: {MAX_PIXELS} pixels at most"
        )
    return height, width


def _to_uint8(pixels: Array) -> Array:
    if pixels.dtype.kind == "f":
        if not np.isfinite(pixels).all():
            count = int((~np.isfinite(pixels)).sum())
            raise ImageError(f"data: {count} non-finite values; allowed: finite, 0 to 1")
        low, high = float(pixels.min()), float(pixels.max())
        if low < 0 or high > 1:
            raise ImageError(f"data: values {low:g} to {high:g}; allowed: 0 to 1 for float images")
        return (pixels * 255 + 0.5).astype(np.uint8)
    if pixels.dtype.itemsize == 2:  # the upper byte
        return (pixels >> 8).astype(np.uint8)
    return pixels


def _size_of(data: bytes, image_format: str) -> tuple[int, int]:
    """(height, width) from the file's own header; a file that stops early is refused."""
    if not data:
        raise ImageError("data: empty; allowed: a whole JPEG or PNG")
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        if b"IEND" not in data[-64:]:
            raise ImageError(f"data: PNG cut off after {len(data)} bytes; allowed: a whole file")
        width, height = struct.unpack(">II", data[16:24])
        return height, width
    if data[:2] == b"\xff\xd8":
        if b"\xff\xd9" not in data.rstrip(b"\x00")[-64:]:
            raise ImageError(f"data: JPEG cut off after {len(data)} bytes; allowed: a whole file")
        return _jpeg_size(data)
    raise ImageError(f"format: {image_format!r}, and the data is neither; allowed: jpeg, png")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    position = 2
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            break
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return height, width
        (length,) = struct.unpack(">H", data[position + 2 : position + 4])
        position += 2 + max(length, 2)
    raise ImageError(f"data: {len(data)} bytes of JPEG without a frame; allowed: a whole file")
