"""Batches of clips with their labels, from generated stills and motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import generate
from .scene_semantics import true_statements
from .transitions import STATES, state_index

CLIP_FRAMES = 4
CLIP_STEP = 2  # recorded frames (0.1 s each) between two frames of a clip
HELD_SHARE = 0.04  # of the pictures, kept for validation


@dataclass(frozen=True)
class Clips:
    """clip (B, T, 3, S, S) uint8; truth (B, 7) statement index; state (B,) index or -1."""

    clip: Tensor
    truth: np.ndarray
    state: np.ndarray
    resting: np.ndarray


class Pictures:
    """All pictures in memory, the last HELD_SHARE of each kind held out."""

    def __init__(self, folder: Path) -> None:
        stills, motion = generate.load(folder, "stills"), generate.load(folder, "motion")
        self.frames = np.concatenate((stills.frames, motion.frames))
        labels = np.concatenate((stills.labels, motion.labels))
        count = len(stills.frames)
        self.truth = true_statements(labels)
        self.state = state_index(labels)
        self.resting = (labels[:, 5] == generate.RESTING) & (labels[:, 7] == 0)
        self.episode = labels[:, 6]
        self.first = np.arange(len(labels))
        for i in range(count + 1, len(labels)):
            if labels[i, 6] == labels[i - 1, 6]:
                self.first[i] = self.first[i - 1]
        cut_still = int(count * (1 - HELD_SHARE))
        cut_motion = count + int((len(labels) - count) * (1 - HELD_SHARE))
        self.stills = np.arange(cut_still)
        self.motion = np.arange(count, cut_motion)
        self.held_stills = np.arange(cut_still, count)
        self.held_motion = np.arange(cut_motion, len(labels))
        known = np.concatenate((self.stills, self.motion[self.resting[self.motion]]))
        self.by_state = [known[self.state[known] == s] for s in range(len(STATES))]

    def draw(self, count: int, rng: np.random.Generator, share_motion: float = 0.4) -> Clips:
        """A training batch, augmented."""
        moving = int(count * share_motion)
        rows = np.concatenate(
            (rng.choice(self.stills, count - moving), rng.choice(self.motion, moving))
        )
        return self.clips(rows, rng)

    def of_states(self, states: np.ndarray, rng: np.random.Generator) -> Tensor:
        """One augmented clip for each state index."""
        rows = np.array([rng.choice(self.by_state[s]) for s in states])
        return self.clips(rows, rng).clip

    def clips(self, rows: np.ndarray, rng: np.random.Generator | None) -> Clips:
        """Clips that end at the given rows; augmented when a generator is given."""
        back = np.arange(CLIP_FRAMES - 1, -1, -1) * CLIP_STEP
        index = np.maximum(rows[:, None] - back, self.first[rows][:, None])
        clip = torch.from_numpy(self.frames[index]).permute(0, 1, 4, 2, 3)
        if rng is not None:
            clip = augment(clip, rng)
        return Clips(clip, self.truth[rows], self.state[rows], self.resting[rows])


def augment(clip: Tensor, rng: np.random.Generator) -> Tensor:
    """Exposure, contrast, colour cast, sensor noise, flicker and small shifts; colours keep names.

    Args:
        clip: (B, T, 3, S, S) uint8.
    """
    batch, frames = clip.shape[:2]
    generator = torch.Generator().manual_seed(int(rng.integers(1 << 62)))

    def rand(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator) * 2 - 1

    x = clip.float()
    gain = 1 + 0.2 * rand(batch, 1, 1, 1, 1) + 0.05 * rand(batch, 1, 3, 1, 1)
    flicker = 1 + 0.05 * rand(batch, frames, 1, 1, 1) * (rand(batch, 1, 1, 1, 1) > 0.5)
    x = x * gain * flicker + 12 * rand(batch, 1, 1, 1, 1)
    noise = torch.randn(clip.shape, generator=generator)
    x = x + noise * (4 * rand(batch, 1, 1, 1, 1).abs())
    out = x.clamp_(0, 255).to(torch.uint8)
    shifts = rng.integers(-3, 4, size=(batch, 2))
    for i, (down, right) in enumerate(shifts):
        out[i] = torch.roll(out[i], (int(down), int(right)), dims=(-2, -1))
    return out
