"""What becomes of a camera's frames on one host, with the package's DDS profile and without.

Two processes: one publishes 640 x 480 at 30 Hz, the other receives as semantic_state_node does.
A frame is lost when the middleware says so; a frame that was replaced by a newer one before the
receiver looked at it is counted apart (a busy machine, not the middleware).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from .progress import progress

WIDTH, HEIGHT, RATE_HZ = 640, 480, 30.0
START_S = 60.0
CASES = {
    "raw_best_effort": ("raw", "BEST_EFFORT"),
    "raw_reliable": ("raw", "RELIABLE"),
    "compressed_best_effort": ("compressed", "BEST_EFFORT"),
    "compressed_reliable": ("compressed", "RELIABLE"),
}
"""name -> message type, reliability"""


def run(seed: int = 0, episodes: int = 150) -> dict[str, Any]:
    """`episodes` frames for each camera; loss in percent of the frames sent."""
    from vljepa_ros.demo.domain import claim_domain

    started = time.time()
    domain, lock = claim_domain()
    environment = {
        **os.environ,
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }
    rows: dict[str, dict[str, Any]] = {name: {} for name in CASES}
    with lock:
        for name, side in progress(list(product(CASES, ("profile", "stock"))), "camera"):
            rows[name][side] = measure(name, episodes, seed, environment, side == "profile")
    return {
        "name": "camera", "seed": seed, "episodes": episodes, "model_id": None,
        "image": f"{WIDTH}x{HEIGHT} rgb8, {RATE_HZ:g} Hz",
        "lost_percent": rows["raw_best_effort"]["profile"]["lost_percent"],
        "cases": rows,
        "baselines": {"random": None, "text_only": None, "blind": None, "oracle": None},
        "seconds": round(time.time() - started, 1),
    }  # fmt: skip


def measure(
    case: str, frames: int, seed: int, environment: Mapping[str, str], with_profile: bool
) -> dict[str, Any]:
    """Send `frames` frames of one of CASES from one process to another.

    Returns sent, received, lost (by the middleware's own count), lost_percent, trip_ms_p50.
    """
    from vljepa_ros.nodes import middleware

    given = dict(environment)
    for name in middleware.VARIABLES:
        given.pop(name, None)
    if with_profile:
        given.update(middleware.environment(given))
    command = [sys.executable, "-m", "vljepa_ros.bench.camera", *CASES[case]]
    command += [str(frames), str(seed)]
    receiver = subprocess.Popen([*command, "receive"], env=given, stdout=subprocess.PIPE, text=True)
    try:
        subprocess.run([*command, "send"], env=given, check=True, timeout=START_S + frames)
        answer, _ = receiver.communicate(timeout=START_S)
    except (subprocess.SubprocessError, OSError) as error:
        raise ValueError(f"camera {case}: {error}") from error
    finally:
        receiver.kill()
        receiver.wait()
    return json.loads(answer.splitlines()[-1])


def _send(transport: str, reliability: str, frames: int, seed: int) -> None:
    import cv2
    import rclpy
    from rclpy.qos import ReliabilityPolicy
    from sensor_msgs.msg import CompressedImage, Image

    from vljepa_ros.nodes import qos
    from vljepa_ros.nodes.images import encode_rgb8

    rclpy.init()
    node = rclpy.create_node("camera")
    pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    pixels = cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    if transport == "raw":
        msg: Any = encode_rgb8(Image(), pixels)
    else:
        msg = CompressedImage(format="jpeg", data=cv2.imencode(".jpg", pixels)[1].tobytes())
    profile = qos.camera(ReliabilityPolicy[reliability])
    publisher = node.create_publisher(type(msg), "image", profile)
    limit = time.monotonic() + START_S
    while not publisher.get_subscription_count():
        if time.monotonic() > limit:
            raise SystemExit("nobody subscribed")
        time.sleep(0.02)
    time.sleep(1.0)  # the receiver may subscribe anew, as reliable
    due = time.monotonic()
    for _ in range(frames):
        msg.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(msg)
        due += 1 / RATE_HZ
        time.sleep(max(0.0, due - time.monotonic()))
    time.sleep(1.0)  # what is still on its way
    node.destroy_node()
    rclpy.shutdown()


def _receive(transport: str, frames: int) -> None:
    import rclpy
    from sensor_msgs.msg import CompressedImage, Image

    from vljepa_ros.nodes import qos
    from vljepa_ros.nodes.convert import seconds
    from vljepa_ros.nodes.lifecycle import ManagedNode

    rclpy.init()
    node = ManagedNode("receiver")
    trips: list[float] = []

    def on_image(msg: Any) -> None:
        trips.append(node.get_clock().now().nanoseconds * 1e-9 - seconds(msg.header.stamp))

    kind = CompressedImage if transport == "compressed" else Image
    camera = qos.CameraSubscription(node, kind, "image", on_image)
    limit = time.monotonic() + START_S + 2 * frames / RATE_HZ
    while not trips and time.monotonic() < limit:
        rclpy.spin_once(node, timeout_sec=0.5)
    while camera.publishers and time.monotonic() < limit:
        rclpy.spin_once(node, timeout_sec=0.5)
    # The last frames of a stream are missed by nobody, so the middleware does not count them.
    lost = min(camera.loss.count, frames - len(trips))
    print(
        json.dumps(
            {
                "sent": frames,
                "received": len(trips),
                "lost": lost,
                "lost_percent": round(100 * lost / frames, 1),
                "trip_ms_p50": round(1e3 * float(np.median(trips)), 2) if trips else None,
            }
        )
    )
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    _parser = argparse.ArgumentParser()
    _parser.add_argument("transport", choices=("raw", "compressed"))
    _parser.add_argument("reliability", choices=("RELIABLE", "BEST_EFFORT"))
    _parser.add_argument("frames", type=int)
    _parser.add_argument("seed", type=int)
    _parser.add_argument("side", choices=("send", "receive"))
    _args = _parser.parse_args()
    if _args.side == "send":
        _send(_args.transport, _args.reliability, _args.frames, _args.seed)
    else:
        _receive(_args.transport, _args.frames)
