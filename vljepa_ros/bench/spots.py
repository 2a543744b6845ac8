"""Goals in metres in closed loop: pictures of a goal, free targets, and what the robot is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vljepa_ros.planning.candidates import load_candidates, load_frames
from vljepa_ros.planning.protocols import Action

CONFIG = Path(__file__).resolve().parents[2] / "config"


def config(name: str) -> Path:
    """A file of config/: the repository's, or the installed package's."""
    if (CONFIG / name).is_file():
        return CONFIG / name
    from vljepa_ros.nodes.share import share

    return Path(share(f"config/{name}"))


def spot_actions(env: str) -> list[Action]:
    """The actions of a world whose target is free."""
    name = "actions_workbench.yaml" if env == "workbench" else "actions.yaml"
    listed = load_candidates(config(name), load_frames(config("scene.yaml"))).actions
    return [action for action in listed if action.region is not None]


def on_table(action: Action, camera_pose: np.ndarray) -> tuple[float, float] | None:
    """World x, y in metres of a target that planning found; None for any other action.

    ``camera_pose`` (4, 4): of the optical frame in the world.
    """
    if action.region is None or action.target is None:
        return None
    x, y, _ = camera_pose[:3, :3] @ np.array(action.target) + camera_pose[:3, 3]
    return float(x), float(y)


def read_picture(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a file. Raises ValueError in one line."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except FileNotFoundError as error:
        raise ValueError(f"picture '{path}' does not exist") from error
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        reason = str(error).splitlines()[0]
        message = f"picture '{path}' cannot be read ({reason}); allowed: png, jpg"
        raise ValueError(message) from error
