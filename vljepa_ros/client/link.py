"""A node and a thread of the client's own, so that it never waits for its user's executor.

Names are resolved by the user's node, with its namespace and remaps; the traffic goes through a
node beside it. A request made in a callback is answered although that callback keeps the user's
executor busy.
"""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import rclpy
from rclpy.action import ActionClient
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from ..nodes import middleware
from ..nodes.names import checked_namespace
from ..nodes.waiting import Waiter
from .call import Call

T = TypeVar("T")
_SEND_GOAL = "/_action/send_goal"


class Link:
    """Clients and subscriptions under the user's names, served by an own thread."""

    def __init__(self, user: Node | None, namespace: str) -> None:
        self._prefix = checked_namespace(namespace).lstrip("/")
        self._absolute = namespace.startswith("/")
        self._own_context: Context | None = None
        context = user.context if user is not None else self._context()
        name = f"vljepa_client_{uuid.uuid4().hex[:6]}"
        quiet = {"enable_rosout": False, "start_parameter_services": False, "context": context}
        if user is None:
            self.node = Node(name, **quiet)
        else:
            place = user.get_namespace()
            self.node = Node(name, namespace=place, use_global_arguments=False, **quiet)
        self._names = user if user is not None else self.node
        self._guard = None
        if user is not None:
            self._user = user
            self._guard = user.create_guard_condition(lambda: None, ReentrantCallbackGroup())
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._group = ReentrantCallbackGroup()
        self.waiter = Waiter(self.node, steady, self._group)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._spin, name=name, daemon=True)
        self.thread.start()

    # -- entities ----------------------------------------------------------------------------------

    def client(self, kind: Any, name: str) -> Any:
        resolved = self._names.resolve_service_name(self._place(name))
        return self.node.create_client(kind, resolved, callback_group=self._group)

    def action_client(self, kind: Any, name: str) -> ActionClient:
        """Remaps of an action are remaps of its services, as everywhere in ROS 2 Jazzy."""
        resolved = self._names.resolve_service_name(self._place(name) + _SEND_GOAL)
        base = resolved.removesuffix(_SEND_GOAL)
        return ActionClient(self.node, kind, base, callback_group=self._group)

    def listen(self, kind: Any, name: str, callback: Callable[[Any], None], profile: Any) -> None:
        resolved = self._names.resolve_topic_name(self._place(name))
        self.node.create_subscription(kind, resolved, callback, profile, callback_group=self._group)

    def _place(self, name: str) -> str:
        relative = f"{self._prefix}/{name}" if self._prefix else name
        return f"/{relative}" if self._absolute else relative

    # -- running -----------------------------------------------------------------------------------

    def call(self, job: Callable[[Call[T]], Coroutine[Any, Any, T]]) -> Call[T]:
        """Run ``job(call)`` in the link's thread; the call gets what it returns or raises."""
        call: Call[T] = Call(self._wake, lambda: self.run(self.waiter.nudge), self.thread)

        async def run() -> None:
            try:
                answer = await job(call)
            except Exception as error:
                call._future.set_exception(error)
            else:
                call._future.set_result(answer)

        if self._stop.is_set():
            raise RuntimeError("this planner client was closed")
        self._executor.create_task(run)
        return call

    def run(self, job: Callable[[], Any]) -> None:
        """Run a plain function soon in the link's thread."""
        if not self._stop.is_set():
            self._executor.create_task(job)

    def close(self) -> None:
        """End the thread and the node. The user's node and context stay as they are."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._executor.wake()
        if threading.current_thread() is not self.thread:
            self.thread.join(2.0)
        with contextlib.suppress(Exception):  # the context may be gone already
            self._executor.shutdown(timeout_sec=0.5)
            self.node.destroy_node()
            if self._guard is not None:
                self._user.destroy_guard_condition(self._guard)
            if self._own_context is not None:
                self._own_context.try_shutdown()

    def _context(self) -> Context:
        """The default context where it is up, else one of our own that leaves signals alone."""
        if rclpy.ok():
            return rclpy.utilities.get_default_context()
        os.environ.update(middleware.environment())
        self._own_context = Context()
        rclpy.init(context=self._own_context, signal_handler_options=SignalHandlerOptions.NO)
        return self._own_context

    def _wake(self) -> None:
        if self._guard is not None and not self._stop.is_set():
            self._guard.trigger()

    def _spin(self) -> None:
        while not self._stop.is_set():
            try:
                self._executor.spin_once(timeout_sec=0.5)
            except ExternalShutdownException:
                return
            except Exception as error:  # of a listener; the client goes on
                if not self._stop.is_set():
                    self.node.get_logger().error(f"{type(error).__name__}: {error}")
