"""Is the best-ranked action the right one? Direct goals, and blocked goals as matched pairs.

Right = the first action of any shortest plan (symbolic search on the true state). A blocked pair is
one goal in two scenes whose right first actions differ; it counts only if both are right, so no
method that ignores the picture can pass it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.search import SearchConfig, plan
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.symbolic import (
    SymbolicState,
    all_states,
    best_first_actions,
    plan_length,
)
from vljepa_ros.training.scene_semantics import STATEMENT_IDS, symbolic_goal

from .report import share
from .worlds import (
    HELD_OUT_SEED,
    Eyes,
    TextOnly,
    Wording,
    candidates,
    model_folder,
    random_state,
    reworded,
)

GOAL_IDS = [s for s in STATEMENT_IDS if not s.startswith("activity.")]
MAX_PLAN = 4

Task = tuple[str, dict[str, str], list[SymbolicState]]


def draw_goal(wording: Wording, rng: np.random.Generator) -> tuple[str, dict[str, str]]:
    """Two thirds single statements, one third compounds."""
    if rng.random() < 2 / 3:
        statement = str(rng.choice(GOAL_IDS))
        return wording.of(statement), symbolic_goal([statement])
    text, parts = wording.compound()
    return text, symbolic_goal(parts)


def direct_task(wording: Wording, rng: np.random.Generator) -> Task:
    """A goal one action away in a random scene."""
    while True:
        text, goal = draw_goal(wording, rng)
        state = random_state(rng)
        if plan_length(state, goal) == 1:
            return text, goal, [state]


def blocked_task(wording: Wording, rng: np.random.Generator) -> Task:
    """One goal, two scenes that differ in one factor, right first actions disjoint."""
    states = all_states()
    while True:
        text, goal = draw_goal(wording, rng)
        first = random_state(rng)
        partners = [
            s for s in states
            if sum(a != b for a, b in zip(vars(s).values(), vars(first).values(), strict=True)) == 1
        ]
        second = partners[rng.integers(len(partners))]
        lengths = [plan_length(s, goal) for s in (first, second)]
        if any(n is None or not 1 <= n <= MAX_PLAN for n in lengths) or max(lengths) < 2:
            continue
        if not best_first_actions(first, goal) & best_first_actions(second, goal):
            return text, goal, [first, second]


def run(seed: int = 0, episodes: int = 150, model: Path | None = None) -> dict[str, Any]:
    """`episodes` direct goals and `episodes` blocked pairs, in plain and in held-out wording."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model))
    scene = Scene()
    rng = np.random.default_rng(HELD_OUT_SEED + seed)
    eyes = Eyes(world, scene, rng)
    eyes.remember_others()
    plain = candidates(scene)
    result: dict[str, Any] = {
        "name": "ranking", "seed": seed, "episodes": episodes, "model_id": world.model_id,
    }
    for kind in ("plain", "held_out"):
        wording = Wording.make(kind, HELD_OUT_SEED + seed)
        actions = plain if kind == "plain" else reworded(plain, rng)
        text_only = TextOnly(actions)

        def ours(text: str, state: LatentStates, actions: list[Any] = actions) -> str:
            goal = world.understand(text)
            if not goal.understood:
                return ""
            found = plan(world, state, goal, actions, world.vocabulary, SearchConfig())
            return (found.steps or found.ranked)[0].action.id

        methods: dict[str, Callable[[str], str]] = {
            "ours": lambda text: ours(text, eyes.look()),
            "blind": lambda text: ours(text, eyes.blind()),
            "text_only": lambda text, rival=text_only: rival.rank(text)[0],
            "random": lambda text, some=actions: some[rng.integers(len(some))].id,
        }
        for name, make in (("direct", direct_task), ("blocked_pairs", blocked_task)):
            scores: dict[str, list[bool]] = {m: [] for m in methods}
            wrong: list[str] = []
            for _ in range(episodes):
                text, goal, states = make(wording, rng)
                right = dict.fromkeys(methods, True)
                for state in states:
                    truth = scene.reset(state, seed=HELD_OUT_SEED + int(rng.integers(1 << 30)))
                    best = best_first_actions(truth, goal)
                    for method, choose in methods.items():
                        choice = choose(text)
                        right[method] &= choice in best
                        if method == "ours" and choice not in best and len(wrong) < 12:
                            wrong.append(f"{text!r} in {truth}: {choice or 'not understood'}")
                for method, flag in right.items():
                    scores[method].append(flag)
            result[f"{name}_{kind}"] = {
                **share(scores["ours"]),
                "baselines": {m: share(scores[m])["rate"] for m in methods if m != "ours"}
                | {"oracle": 1.0},
                "wrong": wrong,
            }
    result["seconds"] = round(time.time() - started, 1)
    return result
