"""Carries out the robot's actions in the simulated scene with real physics and honest results."""

from __future__ import annotations

import numpy as np

from vljepa_ros.sim import skill_cube
from vljepa_ros.sim.arm import Arm
from vljepa_ros.sim.layout import CUBE_HALF
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.skill_runner import (
    ALREADY_THERE_M,
    ON_THE_SPOT_M,
    PLACED_M,
    SPOT_M,
    TIMEOUT_STEPS,
    Outcome,
    SkillResult,
    Skills,
    needed,
)
from vljepa_ros.sim.symbolic import ACTIONS, PLACE_AT, PLACES, TAKE_OUT_PLACE, place_of

__all__ = ["TIMEOUT_STEPS", "Outcome", "SkillResult", "SkillRunner"]


class SkillRunner(Skills):
    """Runs one skill at a time in a `Scene`; `run` is in `Skills`.

    A `target_xy` replaces the named place of a `place_...` action or of `take_cube_out`; `place_at`
    has no place but its target.
    """

    actions = (*ACTIONS, PLACE_AT)
    scene: Scene

    def _carry_out(
        self, arm: Arm, action: str, target: tuple[float, float] | None
    ) -> tuple[Outcome, str]:
        if action == "put_cube_in_drawer":
            return self._put_in_drawer(arm)
        if action == "take_cube_out":
            return self._take_out(arm, target or PLACES[TAKE_OUT_PLACE])
        if action == PLACE_AT:
            return self._place_at(arm, needed(action, target))
        place = place_of(action)
        assert place is not None
        return self._place(arm, target or PLACES[place], place)

    def _put_down_held(self, arm: Arm) -> None:
        if skill_cube.holding(self.scene):
            arm.phase("put down cube")
            skill_cube.put_down_safely(arm)

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

    def _place_at(self, arm: Arm, spot: tuple[float, float]) -> tuple[Outcome, str]:
        """To a spot of its own, exactly: a cube a little beside it is moved."""
        state = self.scene.truth()
        if state.cube == "drawer" and state.drawer == "closed":
            self._look_at_drawer(arm)
            return Outcome.PRECONDITION, "the cube is in the closed drawer"
        if np.linalg.norm(self.scene.cube_pos - [*spot, CUBE_HALF]) <= ON_THE_SPOT_M:
            arm.hold(3)
            return Outcome.NO_EFFECT, "the cube is already at the spot"
        return self._carry(arm, spot, SPOT_M)

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

    def _carry(
        self, arm: Arm, spot: tuple[float, float] | None, tolerance: float = PLACED_M
    ) -> tuple[Outcome, str]:
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
            if not in_drawer and np.linalg.norm(where - goal) <= tolerance:
                return Outcome.SUCCEEDED, f"the cube is at ({where[0]:.2f}, {where[1]:.2f})"
        return Outcome.FAILED, "the cube was not where it should be"
