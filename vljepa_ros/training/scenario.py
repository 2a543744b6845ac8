"""What a world owes the trainer: clips with their truth, and rollouts with theirs.

S subjects, T things that can be located, H actions of a rollout. Unknown truth is -1 (statement),
nan (works, position): no loss is taken there. Where no statement of a subject holds its truth is
`NONE`: the answer should be none of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from .phrases import Sampler
from .semantics import Semantics

NONE = -2
"""Truth of a subject of which no statement holds, e.g. the place of a thing in the air."""


@dataclass(frozen=True)
class Clips:
    """clip (B, T, 3, S, S) uint8; truth (B, S) statement index; `position` (B, T, 3) m, optical
    frame; `caption` (B,) key of the scene's caption, -1 where it has none; `start` (B,) whether a
    rollout may begin here; `row` (B,) where the picture is from."""

    clip: Tensor
    truth: np.ndarray
    position: np.ndarray
    caption: np.ndarray
    start: np.ndarray
    row: np.ndarray


@dataclass(frozen=True)
class Trial:
    """E actions tried on every state of a rollout after `step` actions: do they work?

    actions, works (N, E); targets (N, E, 4) features.
    """

    step: int
    actions: np.ndarray
    works: np.ndarray
    targets: Tensor


@dataclass(frozen=True)
class Rollout:
    """N rollouts of H actions and what is true before and after each.

    actions, works (N, H); targets (N, H, 4) features; truth (N, H + 1, S); position
    (N, H + 1, T, 3); `told`: (rows, statement index) pairs told to the state before the first
    action; `looked`: after how many actions the imagined state is compared with `real` pictures
    (M, T, 3, S, S) of the rows `real_rows` (M,); `trials`: will-it-work without going on.
    """

    actions: np.ndarray
    works: np.ndarray
    targets: Tensor
    truth: np.ndarray
    position: np.ndarray
    looked: int
    real: Tensor
    real_rows: np.ndarray
    told: list[tuple[np.ndarray, int]] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)


class Scenario(Protocol):
    """One world's training data."""

    semantics: Semantics
    moves: bool
    """Whether there are clips of scenes that move."""

    def sampler(self, seed: int) -> Sampler:
        """The world's training sentences."""
        ...

    def draw(self, count: int, rng: np.random.Generator, share_motion: float = 0.4) -> Clips:
        """A training batch, augmented."""
        ...

    def held_out(self, count: int, rng: np.random.Generator, moving: bool = False) -> Clips:
        """Clips kept from training, not augmented."""
        ...

    def rollouts(
        self, clips: Clips, rows: np.ndarray, depth: int, rng: np.random.Generator
    ) -> Rollout:
        """Random action sequences from some clips of a batch."""
        ...

    def captions(self, sampler: Sampler) -> list[list[str]]:
        """Per caption key several captions of the whole scene."""
        ...


def scenario(world: str, data: Path) -> Any:
    """The training data of a world in a folder; ValueError lists the known worlds."""
    if world == "scene-v0":
        from .scene_scenario import SceneScenario

        return SceneScenario(data)
    if world == "workbench":
        from .workbench_scenario import WorkbenchScenario

        return WorkbenchScenario(data)
    raise ValueError(f"world = {world!r} is unknown; allowed: scene-v0, workbench")
