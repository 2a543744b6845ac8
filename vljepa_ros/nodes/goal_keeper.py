"""The goal in force: encoded by the semantic node, published latched, set by service."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from std_srvs.srv import Trigger

from vljepa_msgs.action import PursueGoal
from vljepa_msgs.msg import Goal as GoalMsg
from vljepa_msgs.srv import EncodeGoal, SetGoal

from ..planning.goal import Goal
from . import convert, qos
from .goal_request import check_goal_request
from .lifecycle import in_one_line

if TYPE_CHECKING:
    from .planner_node import PlannerNode

OFFERED_S = 5.0
"""Longest to wait for somebody who encodes goals."""
ENCODE_S = 20.0
"""Longest a goal may take to be encoded: well under a second, but not on a starved machine."""


class GoalKeeper:
    """Topic goal, services set_goal and clear_goal; belongs to the executor's thread."""

    def __init__(self, node: PlannerNode) -> None:
        self._node = node
        self.goal: Goal | None = None
        self._publisher = node.own_publisher(GoalMsg, "goal", qos.LATCHED)
        self._client = node.own_client(EncodeGoal, "encode_goal")
        node.own_service(SetGoal, "set_goal", self._on_set_goal)
        node.own_service(Trigger, "clear_goal", self._on_clear_goal)
        self.put(None)

    async def encode(self, request: Any) -> Goal:
        """The goal of a set_goal or pursue_goal request. Raises ValueError or TimeoutError."""
        check_goal_request(request)
        vocabulary, waiter = self._node.vocabulary, self._node.waiter
        if vocabulary is None:
            raise TimeoutError("no vocabulary yet: is semantic_state_node running?")
        if request.kind == SetGoal.Request.KIND_EMBEDDING:
            return convert.goal_of_embedding(request.embedding, vocabulary)
        if request.kind == SetGoal.Request.KIND_POSE:
            return convert.goal_of_pose(request, vocabulary, self._node.frames)
        if not await waiter.until(self._client.service_is_ready, OFFERED_S):
            raise TimeoutError(f"nobody offers {self._client.srv_name}")
        asked = EncodeGoal.Request(
            kind=request.kind, text=request.text, image=request.image
        )
        answer = await waiter.result(
            self._client.call_async(asked), ENCODE_S, self._client.srv_name
        )
        if not answer.success:
            raise ValueError(answer.message)
        width = vocabulary.queries.shape[1]
        picture = request.kind == SetGoal.Request.KIND_IMAGE
        return Goal(
            parts=convert.parts_of(answer.parts, vocabulary.model_id, width),
            text="a picture" if picture else request.text,
            source="image" if picture else "text",
            message=answer.message,
            understood=answer.understood,
            confidence=answer.confidence,
        )

    def adopt(self, goal: Goal) -> Goal:
        """Put a goal into force under a new name."""
        goal = replace(goal, goal_id=f"goal-{uuid.uuid4().hex[:8]}")
        self.put(goal)
        return goal

    def put(self, goal: Goal | None) -> None:
        """Put a goal, or none, into force as it is."""
        self.goal = goal
        vocabulary = self._node.vocabulary
        model_id = vocabulary.model_id if vocabulary is not None else ""
        stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(convert.goal_msg(goal, model_id, stamp))

    async def _on_set_goal(
        self, request: SetGoal.Request, response: SetGoal.Response
    ) -> SetGoal.Response:
        try:
            goal = await self.encode(request)
        except Exception as error:
            response.success, response.message = False, in_one_line(error)
            return response
        self._node.pursuits.end(PursueGoal.Result.PREEMPTED, "a newer goal was set")
        goal = self.adopt(goal)
        self._node.rank_now()
        response.success, response.goal_id = True, goal.goal_id
        response.understood, response.confidence = goal.understood, float(goal.confidence)
        response.message = in_words(goal)
        return response

    def _on_clear_goal(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        self._node.pursuits.end(PursueGoal.Result.STOPPED, "the goal was cleared")
        response.success = True
        response.message = "goal cleared" if self.goal is not None else "there was no goal"
        self.put(None)
        self._node.rank_now()
        return response


def in_words(goal: Goal) -> str:
    """How the goal was understood, in one line."""
    words = " and ".join(part.text or "a bare embedding" for part in goal.parts)
    if goal.understood:
        return f"understood as: {words}"
    return f"not understood: {goal.message}" if goal.message else "not understood"
