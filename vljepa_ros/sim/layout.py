"""Where things are on the simulated tabletop: sizes, thresholds, and where a start puts the cube.

Metres and radians in the world frame; see `scene` for the frame and `symbolic` for the places.
"""

from __future__ import annotations

import numpy as np

from vljepa_ros.sim.symbolic import PLACES

DRAWER_OPEN_BELOW = -0.08  # slide position; range -0.16 (open) to 0
WINDOW_OPEN_ABOVE = 0.1  # range 0 to 0.2 (open)
NEAR_PLACE_M = 0.08  # the cube is at the nearest place when it is within this
CUBE_HALF = 0.02
CUBE_JITTER_M = 0.02  # a start puts the cube this far from the middle of its place, along x and y

DRAWER_X, DRAWER_SHUT_Y = 0.33, -0.41  # centre of the drawer's body at slide 0
DRAWER_INNER_HALF = (0.092, 0.082)
DRAWER_FLOOR_Z = 0.066  # height of the cube's centre when it rests in the drawer
IN_DRAWER_Z = (0.05, 0.15)
CUBE_MIN_Y = -0.3565  # a hidden wall behind the cabinet's front: the cube gets no further

_SLIDES = {
    ("drawer", "closed"): (-0.01, 0.0),
    ("drawer", "open"): (-0.16, -0.13),
    ("window", "closed"): (0.0, 0.01),
    ("window", "open"): (0.19, 0.2),
}
_ELSEWHERE = ((0.48, -0.17), (0.52, -0.13))
_QUARTER = np.pi / 2


def draw_slide(name: str, value: str, rng: np.random.Generator) -> float:
    """A position of the drawer or window that is `open` or `closed`."""
    return float(rng.uniform(*_SLIDES[name, value]))


def locate_cube(pos: np.ndarray, drawer_pos: float) -> str:
    """`drawer`, the name of the nearest place, or `elsewhere`, for the cube's centre (3,).

    OGBench's own in-drawer test is true for some cubes on the table, so height counts too.
    """
    x, y, z = pos
    in_x = abs(x - DRAWER_X) < DRAWER_INNER_HALF[0]
    in_y = abs(y - (DRAWER_SHUT_Y - drawer_pos)) < DRAWER_INNER_HALF[1]
    if in_x and in_y and IN_DRAWER_Z[0] < z < IN_DRAWER_Z[1]:
        return "drawer"
    near = min(PLACES, key=lambda name: np.hypot(x - PLACES[name][0], y - PLACES[name][1]))
    distance = np.hypot(x - PLACES[near][0], y - PLACES[near][1])
    on_table = 0.0 < z < 2 * CUBE_HALF
    return near if on_table and distance <= NEAR_PLACE_M else "elsewhere"


def draw_cube_pose(
    cube: str, drawer_pos: float, cube_xy: tuple[float, float] | None, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """A start (x, y, z, yaw) for the cube at a place, in the drawer or elsewhere."""
    z, yaw = CUBE_HALF + 0.0005, rng.uniform(-np.pi, np.pi)
    if cube == "drawer":
        # Where the skills leave it: near the front of the drawer, roughly aligned with it.
        x = DRAWER_X + rng.uniform(-0.02, 0.02)
        y = DRAWER_SHUT_Y - drawer_pos + rng.uniform(0.02, 0.052)
        yaw, z = rng.integers(4) * _QUARTER + rng.uniform(-0.15, 0.15), DRAWER_FLOOR_Z + 0.0005
        if y < CUBE_MIN_Y + 0.004:  # squeezed between the drawer's front and the wall: aligned
            y, yaw = CUBE_MIN_Y, round(yaw / _QUARTER) * _QUARTER
    elif cube == "elsewhere":
        x, y = rng.uniform(*_ELSEWHERE)
    else:
        x, y = np.array(PLACES[cube]) + rng.uniform(-CUBE_JITTER_M, CUBE_JITTER_M, 2)
    if cube_xy is not None:
        x, y = cube_xy
    return float(x), float(y), z, float(yaw)
