"""CPU seconds per hour of video: thoughts alone, and words for every frame."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from vljepa_ros.decoding.pace import Pace
from vljepa_ros.decoding.voice import Voice
from vljepa_ros.decoding.words import NearestPhrase, Words
from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.protocols import Array

from .readouts import clip_at
from .streams import FRAME_PERIOD_S, Stream

FRAMES = 300
_ROUND = 25  # frames of one way at a time, in turn: a busy machine slows all of them


def measure(
    world: LatentWorldModel, stream: Stream, writer: Words | None, voice: Voice,
    frames: int = FRAMES,
) -> dict[str, Any]:
    """Process CPU time of the same frames in three ways, per hour of video at the stream's rate.

    embedding: frames embedded at the pace their change asks for, decoded when the meaning changed;
    nearest, generator: every frame embedded and decoded.
    """
    frames = min(frames, len(stream.frames))
    speaking = Voice(voice.vocabulary)
    pace = Pace()
    phrases = NearestPhrase(voice.subjects)
    spent = {"embedding": 0.0, "nearest": 0.0}
    if writer is not None:
        spent["generator"] = 0.0
    looked = 0

    def see(index: int) -> Array:
        clip = clip_at(stream.frames, index, world.clip_frames, world.clip_stride)
        return world.read(world.encode(clip), world.vocabulary.queries)[0]

    see(0)  # what is made only once
    for start in range(0, frames, _ROUND):
        block = range(start, min(start + _ROUND, frames))
        began = time.process_time()
        for i in block:
            stamp = i * FRAME_PERIOD_S
            if pace.due(stamp, stream.frames[i], speaking.signal):
                looked += 1
                speaking.update(stamp, see(i))
        spent["embedding"] += time.process_time() - began
        for way, words in (("nearest", phrases), ("generator", writer)):
            if words is None:
                continue
            began = time.process_time()
            for i in block:
                heard = voice.heard(see(i)[None].astype(np.float64))[0]
                words.read(range(len(heard)), heard)
            spent[way] += time.process_time() - began
    hour = 3600.0 / (frames * FRAME_PERIOD_S)
    result: dict[str, Any] = {f"{way}_cpu_s_per_hour": round(s * hour, 1)
                              for way, s in spent.items()}
    result |= {
        "frames": frames, "frames_per_second": 1 / FRAME_PERIOD_S,
        "embedded_share": round(looked / frames, 3),
        "embedding_of_nearest": round(spent["embedding"] / spent["nearest"], 3),
    }
    if writer is not None:
        result["embedding_of_generator"] = round(spent["embedding"] / spent["generator"], 3)
    return result
