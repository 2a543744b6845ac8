"""Any camera over DDS: encodings, padding, byte order, size, QoS, start order, changes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image

from test.nodes.cameras import compressed_image, raw_image
from test.nodes.fakes import ToyModel
from vljepa_msgs.msg import SemanticState
from vljepa_ros.nodes.images import ENCODINGS, decode_compressed, decode_image
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
STATE = (1, 0, 1)  # the readouts of this picture can come from no other


@pytest.fixture(scope="module")
def cameras():
    """A process of cameras: cameras(topic, encoding=..., ...) as in Cameras.command."""
    process = subprocess.Popen(
        [sys.executable, "-m", "test.nodes.cameras"], cwd=ROOT, stdin=subprocess.PIPE, text=True
    )

    def command(topic, **given):
        print(json.dumps({"topic": topic, **given}), file=process.stdin, flush=True)

    yield command
    process.stdin.close()
    assert process.wait(10) == 0


@pytest.fixture
def camera(cameras, namespace):
    """camera(encoding=..., ...) on the test's own topic; stopped at its end."""
    topic = f"{namespace}/image"
    yield lambda **given: cameras(topic, **given)
    cameras(topic)


@pytest.fixture
def see(launch, probe, extrinsics):
    """see(transport) -> a node whose states come to the probe."""
    probe.listen(SemanticState, "semantic_state")
    probe.listen(DiagnosticArray, "/diagnostics")

    def see(transport="raw"):
        parameters = {"extrinsics_file": extrinsics, "image_transport": transport}
        return launch(SemanticStateNode, parameters, load=lambda path, device: ToyModel()).node

    return see


def shows(state):
    """Accepts a SemanticState that reads like ``state``."""
    subjects = ToyModel().vocabulary.subjects
    expected = [s.statements[value] for s, value in zip(subjects, state, strict=True)]
    return lambda msg: [readout.statement for readout in msg.readouts] == expected


BEST, RELIABLE = "BEST_EFFORT", "RELIABLE"
VGA, HD = (640, 480), (1280, 720)
#           encoding, reliability, camera starts, the rest
TABLE = [
    ("rgb8", BEST, "first", {}),
    ("bgr8", BEST, "late", {"size": VGA}),  # v4l2_camera and usb_cam with their sensor-data QoS
    ("rgb8", RELIABLE, "first", {"size": VGA}),  # realsense2_camera's default
    ("rgb8", BEST, "first", {"size": HD}),
    ("bgra8", BEST, "late", {"pad": 12}),
    ("mono8", RELIABLE, "late", {"pad": 3, "size": (70, 50)}),
    ("mono16", RELIABLE, "first", {"big": True}),
    ("16UC1", BEST, "first", {"pad": 1, "size": VGA}),
    ("32FC1", BEST, "late", {"big": True}),
    ("64FC3", RELIABLE, "first", {"pad": 8}),
    ("bayer_rggb8", BEST, "first", {"size": VGA, "pad": 64}),
    ("bayer_gbrg16", BEST, "late", {"big": True}),
    ("yuyv", RELIABLE, "first", {"size": VGA}),
    ("uyvy", BEST, "late", {"pad": 6}),
    ("nv21", BEST, "first", {"size": VGA, "pad": 16}),
    ("nv24", RELIABLE, "late", {"pad": 4}),
    ("jpeg", BEST, "first", {"size": VGA}),
    ("jpeg", RELIABLE, "late", {"size": HD}),
    ("png", BEST, "late", {"size": VGA}),
    ("png", RELIABLE, "first", {"durability": "TRANSIENT_LOCAL"}),
]


@pytest.mark.parametrize(("encoding", "reliability", "start", "rest"), TABLE)
def test_every_camera_is_seen(camera, see, probe, encoding, reliability, start, rest):
    transport = "compressed" if encoding in ("jpeg", "png") else "raw"
    begin = partial(camera, encoding=encoding, reliability=reliability, state=STATE, **rest)
    if start == "first":
        begin()
        node = see(transport)
    else:
        node = see(transport)
        assert node._camera.publishers == ()
        begin()
    probe.first("semantic_state", shows(STATE), timeout=START_S)
    probe.wait(lambda: node._camera.reliability.name == reliability, reliability)
    probe.next("semantic_state", shows(STATE))  # also after subscribing anew
    assert node._counts["bad"] == 0


def test_a_camera_that_restarts_with_another_profile_is_seen_again(camera, see, probe):
    camera(encoding="rgb8", reliability=RELIABLE)
    node = see()
    probe.first("semantic_state", shows((0, 0, 0)), timeout=START_S)
    probe.wait(lambda: node._camera.reliability.name == RELIABLE)
    camera(encoding="rgb8", reliability=BEST, state=STATE)
    probe.first("semantic_state", shows(STATE))
    assert node._camera.reliability.name == BEST
    camera(encoding="rgb8", reliability=RELIABLE)
    probe.next("semantic_state", shows((0, 0, 0)))


def test_size_and_encoding_may_change_in_mid_stream(camera, see, probe):
    camera(encoding="rgb8", size=VGA)
    node = see()
    probe.first("semantic_state", shows((0, 0, 0)), timeout=START_S)
    for encoding, size, state in (("mono8", (90, 60), STATE), ("bayer_bggr8", VGA, (0, 1, 1))):
        camera(encoding=encoding, size=size, state=state)
        probe.next("semantic_state", shows(state))
    assert node._counts["bad"] == 0 and node._counts["resolution changes"] == 2


def status_of(probe, node, accept):
    name = node.get_fully_qualified_name()
    found = []

    def looked(msg):
        found[:] = [s for s in msg.status if s.name == name and accept(s)]
        return found

    probe.first("/diagnostics", looked)
    return found[0]


def test_two_publishers_on_one_topic_are_named(camera, see, probe, namespace):
    camera(encoding="rgb8", state=STATE)
    node = see()
    probe.first("semantic_state", shows(STATE), timeout=START_S)
    probe.probe.node.create_publisher(Image, f"{namespace}/image", 1)
    status = status_of(probe, node, lambda s: "2 publishers" in s.message)
    assert f"on {namespace}/image (/cameras, /probe); allowed: one" in status.message


def test_a_topic_of_another_type_is_told_with_the_parameter_to_set(camera, see, probe, namespace):
    camera(encoding="jpeg")
    node = see("raw")
    status = status_of(probe, node, lambda s: "published as" in s.message)
    assert status.message == (
        f"{namespace}/image is published as sensor_msgs/msg/CompressedImage; allowed: "
        "sensor_msgs/msg/Image; set image_transport to compressed"
    )


COLOURS = np.kron(
    np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8),
    np.ones((8, 8, 1), np.uint8),
)
GREYS = {"mono8", "mono16", "8UC1", "16UC1", "32FC1", "64FC1"}


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("pad", [0, 10])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_keeps_the_colours(encoding, pad, big):
    decoded = decode_image(raw_image(COLOURS, encoding, pad, big))
    inside = (slice(3, None, 8), slice(3, None, 8))  # off the edges, where colours are shared
    expected = COLOURS[inside].astype(int)
    if encoding in GREYS:
        expected = np.repeat(np.rint(expected @ [0.299, 0.587, 0.114])[..., None], 3, -1)
    assert np.abs(decoded[inside] - expected).max() <= 3


def test_every_encoding_of_sensor_msgs_is_decoded_but_signed_and_two_channel_ones():
    header = Path(sys.prefix, "include/sensor_msgs/sensor_msgs/image_encodings.hpp")
    if not header.exists():
        pytest.skip("sensor_msgs' headers are not installed here")
    listed = re.findall(r'const char \w+\[\] = "(\w+)";', header.read_text())
    without = {name for name in listed if re.fullmatch(r"\d+SC\d|\d+[UF]C2", name)}
    assert set(listed) - without == set(ENCODINGS)


def test_a_compressed_mosaic_and_a_compressed_rgb_order_are_decoded():
    expected = COLOURS[3::8, 3::8].astype(int)
    png = compressed_image(COLOURS[..., ::-1], "png")
    png.format = "rgb8; png compressed rgb8"
    assert np.array_equal(decode_compressed(png), COLOURS)
    mosaic = raw_image(COLOURS, "bayer_grbg8")
    pixels = np.frombuffer(mosaic.data, np.uint8).reshape(COLOURS.shape[:2])
    png.format, png.data = "bayer_grbg8; png compressed ", cv2.imencode(".png", pixels)[1].tobytes()
    assert np.abs(decode_compressed(png)[3::8, 3::8] - expected).max() <= 3
