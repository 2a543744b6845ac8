"""The workbench while the robot acts: generated frames, and the clips training draws from them.

Skill after skill in real physics, also such that fail; every frame is labelled with what the
simulator says at that moment. A cube in the air is at no place, in nothing and on nothing: its
place is `NONE`, what it is in is not asked. No frame shows a held-out combination of colour and
place, on the way neither: a cube carried across its held-out place is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vljepa_ros.sim.appearance import Appearance
from vljepa_ros.sim.layout import CUBE_HALF
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_layout import NEAR_PLACE_M, PLACE_XY
from vljepa_ros.sim.workbench_skills import WorkbenchSkills
from vljepa_ros.sim.workbench_symbolic import (
    HELD_OUT_COMBINATIONS,
    PLACES,
    WorkbenchState,
    actions_for,
    has_held_out,
    move_of,
    random_state,
    works,
)

from .generate import shrink
from .scenario import NONE
from .workbench_generate import LABELS, Row, allowed, choose, measures, state_codes
from .workbench_semantics import COLOURS, WORKBENCH
from .workbench_transitions import truth_of

FRAME_STEPS = 4  # control steps of 50 ms between two frames: a clip's own stride
CLIP_FRAMES = 4
SKILLS = 6  # one after another in a scene
CARRYING = 0.5  # share of the actions that carry a cube; more among the others
LIFTED_M = 0.01  # a cube this far above the table, and on nothing, is in the air
OFF_CENTRE, OFF_CENTRE_M = 0.5, 0.022  # share of the placings beside a place's middle, how far
_SPOTS = ((0.281, -0.069), (0.499, 0.179))  # metres, world: where a cube may be put
MOTION_LABELS = (*LABELS[:10], "action", "segment", "airborne")
"""State codes, the action that runs, frames that follow one another, colour in the air or -1."""
ACTION_IDS = WORKBENCH.action_ids
_SHARDS = "motion_*_frames.npy"


def airborne(bench: Workbench) -> int:
    """Index of the colour in the air, -1 when there is none."""
    for colour, where in bench.truth().cubes:
        if where == "elsewhere" and bench.cube_pos(colour)[2] > CUBE_HALF + LIFTED_M:
            return COLOURS.index(colour)
    return -1


def shows_held_out(bench: Workbench) -> bool:
    """Whether a cube is at its held-out place, or in the air above it."""
    truth = bench.truth()
    if has_held_out(truth):
        return True
    for colour, place in HELD_OUT_COMBINATIONS:
        if truth.where(colour) == "elsewhere":
            off = np.linalg.norm(bench.cube_pos(colour)[:2] - PLACE_XY[place])
            if off <= NEAR_PLACE_M:
                return True
    return False


def episodes(count: int, seed: int) -> Iterator[Row]:
    """At least `count` frames, labels (see `MOTION_LABELS`) and measures of skill after skill."""
    bench = Workbench()
    runner = WorkbenchSkills(bench)
    rng = np.random.default_rng(seed)
    filming = _Filming(bench)
    number = 0
    while filming.made < count:
        bench.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
        state = random_state(rng, allow_held_out=False, elsewhere=0.04)
        bench.reset(state, seed=seed + number)
        number += 1
        filming.cut()
        for _ in range(SKILLS):
            truth = bench.truth()
            if has_held_out(truth):  # an accident
                break
            action = _draw(truth, rng)
            filming.action = ACTION_IDS.index(action)
            runner.run(action, on_step=filming.step, target_xy=_target(action, rng))
            yield from filming.taken()


def _draw(state: WorkbenchState, rng: np.random.Generator) -> str:
    """As `choose` does, but CARRYING of them carry a cube, to whatever kind of target alike."""
    if rng.random() >= CARRYING:
        return choose(state, rng)
    kinds: dict[str, list[str]] = {}
    for action in actions_for(state.colours):
        if move_of(action) and works(state, action) and allowed(state, action):
            kinds.setdefault(action.split("_")[0], []).append(action)
    if not kinds:
        return choose(state, rng)
    return str(rng.choice(kinds[str(rng.choice(list(kinds)))]))


class _Filming:
    """Takes a frame every FRAME_STEPS control steps; a frame left out ends the segment."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.made, self.action = bench, 0, -1
        self._rows: list[Row] = []
        self._segment, self._steps = 0, 0

    def cut(self) -> None:
        """What follows does not continue what was filmed."""
        self._segment += 1

    def step(self, *_: object) -> None:
        self._steps += 1
        if self._steps % FRAME_STEPS:
            return
        if shows_held_out(self.bench):
            self.cut()
            return
        codes = state_codes(self.bench.truth())
        labels = [*codes, self.action, self._segment % 30000, airborne(self.bench)]
        self._rows.append((shrink(self.bench.render()), labels, measures(self.bench)))

    def taken(self) -> list[Row]:
        rows, self._rows = self._rows, []
        self.made += len(rows)
        return rows


def _target(action: str, rng: np.random.Generator) -> tuple[float, float] | None:
    """A spot beside the middle of the place that is named, or None: its middle."""
    move = move_of(action)
    if move is None or move.to not in PLACES or rng.random() >= OFF_CENTRE:
        return None
    spot = np.array(PLACE_XY[move.to]) + rng.uniform(-OFF_CENTRE_M, OFF_CENTRE_M, 2)
    x, y = np.clip(spot, *_SPOTS)
    return float(x), float(y)


@dataclass(frozen=True)
class Motion:
    """Frames (N, S, S, 3) uint8, state codes (N, 10), truth (N, subjects) with `NONE` where no
    statement holds, position (N, 6, 3) m optical or nan, and each frame's `segment` (N,): frames of
    one segment are FRAME_STEPS apart."""

    frames: np.ndarray
    state: np.ndarray
    truth: np.ndarray
    position: np.ndarray
    segment: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Motion | None:
        """All motion shards of a folder, None where it has none."""
        paths = sorted(folder.glob(_SHARDS))
        if not paths:
            return None
        labels, segment, last = [], [], 0
        for path in paths:
            rows = np.load(str(path).replace("_frames", "_labels")).astype(np.int64)
            labels.append(rows)
            segment.append(_renumbered(rows[:, 11]) + last)  # parts count from 1, each for itself
            last = int(segment[-1][-1]) + 1
        measured = [np.load(str(p).replace("_frames", "_measures")) for p in paths]
        table = np.concatenate(labels)
        return cls(
            np.concatenate([np.load(p) for p in paths]), table[:, :10],
            truth_in_motion(table[:, :10], table[:, 12]),
            np.concatenate(measured).astype(np.float32), np.concatenate(segment),
        )

    def clips(self, rows: np.ndarray) -> np.ndarray:
        """(B, T) the frames of the clips that end at rows (B,), none from before their segment."""
        first = np.searchsorted(self.segment, self.segment[rows])
        back = np.arange(CLIP_FRAMES - 1, -1, -1)
        return np.asarray(np.maximum(rows[:, None] - back, first[:, None]))


def _renumbered(segment: np.ndarray) -> np.ndarray:
    """0, 0, 1, 1, 1, 2, ...: a new number wherever the given one changes."""
    return np.concatenate(([0], np.cumsum(segment[1:] != segment[:-1])))


def truth_in_motion(states: np.ndarray, in_air: np.ndarray) -> np.ndarray:
    """(N, S) true statements at each moment.

    What is shut in the drawer is not in sight. Of a cube in the air (colour index (N,), -1: none)
    no place is true (`NONE`) and what it is in is left open; it counts as one on the table.
    """
    truth = truth_of(states, np.zeros(len(states), dtype=bool))
    ids = WORKBENCH.subject_ids
    for c, colour in enumerate(COLOURS):
        rows = in_air == c
        truth[rows, ids.index(f"{colour}_place")] = NONE
        truth[rows, ids.index(f"{colour}_in")] = -1
    return truth

