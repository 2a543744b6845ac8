"""Coroutines that wait for a condition, with a time limit on the steady clock.

rclpy's executor has no timeouts for ``await``. Here a coroutine looks again whenever something
happened (:meth:`Waiter.nudge`) or a tick passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock
from rclpy.node import Node
from rclpy.task import Future

TICK_S = 0.05


class Waiter:
    """``until`` for the coroutines of one node; belongs to the executor's thread."""

    def __init__(self, node: Node, clock: Clock, group: CallbackGroup) -> None:
        self._node = node
        self._futures: list[Future] = []
        self._timer = node.create_timer(TICK_S, self.nudge, callback_group=group, clock=clock)
        self._timer.cancel()

    def nudge(self) -> None:
        """Something happened: everyone looks again."""
        self._timer.cancel()
        waiting, self._futures = self._futures, []
        for future in waiting:
            future.set_result(None)

    async def until(self, condition: Callable[[], Any], timeout: float) -> bool:
        """Wait for the condition to be true; False when ``timeout`` seconds went by."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() >= deadline:
                return False
            future: Future = Future()
            self._futures.append(future)
            if self._timer.is_canceled():
                self._timer.reset()
            await future
        return True

    async def result(self, future: Future, timeout: float, what: str) -> Any:
        """The future's result. Raises TimeoutError naming ``what``."""
        future.add_done_callback(lambda _: self.nudge())
        if not await self.until(future.done, timeout):
            raise TimeoutError(f"no answer from {what} in {timeout:g} s")
        return future.result()

    def close(self) -> None:
        """Whoever still waits will not go on: what it would touch is being destroyed."""
        self._futures.clear()
        self._node.destroy_timer(self._timer)
