"""Camera messages to RGB: every encoding, padding, byte order; and what is refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from vljepa_ros.nodes.images import ImageError, decode_compressed, decode_image, encode_rgb8

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)
GREY = np.repeat(RGB[..., :1], 3, axis=2)
ALPHA = np.full((6, 8, 1), 7, np.uint8)


def message(encoding, pixels, pad=0, big=False, **fields):
    """An Image whose rows are padded with `pad` bytes of rubbish."""
    pixels = np.ascontiguousarray(
        pixels if not big else pixels.astype(pixels.dtype.newbyteorder(">"))
    )
    rows = pixels.reshape(pixels.shape[0], -1).view(np.uint8).reshape(pixels.shape[0], -1)
    padded = np.hstack([rows, np.full((len(rows), pad), 99, np.uint8)])
    msg = Image(
        encoding=encoding,
        height=pixels.shape[0],
        width=pixels.shape[1],
        step=padded.shape[1],
        is_bigendian=int(big),
    )
    msg.data.frombytes(padded.tobytes())
    for name, value in fields.items():
        setattr(msg, name, value)
    return msg


def wide(pixels):
    """8 to 16 bit, with low bits that must not matter."""
    return pixels.astype(np.uint16) << 8 | 0x5A


@pytest.mark.parametrize("pad", [0, 5])
@pytest.mark.parametrize(
    ("encoding", "pixels", "expected"),
    [
        ("rgb8", RGB, RGB),
        ("bgr8", RGB[..., ::-1], RGB),
        ("8UC3", RGB[..., ::-1], RGB),
        ("rgba8", np.dstack([RGB, ALPHA]), RGB),
        ("bgra8", np.dstack([RGB[..., ::-1], ALPHA]), RGB),
        ("mono8", RGB[..., :1], GREY),
        ("8UC1", RGB[..., :1], GREY),
    ],
)
def test_eight_bit_encodings(encoding, pixels, expected, pad):
    decoded = decode_image(message(encoding, pixels, pad))
    np.testing.assert_array_equal(decoded, expected)
    assert decoded.dtype == np.uint8 and decoded.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("encoding", "pixels", "expected"),
    [
        ("rgb16", wide(RGB), RGB),
        ("bgr16", wide(RGB[..., ::-1]), RGB),
        ("mono16", wide(RGB[..., :1]), GREY),
        ("16UC1", wide(RGB[..., :1]), GREY),
        ("32FC1", (RGB[..., :1] / 255).astype(np.float32), GREY),
        ("32FC3", (RGB[..., ::-1] / 255).astype(np.float32), RGB),
    ],
)
def test_deeper_encodings_of_either_byte_order(encoding, pixels, expected, big):
    decoded = decode_image(message(encoding, pixels, pad=4, big=big))
    np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_a_bayer_mosaic_of_one_colour_comes_out_in_that_colour(pattern):
    colour = {"r": 200, "g": 100, "b": 50}
    tile = np.array([colour[c] for c in pattern], np.uint8).reshape(2, 2)
    decoded = decode_image(message(f"bayer_{pattern}8", np.tile(tile, (8, 8))[..., None]))
    np.testing.assert_array_equal(decoded[4, 4], [200, 100, 50])


@pytest.mark.parametrize(("encoding", "order"), [("yuv422", "uyvy"), ("yuv422_yuy2", "yuyv")])
def test_yuv_of_a_grey_picture_is_grey(encoding, order):
    values = {"u": 128, "y": 120, "v": 128}
    row = np.array([values[c] for c in order] * 4, np.uint8).reshape(8, 2)
    decoded = decode_image(message(encoding, np.tile(row, (6, 1, 1))))
    assert decoded.shape == (6, 8, 3) and np.ptp(decoded) == 0


def test_the_last_row_may_come_without_its_padding():
    msg = message("rgb8", RGB, pad=5)
    msg.data = msg.data[:-5]
    np.testing.assert_array_equal(decode_image(msg), RGB)


def test_what_is_encoded_is_decoded():
    np.testing.assert_array_equal(decode_image(encode_rgb8(Image(), RGB)), RGB)


NAN = np.full((2, 2, 1), np.nan, np.float32)


@pytest.mark.parametrize(
    ("msg", "complaint"),
    [
        (message("rgb9", RGB), "encoding: 'rgb9'; allowed: rgb8, bgr8"),
        (message("rgb8", RGB, step=20), "step: 20; allowed: 24 or more (8 pixels of rgb8)"),
        (message("rgb8", RGB, height=0), "height: 0; allowed: 1 to 8192"),
        (message("rgb8", RGB, width=0), "width: 0; allowed: 1 to 8192"),
        (message("rgb8", RGB, height=2**32 - 1), "height: 4294967295; allowed: 1 to 8192"),
        (message("mono8", RGB[..., :1], height=8192, width=8192, step=8192), "33000000 pixels"),
        (message("rgb8", RGB, data=[1, 2, 3]), "data: 3 bytes; allowed: 144"),
        (message("rgb8", RGB, data=[]), "data: 0 bytes; allowed: 144"),
        (message("rgb8", RGB, height=5), "data: 144 bytes; allowed: 120"),
        (message("yuv422", RGB[:, :7, :2]), "width: 7; allowed: an even number for yuv422"),
        (message("32FC1", NAN), "data: 4 non-finite values; allowed: finite, 0 to 1"),
        (message("32FC1", np.abs(np.nan_to_num(NAN, nan=3))), "values 3 to 3; allowed: 0 to 1"),
    ],
)
def test_bad_images_are_refused_in_one_line(msg, complaint):
    with pytest.raises(ImageError) as caught:
        decode_image(msg)
    assert complaint in str(caught.value) and "\n" not in str(caught.value)


def compressed(extension, image_format, cut=0):
    data = cv2.imencode(extension, np.kron(RGB, np.ones((8, 8, 1), np.uint8)))[1].tobytes()
    return CompressedImage(format=image_format, data=data[: len(data) - cut])


def test_jpeg_and_png_are_decoded_whatever_the_format_field_says():
    png = decode_compressed(compressed(".png", "bgr8; png compressed bgr8"))
    np.testing.assert_array_equal(png[::8, ::8], RGB[..., ::-1])
    jpeg = decode_compressed(compressed(".jpg", "jpeg"))
    assert np.abs(jpeg.astype(int) - png).mean() < 15


@pytest.mark.parametrize(
    ("msg", "complaint"),
    [
        (compressed(".png", "16UC1; compressedDepth png"), "format: '16UC1; compressedDepth png'"),
        (compressed(".jpg", "jpeg", cut=60), "JPEG cut off"),
        (compressed(".png", "png", cut=60), "PNG cut off"),
        (CompressedImage(format="jpeg"), "data: empty"),
        (CompressedImage(format="webp", data=b"RIFF1234WEBP"), "'webp'"),
        (
            CompressedImage(
                format="png", data=b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + b"\xff" * 8 + b"IEND"
            ),
            "height: 4294967295; allowed: 1 to 8192",
        ),
    ],
)
def test_bad_compressed_images_are_refused_in_one_line(msg, complaint):
    with pytest.raises(ImageError) as caught:
        decode_compressed(msg)
    assert complaint in str(caught.value) and "\n" not in str(caught.value)
