"""Batches of clips with their labels, from generated stills and motion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.sim.symbolic import ACTIONS, PLACES

from . import generate
from .scenario import Clips
from .scene_semantics import SCENE, true_statements
from .transitions import STATES, state_index

CLIP_FRAMES = 4
CLIP_STEP = 2  # recorded frames (0.1 s each) between two frames of a clip
HELD_SHARE = 0.04  # of the pictures, kept for validation


REVERSED = {"open_drawer": "close_drawer", "close_drawer": "open_drawer",
            "open_window": "close_window", "close_window": "open_window"}
"""What a moving slide does when its clip runs backwards."""
SLIDING_SHARE = 0.5  # of the moving clips, those in which a slide moves, every action alike
SLIDE_MOVES_M = 0.004  # within a clip: only then does running it backwards show the reverse


class Pictures:
    """All pictures in memory, the last HELD_SHARE of each kind held out."""

    def __init__(self, folder: Path) -> None:
        stills, motion = generate.load(folder, "stills"), generate.load(folder, "motion")
        self.frames = np.concatenate((stills.frames, motion.frames))
        labels = np.concatenate((stills.labels, motion.labels))
        count = len(stills.frames)
        measures = np.concatenate((stills.measures, motion.measures))
        on_table = (labels[:, 4] != len(PLACES))[:, None]
        self.position = np.where(on_table, measures[:, :3], np.nan).astype(np.float32)
        self.slides = measures[:, 3:]
        self.activity = labels[:, 5]
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
        sliding = self.motion[self._reversible(self._index(self.motion))]
        acting = self.activity[sliding]
        self.sliding = [sliding[acting == ACTIONS.index(action)] for action in REVERSED]
        self.held_stills = np.arange(cut_still, count)
        self.held_motion = np.arange(cut_motion, len(labels))
        known = np.concatenate((self.stills, self.motion[self.resting[self.motion]]))
        self.by_state = [known[self.state[known] == s] for s in range(len(STATES))]

    def draw(self, count: int, rng: np.random.Generator, share_motion: float = 0.4) -> Clips:
        """A training batch, augmented.

        A window slides in a second: drawn like all others, clips of it are too rare to tell
        opening from shutting (docs/training.md).
        """
        moving = int(count * share_motion)
        rows = rng.choice(self.motion, moving)
        tables = [table for table in self.sliding if len(table)]
        for i in range(int(moving * SLIDING_SHARE) if tables else 0):
            rows[i] = rng.choice(tables[i % len(tables)])
        return self.clips(np.concatenate((rng.choice(self.stills, count - moving), rows)), rng)

    def of_states(self, states: np.ndarray, rng: np.random.Generator) -> Tensor:
        """One augmented clip for each state index."""
        rows = np.array([rng.choice(self.by_state[s]) for s in states])
        return self.clips(rows, rng).clip

    def clips(self, rows: np.ndarray, rng: np.random.Generator | None) -> Clips:
        """Clips that end at the given rows; augmented when a generator is given.

        Of the clips in which a slide moves half run backwards then: what one frame shows is not
        enough to tell opening from shutting.
        """
        index = self._index(rows)
        truth = self.truth[rows]
        newest = rows
        if rng is not None:
            turned = self._reversible(index) & (rng.random(len(rows)) < 0.5)
            index[turned] = index[turned, ::-1]
            newest = index[:, -1]
            truth = np.where(np.arange(truth.shape[1]) < truth.shape[1] - 1,
                             self.truth[newest], truth)
            truth[turned, -1] = [
                SCENE.index[f"activity.{REVERSED[ACTIONS[a]]}"] for a in self.activity[rows[turned]]
            ]
        clip = torch.from_numpy(self.frames[index]).permute(0, 1, 4, 2, 3)
        if rng is not None:
            clip = augment(clip, rng)
        state = self.state[newest]
        return Clips(clip, truth, self.position[newest][:, None], state,
                     self.resting[newest] & (state >= 0), newest)

    def _index(self, rows: np.ndarray) -> np.ndarray:
        """(B, T) the frames of the clips that end at rows (B,), none before the episode's first."""
        back = np.arange(CLIP_FRAMES - 1, -1, -1) * CLIP_STEP
        return np.asarray(np.maximum(rows[:, None] - back, self.first[rows][:, None]))

    def _reversible(self, index: np.ndarray) -> np.ndarray:
        """(B,) bool: whether a slide moves between the first and the last frame (B, T)."""
        moved = np.abs(self.slides[index[:, -1]] - self.slides[index[:, 0]]).max(axis=1)
        acting = self.activity[index[:, -1]]
        slide = np.array([a in REVERSED for a in (*ACTIONS, "")])[acting.clip(max=len(ACTIONS))]
        same = self.activity[index[:, 0]] == acting
        return np.asarray((moved > SLIDE_MOVES_M) & slide & same)


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
