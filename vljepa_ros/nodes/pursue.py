"""The action pursue_goal: look, plan, execute one action, look again.

What to do is decided by :class:`vljepa_ros.planning.pursuit.Pursuit`; here is only when to look,
who executes, and every way in which it can end.
"""

from __future__ import annotations

import math
import time
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle

from vljepa_msgs.action import PursueGoal
from vljepa_msgs.msg import ExecutedAction

from ..planning.candidates import CandidateSet, Pose
from ..planning.protocols import Action
from ..planning.pursuit import Decision, Pursuit
from . import convert
from .goal_keeper import in_words
from .lifecycle import in_one_line
from .lookout import Lookout
from .remote_world_model import PredictionError, RemoteStates, RemoteWorldModel
from .skill_client import RESULT_NAMES, SkillClient

if TYPE_CHECKING:
    from .planner_node import PlannerNode, View

Result = PursueGoal.Result
_FOREVER = 1e9
_ENDINGS = {
    "out_of_reach": Result.OUT_OF_REACH,
    "not_understood": Result.NOT_UNDERSTOOD,
    "max_actions": Result.MAX_ACTIONS,
}


class _Over(Exception):
    """The pursuit has come to an end: one of the result constants and a line of words."""

    def __init__(self, result: int, message: str) -> None:
        super().__init__(message)
        self.result, self.message = result, message


class _Run:
    """One goal being pursued."""

    def __init__(self, handle: ServerGoalHandle) -> None:
        self.handle = handle
        self.ending: _Over | None = None
        self.result = PursueGoal.Result(final_distance=math.nan)
        self.feedback = PursueGoal.Feedback(phase="look", step=1)
        self.lookout: Lookout | None = None

    @property
    def ended(self) -> bool:
        return self.ending is not None or self.handle.is_cancel_requested

    def end(self, result: int, message: str) -> None:
        if self.ending is None:
            self.ending = _Over(result, message)


class PursueServer:
    """Serves pursue_goal for a :class:`PlannerNode`; belongs to the executor's thread."""

    def __init__(self, node: PlannerNode) -> None:
        self._node, self._waiter = node, node.waiter
        self.skills = SkillClient(node, node.waiter)
        self._runs: list[_Run] = []  # the last is the newest; the first may still be winding up
        self._server = ActionServer(
            node,
            PursueGoal,
            "pursue_goal",
            execute_callback=self._execute,
            goal_callback=lambda _: GoalResponse.ACCEPT,
            handle_accepted_callback=self._accepted,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=node.awaiting,
        )

    @property
    def busy(self) -> bool:
        return bool(self._runs)

    def end(self, result: int, message: str) -> bool:
        """End whatever is pursued and cancel the running skill. False when nothing is pursued."""
        for run in self._runs:
            run.end(result, message)
        self._waiter.nudge()
        return self.busy

    def show(self, view: View) -> None:
        """A new semantic state."""
        for run in self._runs:
            if run.lookout is not None:
                run.lookout.show(view)
        if self._runs:
            self._waiter.nudge()

    def destroy(self) -> None:
        self.skills.destroy()
        self._server.destroy()

    # -- one pursuit -------------------------------------------------------------------------------

    def _accepted(self, handle: ServerGoalHandle) -> None:
        self.end(Result.PREEMPTED, "a newer goal took over")
        self._runs.append(_Run(handle))
        handle.execute()

    async def _execute(self, handle: ServerGoalHandle) -> PursueGoal.Result:
        run = next(run for run in self._runs if run.handle is handle)
        try:
            await self._waiter.until(lambda: run.ended or self._runs[0] is run, _FOREVER)
            await self._pursue(run)
        except _Over as over:
            run.result.result, run.result.message = over.result, over.message
        except PredictionError as error:
            run.result.result, run.result.message = Result.STALE, in_one_line(error)
        except Exception as error:
            run.result.message = in_one_line(error)
        finally:
            self._runs.remove(run)
            self._node.pursuit_ended()
        return self._finish(run)

    def _finish(self, run: _Run) -> PursueGoal.Result:
        result = run.result
        if run.handle.is_cancel_requested:
            result.result, result.message = Result.STOPPED, result.message or "cancelled"
            run.handle.canceled()
        elif result.result in (Result.MET, Result.PLANNED):
            run.handle.succeed()
        else:
            run.handle.abort()
        self._node.get_logger().info(f"pursue_goal: {result.message}")
        return result

    async def _pursue(self, run: _Run) -> None:
        node, request = self._node, run.handle.request
        self._check(run)
        started = time.monotonic()
        budget = convert.seconds(request.time_budget)
        if budget < 0:
            raise ValueError(f"time_budget: {budget:g} s; allowed: 0 (the planner's own) or more")
        deadline = started + (budget or node.parameters["time_budget"])
        goal = node.goals.adopt(await node.goals.encode(request))
        run.result.goal_id = run.feedback.ranking.goal_id = goal.goal_id
        node.get_logger().info(f"pursue_goal: {goal.text or 'an embedding'}: {in_words(goal)}")
        world, vocabulary, candidates = node.world, node.vocabulary, node.candidates
        if world is None or vocabulary is None or candidates is None:
            raise _Over(Result.STALE, "no vocabulary yet: is semantic_state_node running?")
        pursuit = Pursuit(
            world,
            vocabulary,
            goal,
            candidates.actions,
            node.search_config(),
            request.max_actions or node.parameters["max_actions"],
            node.memory.belief,
            node.parameters["blind_actions"],
        )
        run.lookout = Lookout(node, vocabulary)
        if node.view is not None and not node.stale:
            self.show(node.view)
        while True:
            view = await self._look(run, deadline)
            self._feedback(run, "plan")
            decision = await self._decide(run, world, pursuit, view, deadline)
            self._note(run, decision, view, candidates)
            if decision.kind == "blind":
                run.lookout.decided_in_the_dark()
                continue
            action = self._next_action(run, decision)
            if request.dry_run:
                words = ", ".join(step.action.text for step in decision.plan.steps)
                raise _Over(Result.PLANNED, f"plan: {words}")
            await self._act(run, pursuit, candidates, action, deadline)

    async def _decide(
        self, run: _Run, world: RemoteWorldModel, pursuit: Pursuit, view: View, deadline: float
    ) -> Decision:
        """What to do in a view; given up when the pursuit or its time is over."""
        look = partial(pursuit.look, RemoteStates((view.state_id,)), view.contrast)
        too_late = partial(_past, run, deadline)
        try:
            decision = await self._node.submit(partial(world.unless, too_late, look))
        except PredictionError:
            self._check(run, deadline)
            raise
        self._check(run)
        return decision

    async def _look(self, run: _Run, deadline: float) -> View:
        """What to decide from after the last action; see :class:`Lookout`."""
        lookout = run.lookout
        self._feedback(run, "check" if run.result.executed else "look")
        await self._waiter.until(
            lambda: run.ended or lookout.view or lookout.given_up, deadline - time.monotonic()
        )
        self._check(run, deadline)
        view = lookout.view
        if view is None:
            raise _Over(Result.STALE, lookout.given_up)
        return view

    async def _act(
        self,
        run: _Run,
        pursuit: Pursuit,
        candidates: CandidateSet,
        action: Action,
        deadline: float,
    ) -> None:
        node = self._node
        candidate = candidates.candidates[candidates.index(action.id)]
        if action.region is not None and action.target is not None:  # found by the search
            candidate = replace(candidate, target=Pose(node.frames.optical_frame, action.target))
        run.feedback.execution_id = uuid.uuid4().hex
        self._feedback(run, "execute")
        run.lookout.restart(math.inf)  # nothing seen from now on counts before the action has ended
        result, message = await self.skills.execute(
            candidate,
            run.feedback.execution_id,
            partial(_past, run, deadline),
        )
        name = RESULT_NAMES.get(result, "UNKNOWN")
        run.result.executed.append(
            ExecutedAction(
                action_id=action.id,
                text=candidate.text,
                result=result,
                message=message,
                distance_before=run.result.final_distance,
                distance_after=math.nan,
            )
        )
        node.get_logger().info(f"{candidate.text}: {name} ({message})")
        run.feedback.execution_id = ""
        run.feedback.step += 1
        self._check(run, deadline)
        pursuit.executed(action.id, name)
        run.lookout.restart(node.get_clock().now().nanoseconds * 1e-9)

    def _next_action(self, run: _Run, decision: Decision) -> Any:
        if decision.kind == "act":
            return decision.action
        if decision.kind == "met":
            count = len(run.result.executed)
            met = f"goal met in {count} action{'s' * (count != 1)}"
            raise _Over(Result.MET, "; ".join(filter(None, (met, decision.message))))
        executed = run.result.executed
        failed = executed and RESULT_NAMES.get(executed[-1].result) in ("FAILED", "TIMEOUT")
        if decision.kind == "out_of_reach" and failed:
            last = executed[-1]
            raise _Over(
                Result.EXECUTION_FAILED, f"{last.text}: {last.message}; no other way was found"
            )
        raise _Over(_ENDINGS[decision.kind], decision.message or decision.kind.replace("_", " "))

    def _note(self, run: _Run, decision: Decision, view: View, candidates: CandidateSet) -> None:
        """Put what was seen and planned into the feedback, the result and ranked_actions."""
        if decision.plan is not None and decision.kind != "blind":
            run.result.final_distance = decision.plan.distance_now
            if run.result.executed:
                run.result.executed[-1].distance_after = decision.plan.distance_now
        if decision.noticed:
            self._node.get_logger().info(f"not as expected: {decision.noticed}")
        run.feedback.ranking = self._node.ranked.decision(view, decision, candidates.set_id)
        run.handle.publish_feedback(run.feedback)

    def _feedback(self, run: _Run, phase: str) -> None:
        run.feedback.phase = phase
        run.handle.publish_feedback(run.feedback)

    def _check(self, run: _Run, deadline: float = math.inf) -> None:
        if run.ending is not None:
            raise run.ending
        if run.handle.is_cancel_requested:
            raise _Over(Result.STOPPED, "cancelled")
        if time.monotonic() > deadline:
            raise _Over(Result.TIME_BUDGET, "the time budget ran out")


def _past(run: _Run, deadline: float) -> bool:
    """Whether a pursuit, or its time on the monotonic clock, is over."""
    return run.ended or time.monotonic() > deadline
