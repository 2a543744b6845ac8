"""The simulated tabletop: OGBench `scene-v0` with states we choose, a camera, and honest truth.

Frames and threads: see `tabletop`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ogbench.manipspace.envs.scene_env import SceneEnv

from vljepa_ros.sim.layout import draw_cube_pose, locate_cube
from vljepa_ros.sim.symbolic import (
    OFFICIAL_GOALS,
    SymbolicState,
    all_states,
    check_goal,
    goal_holds,
)
from vljepa_ros.sim.tabletop import (
    CAMERA_FRAME,
    CONTROL_PERIOD_S,
    MOVING_SPEED,
    REST_POS,
    REST_YAW,
    WORLD_FRAME,
    Tabletop,
)

__all__ = [
    "CAMERA_FRAME",
    "CONTROL_PERIOD_S",
    "MOVING_SPEED",
    "REST_POS",
    "REST_YAW",
    "WORLD_FRAME",
    "Scene",
]

_REST_STEPS = 60


class Scene(Tabletop):
    """The world, its camera and its privileged truth.

    The picture is `height` x `width` (the camera's 256 x 256 by default).
    """

    def __init__(self, width: int = 256, height: int = 256) -> None:
        env = SceneEnv(
            env_type="scene",
            ob_type="states",
            mode="task",
            visualize_info=False,
            terminate_at_goal=False,
            width=width,
            height=height,
        )
        super().__init__(env, width, height)
        self._colours = env._cube_colors[:1]
        self._goal: dict[str, str] = {}
        self.reset(SymbolicState(), seed=0)

    # -- starting points ---------------------------------------------------------------------------

    def reset(
        self,
        state: SymbolicState | None = None,
        seed: int = 0,
        *,
        cube_xy: tuple[float, float] | None = None,
        drawer_pos: float | None = None,
        window_pos: float | None = None,
        arm: str = "rest",
    ) -> SymbolicState:
        """Put the world into `state` (drawn at random from the 112 when None), with jitter.

        `cube_xy` (metres, world), `drawer_pos` and `window_pos` (slide positions, metres) replace
        the jittered ones; `arm` is `rest` or `random`. Returns `truth()` after settling.
        """
        self._begin(seed, arm)
        rng = np.random.default_rng(seed)
        if state is None:
            states = all_states()
            state = states[rng.integers(len(states))]
        self._put_slides(state, drawer_pos, window_pos, rng)
        self._put_cube(0, *draw_cube_pose(state.cube, self.drawer_pos, cube_xy, rng))
        self._put_arm(arm, rng)
        self._goal = {}
        self._paint_cubes(self._colours)
        self._put_locks(state)
        self._settle()
        return self.truth()

    def reset_task(self, task_id: int, seed: int = 0) -> SymbolicState:
        """OGBench's own start and goal of task 1 to 5, then the arm driven to rest (physics)."""
        self.env.reset(seed=seed, options={"task_id": task_id})
        self._goal = {}
        self._paint_cubes(self._colours)
        for _ in range(_REST_STEPS):
            self.step(self.action_towards(REST_POS, REST_YAW, 0.0))
            if self.at_rest():
                break
        return self.truth()

    def reset_to_task_goal(self, task_id: int, seed: int = 0) -> SymbolicState:
        """The state that OGBench's task 1 to 5 asks for, to the millimetre, the arm at rest."""
        goal = self.env.task_infos[task_id - 1]["goal"]
        state = SymbolicState(**OFFICIAL_GOALS[task_id])
        return self.reset(
            state, seed=seed, cube_xy=self.task_target(task_id),
            drawer_pos=float(goal["drawer_pos"]), window_pos=float(goal["window_pos"]),
        )

    def task_target(self, task_id: int) -> tuple[float, float] | None:
        """Where OGBench's task wants the cube on the table: x, y in metres, world; None: inside."""
        if OFFICIAL_GOALS[task_id]["cube"] == "drawer":
            return None
        x, y, _ = self.env.task_infos[task_id - 1]["goal"]["block_xyzs"][0]
        return float(x), float(y)

    # -- truth --

    def truth(self) -> SymbolicState:
        """The privileged symbolic state, read from the physics."""
        return SymbolicState(**self.fixtures(), cube=locate_cube(self.cube_pos, self.drawer_pos))

    def truth_continuous(self) -> dict[str, Any]:
        """Slides in metres, cube (3,) and effector (3,) in metres, world; `moving` of anything."""
        return {
            "drawer_pos": self.drawer_pos,
            "window_pos": self.window_pos,
            "cube": self.cube_pos,
            "cube_yaw": self.cube_yaw,
            "effector": self.effector_pos,
            "effector_yaw": self.effector_yaw,
            "moving": self.moving(),
        }

    @property
    def cube_pos(self) -> np.ndarray:
        """Centre of the cube (3,), metres, world."""
        return self.cube_positions()[0]

    @property
    def cube_yaw(self) -> float:
        """Yaw of the cube, radians, world (its symmetry is pi / 2)."""
        return self._cube_yaw(0)

    @property
    def task_success(self) -> bool:
        """OGBench's own flag (cube, both buttons, drawer, window), computed now."""
        cubes, buttons, drawer, window = self.env._compute_successes()
        return bool(all(cubes) and all(buttons) and drawer and window)

    def set_goal(self, goal: Mapping[str, str]) -> None:
        """Remember a symbolic goal; raises ValueError when it is not one."""
        check_goal(goal)
        self._goal = dict(goal)

    def goal_holds(self, goal: Mapping[str, str] | None = None) -> bool:
        """Whether `goal` (or the one set) holds in the true state."""
        return goal_holds(self.truth(), self._goal if goal is None else goal)
