"""Target positions of the candidate actions, as features in the camera's optical frame."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vljepa_ros.sim.symbolic import ACTIONS, PLACES

WORLD_TARGETS: dict[str, tuple[float, float, float]] = {
    "press_left_button": (0.58, -0.05, 0.125),
    "press_right_button": (0.58, 0.05, 0.121),
    "open_drawer": (0.33, -0.23, 0.08),
    "close_drawer": (0.33, -0.07, 0.08),
    "open_window": (0.293, 0.225, 0.237),
    "close_window": (0.493, 0.225, 0.237),
    "put_cube_in_drawer": (0.33, -0.21, 0.07),
    **{f"place_{p}": (*xy, 0.02) for p, xy in PLACES.items()},
}
"""Metres, world frame; take_cube_out and wait have none."""


@lru_cache(maxsize=1)
def _camera() -> np.ndarray:
    from vljepa_ros.sim.scene import Scene

    return Scene(width=64, height=64).camera_pose()


def optical_of(points: np.ndarray) -> np.ndarray:
    """Points (N, 3) from the world into the stock camera's optical frame, metres, float32."""
    pose = _camera()
    found = (np.asarray(points) - pose[:3, 3]) @ pose[:3, :3]
    return np.asarray(found, dtype=np.float32)


@lru_cache(maxsize=1)
def optical_targets() -> np.ndarray:
    """(15, 4) float32: position in the optical frame (m) and 1, zeros where there is no target."""
    features = np.zeros((len(ACTIONS), 4), dtype=np.float32)
    for i, action in enumerate(ACTIONS):
        if action in WORLD_TARGETS:
            features[i, :3] = optical_of(np.array([WORLD_TARGETS[action]]))[0]
            features[i, 3] = 1.0
    return features
