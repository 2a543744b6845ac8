"""The client class: set goals, rank, pursue, listen."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from rclpy.node import Node

from vljepa_msgs.action import PursueGoal
from vljepa_msgs.srv import AddAlert, SetGoal

from ..nodes.convert import to_duration
from ..planning.candidates import Candidate
from .alerts import AlertAdded, AlertHeard, AlertWatched
from .call import Call
from .link import Link
from .requests import Goal, Requests, fill
from .results import GoalHeard, GoalSet, Progress, Pursuit, Ranking, Spoken, State

_CANCEL_S = 3.0
"""Longest a cancelled pursuit is waited for."""


class Planner:
    """The planner, from Python.

    Without a node it makes its own and needs nothing else running::

        with Planner() as planner:
            result = planner.pursue("open the window")
            print(result.ending.name, result.message)

    In a node of yours, give it the node: names follow its namespace and remaps, and ``await`` an
    ``_async`` method in a callback to keep the other callbacks going (in a callback group of its
    own: rclpy holds the group of a callback that awaits)::

        self.planner = Planner(self)
        ...
        async def on_button(self, request, response):
            response.message = (await self.planner.pursue_async("open the window")).message
            return response

    Every method has an ``_async`` twin that returns a :class:`Call` at once. The plain ones wait,
    from any thread, whether or not an executor runs. All raise :class:`.PlannerNotFound` when
    nobody answers for ``timeout`` seconds and :class:`.PlannerError` when the planner refuses.
    ``namespace`` names another robot's planner, relative to the node.
    """

    def __init__(
        self, node: Node | None = None, *, namespace: str = "", timeout: float = 10.0
    ) -> None:
        self._link = Link(node, namespace)
        self._requests = Requests(self._link, timeout)
        self._pursuits: set[Call[Pursuit]] = set()

    def __enter__(self) -> Planner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what this client still pursues and let go. Safe to call twice."""
        for call in tuple(self._pursuits):
            self._end(call)
        self._link.close()

    def _end(self, call: Call[Pursuit]) -> None:
        call.cancel()
        with contextlib.suppress(Exception):
            call.result(_CANCEL_S)
        self._pursuits.discard(call)  # not waited for a second time

    # -- goals -------------------------------------------------------------------------------------

    def set_goal(self, goal: Goal) -> GoalSet:
        """Put a goal into force; nothing is executed."""
        return self.set_goal_async(goal).result()

    def set_goal_async(self, goal: Goal) -> Call[GoalSet]:
        request = fill(SetGoal.Request(), goal)
        return self._link.call(lambda call: self._requests.goal(request))

    def clear_goal(self) -> str:
        """Forget the goal; the planner's words."""
        return self.clear_goal_async().result()

    def clear_goal_async(self) -> Call[str]:
        return self._link.call(lambda call: self._requests.trigger("clear_goal"))

    def stop(self) -> str:
        """End any pursuit, whoever began it, and cancel the running action."""
        return self.stop_async().result()

    def stop_async(self) -> Call[str]:
        return self._link.call(lambda call: self._requests.trigger("stop"))

    # -- planning ----------------------------------------------------------------------------------

    def rank(self, goal: Goal) -> Ranking:
        """Set a goal and see what the robot could do for it, best first."""
        return self.rank_async(goal).result()

    def rank_async(self, goal: Goal) -> Call[Ranking]:
        request = fill(SetGoal.Request(), goal)
        return self._link.call(lambda call: self._requests.rank(request))

    def ranking(self, goal_id: str) -> Ranking:
        """The newest ranking for a goal that was set; ``goal_id`` as in GoalSet."""
        return self.ranking_async(goal_id).result()

    def ranking_async(self, goal_id: str) -> Call[Ranking]:
        return self._link.call(lambda call: self._requests.ranking(goal_id))

    def plan(self, goal: Goal) -> Pursuit:
        """Plan to the end without executing; the steps are in ``ranking.plan``."""
        return self.plan_async(goal).result()

    def plan_async(self, goal: Goal) -> Call[Pursuit]:
        return self._begin(goal, 0, 0.0, True, None)

    def pursue(
        self,
        goal: Goal,
        *,
        max_actions: int = 0,
        time_budget: float = 0.0,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Pursuit:
        """Reach a goal: rank, execute the best action, look again, until it ends.

        ``max_actions`` and ``time_budget`` (seconds) are the planner's own where 0. An exception
        meanwhile, Ctrl-C among them, cancels what the robot is doing.
        """
        call = self._begin(goal, max_actions, time_budget, False, on_progress)
        try:
            return call.result()
        except BaseException:
            self._end(call)
            raise

    def pursue_async(
        self,
        goal: Goal,
        *,
        max_actions: int = 0,
        time_budget: float = 0.0,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Call[Pursuit]:
        """As ``pursue``; ``on_progress`` runs in the client's thread, ``Call.cancel`` stops."""
        return self._begin(goal, max_actions, time_budget, False, on_progress)

    # -- what the robot can do ---------------------------------------------------------------------

    def actions(self) -> tuple[Candidate, ...]:
        """What the robot could do, as the planner knows it."""
        return self.actions_async().result()

    def actions_async(self) -> Call[tuple[Candidate, ...]]:
        return self._link.call(lambda call: self._requests.actions())

    def set_actions(self, actions: Sequence[Candidate]) -> str:
        """Replace what the robot could do; the name of the new list."""
        return self.set_actions_async(actions).result()

    def set_actions_async(self, actions: Sequence[Candidate]) -> Call[str]:
        given = tuple(actions)
        return self._link.call(lambda call: self._requests.set_actions(given))

    # -- alerts ------------------------------------------------------------------------------------

    def add_alert(
        self, text: str, *, name: str = "", hold: float = 0.0, threshold: float = 0.0
    ) -> AlertAdded:
        """Watch for a condition in words ("tell me when the drawer is left open for a minute").

        ``name``: of the alert, the node's choice where empty; ``hold``: seconds, what the text says
        where 0; ``threshold``: 1 - cosine, 0 to 2, the model's own where 0. Raises PlannerError
        when it is not understood, or cannot be watched. ``listen(alert=...)`` hears of it.
        """
        return self.add_alert_async(text, name=name, hold=hold, threshold=threshold).result()

    def add_alert_async(
        self, text: str, *, name: str = "", hold: float = 0.0, threshold: float = 0.0
    ) -> Call[AlertAdded]:
        request = AddAlert.Request(text=text, id=name, threshold=threshold)
        request.hold = to_duration(hold)
        return self._link.call(lambda call: self._requests.add_alert(request))

    def remove_alert(self, name: str) -> None:
        """Stop watching for a condition; ``name`` as in AlertAdded.id."""
        self.remove_alert_async(name).result()

    def remove_alert_async(self, name: str) -> Call[None]:
        return self._link.call(lambda call: self._requests.remove_alert(name))

    def alerts(self) -> tuple[AlertWatched, ...]:
        """The conditions being watched, in the order they were added."""
        return self.alerts_async().result()

    def alerts_async(self) -> Call[tuple[AlertWatched, ...]]:
        return self._link.call(lambda call: self._requests.alerts())

    # -- what is seen and said ---------------------------------------------------------------------

    def state(self) -> State:
        """What the camera sees now, in meanings."""
        return self.state_async().result()

    def state_async(self) -> Call[State]:
        return self._link.call(lambda call: self._requests.state())

    def listen(
        self,
        *,
        state: Callable[[State], None] | None = None,
        ranking: Callable[[Ranking], None] | None = None,
        spoken: Callable[[Spoken], None] | None = None,
        goal: Callable[[GoalHeard], None] | None = None,
        alert: Callable[[AlertHeard], None] | None = None,
    ) -> None:
        """Call back on every new state, ranking, spoken change, goal or alert, in the client's
        thread.

        The goal that is in force already is told of too.
        """
        callbacks = {
            "state": state, "ranking": ranking, "spoken": spoken, "goal": goal, "alert": alert,
        }  # fmt: skip

        def add() -> None:
            for name, callback in callbacks.items():
                if callback is not None:
                    self._requests.hear(name).append(callback)

        self._link.run(add)

    def _begin(
        self,
        goal: Goal,
        max_actions: int,
        time_budget: float,
        dry_run: bool,
        on_progress: Callable[[Progress], None] | None,
    ) -> Call[Pursuit]:
        request = fill(PursueGoal.Goal(max_actions=max_actions, dry_run=dry_run), goal)
        request.time_budget = to_duration(time_budget)
        call = self._link.call(lambda call: self._requests.pursue(call, request, on_progress))
        self._pursuits.add(call)
        call._future.add_done_callback(lambda _: self._pursuits.discard(call))
        return call
