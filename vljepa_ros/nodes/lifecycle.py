"""What the nodes share: lifecycle, autostart, and a start and an end without tracebacks.

A subclass writes ``setup`` / ``start`` / ``halt`` / ``teardown``. rclpy turns an exception in a
transition into ERROR without a word, so ``on_configure`` catches, logs one line, and returns
FAILURE: the node stays up, unconfigured, and can be configured again. Publishers are ordinary ones:
a lifecycle publisher drops silently while inactive, which loses latched messages and diagnostics.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.client import Client
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.signals import SignalHandlerOptions
from rclpy.timer import Timer

from . import middleware
from .diagnostics import ERROR, OK, WARN, Diagnostics, Report
from .parameters import Parameters

CLOSE_S = 3.0
"""Longest time a node may take to put its things away."""

WIND_DOWN_S = 1.0
"""Longest it may take to end what it is doing."""

_SUCCESS, _FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class ManagedNode(LifecycleNode):
    """A lifecycle node that drives its own transitions when ``autostart`` is true."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.parameters = Parameters(self)
        self.parameters.declare(
            "autostart", True, "Configure and activate without a lifecycle manager."
        )
        self.problem = ""
        self.active = False
        self._owned: list[Callable[[], Any]] = []
        self.awaiting = ReentrantCallbackGroup()
        self.steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self.diagnostics = Diagnostics(self, self._report)

    # -- for subclasses ----------------------------------------------------------------------------

    def setup(self) -> None:
        """Load and create; an exception fails the configure transition with its text."""

    def start(self) -> None:
        """Begin to work: subscribe, offer services. Entities go through the ``own_`` methods."""

    def halt(self) -> None:
        """Stop working; the owned entities are destroyed afterwards."""

    async def wind_down(self) -> None:
        """End what is in progress; given WIND_DOWN_S before the process closes an active node."""

    def teardown(self) -> None:
        """Free what ``setup`` made. Runs also after a ``setup`` that failed halfway."""

    def report(self) -> Report:
        """Level, message and values for /diagnostics while active."""
        return OK, "active", {}

    def own(self, destroy: Callable[[], Any]) -> None:
        """Run ``destroy`` when the node is deactivated."""
        self._owned.append(destroy)

    def own_subscription(self, *args: Any, **kwargs: Any) -> None:
        subscription = self.create_subscription(*args, **kwargs)
        self.own(lambda: self.destroy_subscription(subscription))

    def own_publisher(self, *args: Any) -> Publisher:
        publisher = self.create_publisher(*args)
        self.own(lambda: self.destroy_publisher(publisher))
        return publisher

    def own_client(self, *args: Any) -> Client:
        client = self.create_client(*args, callback_group=self.awaiting)
        self.own(lambda: self.destroy_client(client))
        return client

    def own_service(self, *args: Any) -> None:
        """A service whose callback may await: meanwhile the node's other callbacks go on."""
        service = self.create_service(*args, callback_group=self.awaiting)
        self.own(lambda: self.destroy_service(service))

    def own_timer(self, period: float, callback: Callable[[], None]) -> Timer:
        """A timer on the steady clock."""
        timer = self.create_timer(period, callback, clock=self.steady_clock)
        self.own(lambda: self.destroy_timer(timer))
        return timer

    # -- transitions -------------------------------------------------------------------------------

    def autostart(self) -> None:
        """Configure and activate, when the parameter says so."""
        if self.parameters["autostart"] and self.trigger_configure() == _SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self.parameters.unknown:
            names = ", ".join(self.parameters.unknown)
            self.get_logger().warning(f"parameters given that this node does not have: {names}")
        if self.parameters.complaint:
            return self._failed("configure", self.parameters.complaint)
        try:
            self.setup()
        except Exception as error:
            self.teardown()
            return self._failed("configure", error)
        self.problem = ""
        return _SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            self.start()
        except Exception as error:
            self._release()
            return self._failed("activate", error)
        self.active = True
        self.get_logger().info("ready")
        return _SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop()
        return _SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.teardown()
        return _SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.close()
        return _SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.close()
        return _SUCCESS

    def close(self) -> None:
        """Stop and free everything, whatever the state. Safe to call twice."""
        if self.active:
            self._stop()
        self.teardown()

    def _stop(self) -> None:
        self.active = False
        self.halt()
        self._release()

    def _release(self) -> None:
        while self._owned:
            self._owned.pop()()

    def _failed(self, transition: str, problem: Exception | str) -> TransitionCallbackReturn:
        self.problem = f"{transition} failed: {in_one_line(problem)}"
        self.get_logger().error(self.problem)
        return _FAILURE

    def _report(self) -> Report:
        if self.problem:
            return ERROR, self.problem, {}
        return self.report() if self.active else (WARN, "not active", {})


def in_one_line(problem: Exception | str) -> str:
    """The text of an error without line breaks; its type when it is not one we raise."""
    text = " ".join(str(problem).split())
    if isinstance(problem, str) or isinstance(problem, (ValueError, OSError, RuntimeError)):
        return text or type(problem).__name__
    return f"{type(problem).__name__}: {text}"


def run(make: Callable[[], ManagedNode], args: list[str] | None = None) -> None:
    """Spin one node in this process until Ctrl-C, SIGTERM or a shutdown of the context.

    The executor has a thread of its own, and the main thread waits for signals: rclpy's handler
    would shut the context down at once, and a node could no longer cancel what the robot is doing.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    os.environ.update(middleware.environment())
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    node = make()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.create_task(node.autostart)
    thread = threading.Thread(target=_spin, args=(executor, node, stop), daemon=True)
    thread.start()
    stop.wait()
    # A node that is still loading has nothing to put away.
    was_active = node.active
    if was_active:
        _finish(executor, node.wind_down, WIND_DOWN_S)
    if _finish(executor, node.close, CLOSE_S if was_active else 0.1):
        # In this order, the spinning thread ended and nothing referring to the participant left, or
        # its shared-memory segments stay behind in /dev/shm.
        with contextlib.suppress(Exception):
            executor.shutdown(timeout_sec=0.5)
            thread.join(timeout=1.0)
            node.destroy_node()
            rclpy.try_shutdown()
        del executor, node
        gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    # A worker still inside a forward pass must not be torn down with the interpreter.
    os._exit(0)


def _finish(executor: SingleThreadedExecutor, call: Callable[[], Any], timeout: float) -> bool:
    """Run ``call`` in the executor's thread; whether it came to its end in time."""
    done = threading.Event()
    executor.create_task(call).add_done_callback(lambda _: done.set())
    return done.wait(timeout)


def _spin(executor: SingleThreadedExecutor, node: ManagedNode, stop: threading.Event) -> None:
    while rclpy.ok() and not executor._is_shutdown:
        try:
            executor.spin_once()
        except ExternalShutdownException:
            break
        except Exception as error:  # the node stays up, whatever a callback did
            if not stop.is_set():
                node.get_logger().error(f"{type(error).__name__}: {in_one_line(error)}")
    stop.set()
