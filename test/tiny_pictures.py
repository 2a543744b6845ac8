"""Made-up training pictures of scene-v0, 32 pixels wide, and a model that sees them: no simulator,
no pretrained weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from vljepa_ros.model.config import ModelConfig, XEncoderConfig
from vljepa_ros.sim.symbolic import ACTIONS
from vljepa_ros.training.transitions import STATE_LABELS

SIDE = 32
MOTION = 100


def write_pictures(folder: Path, still: bool = False) -> None:
    """Four noisy stills of every state, and a drawer that opens over and over.

    `still`: the motion frames of a clip are all the same picture.
    """
    rng = np.random.default_rng(0)
    labels = np.tile(STATE_LABELS, (4, 1))
    frames = rng.integers(0, 255, (len(labels), SIDE, SIDE, 3), dtype=np.uint8)
    frames[:, 0, : labels.shape[1]] = 40 * labels[:, :, None].astype(np.uint8)
    _save(folder, "stills", frames, labels, np.zeros((len(labels), 5)))
    moving = np.zeros((MOTION, 8), dtype=np.int64)
    moving[:, 5], moving[:, 6], moving[:, 7] = ACTIONS.index("open_drawer"), 0, 1
    measures = np.zeros((MOTION, 5))
    measures[:, 3] = -0.16 * (np.arange(MOTION) % 25) / 24
    frames = rng.integers(0, 255, (MOTION, SIDE, SIDE, 3), dtype=np.uint8)
    if still:
        frames[:] = frames[:1]
    _save(folder, "motion", frames, moving, measures)


def _save(
    folder: Path, kind: str, frames: np.ndarray, labels: np.ndarray, seen: np.ndarray
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{kind}_a_000_frames.npy", frames)
    np.save(folder / f"{kind}_a_000_labels.npy", labels.astype(np.int16))
    np.save(folder / f"{kind}_a_000_measures.npy", seen.astype(np.float32))


def tiny_model() -> ModelConfig:
    """Clips of four frames, sentence vectors by hash."""
    seeing = XEncoderConfig(image_size=SIDE, frames=4, layers=1, tokens=3)
    return replace(ModelConfig.tiny(), x_encoder=seeing)
