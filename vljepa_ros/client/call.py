"""An answer that is on its way: wait for it, await it, or cancel it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Call(Generic[T]):
    """What the ``_async`` methods of Planner return.

    ``await call`` works in a callback of the node given to Planner and in asyncio; ``result()``
    works everywhere. The answer comes from a thread of the planner's client, so that neither needs
    a running executor.
    """

    def __init__(
        self, wake: Callable[[], None], nudge: Callable[[], None], thread: threading.Thread
    ) -> None:
        self._future: Future[T] = Future()
        self._nudge, self._thread = nudge, thread
        self.cancel_wanted = False
        self._future.add_done_callback(lambda _: wake())

    def result(self, timeout: float | None = None) -> T:
        """Wait for the answer. Raises TimeoutError after ``timeout`` seconds, and PlannerError."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("result() in a listener of the client would wait for itself")
        return self._future.result(timeout)

    def done(self) -> bool:
        return self._future.done()

    def cancel(self) -> None:
        """Ask the robot to stop what this call made it do; the answer still comes."""
        self.cancel_wanted = True
        self._nudge()

    def __await__(self) -> Generator[Any, None, T]:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            while not self._future.done():  # in rclpy's executor, which is woken when it is
                yield
            return self._future.result()
        return (yield from asyncio.wrap_future(self._future).__await__())
