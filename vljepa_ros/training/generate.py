"""Generated, seeded training pictures of the simulated scene.

Two kinds, both written as shards of plain .npy files (memory-mapped when read):

stills   one picture each of a random state: every symbolic state, in-between positions of drawer
         and window, cubes anywhere on the table, arm at rest or anywhere, half in other light.
motion   pictures at 10 Hz while real skills run one after another, also skills that fail.

Seeds below HELD_OUT_SEED belong to training; benchmarks use seeds from there on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from vljepa_ros.sim.appearance import Appearance
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.symbolic import ACTIONS, PLACES, SymbolicState, all_states, works

HELD_OUT_SEED = 1_000_000
FRAME_SIZE = 128
FRAME_PERIOD_STEPS = 2  # control steps of 50 ms between two recorded motion frames
PLACE_BORDER_M = 0.008  # a cube this close to the border of two places has no place label
SHARD = 1000
RESTING = len(ACTIONS)  # activity label of a scene in which no skill runs

SLIDE_ACTIONS = ("open_drawer", "close_drawer", "open_window", "close_window")
FACTORS = ("drawer", "window", "drawer_lock", "window_lock", "cube")
CUBE_VALUES = (*PLACES, "drawer")


@dataclass
class Shard:
    """Pictures (N, S, S, 3) uint8, labels (N, 8) int, see `LABELS`, and measures (N, 5) float."""

    frames: np.ndarray
    labels: np.ndarray
    measures: np.ndarray


MEASURES = ("cube_x", "cube_y", "cube_z", "drawer_slide", "window_slide")
"""Metres: the cube in the camera's optical frame, and the slides."""

Row = tuple[np.ndarray, list[int], list[float]]

LABELS = (*FACTORS, "activity", "episode", "moving")


def factor_labels(state: SymbolicState) -> list[int]:
    """drawer/window open = 1, locks locked = 1, cube an index of CUBE_VALUES or -1."""
    return [
        int(state.drawer == "open"),
        int(state.window == "open"),
        int(state.drawer_lock == "locked"),
        int(state.window_lock == "locked"),
        CUBE_VALUES.index(state.cube) if state.cube in CUBE_VALUES else -1,
    ]


def shrink(picture: np.ndarray) -> np.ndarray:
    """Area-average a picture to (S, S, 3): what the X-encoder sees."""
    return cv2.resize(picture, (FRAME_SIZE, FRAME_SIZE), interpolation=cv2.INTER_AREA)


def near_border(xy: np.ndarray) -> bool:
    """Whether a cube at xy (2,) m lies between two places."""
    spots = np.array(list(PLACES.values()))
    near = np.sort(np.linalg.norm(spots - xy, axis=1))
    return bool(near[1] - near[0] < 2 * PLACE_BORDER_M)


def measures(scene: Scene) -> list[float]:
    """See `MEASURES`."""
    return [*scene.to_optical(scene.cube_pos), scene.drawer_pos, scene.window_pos]


def still(scene: Scene, rng: np.random.Generator, seed: int) -> Row:
    """One picture, its labels and measures."""
    states = all_states()
    state = states[rng.integers(len(states))]
    options: dict[str, object] = {"arm": "rest" if rng.random() < 0.6 else "random"}
    if rng.random() < 0.25:
        options["drawer_pos"] = rng.uniform(*((-0.16, -0.09) if state.drawer == "open"
                                              else (-0.065, 0.0)))
    if rng.random() < 0.35:
        options["window_pos"] = rng.uniform(*((0.115, 0.2) if state.window == "open"
                                              else (0.0, 0.085)))
    if state.cube_on_table and rng.random() < 0.5:
        spot = np.array(PLACES[state.cube]) + rng.uniform(-0.045, 0.045, 2)
        options["cube_xy"] = tuple(spot)
    scene.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
    truth = scene.reset(state, seed=seed, **options)  # type: ignore[arg-type]
    labels = factor_labels(truth)
    if truth.cube_on_table and near_border(scene.cube_pos[:2]):
        labels[4] = -1
    return shrink(scene.render()), [*labels, RESTING, -1, 0], measures(scene)


def stills(count: int, seed: int, slides: bool = False) -> Iterator[Row]:
    scene = Scene()
    rng = np.random.default_rng(seed)
    for i in range(count):
        yield still(scene, rng, seed + i)


def choose_action(state: SymbolicState, rng: np.random.Generator, slides: bool = False) -> str:
    """Two thirds of the actions work in the state, one third fail or change nothing.

    `slides`: three quarters open or shut something, what is needed to tell one from the other.
    """
    want = rng.random() < 0.67
    fitting = [a for a in ACTIONS if works(state, a) == want]
    if slides and rng.random() < 0.75:
        fitting = [a for a in fitting if a in SLIDE_ACTIONS] or fitting
    return str(rng.choice(fitting or list(ACTIONS)))


def motion(count: int, seed: int, slides: bool = False) -> Iterator[Row]:
    """Frames of skill after skill; a new scene every eight skills."""
    from vljepa_ros.sim.skills import SkillRunner

    scene = Scene()
    runner = SkillRunner(scene)
    rng = np.random.default_rng(seed)
    episode, made = 0, 0
    while made < count:
        scene.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
        states = all_states()
        scene.reset(states[rng.integers(len(states))], seed=seed + episode)
        for _ in range(8):
            rows: list[Row] = []

            def record(
                activity: int, rows: list[Row] = rows, number: int = episode % 30000,
            ) -> None:
                labels = factor_labels(scene.truth())
                if labels[4] >= 0 and labels[4] < len(PLACES) and near_border(scene.cube_pos[:2]):
                    labels[4] = -1
                now = [*labels, activity, number, scene.moving()]
                rows.append((shrink(scene.render()), now, measures(scene)))

            action = choose_action(scene.truth(), rng, slides)
            steps = 0

            def on_step(*_: object, activity: int = ACTIONS.index(action)) -> None:
                nonlocal steps
                steps += 1
                if steps % FRAME_PERIOD_STEPS == 0:
                    record(activity)

            record(RESTING)
            runner.run(action, on_step=on_step)
            record(RESTING)
            yield from rows
            made += len(rows)
        episode += 1


def write(rows: Iterator[Row], folder: Path, name: str, total: int) -> None:
    """Write shards of SHARD pictures; a shard appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    frames: list[np.ndarray] = []
    labels: list[list[int]] = []
    measured: list[list[float]] = []
    number = 0

    def flush() -> None:
        nonlocal number
        np.save(folder / f"{name}_{number:03d}_labels.npy", np.array(labels, dtype=np.int16))
        np.save(folder / f"{name}_{number:03d}_measures.npy", np.array(measured, np.float32))
        partial = folder / f"{name}_{number:03d}_frames.tmp.npy"
        np.save(partial, np.stack(frames))
        partial.rename(folder / f"{name}_{number:03d}_frames.npy")
        frames.clear()
        labels.clear()
        measured.clear()
        number += 1

    for picture, label, measure in tqdm(rows, total=total, desc=name, mininterval=10):
        frames.append(picture)
        labels.append(label)
        measured.append(measure)
        if len(frames) == SHARD:
            flush()
    if frames:
        flush()


def load(folder: Path, kind: str) -> Shard:
    """All shards of a kind ('stills' or 'motion'), concatenated in memory."""
    paths = sorted(folder.glob(f"{kind}_*_frames.npy"))
    if not paths:
        raise FileNotFoundError(
            f"no {kind} in {folder}; run: python -m vljepa_ros.training.generate --out {folder}"
        )
    frames = [np.load(p) for p in paths]
    labels = [np.load(str(p).replace("_frames.npy", "_labels.npy")) for p in paths]
    measured = [np.load(str(p).replace("_frames.npy", "_measures.npy")) for p in paths]
    return Shard(
        np.concatenate(frames), np.concatenate(labels).astype(np.int64), np.concatenate(measured)
    )


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/scene_v0"))
    parser.add_argument("--kind", choices=("stills", "motion"), required=True)
    parser.add_argument("--count", type=int, default=14000, help="pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="a", help="name of this process's shards")
    parser.add_argument("--slides", action="store_true", help="motion: mostly open and shut")
    args = parser.parse_args(argv)
    if args.seed + args.count >= HELD_OUT_SEED:
        parser.error(f"--seed {args.seed}: training seeds lie below {HELD_OUT_SEED}")
    rows = (stills if args.kind == "stills" else motion)(
        args.count, args.seed, args.slides
    )
    write(rows, args.out, f"{args.kind}_{args.part}", args.count)
    facts = {"kind": args.kind, "count": args.count, "seed": args.seed, "labels": LABELS,
             "measures": MEASURES, "slides": args.slides}
    (args.out / f"{args.kind}_{args.part}.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
