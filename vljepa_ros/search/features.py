"""A recording as the model sees it: one row of meanings every `period`, nothing of the pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vljepa_ros.nodes.clip_buffer import ClipBuffer, Frame
from vljepa_ros.planning.protocols import Array
from vljepa_ros.recordings.frames import Picture, Recording, RecordingError, onward

RATE_HZ = 5.0
_BATCH = 16
_GRID = 32  # pixels a side, for what moves


@dataclass(frozen=True)
class Features:
    """N rows. ``stamps`` (N,) seconds; ``tokens`` (N, K, W) state tokens; ``answers`` (N, S, D) to
    the vocabulary's queries; ``meanings`` (N, D) to none; ``motion`` (N,) how much of the picture
    moves, in grey levels. Float16 but for the stamps."""

    stamps: Array
    tokens: Array
    answers: Array
    meanings: Array
    motion: Array

    def __len__(self) -> int:
        return len(self.stamps)

    def rows(self, first: int, last: int) -> Features:
        """Rows ``first`` to ``last``, the last one included."""
        cut = slice(first, last + 1)
        return Features(self.stamps[cut], self.tokens[cut], self.answers[cut],
                        self.meanings[cut], self.motion[cut])


def clips_of(
    pictures: Iterator[Picture], frames: int, stride: float
) -> Iterator[tuple[float, Array]]:
    """(stamp, clip (T, 3, H, W) uint8) for every picture, as semantic_state_node picks them."""
    buffer = ClipBuffer(frames, stride)
    for picture in pictures:
        pixels = picture.pixels
        buffer.push(Frame(picture.stamp, None, lambda pixels=pixels: pixels))
        clip = buffer.clip()
        yield clip.newest.stamp, clip.stack()


def look_through(
    world: Any, recording: Recording, rate: float = RATE_HZ,
    tell: Callable[[float], None] | None = None,
) -> Features:
    """Every row of a recording. ``tell`` hears the stamp after each batch.

    Raises RecordingError when nothing can be read.
    """
    made = list(_batches(world, recording, rate, tell))
    if not made:
        raise RecordingError(f"'{recording.path}' holds no picture that decodes")
    return Features(*(np.concatenate([getattr(batch, name) for batch in made])
                      for name in Features.__dataclass_fields__))


def _batches(
    world: Any, recording: Recording, rate: float, tell: Callable[[float], None] | None
) -> Iterator[Features]:
    waiting: list[tuple[float, Array]] = []
    for item in clips_of(onward(recording.pictures(rate)), world.clip_frames, world.clip_stride):
        waiting.append(item)
        if len(waiting) == _BATCH:
            yield _encode(world, waiting)
            if tell is not None:
                tell(waiting[-1][0])
            waiting = []
    if waiting:
        yield _encode(world, waiting)


def _encode(world: Any, items: list[tuple[float, Array]]) -> Features:
    clips = [clip for _, clip in items]
    states = world.encode_many(clips)
    return Features(
        np.array([stamp for stamp, _ in items]),
        states.tokens.float().cpu().numpy().astype(np.float16),
        world.read(states, world.vocabulary.queries).astype(np.float16),
        world.describe(states).astype(np.float16),
        np.array([motion_in(clip) for clip in clips], dtype=np.float16),
    )


def motion_in(clip: Array) -> float:
    """How much the most changed part of the picture differs between the last two frames of a clip
    (T, 3, H, W), in grey levels; a change of light alone counts little."""
    pair = clip[-2:] if len(clip) > 1 else np.repeat(clip, 2, axis=0)
    small = [
        cv2.resize(np.ascontiguousarray(f.transpose(1, 2, 0)), (_GRID, _GRID),
                   interpolation=cv2.INTER_AREA).astype(np.float32).mean(axis=2)
        for f in pair
    ]
    change = small[1] - small[0]
    return float(np.quantile(np.abs(change - np.median(change)), 0.99))
