"""The simulated workbench: the tabletop with three cubes of six colours that can be stacked.

Frames and threads: see `tabletop`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vljepa_ros.sim.tabletop import Tabletop
from vljepa_ros.sim.workbench_env import ThreeCubesEnv
from vljepa_ros.sim.workbench_layout import (
    CUBE_RGBA,
    PLACE_JITTER_M,
    draw_cube_poses,
    locate_cubes,
)
from vljepa_ros.sim.workbench_symbolic import (
    WorkbenchState,
    check_goal,
    goal_holds,
    random_state,
)


class Workbench(Tabletop):
    """The world, its camera and its privileged truth.

    The picture is `height` x `width` (the camera's 256 x 256 by default).
    """

    def __init__(self, width: int = 256, height: int = 256) -> None:
        env = ThreeCubesEnv(
            visualize_info=False, terminate_at_goal=False, width=width, height=height
        )
        super().__init__(env, width, height)
        self._goal: dict[str, str] = {}
        self._colours: tuple[str, ...] = ()
        self.reset(WorkbenchState(), seed=0)

    def reset(
        self,
        state: WorkbenchState | None = None,
        seed: int = 0,
        *,
        jitter: float = PLACE_JITTER_M,
        cube_xy: Mapping[str, tuple[float, float]] | None = None,
        drawer_pos: float | None = None,
        window_pos: float | None = None,
        arm: str = "rest",
    ) -> WorkbenchState:
        """Put the world into `state` (a random one without held-out combinations when None).

        `jitter` is how far off its place a cube may start, along x and y (metres); `cube_xy`
        (metres, world, by colour; what stands on a cube moves with it), `drawer_pos` and
        `window_pos` (slide positions, metres) replace the jittered ones; `arm` is `rest` or
        `random`. Returns `truth()` after settling.
        """
        self._begin(seed, arm)
        rng = np.random.default_rng(seed)
        if state is None:
            state = random_state(rng, allow_held_out=False)
        self._colours = state.colours
        self._put_slides(state, drawer_pos, window_pos, rng)
        poses = draw_cube_poses(state, self.drawer_pos, rng, jitter)
        for colour, xy in (cube_xy or {}).items():
            self._shift(state, poses, colour, xy)
        for i, colour in enumerate(self._colours):
            self._put_cube(i, *poses[colour])
        self._put_arm(arm, rng)
        self._goal = {}
        self._paint_cubes(np.array([CUBE_RGBA[colour] for colour in self._colours]))
        self._put_locks(state)
        self._settle()
        return self.truth()

    # -- truth --

    def truth(self) -> WorkbenchState:
        """The privileged symbolic state, read from the physics."""
        cubes = locate_cubes(self._colours, self.cube_positions(), self.drawer_pos)
        return WorkbenchState(**self.fixtures(), cubes=cubes)

    def truth_continuous(self) -> dict[str, Any]:
        """Slides in metres, `cubes` by colour (3,) and effector (3,) in metres, world, yaws in
        radians; `moving` of anything."""
        return {
            "drawer_pos": self.drawer_pos,
            "window_pos": self.window_pos,
            "cubes": dict(zip(self._colours, self.cube_positions(), strict=True)),
            "cube_yaws": {colour: self.cube_yaw(colour) for colour in self._colours},
            "effector": self.effector_pos,
            "effector_yaw": self.effector_yaw,
            "moving": self.moving(),
        }

    @property
    def colours(self) -> tuple[str, ...]:
        """The colours present, in the order of `cube_positions()`."""
        return self._colours

    def cube_pos(self, colour: str) -> np.ndarray:
        """Centre of a cube (3,), metres, world; ValueError when there is none of this colour."""
        return self.cube_positions()[self._index(colour)]

    def cube_yaw(self, colour: str) -> float:
        """Yaw of a cube, radians, world (its symmetry is pi / 2)."""
        return self._cube_yaw(self._index(colour))

    def set_goal(self, goal: Mapping[str, str]) -> None:
        """Remember a symbolic goal; raises ValueError when it is not one."""
        check_goal(goal)
        self._goal = dict(goal)

    def goal_holds(self, goal: Mapping[str, str] | None = None) -> bool:
        """Whether `goal` (or the one set) holds in the true state."""
        return goal_holds(self.truth(), self._goal if goal is None else goal)

    # -- inside --

    def _index(self, colour: str) -> int:
        if colour not in self._colours:
            raise ValueError(f"colour is {colour!r}; allowed: {list(self._colours)}")
        return self._colours.index(colour)

    def _shift(
        self,
        state: WorkbenchState,
        poses: dict[str, tuple[float, float, float, float]],
        colour: str,
        xy: tuple[float, float],
    ) -> None:
        """Move a cube and all that stands on it so that it is at `xy`."""
        self._index(colour)
        offset = np.asarray(xy, dtype=float) - poses[colour][:2]
        stack: str | None = colour
        while stack is not None:
            x, y, z, yaw = poses[stack]
            poses[stack] = (x + offset[0], y + offset[1], z, yaw)
            stack = state.top_of(stack)
