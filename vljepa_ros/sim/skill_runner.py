"""Running one skill at a time: interruptions, honest results, and the skills every table has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

import numpy as np

from vljepa_ros.sim.arm import SAFE_Z, Arm, Preempted, StepCallback, TimedOut, Unstable
from vljepa_ros.sim.layout import DRAWER_X
from vljepa_ros.sim.skill_objects import DRAWER, WINDOW, Moved, Slide, move_slide, press
from vljepa_ros.sim.tabletop import REST_POS, Tabletop

TIMEOUT_STEPS = 400
WAIT_STEPS = 20
ALREADY_THERE_M = 0.04  # from the end of a slide, or from a place: nothing to do
PLACED_M = 0.03
SPOT_M = 0.02  # of a spot given in metres
ON_THE_SPOT_M = 0.008  # of it: nothing to do
_RETURN_STEPS = 150
_LOOK_Y = -0.22


class Outcome(Enum):
    """How a skill ended; the names are those of the `execute_action` result."""

    SUCCEEDED = "SUCCEEDED"
    NO_EFFECT = "NO_EFFECT"
    PRECONDITION = "PRECONDITION"
    PREEMPTED = "PREEMPTED"
    TIMEOUT = "TIMEOUT"
    FAILED = "FAILED"


@dataclass(frozen=True)
class SkillResult:
    """`result`, a sentence about it, and how many control steps (50 ms each) it took."""

    result: Outcome
    message: str
    steps: int


class Skills(ABC):
    """What the robot can do on a tabletop; every run ends with the arm at rest."""

    actions: ClassVar[tuple[str, ...]]
    """The ids that `run` accepts."""

    slides: ClassVar[dict[str, Slide]] = {"drawer": DRAWER, "window": WINDOW}

    def __init__(self, scene: Tabletop) -> None:
        self.scene = scene

    def run(
        self,
        action_id: str,
        *,
        on_step: StepCallback | None = None,
        should_stop: Callable[[], bool] | None = None,
        target_xy: tuple[float, float] | None = None,
        timeout_steps: int = TIMEOUT_STEPS,
    ) -> SkillResult:
        """Carry out `action_id` (one of `actions`).

        `on_step(phase, step)` is called after every control step, `should_stop()` asked before it.
        `target_xy` (metres, world) replaces the named place an action aims at on the table.
        Raises ValueError for an unknown action or a target off the table.
        """
        if action_id not in self.actions:
            raise ValueError(f"action_id is {action_id!r}; allowed: {list(self.actions)}")
        arm = Arm(self.scene, on_step, should_stop, timeout_steps)
        target = _checked_target(target_xy)
        try:
            result, message = self._dispatch(arm, action_id, target)
            arm.to_rest()
        except Preempted:
            result, message = Outcome.PREEMPTED, f"stopped after {arm.steps} steps"
        except TimedOut:
            result, message = Outcome.TIMEOUT, f"not done after {timeout_steps} steps"
        except Unstable:
            result, message = Outcome.FAILED, "the simulation became unstable"
        if result in (Outcome.PREEMPTED, Outcome.TIMEOUT, Outcome.FAILED):
            self._recover(arm)
        return SkillResult(result, message, arm.steps)

    @abstractmethod
    def _carry_out(
        self, arm: Arm, action: str, target: tuple[float, float] | None
    ) -> tuple[Outcome, str]:
        """An action that concerns cubes."""

    @abstractmethod
    def _put_down_held(self, arm: Arm) -> None:
        """Set down what is in the hand, if anything, where it can be picked again."""

    def _dispatch(
        self, arm: Arm, action: str, target: tuple[float, float] | None
    ) -> tuple[Outcome, str]:
        if action == "wait":
            arm.phase("wait")
            arm.hold(WAIT_STEPS)
            return Outcome.SUCCEEDED, "waited"
        if action in ("press_left_button", "press_right_button"):
            done = press(arm, 0 if action == "press_left_button" else 1)
            return _outcome(done, "button pressed", "the button did not react")
        verb, _, name = action.partition("_")
        if verb in ("open", "close"):
            return self._slide(arm, self.slides[name], opened=verb == "open")
        return self._carry_out(arm, action, target)

    def _slide(self, arm: Arm, slide: Slide, opened: bool) -> tuple[Outcome, str]:
        word = "open" if opened else "closed"
        start = slide.position(self.scene)
        if abs(start - slide.goal(opened)) <= ALREADY_THERE_M:
            arm.hold(3)
            return Outcome.NO_EFFECT, f"the {slide.name} is already {word}"
        moved = move_slide(arm, slide, opened)
        if moved is Moved.THERE:
            return Outcome.SUCCEEDED, f"the {slide.name} is {word}"
        if moved is Moved.STUCK:
            return Outcome.NO_EFFECT, f"the {slide.name} does not move: it is locked"
        where = slide.position(self.scene)
        return Outcome.FAILED, f"the {slide.name} stopped short at {where:.3f} m"

    def _look_at_drawer(self, arm: Arm) -> None:
        self._look_at(arm, "drawer", (DRAWER_X, _LOOK_Y))

    def _look_at(
        self,
        arm: Arm,
        what: str,
        xy: tuple[float, float] | np.ndarray,
        height: float = REST_POS[2],
    ) -> None:
        """Show why nothing is done: go and look (from `height` metres), touch nothing."""
        arm.phase(f"look at {what}")
        arm.move((xy[0], xy[1], height), tolerance=0.03, max_steps=20)

    def _recover(self, arm: Arm) -> None:
        """Let go of everything where it is safe and return to rest."""
        arm.allow(_RETURN_STEPS)
        try:
            self._put_down_held(arm)
            arm.hold(3, 0.0)
            here = self.scene.effector_pos
            arm.move((here[0], here[1], max(SAFE_Z, here[2])), tolerance=0.06, max_steps=15)
            arm.to_rest()
        except (TimedOut, Unstable):
            return


def _outcome(done: bool, good: str, bad: str) -> tuple[Outcome, str]:
    return (Outcome.SUCCEEDED, good) if done else (Outcome.FAILED, bad)


def needed(action: str, target: tuple[float, float] | None) -> tuple[float, float]:
    """The target of an action that means nothing without one; raises ValueError."""
    if target is None:
        raise ValueError(f"target_xy: none; allowed: a spot on the table for {action!r}")
    return target


def _checked_target(target: tuple[float, float] | None) -> tuple[float, float] | None:
    if target is None:
        return None
    x, y = (float(value) for value in target)
    if not (0.28 <= x <= 0.5 and -0.07 <= y <= 0.18):
        raise ValueError(f"target_xy is {(x, y)}; allowed: x in [0.28, 0.5], y in [-0.07, 0.18] m")
    return x, y
