"""Skills that carry the cube: from the table or the open drawer to a place or into the drawer."""

from __future__ import annotations

import numpy as np

from vljepa_ros.sim.arm import AJAR, ALONG_X, OPEN, SAFE_Z, SHUT, Arm
from vljepa_ros.sim.layout import (
    CUBE_HALF,
    DRAWER_FLOOR_Z,
    DRAWER_INNER_HALF,
    DRAWER_SHUT_Y,
    DRAWER_X,
)
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.skill_objects import DRAWER, WINDOW

DROP_OFFSET_Y = 0.04
"""Where in the drawer the cube is put: metres from its centre towards the handle.

Near the front wall it stays reachable when the drawer is shut and opened again, and in the shut
drawer it ends where the official tasks want it (0.33, -0.356): a hidden wall behind the cabinet's
front pushes it there.
"""
_NEAR_BUTTONS_X = 0.46  # beyond this the fingers must open along y or they hit the button boxes
GRIPPER_ROOM = np.array([0.016, 0.054])  # how far off the drawer's centre the gripper fits, m
_GRIPPER_HALF = (0.078, 0.0375)  # its half extents along the opening of the fingers and across
_CLEAR_M = 0.003
_BIG_TURN = 0.9  # the hand turns this much only high up, where it sweeps over the handles
_TRIES = 3


def drawer_spot(scene: Scene) -> np.ndarray:
    """Where the cube is put in the drawer as it stands now (3,), metres, world."""
    return np.array([DRAWER_X, DRAWER_SHUT_Y - scene.drawer_pos + DROP_OFFSET_Y, DRAWER_FLOOR_Z])


def pick(arm: Arm) -> bool:
    """Grasp the cube and lift it clear of everything; True when it is in the hand."""
    scene = arm.scene
    for _ in range(_TRIES):
        pos = scene.cube_pos
        in_drawer = scene.truth().cube == "drawer"
        grip = AJAR if in_drawer else OPEN
        yaw = _grasp_yaw(scene, in_drawer)
        over = _reachable_in_drawer(scene, pos[:2]) if in_drawer else pos[:2]
        high = in_drawer or abs(yaw - scene.effector_yaw) > _BIG_TURN
        above = np.array([*over, SAFE_Z if high else 0.14])
        arm.phase("reach cube")
        arm.move(above, yaw=yaw, grip=grip, tolerance=0.012)
        arm.move((*over, scene.cube_pos[2]), tolerance=0.006, max_steps=25, straight=True)
        arm.phase("grasp cube")
        arm.hold(5, SHUT)
        arm.phase("lift cube")
        arm.move((*over, SAFE_Z), tolerance=0.05, max_steps=16, straight=True)
        if holding(scene):
            return True
        arm.hold(3, OPEN)
    return False


def place(arm: Arm, spot: np.ndarray) -> None:
    """Carry the cube in the hand to `spot` (3,) and let go, fingers opening along x."""
    yaw = ALONG_X if np.cos(arm.yaw - ALONG_X) >= 0 else -ALONG_X
    if spot[0] > _NEAR_BUTTONS_X:
        yaw = 0.0
    in_drawer = spot[2] > 2 * CUBE_HALF
    arm.phase("carry cube")
    arm.move((*spot[:2], SAFE_Z), yaw=yaw, tolerance=0.01)
    arm.phase("put down cube")
    # The fingers may hold the cube off its middle: aim so that the cube, not the hand, ends there.
    aim = spot[:2] + np.clip(arm.scene.effector_pos - arm.scene.cube_pos, -0.02, 0.02)[:2]
    arm.move((*aim, spot[2] + 0.004), tolerance=0.005, max_steps=30, straight=True)
    arm.hold(3, AJAR)
    arm.move((*aim, SAFE_Z if in_drawer else 0.14), tolerance=0.04, max_steps=12, straight=True)


def holding(scene: Scene) -> bool:
    """Whether the cube is between the fingers."""
    return bool(np.linalg.norm(scene.cube_pos - scene.effector_pos) < 0.03)


def put_down_safely(arm: Arm) -> None:
    """Set a held cube down where it can be picked again: drawer if above it, else the table."""
    scene = arm.scene
    x, y, _ = scene.effector_pos
    centre_y = DRAWER_SHUT_Y - scene.drawer_pos
    inside = abs(x - DRAWER_X) < DRAWER_INNER_HALF[0] and abs(y - centre_y) < DRAWER_INNER_HALF[1]
    if inside and scene.drawer_pos <= -0.1:
        place(arm, drawer_spot(scene))
        return
    spot = np.array([np.clip(x, 0.3, 0.43), np.clip(y, -0.04, 0.15), CUBE_HALF])
    if scene.effector_pos[2] < SAFE_Z - 0.05:
        arm.move((x, y, SAFE_Z), tolerance=0.05, max_steps=15)
    place(arm, spot)


def _reachable_in_drawer(scene: Scene, xy: np.ndarray) -> np.ndarray:
    """The point nearest to `xy` where the knuckles of the gripper clear the drawer's walls."""
    centre = np.array([DRAWER_X, DRAWER_SHUT_Y - scene.drawer_pos])
    return centre + np.clip(xy - centre, -GRIPPER_ROOM, GRIPPER_ROOM)


def _grasp_yaw(scene: Scene, in_drawer: bool) -> float:
    """The grasp (of four, every quarter turn) that is quick to reach and touches nothing else.

    Fingers opening along x are preferred: nearest to the rest pose, and the only ones that fit into
    the drawer.
    """
    quarter = np.pi / 2

    def nearest(wanted: float) -> float:
        return float(wanted + (scene.cube_yaw - wanted + quarter / 2) % quarter - quarter / 2)

    best = nearest(ALONG_X)
    if in_drawer:
        return best
    # Beside a handle: turn the hand less than the cube (the closing fingers turn the cube), or
    # take the other two faces.
    straighter = [ALONG_X + float(np.clip(best - ALONG_X, -turn, turn)) for turn in (0.3, 0.0)]
    options = [best, *straighter, nearest(0.0)]
    clear = [yaw for yaw in options if _clearance(scene, yaw) >= _CLEAR_M]
    return clear[0] if clear else max(options, key=lambda yaw: _clearance(scene, yaw))


def _clearance(scene: Scene, yaw: float) -> float:
    """Free room around the gripper when it grasps the cube on the table at this yaw, metres."""
    handle_x = WINDOW.handle(scene)[0]
    bar_y = DRAWER.handle(scene)[1] - 0.01
    obstacles = np.array(
        [(handle_x, y) for y in np.arange(0.197, 0.28, 0.02)]
        + [(x, bar_y) for x in np.arange(0.27, 0.4, 0.02)]
        + [(0.532, y) for y in np.arange(-0.09, 0.1, 0.02)]
    )
    offset = obstacles - scene.cube_pos[:2]
    # At yaw 0 the fingers open along y.
    along = np.abs(-np.sin(yaw) * offset[:, 0] + np.cos(yaw) * offset[:, 1])
    across = np.abs(np.cos(yaw) * offset[:, 0] + np.sin(yaw) * offset[:, 1])
    return float(np.maximum(along - _GRIPPER_HALF[0], across - _GRIPPER_HALF[1]).min())
