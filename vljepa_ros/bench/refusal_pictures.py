"""Pictures that are no goals: of another world, of nothing, turned about; and real ones.

Refused: `goal_of_picture` says that it did not understand. A picture of the model's own world, in
looks as in training, must be understood.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ogbench.manipspace.envs.puzzle_env import PuzzleEnv

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.picture_goal import goal_of_picture
from vljepa_ros.planning.protocols import Array
from vljepa_ros.sim.appearance import Appearance

from .disturbance import PICTURES, covered_picture
from .environment import ENVIRONMENTS, Environment, open_environment
from .progress import progress
from .report import share

SIDE = 256


def strange_pictures(
    world: LatentWorldModel, place: Environment, rng: np.random.Generator, count: int
) -> dict[str, Any]:
    """Share refused by kind, `count` pictures each, and of the own pictures what was understood."""
    draws: dict[str, Callable[[], Array]] = {
        "upside_down": lambda: _own(place, rng)[::-1],
        "on_its_side": lambda: np.rot90(_own(place, rng)),
        "scrambled": lambda: _scrambled(_own(place, rng), rng),
        "checkers": lambda: _checkers(rng),
        **{kind: lambda kind=kind: covered_picture(kind, (SIDE, SIDE), rng) for kind in PICTURES},
        "puzzle": Puzzle(rng).picture,
    }
    for name in ENVIRONMENTS:
        if name != place.name:
            other = open_environment(name)
            draws[name] = lambda other=other: _own(other, rng)
    flags = {kind: [not _understood(world, draw()) for _ in range(count)]
             for kind, draw in progress(draws.items(), "pictures of something else")}
    every = [flag for some in flags.values() for flag in some]
    own, exact = [], []
    for _ in range(count):
        picture = _own(place, rng)
        goal = goal_of_picture(world, world.vocabulary, picture)
        own.append(goal.understood)
        true = set(place.statements(place.scene.truth()).values())
        exact.append(all(p.statement_id in true for p in goal.parts if p.statement_id))
    return {**share(every), "by_kind": {kind: share(some) for kind, some in flags.items()},
            "own_understood": share(own), "own_read_right": share(exact)}


class Puzzle:
    """OGBench's button puzzle: the same arm and camera before something else."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.env = PuzzleEnv(env_type="3x3", visualize_info=False, terminate_at_goal=False,
                             ob_type="states", mode="task", width=SIDE, height=SIDE)
        self.env.reset(seed=0, options={"task_id": 1})
        self.env.model.vis.quality.shadowsize = 0
        self.env.model.vis.quality.offsamples = 0

    def picture(self) -> Array:
        task = int(self.rng.integers(1, 6))
        self.env.reset(seed=int(self.rng.integers(1 << 30)), options={"task_id": task})
        return np.asarray(self.env.render(camera="front"))


def _own(place: Environment, rng: np.random.Generator) -> Array:
    place.scene.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
    place.scene.reset(place.draw_knowable(rng), seed=place.random_seed(rng))
    picture: Array = place.scene.render()
    place.scene.appearance = Appearance()
    return picture


def _scrambled(picture: Array, rng: np.random.Generator) -> Array:
    """The same picture cut into 4 x 4 tiles in another order."""
    side = picture.shape[0] // 4
    tiles = [picture[r * side:(r + 1) * side, c * side:(c + 1) * side]
             for r in range(4) for c in range(4)]
    order = [tiles[i] for i in rng.permutation(16)]
    return np.concatenate([np.concatenate(order[r * 4:r * 4 + 4], axis=1) for r in range(4)])


def _checkers(rng: np.random.Generator) -> Array:
    """A coarse random pattern of full contrast."""
    cells = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return np.kron(cells, np.ones((SIDE // 8, SIDE // 8, 1), np.uint8))


def _understood(world: LatentWorldModel, picture: Array) -> bool:
    return goal_of_picture(world, world.vocabulary, np.ascontiguousarray(picture)).understood
