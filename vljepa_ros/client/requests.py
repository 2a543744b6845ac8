"""What the client asks for, as coroutines of its own thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

from vljepa_msgs.action import PursueGoal
from vljepa_msgs.msg import Alert, RankedActions, SemanticEvent, SemanticState
from vljepa_msgs.msg import Goal as GoalMsg
from vljepa_msgs.srv import (
    AddAlert,
    GetCandidateActions,
    ListAlerts,
    RemoveAlert,
    SetCandidateActions,
    SetGoal,
)

from ..nodes import qos
from ..nodes.convert import candidate_msg, candidate_of
from ..nodes.images import encode_rgb8
from ..planning.candidates import Candidate
from .alerts import AlertAdded, AlertWatched, added_of, alert_of, watched_of
from .call import Call
from .link import Link
from .results import (
    GoalSet,
    Progress,
    Pursuit,
    Ranking,
    State,
    Status,
    goal_of,
    pursuit_of,
    ranking_of,
    spoken_of,
    state_of,
)

Goal = str | np.ndarray
"""A goal: words, or a picture (H, W, 3) uint8 RGB of how things should be."""

_LOOK_S = 1.0  # how often a pursuit looks whether anybody is still there
_PLANNER, _DECODER = "planner_node", "decoder_node"
_TOPICS = {
    "state": (SemanticState, "semantic_state", state_of, qos.NEWEST),
    "ranking": (RankedActions, "ranked_actions", ranking_of, qos.NEWEST),
    "spoken": (SemanticEvent, "semantic_event", spoken_of, qos.STREAM),
    "goal": (GoalMsg, "goal", goal_of, qos.LATCHED),
    "alert": (Alert, "alert", alert_of, qos.STREAM),
}


class PlannerError(RuntimeError):
    """The planner refused; its own words, in one line."""


class PlannerNotFound(PlannerError, TimeoutError):
    """Nobody answers under the name that was called."""


class Requests:
    """Every method belongs to the link's thread; ``timeout`` in seconds."""

    def __init__(self, link: Link, timeout: float) -> None:
        self._link, self._timeout = link, timeout
        self._set_goal = link.client(SetGoal, "set_goal")
        self._triggers = {name: link.client(Trigger, name) for name in ("clear_goal", "stop")}
        self._get_actions = link.client(GetCandidateActions, "get_candidate_actions")
        self._set_actions = link.client(SetCandidateActions, "set_candidate_actions")
        self._add_alert = link.client(AddAlert, "add_alert")
        self._remove_alert = link.client(RemoveAlert, "remove_alert")
        self._list_alerts = link.client(ListAlerts, "list_alerts")
        self._pursue = link.action_client(PursueGoal, "pursue_goal")
        self._newest: dict[str, Any] = {}
        self._listeners: dict[str, list[Callable[[Any], None]]] = {}

    def hear(self, name: str) -> list[Callable[[Any], None]]:
        """The listeners of a topic, which is subscribed to at first use."""
        if name not in self._listeners:
            kind, topic, convert, profile = _TOPICS[name]
            self._listeners[name] = []

            def heard(msg: Any) -> None:
                self._newest[name] = convert(msg)
                for listener in self._listeners[name]:
                    listener(self._newest[name])
                self._link.waiter.nudge()

            self._link.listen(kind, topic, heard, profile)
        return self._listeners[name]

    async def state(self) -> State:
        """The next state that comes."""
        self.hear("state")
        self._newest.pop("state", None)
        if not await self._link.waiter.until(lambda: "state" in self._newest, self._timeout):
            raise PlannerNotFound(
                f"no semantic_state in {self._timeout:g} s: is semantic_state_node running in this "
                "namespace and ROS_DOMAIN_ID, and does its camera send? vljepa doctor says more"
            )
        return self._newest["state"]

    async def trigger(self, name: str) -> str:
        """Call clear_goal or stop; its words."""
        return _accepted(await self._answer(self._triggers[name], Trigger.Request())).message

    async def actions(self) -> tuple[Candidate, ...]:
        """The candidates in force."""
        answer = await self._answer(self._get_actions, GetCandidateActions.Request())
        return tuple(candidate_of(action) for action in answer.candidates.actions)

    async def set_actions(self, actions: tuple[Candidate, ...]) -> str:
        """Replace the candidates; the name of the new list."""
        request = SetCandidateActions.Request(actions=[candidate_msg(a) for a in actions])
        return _accepted(await self._answer(self._set_actions, request)).candidate_set_id

    async def goal(self, request: SetGoal.Request) -> GoalSet:
        """Put a goal into force."""
        answer = _accepted(await self._answer(self._set_goal, request))
        return GoalSet(answer.goal_id, answer.understood, float(answer.confidence), answer.message)

    async def rank(self, request: SetGoal.Request) -> Ranking:
        """Put a goal into force; its first ranking."""
        self.hear("ranking")
        return await self.ranking((await self.goal(request)).goal_id)

    async def ranking(self, goal_id: str) -> Ranking:
        """The first ranking for a goal, STALE only when nothing better comes in time."""
        self.hear("ranking")

        def newest(stale_too: bool) -> Ranking | None:
            ranking = self._newest.get("ranking")
            if ranking is None or ranking.goal_id != goal_id:
                return None
            return ranking if stale_too or ranking.status != Status.STALE else None

        await self._link.waiter.until(lambda: newest(stale_too=False), self._timeout)
        ranking = newest(stale_too=True)
        if ranking is None:
            raise PlannerNotFound(f"no ranked_actions for {goal_id!r} in {self._timeout:g} s")
        return ranking

    async def pursue(
        self,
        call: Call[Pursuit],
        request: PursueGoal.Goal,
        on_progress: Callable[[Progress], None] | None,
    ) -> Pursuit:
        """Send the goal, follow the feedback, pass a cancel on, return how it ended."""
        waiter = self._link.waiter
        name = self._pursue._action_name
        last: Ranking | None = None

        def feedback(msg: Any) -> None:
            nonlocal last
            given = msg.feedback
            last = ranking_of(given.ranking)
            if on_progress is not None:
                on_progress(Progress(given.phase, given.step, given.execution_id, last))

        if not await waiter.until(self._pursue.server_is_ready, self._timeout):
            raise PlannerNotFound(_nobody(name, self._timeout))
        accepting = self._pursue.send_goal_async(request, feedback_callback=feedback)
        handle = await waiter.result(accepting, self._timeout, name)
        if not handle.accepted:
            raise PlannerError(f"{name}: the planner did not accept the goal")
        ending = handle.get_result_async()
        ending.add_done_callback(lambda _: waiter.nudge())
        await self._while_there(lambda: ending.done() or call.cancel_wanted)
        if not ending.done():
            handle.cancel_goal_async()
            await self._while_there(ending.done)
        result = ending.result().result
        if not result.goal_id and not result.result:
            raise PlannerError(result.message)  # refused before it began
        return pursuit_of(result, last)

    async def _while_there(self, over: Callable[[], bool]) -> None:
        """Until a pursuit is over. Raises PlannerNotFound when nobody has offered to pursue goals
        for the time that an answer may take: who was pursuing this one is gone."""
        there = time.monotonic()
        while not await self._link.waiter.until(over, _LOOK_S):
            now = time.monotonic()
            if self._pursue.server_is_ready():
                there = now
            elif now - there > self._timeout:
                raise PlannerNotFound(f"{self._pursue._action_name} is gone in mid-pursuit: has "
                                      f"{_PLANNER} ended?")

    async def add_alert(self, request: AddAlert.Request) -> AlertAdded:
        """Watch for a condition."""
        return added_of(_accepted(await self._answer(self._add_alert, request, _DECODER)))

    async def remove_alert(self, alert_id: str) -> None:
        """Stop watching for a condition."""
        request = RemoveAlert.Request(id=alert_id)
        _accepted(await self._answer(self._remove_alert, request, _DECODER))

    async def alerts(self) -> tuple[AlertWatched, ...]:
        """The conditions being watched, in the order they were added."""
        answer = await self._answer(self._list_alerts, ListAlerts.Request(), _DECODER)
        return tuple(watched_of(alert) for alert in answer.alerts)

    async def _answer(self, client: Any, request: Any, node: str = _PLANNER) -> Any:
        waiter = self._link.waiter
        if not await waiter.until(client.service_is_ready, self._timeout):
            raise PlannerNotFound(_nobody(client.srv_name, self._timeout, node))
        try:
            return await waiter.result(client.call_async(request), self._timeout, client.srv_name)
        except TimeoutError as error:
            raise PlannerNotFound(str(error)) from error


def fill(request: Any, goal: Goal) -> Any:
    """Put a goal into a request of set_goal or pursue_goal. Raises TypeError, ValueError."""
    if isinstance(goal, str):
        request.kind, request.text = request.KIND_TEXT, goal
    elif isinstance(goal, np.ndarray):
        request.kind, request.image = request.KIND_IMAGE, encode_rgb8(Image(), goal)
    else:
        raise TypeError(f"goal: {type(goal).__name__}; allowed: words, or (H, W, 3) uint8 RGB")
    return request


def _accepted(answer: Any) -> Any:
    if not answer.success:
        raise PlannerError(answer.message)
    return answer


def _nobody(name: str, timeout: float, node: str = _PLANNER) -> str:
    return (
        f"nobody offers {name} (looked for {timeout:g} s): is {node} running, in this "
        "namespace and ROS_DOMAIN_ID?"
    )
