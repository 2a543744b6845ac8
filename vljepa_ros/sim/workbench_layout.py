"""Where things are on the workbench: places, colours, and where a start puts the cubes.

Metres and radians in the world frame (see `tabletop`); colours are r, g, b, alpha in [0, 1]. The
rows of places stand apart so that the gripper fits between them, also when it pulls the drawer.
"""

from __future__ import annotations

import numpy as np

from vljepa_ros.sim.layout import (
    CUBE_HALF,
    CUBE_MIN_Y,
    DRAWER_FLOOR_Z,
    DRAWER_INNER_HALF,
    DRAWER_SHUT_Y,
    DRAWER_X,
    IN_DRAWER_Z,
)
from vljepa_ros.sim.workbench_rules import PLACES, WorkbenchState

_ROWS = {"back": 0.29, "front": 0.43}
_COLUMNS = {"left": -0.045, "middle": 0.05, "right": 0.14}

PLACE_XY: dict[str, tuple[float, float]] = {
    place: (_ROWS[place.split("_")[0]], _COLUMNS[place.split("_")[1]]) for place in PLACES
}
"""Named places of the workbench: name -> (x, y)."""

CUBE_RGBA: dict[str, tuple[float, float, float, float]] = {
    "red": (0.90, 0.05, 0.05, 1.0),
    "green": (0.05, 0.60, 0.12, 1.0),
    "blue": (0.10, 0.25, 0.90, 1.0),
    "yellow": (0.98, 0.85, 0.05, 1.0),
    "purple": (0.50, 0.12, 0.70, 1.0),
    "white": (1.00, 1.00, 1.00, 1.0),
}

NEAR_PLACE_M = 0.045  # a cube stands at a place when it is within this
ON_CUBE_M = 0.025  # a cube stands on another when their centres are this near, seen from above
PLACE_JITTER_M = 0.012  # a start puts a cube this far off its place, along x and y
DRAWER_DROP_X = DRAWER_X - 0.013  # as far from the wall that hides it as the gripper gets
_LEVEL_M = 0.012  # heights of a stack are met this well
_STACK_JITTER_M = 0.005
_STACK_TURN = 0.3
_ELSEWHERE = ((0.49, -0.19), (0.53, -0.13))
_QUARTER = np.pi / 2
_GAP = 0.0005  # between surfaces at the start, so that nothing begins interpenetrating


def locate_cubes(
    colours: tuple[str, ...], positions: np.ndarray, drawer_pos: float
) -> tuple[tuple[str, str], ...]:
    """(colour, where) for centres `positions` (n, 3) and the drawer's slide, from the bottom up.

    What stands at no place, on no cube and not in the drawer (also while it is carried) is
    `elsewhere`; of two cubes near one place the nearer one has it.
    """
    wheres: dict[str, str] = {}
    at = dict(zip(colours, positions, strict=True))
    table = []
    for colour, (x, y, z) in at.items():
        if _in_drawer(x, y, z, drawer_pos):
            wheres[colour] = "drawer"
        elif z < 2 * CUBE_HALF:
            for place, (px, py) in PLACE_XY.items():
                table.append((float(np.hypot(x - px, y - py)), colour, place))
    for distance, colour, place in sorted(table):
        free = colour not in wheres and place not in wheres.values()
        if free and distance <= NEAR_PLACE_M:
            wheres[colour] = place
    for colour in sorted(at, key=lambda c: float(at[c][2])):
        below = [d for d in at if f"on_{d}" not in wheres.values() and _stands_on(at, colour, d)]
        if colour not in wheres and below:
            wheres[colour] = f"on_{below[0]}"
    return tuple((colour, wheres.get(colour, "elsewhere")) for colour in colours)


def draw_cube_poses(
    state: WorkbenchState, drawer_pos: float, rng: np.random.Generator, jitter: float
) -> dict[str, tuple[float, float, float, float]]:
    """A start (x, y, z, yaw) for every colour; `jitter` scales the places' offset (metres)."""
    poses: dict[str, tuple[float, float, float, float]] = {}
    # Cubes that stand on others come after them, however the colours are ordered.
    waiting = list(state.cubes)
    while waiting:
        colour, where = waiting.pop(0)
        if where.startswith("on_"):
            if where[3:] not in poses:
                waiting.append((colour, where))
                continue
            poses[colour] = _on_top(poses[where[3:]], rng)
        elif where == "drawer":
            poses[colour] = _in_drawer_pose(drawer_pos, rng)
        elif where == "elsewhere":
            x, y = rng.uniform(*_ELSEWHERE)
            others = [pose[:2] for pose in poses.values()]
            while any(np.hypot(x - ox, y - oy) < 0.06 for ox, oy in others):
                x, y = rng.uniform((0.47, -0.24), (0.53, -0.12))
            poses[colour] = (x, y, CUBE_HALF + _GAP, rng.uniform(-np.pi, np.pi))
        else:
            x, y = np.array(PLACE_XY[where]) + rng.uniform(-jitter, jitter, 2)
            poses[colour] = (x, y, CUBE_HALF + _GAP, rng.uniform(-np.pi, np.pi))
    return poses


def _on_top(
    base: tuple[float, float, float, float], rng: np.random.Generator
) -> tuple[float, float, float, float]:
    x, y = np.array(base[:2]) + rng.uniform(-_STACK_JITTER_M, _STACK_JITTER_M, 2)
    turn = rng.integers(4) * _QUARTER + rng.uniform(-_STACK_TURN, _STACK_TURN)
    return x, y, base[2] + 2 * CUBE_HALF + _GAP, base[3] + turn


def _in_drawer_pose(
    drawer_pos: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Where the skills leave it: near the front of the drawer, roughly aligned with it."""
    x = DRAWER_DROP_X + rng.uniform(-0.008, 0.008)
    y = DRAWER_SHUT_Y - drawer_pos + rng.uniform(0.02, 0.052)
    yaw = rng.integers(4) * _QUARTER + rng.uniform(-0.15, 0.15)
    if y < CUBE_MIN_Y + 0.004:  # squeezed between the drawer's front and the wall: aligned
        y, yaw = CUBE_MIN_Y, round(yaw / _QUARTER) * _QUARTER
    return x, y, DRAWER_FLOOR_Z + _GAP, yaw


def _in_drawer(x: float, y: float, z: float, drawer_pos: float) -> bool:
    in_x = abs(x - DRAWER_X) < DRAWER_INNER_HALF[0]
    in_y = abs(y - (DRAWER_SHUT_Y - drawer_pos)) < DRAWER_INNER_HALF[1]
    return bool(in_x and in_y and IN_DRAWER_Z[0] < z < IN_DRAWER_Z[1])


def _stands_on(at: dict[str, np.ndarray], colour: str, base: str) -> bool:
    offset = at[colour] - at[base]
    level = abs(offset[2] - 2 * CUBE_HALF) <= _LEVEL_M
    return bool(level and np.hypot(offset[0], offset[1]) <= ON_CUBE_M)
