"""What a model reads in a saved stream, frame by frame; computed once per model and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.protocols import Array

from .streams import FRAME_PERIOD_S, Stream

_BATCH = 8


def clip_at(frames: Array, index: int, count: int, stride: float) -> Array:
    """The clip (T, 3, S, S) that ends at a frame, oldest first; the first frame is repeated."""
    step = max(1, round(stride / FRAME_PERIOD_S))
    rows = [max(0, index - k * step) for k in reversed(range(count))]
    return np.ascontiguousarray(frames[rows].transpose(0, 3, 1, 2))


def readouts(world: LatentWorldModel, stream: Stream, folder: Path) -> Array:
    """(N, S, D) float32 answers to the vocabulary's queries, cached beside the stream."""
    path = folder / f"answers_{world.model_id}.npy"
    if path.is_file():
        return np.load(path).astype(np.float32)
    found = []
    for start in tqdm(range(0, len(stream.frames), _BATCH), desc=stream.name, disable=None):
        rows = range(start, min(start + _BATCH, len(stream.frames)))
        states = world.encode_many(
            [clip_at(stream.frames, i, world.clip_frames, world.clip_stride) for i in rows]
        )
        found.append(world.read(states, world.vocabulary.queries))
    answers = np.concatenate(found)
    partial = path.with_suffix(".tmp.npy")
    np.save(partial, answers.astype(np.float16))
    partial.rename(path)
    return answers
