"""Training data of the workbench: chains of pictures in memory, rollouts by its rules.

Where the folder has motion as well (`workbench_motion`), a share of every batch is clips of skills;
they are read, but nothing is rolled out from a scene that moves.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.sim.layout import CUBE_HALF
from vljepa_ros.sim.workbench_layout import NEAR_PLACE_M, PLACE_XY

from .pictures import CLIP_FRAMES, HELD_SHARE, augment
from .scenario import Clips, Rollout, Trial
from .targets import WORLD_TARGETS, optical_of
from .workbench_generate import DRAWER, ELSEWHERE, WHERES
from .workbench_motion import Motion
from .workbench_phrases import WorkbenchSampler
from .workbench_semantics import COLOURS, STATEMENTS, WORKBENCH
from .workbench_transitions import (
    ACTION_IDS,
    HELD_OUT_CODE,
    ON,
    PLAN,
    apply_all,
    draw_actions,
    hidden,
    truth_of,
    works_all,
)

CAPTIONED = 3500  # pictures that have captions, and as many again of the held-out ones / 10
CAPTIONS = 2
TOLD_SHARE = 0.65  # of the states that hide a cube, told what it is
TRIED, TRIED_WORKING = 4, 0.4  # actions tried on the first and a later state; how many work
JUST_CHANGED = 0.15  # of the clips, the older frames show another state of the chain
_TABLE = ((0.27, -0.06), (0.45, 0.155))  # metres, world: where a marked spot may be
OPEN_DRAWER = ACTION_IDS.index("open_drawer")


class WorkbenchScenario:
    """See `scenario.Scenario`."""

    semantics = WORKBENCH

    def __init__(self, data: Path) -> None:
        paths = sorted(data.glob("chains_*_frames.npy"))
        if not paths:
            raise FileNotFoundError(
                f"no chains in {data}; run: python -m vljepa_ros.training.workbench_generate "
                f"--out {data}"
            )

        def read(kind: str) -> np.ndarray:
            return np.concatenate([np.load(str(p).replace("_frames", f"_{kind}")) for p in paths])

        self.frames, labels = read("frames"), read("labels").astype(np.int64)
        self.position = read("measures").astype(np.float32)
        self.state, self.led = labels[:, :10], labels[:, 10]
        self.chained = count = len(labels)
        follows = (labels[1:, 11] == labels[:-1, 11]) & (labels[1:, 12] == labels[:-1, 12] + 1)
        self.follows = np.append(follows & (self.led[1:] >= 0), False)  # the next row is one on
        self.truth = truth_of(self.state, np.zeros(count, dtype=bool))
        cut = int(count * (1 - HELD_SHARE))
        self.rows, self.held_rows = np.arange(cut), np.arange(cut, count)
        self.caption = np.full(count, -1)
        captioned = np.concatenate((self.rows[:CAPTIONED], self.held_rows[: CAPTIONED // 10]))
        self.caption[captioned] = np.arange(len(captioned))
        self._captioned = captioned
        self.targets = self._action_targets()
        self._add_motion(Motion.load(data))
        self.place_position = optical_of(np.array([[*xy, CUBE_HALF] for xy in PLACE_XY.values()]))
        up = optical_of(np.array([[0.0, 0.0, 2 * CUBE_HALF], [0.0, 0.0, 0.0]]))
        self.one_up = up[0] - up[1]

    def _add_motion(self, motion: Motion | None) -> None:
        """Its frames come after those of the chains, in every array by row."""
        self.motion, self.moves = motion, motion is not None
        self.moving, self.held_moving = (np.zeros(0, dtype=np.int64) for _ in range(2))
        if motion is None:
            return
        self.frames = np.concatenate((self.frames, motion.frames))
        self.truth = np.concatenate((self.truth, motion.truth))
        self.position = np.concatenate((self.position, motion.position))
        self.caption = np.append(self.caption, np.full(len(motion.frames), -1))
        cut = int(len(motion.frames) * (1 - HELD_SHARE))
        rows = self.chained + np.arange(len(motion.frames))
        self.moving, self.held_moving = rows[:cut], rows[cut:]

    @staticmethod
    def _action_targets() -> np.ndarray:
        """(A, 4) float32 optical position and 1, zeros where an action has no target."""
        features = np.zeros((len(ACTION_IDS), 4), dtype=np.float32)
        for i, action in enumerate(ACTION_IDS):
            verb, _, to = PLAN[i]
            if action in WORLD_TARGETS:
                where = WORLD_TARGETS[action]
            elif verb == 4:
                where = (*PLACE_XY[WHERES[to]], CUBE_HALF)
            elif verb == 5:
                where = WORLD_TARGETS["put_cube_in_drawer"]
            else:
                continue
            features[i] = (*optical_of(np.array([where]))[0], 1.0)
        return features

    def sampler(self, seed: int) -> WorkbenchSampler:
        return WorkbenchSampler(seed)

    def captions(self, sampler: WorkbenchSampler) -> list[list[str]]:
        """What can be seen in the captioned pictures, every fact in words of its own."""
        ids = WORKBENCH.statement_ids
        captions = []
        for row in self._captioned:
            truth = self.truth[row]
            facts = [ids[i] for i in (*truth[:4], *truth[4:-1:2], truth[-1]) if i >= 0]
            facts = [f for f in facts if not f.endswith(".unseen")]
            captions.append([
                ", ".join(
                    STATEMENTS[facts[i]] if sampler.rng.random() < 0.75
                    else sampler.statement(facts[i]).rstrip(".")
                    for i in sampler.rng.permutation(len(facts))
                )
                for _ in range(CAPTIONS)
            ])
        return captions

    def draw(self, count: int, rng: np.random.Generator, share_motion: float = 0.4) -> Clips:
        """A training batch, augmented: scenes at rest, some of which have just changed, then
        `share_motion` of clips of skills where there are any."""
        moving = int(count * share_motion) if len(self.moving) else 0
        index = self._at_rest(count - moving, rng)
        if moving:
            index = np.concatenate((index, self._in_motion(rng.choice(self.moving, moving))))
        return self._clips(index[:, -1], augment(self._pictures(index), rng))

    def _at_rest(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(N, T) frames of clips of resting scenes."""
        rows = rng.choice(self.rows, count)
        if rng.random() < 0.3:  # captions need captioned pictures
            rows[: count // 2] = rng.choice(self._captioned[:CAPTIONED], count // 2)
        older = np.where((rng.random(count) < JUST_CHANGED) & (rows > 0), rows - 1, rows)
        index = np.stack([older] * (CLIP_FRAMES - 1) + [rows], axis=1)
        change = rng.integers(1, CLIP_FRAMES, size=count)  # the change is somewhere in the clip
        for k in range(1, CLIP_FRAMES - 1):
            index[:, k] = np.where(k >= change, rows, older)
        return index

    def _in_motion(self, rows: np.ndarray) -> np.ndarray:
        """(N, T) frames of the clips of skills that end at rows (N,)."""
        assert self.motion is not None
        return self.chained + self.motion.clips(rows - self.chained)

    def held_out(self, count: int, rng: np.random.Generator, moving: bool = False) -> Clips:
        """`moving`: clips of skills, ValueError where there are none."""
        if moving:
            if not len(self.held_moving):
                raise ValueError("moving = True; allowed: where the data have motion")
            rows = rng.choice(self.held_moving, min(count, len(self.held_moving)), replace=False)
            return self._clips(rows, self._pictures(self._in_motion(rows)))
        rows = rng.choice(self.held_rows, min(count, len(self.held_rows)), replace=False)
        return self._clips(rows, self._pictures(np.repeat(rows[:, None], CLIP_FRAMES, axis=1)))

    def _pictures(self, index: np.ndarray) -> Tensor:
        return torch.from_numpy(self.frames[index]).permute(0, 1, 4, 2, 3)

    def _clips(self, rows: np.ndarray, clip: Tensor) -> Clips:
        return Clips(clip, self.truth[rows], self.position[rows], self.caption[rows],
                     rows < self.chained, rows)

    def rollouts(
        self, clips: Clips, rows: np.ndarray, depth: int, rng: np.random.Generator
    ) -> Rollout:
        """The recorded actions first, as far as pictures of their outcomes exist, then others.

        Where a cube is hidden, most states are told about it; the others never open the drawer,
        because what would be seen then is not known.
        """
        pictures, count, last = clips.row[rows], len(rows), len(self.led) - 1
        states = self.state[pictures]
        concealed = hidden(states)
        knows = ~concealed.any(axis=1) | (rng.random(count) < TOLD_SHARE)
        told = [
            (np.flatnonzero(concealed[:, c] & knows), WORKBENCH.index[f"{colour}.drawer"])
            for c, colour in enumerate(COLOURS)
        ]
        looked = int(rng.integers(1, min(depth, 3) + 1))
        recorded = self._recorded(pictures, looked)
        shape = (count, depth)
        actions, works = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.float32)
        features = np.zeros((*shape, 4), dtype=np.float32)
        truth = np.zeros((count, depth + 1, self.truth.shape[1]), dtype=np.int64)
        position = np.full((count, depth + 1, len(COLOURS), 3), np.nan, dtype=np.float32)
        truth[:, 0], position[:, 0] = truth_of(states, knows), clips.position[rows]
        trials = []
        tried_at = (0, int(rng.integers(1, depth))) if depth > 1 else (0,)
        for k in range(depth):
            possible = works_all(states)
            barred = np.zeros_like(possible)
            barred[~knows, OPEN_DRAWER] = True
            if k in tried_at:
                trials.append(self._trial(k, states, possible, rng, barred))
            chosen = draw_actions(states, possible, rng, barred)
            if k < looked:
                chosen = np.where(recorded, self.led[(pictures + k + 1).clip(max=last)], chosen)
            target, spot = self._features(states, chosen, rng)
            worked = possible[np.arange(count), chosen]
            states = apply_all(states, chosen, worked, spot)
            actions[:, k], works[:, k], features[:, k] = chosen, worked, target
            truth[:, k + 1] = truth_of(states, knows)
            position[:, k + 1] = self._after(position[:, k], states, chosen, worked, target)
        reached = hidden(self.state[(pictures + looked).clip(max=last)]).any(axis=1)
        shown = recorded & ~reached & ~concealed.any(axis=1)
        real_rows = np.flatnonzero(shown)
        index = np.repeat((pictures[real_rows] + looked)[:, None], CLIP_FRAMES, axis=1)
        return Rollout(
            actions=actions, works=works, targets=torch.from_numpy(features), truth=truth,
            position=position, looked=looked, real=self._pictures(index), real_rows=real_rows,
            told=told, trials=trials,
        )

    def _trial(
        self, step: int, states: np.ndarray, possible: np.ndarray, rng: np.random.Generator,
        barred: np.ndarray,
    ) -> Trial:
        """TRIED actions for every state."""
        count = len(states)
        many = np.repeat(np.arange(count), TRIED)
        chosen = draw_actions(states[many], possible[many], rng, barred[many], TRIED_WORKING)
        targets, _ = self._features(states[many], chosen, rng)
        works = possible[many, chosen].astype(np.float32)
        return Trial(step, chosen.reshape(count, TRIED), works.reshape(count, TRIED),
                     torch.from_numpy(targets).view(count, TRIED, -1))

    def _recorded(self, pictures: np.ndarray, steps: int) -> np.ndarray:
        """(N,) bool: whether the chain goes on for so many pictures."""
        last = len(self.follows) - 1
        along = [self.follows[(pictures + k).clip(max=last)] for k in range(steps)]
        return np.asarray(np.all(along, axis=0) & (pictures + steps <= last))

    def _features(
        self, states: np.ndarray, actions: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Target features (N, 4), left out half of the time where the text names the target, and
        the code (N,) of the place a free placing ends at."""
        features = self.targets[actions]
        features[:, :3] += rng.normal(0, 0.004, (len(actions), 3)).astype(np.float32)
        features *= ((features[:, 3] > 0) & (rng.random(len(actions)) < 0.6))[:, None]
        spot = np.full(len(actions), ELSEWHERE)
        for i in np.flatnonzero(PLAN[actions, 0] == 7):
            world, spot[i] = self._spot(states[i], int(PLAN[actions[i], 1]), rng)
            features[i] = (*optical_of(world[None])[0], 1.0)
        return features, spot

    @staticmethod
    def _spot(
        state: np.ndarray, colour: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, int]:
        """A free position (3,) in world metres and its place's code, or ELSEWHERE between them."""
        spots = np.array(list(PLACE_XY.values()))
        taken = set(np.delete(state[4:], colour).tolist()) | {int(HELD_OUT_CODE[colour])}
        while True:
            xy = rng.uniform(*_TABLE)
            distance = np.linalg.norm(spots - xy, axis=1)
            nearest = int(distance.argmin())
            if abs(distance[nearest] - NEAR_PLACE_M) < 0.006:
                continue
            near = distance[nearest] < NEAR_PLACE_M
            if not (near and nearest in taken):
                return np.array([*xy, CUBE_HALF]), nearest if near else ELSEWHERE

    def _after(
        self, before: np.ndarray, states: np.ndarray, actions: np.ndarray, worked: np.ndarray,
        target: np.ndarray,
    ) -> np.ndarray:
        """(N, 6, 3) where the cubes are after the action."""
        position = before.copy()
        for i in np.flatnonzero(worked & (PLAN[actions, 0] >= 4)):
            verb, colour, to = PLAN[actions[i]]
            if verb == 4:
                named = self.place_position[to]
                position[i, colour] = target[i, :3] if target[i, 3] > 0 else named
            elif verb == 6:
                position[i, colour] = before[i, to - ON] + self.one_up
            elif verb == 7:
                position[i, colour] = target[i, :3]
        position[states[:, 4:] == DRAWER] = np.nan
        return position
