"""The topic ranked_actions: plans, decisions of pursuits, and what to say without a plan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vljepa_msgs.msg import RankedActions

from ..planning.plans import UNFINISHED, Plan
from ..planning.pursuit import Decision
from ..planning.things import Believed
from . import qos
from .diagnostics import Latency, Rate
from .ranking import MESSAGES, STATUS, View, ranking_msg

if TYPE_CHECKING:
    from .planner_node import PlannerNode

REPEAT_S = 1.0  # a status without a plan is published again this often
_DECIDED = {
    "not_understood": RankedActions.NOT_UNDERSTOOD,
    "blind": RankedActions.STALE,
}


class RankedTopic:
    """Publishes with the goal and the beliefs in force; belongs to the executor's thread."""

    def __init__(self, node: PlannerNode) -> None:
        self._node = node
        self._publisher = node.own_publisher(RankedActions, "ranked_actions", qos.NEWEST)
        self._status_at = 0.0
        self.plans, self.planning = Rate(), Latency()

    @property
    def status_due(self) -> bool:
        """Whether a status without a plan should be said again."""
        return time.monotonic() - self._status_at > REPEAT_S

    def say_again(self) -> None:
        """Something changed: the next status is due at once."""
        self._status_at = 0.0

    def decision(self, view: View, decision: Decision, set_id: str) -> RankedActions:
        """Publish what a pursuit decided and return it."""
        status = _DECIDED.get(decision.kind)
        return self.plan(view, decision.plan, set_id, status, decision.message, decision.noticed)

    def plan(
        self, view: View, found: Plan | None, set_id: str, status: int | None = None,
        message: str = "", noticed: str = "",
    ) -> RankedActions:
        """Publish a plan (None: there was nothing to plan) and return it."""
        node = self._node
        if found is not None:
            self.plans.tick()
            self.planning.add(found.planning_ms / 1e3)
        if status is None:
            status = STATUS[found.status] if found is not None else RankedActions.NO_GOAL
        if status == RankedActions.OUT_OF_REACH and not message and node.goal is not None:
            missing = node.memory.missing(node.goal) if node.memory is not None else ()
            unfinished = found is not None and not found.complete
            message = "; ".join((*missing, UNFINISHED if unfinished else MESSAGES[status]))
        msg = ranking_msg(
            status, view, node.goal, set_id, found, message, self._beliefs(), noticed
        )
        self._publisher.publish(msg)
        return msg

    def status(self, status: int, message: str = "") -> None:
        """Publish a status without a plan."""
        node = self._node
        self._status_at = time.monotonic()
        set_id = node.candidates.set_id if node.candidates is not None else ""
        self._publisher.publish(
            ranking_msg(status, node.view, node.goal, set_id, None, message, self._beliefs())
        )

    def _beliefs(self) -> tuple[Believed, ...]:
        return self._node.memory.beliefs if self._node.memory is not None else ()
