"""Listens in on execute_action: which action the robot carries out, and how it says it ended.

Any client may ask an action server for the result of a goal whose id it knows, and the ids are on
the action's status topic: the planner's executions can be followed without asking the planner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from rclpy.node import Node
from rclpy.qos import QoSProfile

from vljepa_msgs.action import ExecuteAction

from ..nodes import qos

RESULT_NAMES = {
    getattr(ExecuteAction.Result, name): name
    for name in (
        "UNKNOWN", "SUCCEEDED", "NO_EFFECT", "PRECONDITION", "PREEMPTED", "TIMEOUT", "FAILED"
    )
}
_BUSY = (GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING)
_FEEDBACK_DEPTH = 10


class RobotListener:
    """Calls ``moving(progress, phase)`` and, once an execution, ``answered(result, message)``."""

    def __init__(
        self,
        node: Node,
        moving: Callable[[float, str], None],
        answered: Callable[[str, str], None],
    ) -> None:
        self._answered = answered
        self._asked: set[bytes] = set()
        kind = ExecuteAction.Impl
        self._client = node.create_client(
            kind.GetResultService, "execute_action/_action/get_result"
        )
        node.create_subscription(
            GoalStatusArray, "execute_action/_action/status", self._on_status, qos.LATCHED
        )
        node.create_subscription(
            kind.FeedbackMessage,
            "execute_action/_action/feedback",
            lambda msg: moving(msg.feedback.progress, msg.feedback.phase),
            QoSProfile(depth=_FEEDBACK_DEPTH),
        )

    def _on_status(self, msg: GoalStatusArray) -> None:
        for status in msg.status_list:
            goal_id = status.goal_info.goal_id
            key = bytes(goal_id.uuid)
            if status.status in _BUSY and key not in self._asked:
                self._asked.add(key)
                request = ExecuteAction.Impl.GetResultService.Request(goal_id=goal_id)
                self._client.call_async(request).add_done_callback(self._on_result)

    def _on_result(self, future: Any) -> None:
        if future.exception() is None and future.result() is not None:
            result = future.result().result
            self._answered(RESULT_NAMES.get(result.result, "UNKNOWN"), result.message)
