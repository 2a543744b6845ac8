"""What the planner answers, as plain frozen data.

Distances are those of the messages: the sum over the goal's parts of 1 - cosine, each 0 to 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from vljepa_msgs import msg as messages
from vljepa_msgs.action import ExecuteAction, PursueGoal

from ..nodes.convert import seconds

_Ranked, _Pursue, _Execute = messages.RankedActions, PursueGoal.Result, ExecuteAction.Result


class Status(IntEnum):
    """How a ranking stands; as in RankedActions."""

    NO_GOAL = _Ranked.NO_GOAL
    OK = _Ranked.OK
    MET = _Ranked.MET
    OUT_OF_REACH = _Ranked.OUT_OF_REACH
    NOT_UNDERSTOOD = _Ranked.NOT_UNDERSTOOD
    STALE = _Ranked.STALE


class Ending(IntEnum):
    """How a pursuit ended; as in PursueGoal."""

    UNKNOWN = _Pursue.UNKNOWN
    MET = _Pursue.MET
    OUT_OF_REACH = _Pursue.OUT_OF_REACH
    NOT_UNDERSTOOD = _Pursue.NOT_UNDERSTOOD
    MAX_ACTIONS = _Pursue.MAX_ACTIONS
    TIME_BUDGET = _Pursue.TIME_BUDGET
    STALE = _Pursue.STALE
    PREEMPTED = _Pursue.PREEMPTED
    EXECUTION_FAILED = _Pursue.EXECUTION_FAILED
    STOPPED = _Pursue.STOPPED
    PLANNED = _Pursue.PLANNED


class SkillResult(IntEnum):
    """How the robot says an action ended; as in ExecuteAction."""

    UNKNOWN = _Execute.UNKNOWN
    SUCCEEDED = _Execute.SUCCEEDED
    NO_EFFECT = _Execute.NO_EFFECT
    PRECONDITION = _Execute.PRECONDITION
    PREEMPTED = _Execute.PREEMPTED
    TIMEOUT = _Execute.TIMEOUT
    FAILED = _Execute.FAILED


@dataclass(frozen=True)
class GoalSet:
    """A goal that is now in force. ``confidence`` (0 to 1) that it was ``understood``."""

    goal_id: str
    understood: bool
    confidence: float
    message: str


@dataclass(frozen=True)
class GoalHeard:
    """The goal in force, whoever gave it: what was asked, and the ``parts`` it was understood as
    (none: no goal, or not understood)."""

    goal_id: str
    text: str
    parts: tuple[str, ...]
    confidence: float


@dataclass(frozen=True)
class Ranked:
    """One thing the robot could do next; ``works`` is a probability, ``outcome`` words."""

    action_id: str
    text: str
    distance_after: float
    plan_distance: float
    works: float
    outcome: str


@dataclass(frozen=True)
class Step:
    """One step of the best plan, with what is imagined after it."""

    action_id: str
    text: str
    distance_after: float
    works: float
    outcome: str


@dataclass(frozen=True)
class Ranking:
    """What the robot could do, best first. ``stamp``: seconds, of the frame it rests on."""

    status: Status
    message: str
    goal_id: str
    distance: float
    actions: tuple[Ranked, ...]
    plan: tuple[Step, ...]
    planning_ms: float
    stamp: float

    @property
    def best(self) -> Ranked | None:
        """The action to do next: the plan's first. None unless the status is OK."""
        if self.status != Status.OK or not self.actions:
            return None
        first = self.plan[0].action_id if self.plan else self.actions[0].action_id
        return next((a for a in self.actions if a.action_id == first), self.actions[0])


@dataclass(frozen=True)
class Executed:
    """One action that was tried; ``message`` in the robot's words."""

    action_id: str
    text: str
    result: SkillResult
    message: str
    distance_before: float
    distance_after: float


@dataclass(frozen=True)
class Pursuit:
    """How a pursuit, or a plan made without executing it, ended."""

    ending: Ending
    message: str
    goal_id: str
    executed: tuple[Executed, ...]
    distance: float
    ranking: Ranking | None = None

    @property
    def met(self) -> bool:
        return self.ending == Ending.MET


@dataclass(frozen=True)
class Progress:
    """Where a pursuit is: ``phase`` is look, plan, execute or check."""

    phase: str
    step: int
    execution_id: str
    ranking: Ranking


@dataclass(frozen=True)
class Reading:
    """What is held true about one subject; ``confidence`` 0 to 1."""

    statement: str
    confidence: float


@dataclass(frozen=True)
class State:
    """What the camera sees, in meanings. ``stamp``: seconds, of the newest frame."""

    stamp: float
    state_id: str
    model_id: str
    change: float
    readings: Mapping[str, Reading] = field(default_factory=dict)


@dataclass(frozen=True)
class Spoken:
    """A change of meaning, as it was spoken."""

    stamp: float
    text: str
    subject: str
    statement: str
    previous: str
    confidence: float


# -- from messages ---------------------------------------------------------------------------------


def ranking_of(msg: Any) -> Ranking:
    """From RankedActions."""
    return Ranking(
        status=Status(msg.status),
        message=msg.message,
        goal_id=msg.goal_id,
        distance=float(msg.distance_now),
        actions=tuple(
            Ranked(
                a.action_id,
                a.text,
                a.distance_after,
                a.plan_distance,
                a.works_probability,
                a.outcome,
            )
            for a in msg.actions
        ),
        plan=tuple(
            Step(s.action_id, s.text, s.distance_after, s.works_probability, s.outcome)
            for s in msg.plan
        ),
        planning_ms=float(msg.planning_ms),
        stamp=seconds(msg.header.stamp),
    )


def pursuit_of(result: Any, ranking: Ranking | None) -> Pursuit:
    """From PursueGoal's result and the last ranking of its feedback."""
    return Pursuit(
        ending=Ending(result.result),
        message=result.message,
        goal_id=result.goal_id,
        executed=tuple(
            Executed(
                e.action_id,
                e.text,
                SkillResult(e.result),
                e.message,
                e.distance_before,
                e.distance_after,
            )
            for e in result.executed
        ),
        distance=float(result.final_distance),
        ranking=ranking,
    )


def state_of(msg: Any) -> State:
    """From SemanticState."""
    return State(
        stamp=seconds(msg.header.stamp),
        state_id=msg.state_id,
        model_id=msg.model_id,
        change=float(msg.change),
        readings={r.subject: Reading(r.statement, float(r.confidence)) for r in msg.readouts},
    )


def goal_of(msg: Any) -> GoalHeard:
    """From Goal."""
    parts = tuple(part.text or "a bare embedding" for part in msg.parts)
    return GoalHeard(msg.goal_id, msg.text, parts, float(msg.confidence))


def spoken_of(msg: Any) -> Spoken:
    """From SemanticEvent."""
    return Spoken(
        seconds(msg.header.stamp),
        msg.text,
        msg.subject,
        msg.statement,
        msg.previous,
        float(msg.confidence),
    )
