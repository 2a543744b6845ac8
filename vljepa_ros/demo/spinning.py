"""A ROS node of our own, spun by a thread; the main thread stays free for signals."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from ..nodes import middleware

NO_LOG_FILES = ["--ros-args", "--disable-external-lib-logs"]
"""Without them rcl would leave a file a process in ~/.ros/log; what it prints is kept anyway."""

AnyNode = TypeVar("AnyNode", bound=Node)


@contextmanager
def spinning(make: Callable[[], AnyNode]) -> Iterator[AnyNode]:
    """The node, made with rclpy's own signal handlers left out, and spun until the end."""
    os.environ.update(middleware.environment())
    rclpy.init(args=NO_LOG_FILES, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = make()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        stop = threading.Event()

        def spin() -> None:
            while not stop.is_set():
                try:
                    executor.spin_once(timeout_sec=0.5)
                except ExternalShutdownException:
                    return

        thread = threading.Thread(target=spin, name="ros", daemon=True)
        thread.start()
        try:
            yield node
        finally:
            stop.set()
            executor.wake()
            thread.join(2.0)
            executor.shutdown(timeout_sec=0.5)
            node.destroy_node()
    finally:
        rclpy.try_shutdown()
