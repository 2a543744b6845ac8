"""The middleware, measured: do two processes here see each other, and how fast do images go?

``python -m vljepa_ros.doctor.dds PLACE`` is the other process: it echoes what it gets and publishes
images when asked.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

from ..nodes import middleware
from .finding import Finding, fix, good, note

WIDTH, HEIGHT, RATE_HZ, FRAMES = 640, 480, 30.0, 30
START_S = 40.0  # a busy machine takes long to start a process
_PINGS = 20
_ALLOWED_LOSS = 0.02


def settings() -> list[Finding]:
    """What the environment says about domain, range and profile."""
    domain = os.environ.get("ROS_DOMAIN_ID", "")
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    words = f"{domain or '0 (ROS_DOMAIN_ID is not set)'}, discovery range {reach}"
    found = [good("domain", words)]
    if domain and not (domain.isdecimal() and 0 <= int(domain) <= 101):
        found = [fix("domain", f"ROS_DOMAIN_ID={domain}", "allowed: 0 to 101")]
    profile = middleware.profile_in_force()
    if not profile:
        words = "none in this shell; our own programs set theirs"
        found.append(note("profile", words, middleware.advice()))
    elif not os.path.isfile(profile):
        advice = f"unset {middleware.VARIABLE}, or name a file that exists"
        found.append(fix("profile", f"{profile} does not exist", advice))
    else:
        found.append(good("profile", profile))
    return found


def trips() -> list[Finding]:
    """Start another process and measure messages and images between it and this one."""
    import rclpy
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from rclpy.signals import SignalHandlerOptions

    os.environ.update(middleware.environment())
    place = f"/vljepa_doctor_{uuid.uuid4().hex[:8]}"
    other = subprocess.Popen(
        [sys.executable, "-m", "vljepa_ros.doctor.dds", place],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    context = Context()
    rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = Node("doctor", namespace=place, context=context, enable_rosout=False,
                start_parameter_services=False)  # fmt: skip
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        return _measure(node, executor, other)
    finally:
        other.kill()
        other.communicate()
        executor.shutdown(timeout_sec=0.5)
        node.destroy_node()
        context.try_shutdown()


def _measure(node: Any, executor: Any, other: Any) -> list[Finding]:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
    from rclpy.qos import ReliabilityPolicy
    from sensor_msgs.msg import Image
    from std_msgs.msg import String

    from ..nodes import qos
    from ..nodes.convert import seconds

    answers: list[str] = []
    images: list[float] = []
    lost: list[int] = []

    def on_image(msg: Image) -> None:
        images.append(node.get_clock().now().nanoseconds * 1e-9 - seconds(msg.header.stamp))

    node.create_subscription(String, "pong", lambda msg: answers.append(msg.data), qos.STREAM)
    pinging = node.create_publisher(String, "ping", qos.STREAM)
    profile = qos.camera(ReliabilityPolicy.BEST_EFFORT)
    events = SubscriptionEventCallbacks(
        message_lost=lambda event: lost.append(event.total_count_change)
    )
    try:
        node.create_subscription(Image, "image", on_image, profile, event_callbacks=events)
    except UnsupportedEventTypeError:
        node.create_subscription(Image, "image", on_image, profile)

    def wait(condition: Callable[[], Any], patience: float) -> bool:
        deadline = time.monotonic() + patience
        while not condition() and time.monotonic() < deadline and other.poll() is None:
            executor.spin_once(timeout_sec=0.1)
        return bool(condition())

    began = time.monotonic()
    if not wait(
        lambda: pinging.get_subscription_count() and node.count_publishers("pong"), START_S
    ):
        words = "two processes on this host do not see each other"
        if other.poll() is not None:
            last = (other.stderr.read().strip().splitlines() or ["without a word"])[-1]
            words = f"the other process ended: {last}"
        advice = (
            "look at ROS_DOMAIN_ID, ROS_AUTOMATIC_DISCOVERY_RANGE, RMW_IMPLEMENTATION and the "
            "firewall (UDP ports 7400 to 7500); in docker: --net=host --ipc=host"
        )
        return [fix("discovery", words, advice)]
    found = [
        good(
            "discovery",
            f"two processes see each other (start and all: {time.monotonic() - began:.1f} s)",
        )
    ]

    trips = []
    for number in range(_PINGS):
        sent = time.monotonic()
        pinging.publish(String(data=str(number)))
        if wait(lambda n=number: str(n) in answers, 1.0):
            trips.append(time.monotonic() - sent)
    if trips:
        words = f"there and back {statistics.median(trips) * 1e3:.1f} ms at the median"
        found.append(good("messages", words))
    else:
        found.append(fix("messages", "none came back", "see discovery"))

    with contextlib.suppress(OSError):
        other.stdin.write("images\n")
        other.stdin.flush()
    wait(lambda: len(images) + sum(lost) >= FRAMES, FRAMES / RATE_HZ + 3.0)
    return [*found, _images(images, sum(lost))]


def _images(trips: list[float], lost: int) -> Finding:
    what = f"{WIDTH} x {HEIGHT} at {RATE_HZ:g} Hz, best effort"
    if not trips:
        return fix("images", f"{what}: none of {FRAMES} arrived", middleware.advice())
    share = lost / FRAMES
    words = f"{what}: {100 * share:.0f}% lost, {statistics.median(trips) * 1e3:.1f} ms"
    if share > _ALLOWED_LOSS:
        return fix("images", words, f"{middleware.advice()}; the same for these nodes")
    if len(trips) + lost < FRAMES / 2:
        advice = "this machine is too busy to look at every image"
        return note("images", f"{words}, {len(trips)} of {FRAMES} looked at", advice)
    return good("images", words)


def _other(place: str) -> None:
    """Echo strings; publish FRAMES images for every line on standard input; end with it."""
    import threading

    import numpy as np
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from rclpy.qos import ReliabilityPolicy
    from sensor_msgs.msg import Image
    from std_msgs.msg import String

    from ..nodes import qos
    from ..nodes.images import encode_rgb8

    rclpy.init(args=["--ros-args", "--disable-external-lib-logs"])
    node = rclpy.create_node("other", namespace=place)
    pong = node.create_publisher(String, "pong", qos.STREAM)
    node.create_subscription(String, "ping", pong.publish, qos.STREAM)
    camera = node.create_publisher(Image, "image", qos.camera(ReliabilityPolicy.BEST_EFFORT))
    msg = encode_rgb8(Image(), np.zeros((HEIGHT, WIDTH, 3), np.uint8))

    def serve() -> None:
        for _ in sys.stdin:
            due = time.monotonic()
            for _ in range(FRAMES + 1):  # a loss is noticed at the frame after it
                msg.header.stamp = node.get_clock().now().to_msg()
                camera.publish(msg)
                due += 1 / RATE_HZ
                time.sleep(max(0.0, due - time.monotonic()))
        rclpy.try_shutdown()

    threading.Thread(target=serve, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)


if __name__ == "__main__":
    _other(sys.argv[1])
