"""Training data of scene-v0: pictures in memory, rollouts from the table of its 112 states."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from vljepa_ros.sim.layout import NEAR_PLACE_M
from vljepa_ros.sim.symbolic import ACTIONS, PLACES

from .generate import near_border
from .phrases import Sampler, load_patterns
from .pictures import Pictures
from .scenario import Clips, Rollout
from .scene_semantics import SCENE, STATEMENTS
from .targets import optical_of, optical_targets
from .transitions import NEXT, STATES, TRUE, WORKS, draw_actions

CAPTIONS = 14  # a state
SPOT = SCENE.action_ids.index("place_at")
SPOT_SHARE = 0.6  # of the placings, at a free position instead of a named place
_TABLE = ((0.29, -0.06), (0.44, 0.165))  # metres, world: where the marked spot may be
_PLACINGS = np.array([a.startswith("place_") for a in ACTIONS])
_DRAWER = np.array([s.cube == "drawer" for s in STATES])


def _state_with_cube() -> np.ndarray:
    """(112, 6): the state index with the cube at each place instead."""
    index = {state: i for i, state in enumerate(STATES)}
    return np.array([[index[replace(s, cube=p)] for p in PLACES] for s in STATES])


class SceneScenario:
    """See `scenario.Scenario`."""

    semantics = SCENE
    moves = True

    def __init__(self, data: Path) -> None:
        self.pictures = Pictures(data)
        self.targets = optical_targets()
        self.moved = _state_with_cube()
        self.place_position = optical_of(np.array([[*xy, 0.02] for xy in PLACES.values()]))

    def sampler(self, seed: int) -> Sampler:
        return Sampler(load_patterns(), seed)

    def draw(self, count: int, rng: np.random.Generator, share_motion: float = 0.4) -> Clips:
        return self.pictures.draw(count, rng, share_motion)

    def held_out(self, count: int, rng: np.random.Generator, moving: bool = False) -> Clips:
        rows = self.pictures.held_motion if moving else self.pictures.held_stills
        return self.pictures.clips(rng.choice(rows, min(count, len(rows)), replace=False), None)

    def captions(self, sampler: Sampler) -> list[list[str]]:
        """What is true of each state, every fact in words of its own."""
        options = sampler.patterns.statements
        ids = SCENE.statement_ids
        captions = []
        for state in range(len(STATES)):
            facts = list(dict.fromkeys(ids[i] for i in TRUE[state][:6]))
            facts = [f for f in facts if f != "cube_in.table"]
            captions.append([
                ", ".join(
                    STATEMENTS[f] if sampler.rng.random() < 0.6 or f not in options
                    else sampler.words(options[f]).rstrip(".")
                    for f in (facts[i] for i in sampler.rng.permutation(len(facts)))
                )
                for _ in range(CAPTIONS)
            ])
        return captions

    def rollouts(
        self, clips: Clips, rows: np.ndarray, depth: int, rng: np.random.Generator
    ) -> Rollout:
        """Some placings are at free positions, given with the action as a target."""
        shape = (len(rows), depth)
        actions, works = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.float32)
        passed = np.zeros((len(rows), depth + 1), dtype=np.int64)
        passed[:, 0] = clips.caption[rows]
        features = np.zeros((*shape, 4), dtype=np.float32)
        position = np.full((len(rows), depth + 1, 1, 3), np.nan, dtype=np.float32)
        position[:, 0] = clips.position[rows]
        position[:, 0][_DRAWER[passed[:, 0]]] = np.nan
        for k in range(depth):
            before = passed[:, k]
            actions[:, k] = draw_actions(before, rng)
            works[:, k] = WORKS[before, actions[:, k]]
            passed[:, k + 1] = NEXT[before, actions[:, k]]
            features[:, k] = self._features(actions[:, k], rng)
            spot = _PLACINGS[actions[:, k]] & (rng.random(len(rows)) < SPOT_SHARE)
            for i in np.flatnonzero(spot):
                actions[i, k] = SPOT
                world, place = self._spot(rng)
                features[i, k] = (*optical_of(world[None])[0], 1.0)
                reachable = not (_DRAWER[before[i]] and STATES[before[i]].drawer == "closed")
                works[i, k] = float(reachable)
                passed[i, k + 1] = self.moved[before[i], place] if reachable else before[i]
            position[:, k + 1] = self._after(position[:, k], actions[:, k], works[:, k],
                                             features[:, k], passed[:, k + 1])
        looked = int(rng.integers(1, depth + 1))
        return Rollout(
            actions=actions, works=works, targets=torch.from_numpy(features),
            truth=np.where(np.arange(TRUE.shape[1]) < 6, TRUE[passed], -1), position=position,
            looked=looked, real=self.pictures.of_states(passed[:, looked], rng),
            real_rows=np.arange(len(rows)),
        )

    def _features(self, actions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(N, 4): a named action's target with a little noise, left out half of the time."""
        features = self.targets[actions]
        features[:, :3] += rng.normal(0, 0.004, (len(actions), 3))
        keep = (features[:, 3] > 0) & (rng.random(len(actions)) < 0.6)
        return np.asarray(features * keep[:, None], dtype=np.float32)

    @staticmethod
    def _spot(rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """A position on the table (3,) in world metres, and the index of the place it is at."""
        spots = np.array(list(PLACES.values()))
        while True:
            xy = rng.uniform(*_TABLE)
            distance = np.linalg.norm(spots - xy, axis=1)
            if distance.min() < NEAR_PLACE_M and not near_border(xy):
                return np.array([*xy, 0.02]), int(distance.argmin())

    def _after(
        self, before: np.ndarray, actions: np.ndarray, works: np.ndarray, features: np.ndarray,
        after: np.ndarray,
    ) -> np.ndarray:
        """Where the cube is after the action: at the target, or where it was."""
        position = before.copy()
        for i, action in enumerate(actions):
            if not works[i]:
                continue
            if action == SPOT:
                position[i, 0] = features[i, :3]
            elif _PLACINGS[action]:
                target = features[i, 3] > 0
                place = action - int(np.flatnonzero(_PLACINGS)[0])
                position[i, 0] = features[i, :3] if target else self.place_position[place]
        position[_DRAWER[after]] = np.nan
        return position
