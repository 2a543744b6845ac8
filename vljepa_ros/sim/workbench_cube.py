"""Moving one of several cubes without touching the others: grasp, carry, put down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vljepa_ros.sim.arm import AJAR, ALONG_X, OPEN, SAFE_Z, SHUT, Arm
from vljepa_ros.sim.layout import CUBE_HALF, DRAWER_FLOOR_Z, DRAWER_SHUT_Y, DRAWER_X
from vljepa_ros.sim.skill_cube import DROP_OFFSET_Y, GRIPPER_ROOM
from vljepa_ros.sim.skill_objects import DRAWER, WINDOW
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_layout import DRAWER_DROP_X

HELD_M = 0.03  # a cube this near to the pinch point is between the fingers
_TRIES = 3
_CLEAR_M = 0.004
_DRAWER_GRIP = 0.2  # cubes lie off the middle: wider than AJAR at the tips, not at the knuckles
_LEVEL_GAP_M = 0.003  # above the surface when the fingers let go
_MAX_OFF_M = 0.02  # how far off the pinch point a held cube is corrected for


@dataclass(frozen=True)
class _Part:
    """A slice of the gripper with ajar fingers: heights above the pinch point, half extents."""

    low: float
    high: float
    along: float  # the way the fingers open, metres
    across: float


_GRIPPER = (
    _Part(-0.018, 0.02, 0.047, 0.012),  # finger tips
    _Part(0.02, 0.10, 0.071, 0.020),  # knuckles
    _Part(0.10, 0.16, 0.040, 0.039),  # base
)


def pick(arm: Arm, bench: Workbench, colour: str) -> bool:
    """Grasp the cube and lift it clear of everything; True when it is in the hand."""
    for _ in range(_TRIES):
        pos = bench.cube_pos(colour)
        in_drawer = bench.truth().where(colour) == "drawer"
        over = _reachable_in_drawer(bench, pos[:2]) if in_drawer else pos[:2]
        yaw = grasp_yaw(bench, colour, over, in_drawer)
        arm.phase("reach cube")
        grip = _DRAWER_GRIP if in_drawer else AJAR
        arm.move((*over, SAFE_Z), yaw=yaw, grip=grip, tolerance=0.01)
        arm.move((*over, pos[2] + 0.02), tolerance=0.01, max_steps=25, straight=True)
        arm.move((*over, bench.cube_pos(colour)[2]), tolerance=0.005, max_steps=15, straight=True)
        arm.phase("grasp cube")
        arm.hold(5, SHUT)
        arm.phase("lift cube")
        arm.move((*over, SAFE_Z), tolerance=0.03, max_steps=18, straight=True)
        if held(bench) == colour:
            return True
        arm.hold(3, OPEN)
    return False


def put(arm: Arm, bench: Workbench, colour: str, spot: np.ndarray) -> None:
    """Carry the held cube to `spot` (3,) (its centre, metres, world), let go and rise."""
    yaw = ALONG_X if np.cos(arm.yaw - ALONG_X) >= 0 else -ALONG_X
    arm.phase("carry cube")
    arm.move((*spot[:2], SAFE_Z), yaw=yaw, tolerance=0.01)
    arm.phase("put down cube")
    # The fingers may hold the cube off its middle: aim so that the cube, not the hand, ends there.
    off = np.clip(bench.effector_pos - bench.cube_pos(colour), -_MAX_OFF_M, _MAX_OFF_M)
    aim = spot + off
    arm.move((*aim[:2], aim[2] + 0.02), tolerance=0.006, max_steps=25, straight=True)
    aim[:2] = spot[:2] + (bench.effector_pos - bench.cube_pos(colour))[:2].clip(-0.02, 0.02)
    arm.move((*aim[:2], aim[2] + _LEVEL_GAP_M), tolerance=0.003, max_steps=15, straight=True)
    arm.hold(4, AJAR)
    here = bench.effector_pos
    arm.move((here[0], here[1], SAFE_Z), tolerance=0.04, max_steps=16, straight=True)


def held(bench: Workbench) -> str | None:
    """The colour of the cube between the fingers, if any."""
    distances = np.linalg.norm(bench.cube_positions() - bench.effector_pos, axis=1)
    nearest = int(np.argmin(distances))
    return bench.colours[nearest] if distances[nearest] < HELD_M else None


def drawer_spot(bench: Workbench) -> np.ndarray:
    """Where a cube is put in the drawer as it stands now (3,), metres, world."""
    y = DRAWER_SHUT_Y - bench.drawer_pos + DROP_OFFSET_Y
    return np.array([DRAWER_DROP_X, y, DRAWER_FLOOR_Z])


def grasp_yaw(bench: Workbench, colour: str, xy: np.ndarray, in_drawer: bool) -> float:
    """The grasp that is quick to reach and touches nothing else.

    Fingers opening along x are preferred: nearest to the rest pose, and the only ones that fit into
    the drawer. Where a cube stands crooked beside something, the hand turns less than the cube (the
    closing fingers turn the cube), or takes the other two faces.
    """
    quarter = np.pi / 2
    cube_yaw = bench.cube_yaw(colour)

    def nearest(wanted: float) -> float:
        return float(wanted + (cube_yaw - wanted + quarter / 2) % quarter - quarter / 2)

    best = nearest(ALONG_X)
    if in_drawer:
        return best
    straighter = [ALONG_X + float(np.clip(best - ALONG_X, -turn, turn)) for turn in (0.5, 0.25, 0)]
    options = [best, *straighter, nearest(0.0), 0.0]
    points = _obstacles(bench, colour)
    height = float(bench.cube_pos(colour)[2])
    free = [_clearance(points, xy, height, yaw) for yaw in options]
    clear = [yaw for yaw, room in zip(options, free, strict=True) if room >= _CLEAR_M]
    return clear[0] if clear else options[int(np.argmax(free))]


def _obstacles(bench: Workbench, colour: str) -> np.ndarray:
    """Points (n, 4) around the cube: x, y and from which height to which, metres, world."""
    rows: list[tuple[float, float, float, float]] = []
    for other, (x, y, z) in zip(bench.colours, bench.cube_positions(), strict=True):
        if other == colour:
            continue
        yaw = bench.cube_yaw(other)
        turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
        for corner in (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1):
            dx, dy = turn @ (CUBE_HALF * np.array(corner))
            rows.append((x + dx, y + dy, z - CUBE_HALF, z + CUBE_HALF))
    bar_y = DRAWER.handle(bench)[1] - 0.01
    rows += [(x, bar_y, 0.08, 0.10) for x in np.arange(0.27, 0.4, 0.02)]
    window_x = WINDOW.handle(bench)[0]
    rows += [(window_x, y, 0.149, 0.255) for y in np.arange(0.197, 0.28, 0.02)]
    rows += [(0.532, y, 0.0, 0.10) for y in np.arange(-0.1, 0.11, 0.02)]
    return np.array(rows)


def _clearance(points: np.ndarray, xy: np.ndarray, height: float, yaw: float) -> float:
    """Free room around the gripper that grasps at `xy`, pinch point at `height`, in metres."""
    offset = points[:, :2] - xy
    # At yaw 0 the fingers open along y.
    along = np.abs(-np.sin(yaw) * offset[:, 0] + np.cos(yaw) * offset[:, 1])
    across = np.abs(np.cos(yaw) * offset[:, 0] + np.sin(yaw) * offset[:, 1])
    room = np.inf
    for part in _GRIPPER:
        # On its way down the gripper passes everything above: only what lies below it is free.
        beside = points[:, 3] > height + part.low
        if beside.any():
            free = np.maximum(along - part.along, across - part.across)[beside]
            room = min(room, float(free.min()))
    return room


def _reachable_in_drawer(bench: Workbench, xy: np.ndarray) -> np.ndarray:
    """The point nearest to `xy` where the knuckles of the gripper clear the drawer's walls."""
    centre = np.array([DRAWER_X, DRAWER_SHUT_Y - bench.drawer_pos])
    return centre + np.clip(xy - centre, -GRIPPER_ROOM, GRIPPER_ROOM)
