"""The robot's skill server, as the planner uses it: one action at a time, always with an end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from rclpy.action import ActionClient

from vljepa_msgs.action import ExecuteAction

from ..planning.candidates import Candidate
from .convert import candidate_msg
from .lifecycle import ManagedNode
from .waiting import Waiter

Result = ExecuteAction.Result
RESULT_NAMES = {
    Result.UNKNOWN: "UNKNOWN",
    Result.SUCCEEDED: "SUCCEEDED",
    Result.NO_EFFECT: "NO_EFFECT",
    Result.PRECONDITION: "PRECONDITION",
    Result.PREEMPTED: "PREEMPTED",
    Result.TIMEOUT: "TIMEOUT",
    Result.FAILED: "FAILED",
}

ANSWER_S = 5.0  # for the server to appear, and to accept or refuse
DEFAULT_TIMEOUT_S = 120.0  # for an action that brings no timeout of its own
GRACE_S = 5.0  # beyond the timeout the server itself enforces, before it is cancelled
CANCEL_S = 30.0  # for a cancelled skill to leave the robot safe
GONE_S = 2.0  # a server that vanished this long ago will not answer any more


class SkillClient:
    """Client of ``execute_action``."""

    def __init__(self, node: ManagedNode, waiter: Waiter) -> None:
        self._client = ActionClient(
            node, ExecuteAction, "execute_action", callback_group=node.awaiting
        )
        self._waiter = waiter
        self._running: object | None = None

    async def execute(
        self, candidate: Candidate, execution_id: str, ended: Callable[[], bool]
    ) -> tuple[int, str]:
        """Carry an action out: (result constant, message).

        ``ended()`` is asked all the time; once true, the skill is cancelled.
        """
        if not await self._waiter.until(
            lambda: ended() or self._client.server_is_ready(), ANSWER_S
        ):
            return Result.FAILED, "nobody offers the action execute_action"
        if ended():
            return Result.PREEMPTED, "ended before the robot moved"
        goal = ExecuteAction.Goal(execution_id=execution_id, action=candidate_msg(candidate))
        try:
            handle = await self._waiter.result(
                self._client.send_goal_async(goal), ANSWER_S, "execute_action"
            )
        except TimeoutError as error:
            return Result.FAILED, str(error)
        if not handle.accepted:
            return Result.FAILED, f"the skill server refused {candidate.id}"
        self._running = handle
        try:
            return await self._finish(handle, candidate.timeout or DEFAULT_TIMEOUT_S, ended)
        finally:
            self._running = None

    async def _finish(
        self, handle: object, timeout: float, ended: Callable[[], bool]
    ) -> tuple[int, str]:
        future = handle.get_result_async()  # type: ignore[attr-defined]
        future.add_done_callback(lambda _: self._waiter.nudge())
        gone = _Gone(self._client)
        await self._waiter.until(
            lambda: future.done() or ended() or gone.for_good(), timeout + GRACE_S
        )
        if not future.done() and not gone.for_good():
            handle.cancel_goal_async()  # type: ignore[attr-defined]
            await self._waiter.until(lambda: future.done() or gone.for_good(), CANCEL_S)
            if not ended() and future.done():
                return Result.TIMEOUT, f"cancelled after {timeout + GRACE_S:g} s"
        if not future.done():
            return Result.FAILED, "the skill server is gone"
        result = future.result().result
        return result.result, result.message

    def cancel_now(self) -> None:
        """Ask the robot to stop without waiting for its answer; used when the node goes down."""
        if self._running is not None:
            with contextlib.suppress(Exception):
                self._running.cancel_goal_async()  # type: ignore[attr-defined]

    def destroy(self) -> None:
        self.cancel_now()
        self._client.destroy()


class _Gone:
    """Whether the server has been away for so long that it will not come back."""

    def __init__(self, client: ActionClient) -> None:
        self._client = client
        self._seen = time.monotonic()

    def for_good(self) -> bool:
        if self._client.server_is_ready():
            self._seen = time.monotonic()
        return time.monotonic() - self._seen > GONE_S
