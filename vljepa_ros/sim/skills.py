"""Carries out the robot's actions in the simulated scene with real physics and honest results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from vljepa_ros.sim import skill_cube
from vljepa_ros.sim.arm import SAFE_Z, Arm, Preempted, StepCallback, TimedOut, Unstable
from vljepa_ros.sim.layout import CUBE_HALF, DRAWER_X
from vljepa_ros.sim.scene import REST_POS, Scene
from vljepa_ros.sim.skill_objects import DRAWER, WINDOW, Moved, Slide, move_slide, press
from vljepa_ros.sim.symbolic import ACTIONS, PLACES, TAKE_OUT_PLACE, place_of

TIMEOUT_STEPS = 400
WAIT_STEPS = 20
ALREADY_THERE_M = 0.04  # from the end of a slide, or from a place: nothing to do
PLACED_M = 0.03
_RETURN_STEPS = 150
_LOOK_Y = -0.22
_SLIDES = {"drawer": DRAWER, "window": WINDOW}


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


class SkillRunner:
    """Runs one skill at a time in a scene; every run ends with the arm at rest."""

    def __init__(self, scene: Scene) -> None:
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
        """Carry out `action_id` (one of `symbolic.ACTIONS`).

        `on_step(phase, step)` is called after every control step, `should_stop()` asked before it.
        `target_xy` (metres, world) replaces the named place of a `place_...` action or of
        `take_cube_out`. Raises ValueError for an unknown action or a target off the table.
        """
        if action_id not in ACTIONS:
            raise ValueError(f"action_id is {action_id!r}; allowed: {list(ACTIONS)}")
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
        if action == "put_cube_in_drawer":
            return self._put_in_drawer(arm)
        if action == "take_cube_out":
            return self._take_out(arm, target or PLACES[TAKE_OUT_PLACE])
        place = place_of(action)
        if place is not None:
            return self._place(arm, target or PLACES[place], place)
        verb, name = action.split("_")
        return self._slide(arm, _SLIDES[name], opened=verb == "open")

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

    def _put_in_drawer(self, arm: Arm) -> tuple[Outcome, str]:
        state = self.scene.truth()
        if state.drawer == "closed":
            self._look_at_drawer(arm)
            return Outcome.PRECONDITION, "the drawer is closed"
        if state.cube == "drawer":
            arm.hold(3)
            return Outcome.NO_EFFECT, "the cube is already in the drawer"
        return self._carry(arm, None)

    def _take_out(self, arm: Arm, spot: tuple[float, float]) -> tuple[Outcome, str]:
        state = self.scene.truth()
        if state.drawer == "closed" or state.cube != "drawer":
            self._look_at_drawer(arm)
            closed = state.drawer == "closed"
            return Outcome.PRECONDITION, (
                "the drawer is closed" if closed else "there is no cube in the drawer"
            )
        return self._carry(arm, spot)

    def _place(self, arm: Arm, spot: tuple[float, float], place: str) -> tuple[Outcome, str]:
        state = self.scene.truth()
        if state.cube == "drawer" and state.drawer == "closed":
            self._look_at_drawer(arm)
            return Outcome.PRECONDITION, "the cube is in the closed drawer"
        there = np.linalg.norm(self.scene.cube_pos[:2] - spot) <= ALREADY_THERE_M
        if state.cube == place and there:
            arm.hold(3)
            return Outcome.NO_EFFECT, f"the cube is already at {place}"
        return self._carry(arm, spot)

    def _carry(self, arm: Arm, spot: tuple[float, float] | None) -> tuple[Outcome, str]:
        """Pick the cube and put it at `spot` on the table, or into the drawer when None."""
        for _ in range(2):
            if not skill_cube.pick(arm):
                return Outcome.FAILED, "the cube could not be grasped"
            in_drawer = spot is None
            goal = skill_cube.drawer_spot(self.scene)
            if spot is not None:
                goal = np.array([*spot, CUBE_HALF])
            skill_cube.place(arm, goal)
            where = self.scene.cube_pos
            if in_drawer and self.scene.truth().cube == "drawer":
                return Outcome.SUCCEEDED, "the cube is in the drawer"
            if not in_drawer and np.linalg.norm(where - goal) <= PLACED_M:
                return Outcome.SUCCEEDED, f"the cube is at ({where[0]:.2f}, {where[1]:.2f})"
        return Outcome.FAILED, "the cube was not where it should be"

    def _look_at_drawer(self, arm: Arm) -> None:
        """Show why nothing is done: go and look, touch nothing."""
        arm.phase("look at drawer")
        arm.move((DRAWER_X, _LOOK_Y, REST_POS[2]), tolerance=0.03, max_steps=20)

    def _recover(self, arm: Arm) -> None:
        """Let go of everything where it is safe and return to rest."""
        arm.allow(_RETURN_STEPS)
        try:
            if skill_cube.holding(self.scene):
                arm.phase("put down cube")
                skill_cube.put_down_safely(arm)
            arm.hold(3, 0.0)
            here = self.scene.effector_pos
            arm.move((here[0], here[1], max(SAFE_Z, here[2])), tolerance=0.06, max_steps=15)
            arm.to_rest()
        except (TimedOut, Unstable):
            return


def _outcome(done: bool, good: str, bad: str) -> tuple[Outcome, str]:
    return (Outcome.SUCCEEDED, good) if done else (Outcome.FAILED, bad)


def _checked_target(target: tuple[float, float] | None) -> tuple[float, float] | None:
    if target is None:
        return None
    x, y = (float(value) for value in target)
    if not (0.28 <= x <= 0.5 and -0.07 <= y <= 0.18):
        raise ValueError(f"target_xy is {(x, y)}; allowed: x in [0.28, 0.5], y in [-0.07, 0.18] m")
    return x, y
