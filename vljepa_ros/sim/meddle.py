"""Somebody meddles: one thing in the world changes while the robot is between two actions.

What a person could do by hand: open or shut what is not locked, press a button, move a cube, also
into and out of the open drawer. Everything else, the arm included, stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vljepa_ros.sim.layout import draw_cube_pose, draw_slide
from vljepa_ros.sim.scene import REST_POS, REST_YAW, Scene
from vljepa_ros.sim.symbolic import PLACES, SymbolicState

SETTLE_STEPS = 12  # of 50 ms, with the arm held where it rests
_OTHER = {"open": "closed", "closed": "open", "locked": "unlocked", "unlocked": "locked"}


def changes(state: SymbolicState) -> list[SymbolicState]:
    """Every state that one move of a person's hand leads to."""
    keys = ["drawer_lock", "window_lock"]
    keys += [name for name in ("drawer", "window") if getattr(state, f"{name}_lock") == "unlocked"]
    found = [replace(state, **{key: _OTHER[getattr(state, key)]}) for key in keys]
    places = [*PLACES, "drawer"] if state.drawer == "open" else list(PLACES)
    if state.cube != "drawer" or state.drawer == "open":
        found += [replace(state, cube=place) for place in places if place != state.cube]
    return found


def impose(scene: Scene, state: SymbolicState, rng: np.random.Generator) -> SymbolicState:
    """Change in place what differs from `state`; returns the truth afterwards.

    A cube in the drawer moves with it. Returns when the world has come to rest.
    """
    now = scene.truth()
    for slide in ("drawer", "window"):
        if getattr(now, slide) != getattr(state, slide):
            joint = scene.data.joint(f"{slide}_slide")
            joint.qpos[0], joint.qvel[0] = draw_slide(slide, getattr(state, slide), rng), 0.0
    moved_along = state.cube == "drawer" and now.drawer != state.drawer
    if now.cube != state.cube or moved_along:
        x, y, z, yaw = draw_cube_pose(state.cube, scene.drawer_pos, None, rng)
        joint = scene.data.joint("object_joint_0")
        joint.qpos[:] = x, y, z, np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)
        joint.qvel[:] = 0.0
    for i, lock in enumerate((state.drawer_lock, state.window_lock)):
        scene.env._cur_button_states[i] = int(lock == "unlocked")
    scene.env._apply_button_states()
    for _ in range(SETTLE_STEPS):
        scene.step(scene.action_towards(REST_POS, REST_YAW, 0.0))
    return scene.truth()
