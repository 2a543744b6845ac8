"""How long planning takes: against the number of candidates, and against the depth.

The shipped model on rendered starts. Ranking: depth 1 over 1 to 80 candidates (the actions and
rewordings of them). Planning: goals that no plan reaches within the depth, so that the search does
all it may, over 20 candidates. Times are of one process with the machine's default threads.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.protocols import Action
from vljepa_ros.planning.search import SearchConfig, plan
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.symbolic import all_states
from vljepa_ros.training.phrases import Sampler, load_patterns

from .environment import HELD_OUT_SEED
from .progress import progress
from .worlds import candidates, model_folder

COUNTS = (1, 5, 10, 15, 20, 30, 40, 60, 80)
DEPTHS = tuple(range(1, 11))
PLAN_CANDIDATES = 20
RANKED, PLANNED = 40, 20  # candidates of the two figures that are aimed at
PLOT = Path("docs/bench/plan_speed.png")


def run(
    seed: int = 0, episodes: int = 8, model: Path | None = None, plot: Path | None = PLOT
) -> dict[str, Any]:
    """Medians and 95th percentiles in milliseconds over ``episodes`` starts."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model))
    scene, rng = Scene(), np.random.default_rng(HELD_OUT_SEED + 4321 + seed)
    actions = worded(candidates(scene), max(COUNTS), seed)
    states = all_states()
    by_count: dict[int, list[float]] = {n: [] for n in COUNTS}
    by_depth: dict[int, list[float]] = {d: [] for d in DEPTHS}
    solved: dict[int, list[float]] = {}
    world.imagine(_look(world, scene), actions, world.vocabulary.queries)  # texts are encoded once
    for _ in progress(range(episodes), "plan_speed"):
        start = states[rng.integers(len(states))]
        scene.reset(start, seed=HELD_OUT_SEED + int(rng.integers(1 << 30)))
        state = _look(world, scene)
        reached = _other_state(world, rng)
        for count in COUNTS:
            by_count[count].append(_ms(world, state, reached, actions[:count], depth=1))
        some = actions[:PLAN_CANDIDATES]
        for depth in DEPTHS:
            by_depth[depth].append(_ms(world, state, _never(world), some, depth=depth))
        found = plan(world, state, reached, some, world.vocabulary, SearchConfig())
        solved.setdefault(len(found.steps), []).append(found.planning_ms)
    result = {
        "name": "plan_speed", "seed": seed, "episodes": episodes, "model_id": world.model_id,
        "ranking_40_candidates_ms_p50": _spread(by_count[RANKED])["p50"],
        "out_of_reach_depth_8_ms_p50": _spread(by_depth[8])["p50"],
        "ranking_ms_by_candidates": {str(n): _spread(v) for n, v in by_count.items()},
        "out_of_reach_ms_by_depth": {str(d): _spread(v) for d, v in by_depth.items()},
        "plan_ms_by_actions": {str(n): _spread(v) for n, v in sorted(solved.items())},
        "plan_candidates": PLAN_CANDIDATES, "threads": torch.get_num_threads(),
        "load_average": round(os.getloadavg()[0], 1),
        "baselines": {"random": None, "text_only": None, "blind": None, "oracle": None},
        "seconds": round(time.time() - started, 1),
    }
    if plot is not None:
        draw(result, plot)
    return result


def worded(actions: list[Action], count: int, seed: int) -> list[Action]:
    """``count`` candidates: the actions, then other wordings of them, ids made unique."""
    sampler = Sampler(load_patterns(), seed)
    found = list(actions)
    while len(found) < count:
        action = actions[len(found) % len(actions)]
        pattern = sampler.patterns.actions[action.id]
        text = sampler.words(pattern)
        found.append(replace(action, id=f"{action.id}_{len(found)}", text=text))
    return found


def draw(result: dict[str, Any], path: Path) -> None:
    """The two curves as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    curves = (
        ("ranking_ms_by_candidates", "candidates", "ranking them (depth 1)", RANKED, 60),
        ("out_of_reach_ms_by_depth", "depth", f"searching all of it, {PLAN_CANDIDATES} candidates",
         8, 300),
    )
    for axis, (key, label, title, at, wanted) in zip(axes, curves, strict=True):
        xs = [int(x) for x in result[key]]
        axis.plot(xs, [result[key][str(x)]["p50"] for x in xs], "o-", label="median")
        axis.plot(xs, [result[key][str(x)]["p95"] for x in xs], ":", label="95th percentile")
        axis.plot([at], [wanted], "k_", markersize=16, label=f"aim: {wanted} ms at {at}")
        axis.set(xlabel=label, ylabel="ms", title=title, ylim=(0, None))
        axis.grid(alpha=0.3)
        axis.legend()
    figure.suptitle(f"Planning with {result['model_id']}, {result['threads']} threads", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _look(world: LatentWorldModel, scene: Scene) -> Any:
    return world.encode(scene.render().transpose(2, 0, 1)[None])


def _other_state(world: LatentWorldModel, rng: np.random.Generator) -> Goal:
    """A goal of one statement for each of three subjects."""
    vocabulary = world.vocabulary
    parts = []
    for i in rng.choice(vocabulary.lasting[:5], size=3, replace=False):
        subject = vocabulary.subjects[int(i)]
        row = int(rng.integers(len(subject.statement_ids)))
        parts.append(GoalPart(subject.statements[row], subject.embeddings[row], subject.id,
                              subject.statement_ids[row], vocabulary.met_threshold))
    return Goal(tuple(parts))


def _never(world: LatentWorldModel) -> Goal:
    """A goal that contradicts itself: the search ends only when all was looked at."""
    subject = world.vocabulary.subjects[world.vocabulary.lasting[0]]
    return Goal(tuple(
        GoalPart(text, row, subject.id, name, world.vocabulary.met_threshold)
        for text, row, name in zip(
            subject.statements, subject.embeddings, subject.statement_ids, strict=True
        )
    ))


def _ms(
    world: LatentWorldModel, state: Any, goal: Goal, actions: list[Action], depth: int
) -> float:
    config = SearchConfig(depth=depth)
    return plan(world, state, goal, actions, world.vocabulary, config).planning_ms


def _spread(values: list[float]) -> dict[str, float]:
    return {"p50": round(float(np.median(values)), 1),
            "p95": round(float(np.quantile(values, 0.95)), 1)}
