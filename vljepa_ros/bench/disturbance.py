"""What goes wrong around the robot in an episode: somebody meddles, the camera is covered.

Drawn from the episode's seed, so that the planner, its rivals and the oracle get the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from vljepa_ros.planning.protocols import Array

COVERED_LOOKS = (1, 4)  # at least, and fewer than
PICTURES = ("black", "noise", "grey", "hand")

Changes = Callable[[Any], list[Any]]
Impose = Callable[[Any, Any, np.random.Generator], Any]
PlanLength = Callable[[Any, dict[str, str]], int | None]


@dataclass
class Disturbance:
    """The disturbances of one run of one episode.

    ``meddle_after``: the world changes once, after so many actions (-1: never), before the look
    that follows or, ``unseen``, between that look and the next action. ``covered``: numbers of the
    looks, from 0, at which the camera is covered.
    """

    meddle_after: int = -1
    unseen: bool = False
    covered: range = range(0)
    seed: int = 0
    did: str = field(default="", init=False)
    longer: int = field(default=0, init=False)

    @classmethod
    def draw(cls, steps: int, meddle: bool, cover: bool, seed: int) -> Disturbance:
        """For an episode whose shortest plan has ``steps`` actions: somewhere in its middle."""
        rng = np.random.default_rng(seed)
        after = int(rng.integers(1, max(2, steps)))
        first = int(rng.integers(1, max(2, steps)))
        covered = range(first, first + int(rng.integers(*COVERED_LOOKS)))
        return cls(
            after if meddle else -1, bool(rng.integers(2)), covered if cover else range(0), seed
        )

    def again(self) -> Disturbance:
        """The same, for another method's run."""
        return Disturbance(self.meddle_after, self.unseen, self.covered, self.seed)

    def meddle(
        self, scene: Any, goal: dict[str, str], executed: int, looked: bool, changes: Changes,
        impose: Impose, plan_length: PlanLength,
    ) -> None:
        """Change the world if this is the moment; the goal stays within reach.

        Changes that alter how far the goal is are preferred: a window nobody asked about is no
        disturbance.
        """
        if executed != self.meddle_after or looked != self.unseen or self.did:
            return
        rng = np.random.default_rng(self.seed + 1)
        state = scene.truth()
        before = plan_length(state, goal)
        reachable = [s for s in changes(state) if plan_length(s, goal) is not None]
        telling = [s for s in reachable if plan_length(s, goal) != before] or reachable
        if not telling:
            return
        chosen = telling[rng.integers(len(telling))]
        after = plan_length(impose(scene, chosen, rng), goal)
        self.did = f"after {executed} actions: {state} -> {chosen}"
        self.longer = (after or 0) - (before or 0)

    def picture(self, look: int, size: tuple[int, int]) -> Array | None:
        """What the covered camera shows (H, W, 3) uint8, or None when it sees."""
        if look not in self.covered:
            return None
        rng = np.random.default_rng(self.seed + 2)
        return covered_picture(PICTURES[rng.integers(len(PICTURES))], size, rng)


def covered_picture(kind: str, size: tuple[int, int], rng: np.random.Generator) -> Array:
    """A useless picture (H, W, 3) uint8: `black`, sensor `noise`, `grey`, a `hand` on the lens."""
    shape = (*size, 3)
    if kind == "black":
        return np.zeros(shape, np.uint8)
    if kind == "grey":
        return np.full(shape, 128, np.uint8)
    if kind == "noise":
        return rng.integers(0, 256, shape).astype(np.uint8)
    skin = np.clip(rng.normal((150, 95, 80), 25, shape), 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(skin, (0, 0), 15))
