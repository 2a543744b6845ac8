"""The candidate actions in force: published latched, replaced as a whole by service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vljepa_msgs.msg import CandidateActionSet
from vljepa_msgs.srv import GetCandidateActions, SetCandidateActions

from ..planning.candidates import check_candidates
from . import convert, qos
from .lifecycle import in_one_line

if TYPE_CHECKING:
    from .planner_node import PlannerNode


class CandidateKeeper:
    """Topic candidate_actions, services set_ and get_candidate_actions; keeps
    ``node.candidates``; belongs to the executor's thread."""

    def __init__(self, node: PlannerNode) -> None:
        self._node = node
        self._publisher = node.own_publisher(CandidateActionSet, "candidate_actions", qos.LATCHED)
        node.own_service(SetCandidateActions, "set_candidate_actions", self._on_set)
        node.own_service(GetCandidateActions, "get_candidate_actions", self._on_get)
        self._publisher.publish(self._msg())

    def _on_set(
        self, request: SetCandidateActions.Request, response: SetCandidateActions.Response
    ) -> SetCandidateActions.Response:
        node = self._node
        try:
            given = [convert.candidate_of(msg) for msg in request.actions]
            node.candidates = check_candidates(given, node.frames)
        except ValueError as error:
            response.message = in_one_line(error)
        else:
            response.success = True
            self._publisher.publish(self._msg())
            node.rank_now()
        response.candidate_set_id = node.candidates.set_id
        return response

    def _on_get(
        self, request: GetCandidateActions.Request, response: GetCandidateActions.Response
    ) -> GetCandidateActions.Response:
        response.candidates = self._msg()
        return response

    def _msg(self) -> Any:
        return convert.candidate_set_msg(
            self._node.candidates, self._node.get_clock().now().to_msg()
        )
