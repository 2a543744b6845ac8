"""A skill server to copy: maps the planner's actions to your robot's own calls.

    python examples/skill_server.py

1. Write a function for each skill and put it into SKILLS under the name that `skill` (or `id`) has
   in your actions.yaml. It runs in a thread of its own, so it may block.
2. In it, call `run.check()` wherever the robot can be stopped; tell `run.progress(0.5, "lifting")`.
3. End honestly: return a sentence when the action did what it says; raise Refused when something it
   needs is not so (nothing has moved), NothingChanged when it was done in vain, any other exception
   when it went wrong. The planner looks for itself and plans around what failed.

Everything else is done here: one action at a time, a newer one stops the older, an execution_id is
carried out at most once, timeouts, cancelling.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import rclpy
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.task import Future

from vljepa_msgs.action import ExecuteAction
from vljepa_msgs.msg import CandidateAction
from vljepa_ros.nodes.worker import Worker

Result = ExecuteAction.Result
REMEMBERED = 1000  # execution ids
TIMEOUT_S = 60.0  # for an action that brings none


class Refused(Exception):
    """Something the action needs is not so; the robot has not moved."""


class NothingChanged(Exception):
    """The action was carried out, and the world is as before."""


class Stopped(Exception):
    """Raised by Run.check: cancelled, or a newer action took over."""


class Run:
    """One action being carried out; handed to the skill."""

    def __init__(self, handle: ServerGoalHandle) -> None:
        self.action: CandidateAction = handle.request.action
        self.parameters = {item.key: item.value for item in self.action.parameters}
        self.stopped = threading.Event()
        self.result: Future | None = None
        self._handle = handle
        given = self.action.timeout.sec + self.action.timeout.nanosec * 1e-9
        self._deadline = time.monotonic() + (given or TIMEOUT_S)

    def check(self) -> None:
        """Raise Stopped or TimeoutError when the action has to end."""
        if self.stopped.is_set() or self._handle.is_cancel_requested:
            raise Stopped("stopped")
        if time.monotonic() > self._deadline:
            raise TimeoutError("took too long")

    def progress(self, share: float, phase: str) -> None:
        """Tell the planner: share of the action that is done (0 to 1), and what goes on."""
        self.check()
        feedback = ExecuteAction.Feedback(progress=share, phase=phase)
        feedback.execution_id = self._handle.request.execution_id
        self._handle.publish_feedback(feedback)


Skill = Callable[[Run], str]


class SkillServer(Node):
    """Offers execute_action."""

    def __init__(self, skills: dict[str, Skill], **kwargs: object) -> None:
        super().__init__("skill_server", **kwargs)
        self._skills = skills
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._worker: Worker = Worker(self)
        self._server = ActionServer(
            self,
            ExecuteAction,
            "execute_action",
            self._execute,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    async def _execute(self, handle: ServerGoalHandle) -> ExecuteAction.Result:
        name = handle.request.action.skill or handle.request.action.id
        key = handle.request.execution_id
        skill = self._skills.get(name)
        if not key or skill is None:
            wrong = f"skill: {name!r}; allowed: {', '.join(self._skills)}"
            message = wrong if key else "execution_id: empty; allowed: a name of its own"
            handle.abort()
            return Result(result=Result.FAILED, message=message)
        run = self._runs.get(key)
        if run is None:
            for other in self._runs.values():
                other.stopped.set()
            run = self._runs[key] = Run(handle)
            run.result = self._worker.submit(lambda: self._carry_out(skill, run))
            while len(self._runs) > REMEMBERED:
                self._runs.popitem(last=False)
        result = await run.result  # of a known id: of the one time it was carried out
        if handle.is_cancel_requested:
            handle.canceled()
        elif result.result == Result.SUCCEEDED:
            handle.succeed()
        else:
            handle.abort()
        return result

    def _carry_out(self, skill: Skill, run: Run) -> ExecuteAction.Result:
        """In the worker's thread; whatever the skill does, there is a result."""
        try:
            run.check()
            return Result(result=Result.SUCCEEDED, message=skill(run) or "done")
        except Stopped as error:
            return Result(result=Result.PREEMPTED, message=str(error))
        except TimeoutError as error:
            return Result(result=Result.TIMEOUT, message=str(error))
        except Refused as error:
            return Result(result=Result.PRECONDITION, message=str(error))
        except NothingChanged as error:
            return Result(result=Result.NO_EFFECT, message=str(error))
        except Exception as error:
            self.get_logger().error(f"{run.action.id}: {type(error).__name__}: {error}")
            return Result(result=Result.FAILED, message=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Stop what is running."""
        for run in self._runs.values():
            run.stopped.set()
        self._worker.stop()
        self._server.destroy()


# -- yours -----------------------------------------------------------------------------------------


def open_drawer(run: Run) -> str:
    """An example: replace the loop by your robot's own calls."""
    steps = 20
    for i in range(steps):
        run.progress(i / steps, "pulling the handle")
        time.sleep(0.1)
    return "the drawer is open"


def place(run: Run) -> str:
    """An example with a target and a parameter from actions.yaml."""
    if not run.action.has_target:
        raise Refused("place needs a target")
    position = run.action.target.pose.position
    grip = run.parameters.get("grip", "soft")
    run.progress(0.5, f"moving to {position.x:.2f} {position.y:.2f} with a {grip} grip")
    return "placed"


SKILLS: dict[str, Skill] = {"open_drawer": open_drawer, "place": place}


def main() -> None:
    rclpy.init()
    node = SkillServer(SKILLS)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:  # rclpy's own, when the shutdown comes just before a wait
        if rclpy.ok():
            raise
    finally:
        node.close()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
