"""Is the best-ranked action the right one? Direct goals, and blocked goals as matched pairs.

Right = the first action of any shortest plan (symbolic search on the true state). A blocked pair is
one goal in two scenes whose right first actions differ; it counts only if both are right, so no
method that ignores the picture can pass it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.protocols import Action
from vljepa_ros.planning.search import SearchConfig, plan

from .environment import HELD_OUT_SEED, Environment, Goal, State, Wording, open_environment
from .episodes import draw_goal
from .progress import progress
from .report import share
from .worlds import Eyes, TextOnly, model_folder

MAX_PLAN = 4
METHODS = ("ours", "blind", "text_only", "random")

Task = tuple[str, Goal, list[State]]


def direct_task(place: Environment, wording: Wording, rng: np.random.Generator) -> Task:
    """A goal one action away in a random scene."""
    while True:
        state = place.draw_knowable(rng)
        text, goal = draw_goal(place, wording, state, rng)
        if place.plan_length(state, goal) == 1:
            return text, goal, [state]


def blocked_task(place: Environment, wording: Wording, rng: np.random.Generator) -> Task:
    """One goal, two scenes one action apart, right first actions disjoint."""
    while True:
        first = place.draw_knowable(rng)
        text, goal = draw_goal(place, wording, first, rng)
        action = place.draw_action(first, rng)
        second = first if action is None else place.apply(first, action)
        lengths = [place.plan_length(s, goal) for s in (first, second)]
        if any(n is None or not 1 <= n <= MAX_PLAN for n in lengths) or max(lengths) < 2:
            continue
        if not place.knowable(second):
            continue
        if not place.best_first_actions(first, goal) & place.best_first_actions(second, goal):
            return text, goal, [first, second]


def run(
    seed: int = 0, episodes: int = 150, model: Path | None = None, env: str = "scene-v0"
) -> dict[str, Any]:
    """`episodes` direct goals and `episodes` blocked pairs, in plain and in held-out wording."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    place = open_environment(env)
    rng = np.random.default_rng(HELD_OUT_SEED + seed)
    eyes = Eyes(world, place, rng)
    eyes.remember_others()
    plain = place.candidates()
    result: dict[str, Any] = {
        "name": "ranking", "env": env, "seed": seed, "episodes": episodes,
        "model_id": world.model_id,
    }
    for kind in ("plain", "held_out"):
        wording = place.wording(kind, HELD_OUT_SEED + seed)
        actions = plain if kind == "plain" else place.reworded(plain, rng)
        rivals = _Methods(world, eyes, TextOnly(actions), rng)
        for name, make in (("direct", direct_task), ("blocked_pairs", blocked_task)):
            scores: dict[str, list[bool]] = {m: [] for m in METHODS}
            wrong: list[str] = []
            for _ in progress(range(episodes), f"ranking {name} {kind}"):
                text, goal, states = make(place, wording, rng)
                right = dict.fromkeys(METHODS, True)
                for state in states:
                    truth = place.scene.reset(state, seed=place.random_seed(rng))
                    best = place.best_first_actions(truth, goal)
                    possible = set(place.actions(truth))
                    some = [a for a in actions if a.id in possible]
                    for method in METHODS:
                        choice = rivals.choose(method, text, some)
                        right[method] &= choice in best
                        if method == "ours" and choice not in best and len(wrong) < 12:
                            wrong.append(f"{text!r} in {truth}: {choice or 'not understood'}")
                for method, flag in right.items():
                    scores[method].append(flag)
            result[f"{name}_{kind}"] = {
                **share(scores["ours"]),
                "baselines": {m: share(scores[m])["rate"] for m in METHODS if m != "ours"}
                | {"oracle": 1.0},
                "wrong": wrong,
            }
    result["seconds"] = round(time.time() - started, 1)
    return result


class _Methods:
    """The best action for a goal in the scene before the camera, by each method."""

    def __init__(
        self, world: LatentWorldModel, eyes: Eyes, text_only: TextOnly, rng: np.random.Generator
    ) -> None:
        self.world, self.eyes, self.text_only, self.rng = world, eyes, text_only, rng

    def choose(self, method: str, text: str, actions: list[Action]) -> str:
        """An action id; "" when the goal is not understood."""
        if method == "random":
            return actions[self.rng.integers(len(actions))].id
        if method == "text_only":
            return self.text_only.rank(text, [a.id for a in actions])[0]
        goal = self.world.understand(text)
        if not goal.understood:
            return ""
        state: LatentStates = self.eyes.look() if method == "ours" else self.eyes.blind()
        found = plan(self.world, state, goal, actions, self.world.vocabulary, SearchConfig())
        return (found.steps or found.ranked)[0].action.id
