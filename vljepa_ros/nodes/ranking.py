"""Keeps ranked_actions current while nothing is pursued.

A full plan only when the reading, the goal or the candidates changed, or after a maximum age;
between those the goal distance alone is read anew and the plan published again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from std_msgs.msg import Header

from vljepa_msgs.msg import RankedActions

from ..planning.belief import Belief
from ..planning.candidates import CandidateSet
from ..planning.goal import Goal
from ..planning.look_for import narrowed
from ..planning.protocols import Array, WorldModel
from ..planning.search import Plan, SearchConfig, plan
from ..planning.things import Believed
from ..planning.vocabulary import Vocabulary
from .convert import belief_msgs, plan_msgs, rank_msgs
from .remote_world_model import RemoteStates

STATUS = {
    "ok": RankedActions.OK,
    "met": RankedActions.MET,
    "out_of_reach": RankedActions.OUT_OF_REACH,
}
MESSAGES = {
    RankedActions.NO_GOAL: "no goal",
    RankedActions.OK: "",
    RankedActions.MET: "the goal holds",
    RankedActions.OUT_OF_REACH: "no sequence of the candidates is expected to reach the goal",
    RankedActions.NOT_UNDERSTOOD: "the goal was not understood",
    RankedActions.STALE: "no recent semantic_state",
}


@dataclass(frozen=True)
class View:
    """One semantic state as the planner keeps it; times in seconds of camera time.

    ``nothing_seen``: why its picture is of no use; "" when it is.
    """

    state_id: str
    header: Header
    stamp: float
    window_start: float
    answers: Array
    reading: tuple[int, ...]
    contrast: float = math.inf
    nothing_seen: str = ""


class Ranker:
    """Plans for one view after another; ``rank`` runs in the worker's thread."""

    def __init__(self, max_age: float) -> None:
        self.max_age = max_age
        self.full_plans = 0
        self._key: tuple[Any, ...] = ()
        self._plan: Plan | None = None
        self._made = 0.0

    def rank(
        self,
        world: WorldModel,
        vocabulary: Vocabulary,
        view: View,
        goal: Goal,
        candidates: CandidateSet,
        config: SearchConfig,
        belief: Belief,
    ) -> Plan:
        """The plan for a view, told what is remembered. Raises PredictionError."""
        belief.study(world, candidates.actions, config.works_threshold)
        state = belief.tell(world, RemoteStates((view.state_id,)))
        key = (view.reading, belief.looks, goal.goal_id, candidates.set_id, config)
        old = self._plan
        if old is not None and key == self._key and time.monotonic() - self._made < self.max_age:
            started = time.monotonic()
            answers = world.read(state, goal.queries)[0]
            if bool(goal.met(answers)) == (old.status == "met"):
                parts = goal.part_distances(answers)
                return replace(
                    old,
                    distance_now=float(parts.sum()),
                    part_distances=tuple(float(part) for part in parts),
                    planning_ms=(time.monotonic() - started) * 1e3,
                )
        search = narrowed(config, belief, goal)
        self._plan = plan(world, state, goal, candidates.actions, vocabulary, search)
        self._key, self._made = key, time.monotonic()
        self.full_plans += 1
        return self._plan


def ranking_msg(
    status: int,
    view: View | None,
    goal: Goal | None,
    set_id: str,
    found: Plan | None = None,
    message: str = "",
    beliefs: Sequence[Believed] = (),
    noticed: str = "",
) -> RankedActions:
    """A ranked_actions message; the actions of a plan are recommended only while it is one."""
    msg = RankedActions(
        goal_id=goal.goal_id if goal is not None else "",
        candidate_set_id=set_id,
        status=status,
        message=message or MESSAGES[status],
        beliefs=belief_msgs(beliefs),
        noticed=noticed,
    )
    if view is not None:
        msg.header, msg.state_id = view.header, view.state_id
    if found is not None and status != RankedActions.STALE:
        msg.distance_now = float(found.distance_now)
        msg.actions = rank_msgs(found.ranked)
        msg.plan = plan_msgs(found.steps) if status == RankedActions.OK else []
        msg.planning_ms = float(found.planning_ms)
        if status == RankedActions.OK and not message:
            msg.message = _in_words(found.steps)
    return msg


def _in_words(steps: Sequence[Any]) -> str:
    return "plan: " + ", then ".join(step.action.text for step in steps)
