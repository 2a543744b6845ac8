"""Generated, seeded training pictures of the workbench: chains of states, one action apart.

Every chain starts in a random state; each further picture shows the state after an action drawn
from those that work (most) or fail (balanced by kind of failure). Pictures are of resting scenes;
no held-out combination of colour and place appears as state, start, outcome or action.
`--kind motion` films skills instead, see `workbench_motion`.

    python -m vljepa_ros.training.workbench_generate --out data/workbench --count 28000
    python -m vljepa_ros.training.workbench_generate --kind motion --count 4000 --seed 200000
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from vljepa_ros.sim.appearance import Appearance
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_symbolic import (
    COLOURS,
    FIXTURES,
    PLACES,
    WorkbenchState,
    actions_for,
    apply,
    failure,
    has_held_out,
    random_state,
    works,
)

from .generate import HELD_OUT_SEED, SHARD, shrink
from .workbench_semantics import ACTIONS, WORKBENCH

CHAIN = 4  # pictures
SHARE_WORKING = 0.65
WHERES = (*PLACES, "drawer", *(f"on_{c}" for c in COLOURS), "absent", "elsewhere")
DRAWER, ABSENT, ELSEWHERE = (WHERES.index(w) for w in ("drawer", "absent", "elsewhere"))
LABELS = (*FIXTURES, *(f"{c}_cube" for c in COLOURS), "action", "chain", "step")
"""Fixtures open/locked = 1, cubes an index of WHERES, the action that led here (-1: a start)."""
_ACTION_IDS = tuple(ACTIONS)
Row = tuple[np.ndarray, list[int], np.ndarray]
"""A picture (S, S, 3) uint8, its labels and its measures (6, 3)."""


def state_codes(state: WorkbenchState) -> list[int]:
    """The first ten labels of a state."""
    yes = {"drawer": "open", "window": "open", "drawer_lock": "locked", "window_lock": "locked"}
    fixtures = [int(getattr(state, name) == value) for name, value in yes.items()]
    at = dict(state.cubes)
    return [*fixtures, *(WHERES.index(at.get(c, "absent")) for c in COLOURS)]


def allowed(state: WorkbenchState, action: str) -> bool:
    """Whether training may show this action here."""
    return action not in WORKBENCH.held_out_actions and not has_held_out(apply(state, action))


def choose(state: WorkbenchState, rng: np.random.Generator) -> str:
    """An action of the colours present that works, or one that fails, kinds of failure alike."""
    options = [a for a in actions_for(state.colours) if allowed(state, a)]
    kinds: dict[str, list[str]] = {}
    for action in options:
        kind = "works" if works(state, action) else str(failure(state, action))
        kinds.setdefault(kind, []).append(action)
    if "works" in kinds and (rng.random() < SHARE_WORKING or len(kinds) == 1):
        # As many of every verb: there are many more places than fixtures.
        verbs: dict[str, list[str]] = {}
        for action in kinds["works"]:
            verbs.setdefault(action.split("_")[0], []).append(action)
        table = verbs[str(rng.choice(list(verbs)))]
    else:
        table = kinds[str(rng.choice([k for k in kinds if k != "works"]))]
    return str(rng.choice(table))


def show(
    bench: Workbench, state: WorkbenchState, rng: np.random.Generator, seed: int
) -> WorkbenchState:
    """Put the bench into the state, with everything that may vary varied; returns its truth."""
    options: dict[str, Any] = {"arm": "rest" if rng.random() < 0.65 else "random"}
    if rng.random() < 0.25:
        options["drawer_pos"] = rng.uniform(*((-0.16, -0.09) if state.drawer == "open"
                                              else (-0.065, 0.0)))
    if rng.random() < 0.3:
        options["window_pos"] = rng.uniform(*((0.115, 0.2) if state.window == "open"
                                              else (0.0, 0.085)))
    if rng.random() < 0.5:
        options["jitter"] = 0.028
    return bench.reset(state, seed=seed, **options)


def measures(bench: Workbench) -> np.ndarray:
    """(6, 3) float32: every colour's cube in the camera's optical frame, nan where there is none
    on the table."""
    found = np.full((len(COLOURS), 3), np.nan, dtype=np.float32)
    for colour, where in bench.truth().cubes:
        if where != "drawer":
            found[COLOURS.index(colour)] = bench.to_optical(bench.cube_pos(colour))
    return found


def chains(count: int, seed: int) -> Iterator[Row]:
    """Pictures, labels and measures, CHAIN of them in a row belong together."""
    bench = Workbench()
    rng = np.random.default_rng(seed)
    for number in range(count // CHAIN):
        bench.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
        state = random_state(rng, allow_held_out=False, elsewhere=0.04)
        action = -1
        for step in range(CHAIN):
            truth = show(bench, state, rng, seed + number * CHAIN + step)
            if truth != state:  # something toppled while settling: the chain ends in what is true
                action = -1
            if has_held_out(truth):
                break
            labels = [*state_codes(truth), action, number % 30000, step]
            yield shrink(bench.render()), labels, measures(bench)
            name = choose(truth, rng)
            action, state = _ACTION_IDS.index(name), apply(truth, name)


def write(
    count: int, seed: int, folder: Path, part: str, kind: str = "chains",
) -> None:
    """Write shards of SHARD pictures; a shard appears whole or not at all."""
    from .workbench_motion import MOTION_LABELS, episodes

    folder.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    number = 0

    def flush() -> None:
        nonlocal number
        name = folder / f"{kind}_{part}_{number:03d}"
        np.save(f"{name}_labels.npy", np.array([r[1] for r in rows], dtype=np.int16))
        np.save(f"{name}_measures.npy", np.stack([r[2] for r in rows]))
        partial = Path(f"{name}_frames.tmp.npy")
        np.save(partial, np.stack([r[0] for r in rows]))
        partial.rename(f"{name}_frames.npy")
        rows.clear()
        number += 1

    source = chains if kind == "chains" else episodes
    for row in tqdm(source(count, seed), total=count, desc=part, mininterval=20):
        rows.append(row)
        if len(rows) == SHARD:
            flush()
    if rows:
        flush()
    facts = {"kind": kind, "count": count, "seed": seed,
             "labels": LABELS if kind == "chains" else MOTION_LABELS}
    (folder / f"{kind}_{part}.json").write_text(json.dumps(facts))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/workbench"))
    parser.add_argument("--kind", choices=("chains", "motion"), default="chains")
    parser.add_argument("--count", type=int, default=28000, help="pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="a", help="name of this process's shards")
    args = parser.parse_args(argv)
    if args.seed + args.count >= HELD_OUT_SEED:
        parser.error(f"--seed {args.seed}: training seeds lie below {HELD_OUT_SEED}")
    write(args.count, args.seed, args.out, args.part, args.kind)


if __name__ == "__main__":
    main()
