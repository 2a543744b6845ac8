"""Somebody meddles: one thing in the world changes while the robot is between two actions.

A hand can do in one move what the robot can do in one action: open or shut what is not locked,
press a button, move a cube that can be taken. All else, the arm included, stays as it is.
"""

from __future__ import annotations

import numpy as np

from vljepa_ros.sim import symbolic, workbench_symbolic
from vljepa_ros.sim.layout import CUBE_HALF, draw_cube_pose, draw_slide
from vljepa_ros.sim.scene import REST_POS, REST_YAW, Scene
from vljepa_ros.sim.symbolic import SymbolicState
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_layout import PLACE_JITTER_M, draw_cube_poses
from vljepa_ros.sim.workbench_symbolic import WorkbenchState

State = SymbolicState | WorkbenchState
Pose = tuple[float, float, float, float]
SETTLE_STEPS = 12  # of 50 ms, with the arm held where it rests


def changes(state: State) -> list[State]:
    """Every other state that one move of a hand leads to, in the order of the actions."""
    if isinstance(state, WorkbenchState):
        actions = workbench_symbolic.actions_for(state.colours)
        after = [workbench_symbolic.apply(state, action) for action in actions]
        return [s for s in dict.fromkeys(after) if s != state]
    return [s for s in dict.fromkeys(symbolic.apply(state, a) for a in symbolic.ACTIONS)
            if s != state]


def impose(scene: Scene | Workbench, state: State, rng: np.random.Generator) -> State:
    """Change in place what differs from `state`; returns the truth afterwards.

    A cube in the drawer moves with it. Returns when the world has come to rest.
    """
    now = scene.truth()
    for slide in ("drawer", "window"):
        if getattr(now, slide) != getattr(state, slide):
            joint = scene.data.joint(f"{slide}_slide")
            joint.qpos[0], joint.qvel[0] = draw_slide(slide, getattr(state, slide), rng), 0.0
    before = dict(enumerate(_wheres(now)))
    for i, where in enumerate(_wheres(state)):
        along = where == "drawer" and now.drawer != state.drawer
        if where != before[i] or along:
            scene._put_cube(i, *_pose(scene, state, i, where, rng))
            scene._cube(i).qvel[:] = 0.0
    scene._put_locks(state)
    for _ in range(SETTLE_STEPS):
        scene.step(scene.action_towards(REST_POS, REST_YAW, 0.0))
    return scene.truth()


def _wheres(state: State) -> list[str]:
    """Where each cube is, in the order of the simulator's cubes."""
    if isinstance(state, WorkbenchState):
        return [where for _, where in state.cubes]
    return [state.cube]


def _pose(
    scene: Scene | Workbench, state: State, i: int, where: str, rng: np.random.Generator
) -> Pose:
    """(x, y, z, yaw) for cube `i`, given where the others really are."""
    if isinstance(state, SymbolicState):
        return draw_cube_pose(where, scene.drawer_pos, None, rng)
    if where.startswith("on_"):
        below = state.colours.index(where.removeprefix("on_"))
        x, y, z = scene.cube_positions()[below]
        return float(x), float(y), float(z) + 2 * CUBE_HALF + 0.001, scene._cube_yaw(below)
    poses = draw_cube_poses(state, scene.drawer_pos, rng, PLACE_JITTER_M)
    return poses[state.colours[i]]
