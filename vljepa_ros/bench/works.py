"""Does the model know which actions work here? Labels by precondition, from one picture."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.protocols import Action

from .environment import HELD_OUT_SEED, Environment, State, open_environment
from .progress import progress
from .report import share
from .worlds import Eyes, model_folder

ABSENT = 6  # actions about what is not there, beside those about what is


def run(
    seed: int = 0, episodes: int = 200, model: Path | None = None, env: str = "scene-v0"
) -> dict[str, Any]:
    """Every candidate in `episodes` scenes, seen; and after one imagined working action."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    place = open_environment(env)
    rng = np.random.default_rng(HELD_OUT_SEED + 77 + seed)
    eyes = Eyes(world, place, rng)
    eyes.remember_others()
    queries = world.vocabulary.queries[:1]
    threshold = world.vocabulary.works_threshold
    flags: dict[str, list[bool]] = {
        f"{where}_{kind}": [] for where in ("seen", "imagined", "blind")
        for kind in ("working", "failing")
    }
    by_action: dict[str, list[bool]] = defaultdict(list)
    by_failure: dict[str, list[bool]] = defaultdict(list)
    truth_rate: dict[str, list[bool]] = defaultdict(list)
    for _ in progress(range(episodes), "works"):
        truth = place.scene.reset(place.draw_knowable(rng), seed=place.random_seed(rng))
        actions = _asked(place, truth, rng)
        imagined = world.imagine(eyes.look(), actions, queries)
        blind = world.imagine(eyes.blind(), actions, queries).works[0]
        for i, action in enumerate(actions):
            label = place.works(truth, action.id)
            kind = "working" if label else "failing"
            right = (imagined.works[0, i] >= threshold) == label
            flags[f"seen_{kind}"].append(right)
            flags[f"blind_{kind}"].append((blind[i] >= threshold) == label)
            by_action[place.kind(action.id)].append(right)
            if why := place.failure(truth, action.id):
                by_failure[why].append(right)
            truth_rate[action.id].append(label)
        step = int(rng.choice([i for i, a in enumerate(actions) if place.works(truth, a.id)]))
        after = place.apply(truth, actions[step].id)
        second = world.imagine(imagined.states.select([step]), actions, queries).works[0]
        for i, action in enumerate(actions):
            label = place.works(after, action.id)
            flags[f"imagined_{'working' if label else 'failing'}"].append(
                (second[i] >= threshold) == label
            )
    # Knows only how often each action works, not the scene.
    prior = {a: np.mean(v) >= 0.5 for a, v in truth_rate.items()}
    text_only = {
        kind: float(np.mean([prior[a] == label for a, v in truth_rate.items() for label in v
                             if label == (kind == "working")]))
        for kind in ("working", "failing")
    }
    return {
        "name": "works", "env": env, "seed": seed, "episodes": episodes,
        "model_id": world.model_id,
        **{k: share(v) for k, v in flags.items() if not k.startswith("blind")},
        "by_action": {a: share(v)["rate"] for a, v in by_action.items()},
        "by_failure": {why: share(v) for why, v in by_failure.items()},
        "baselines": {
            "random": 0.5,
            "text_only": {k: round(v, 4) for k, v in text_only.items()},
            "blind": {k: share(flags[f"blind_{k}"])["rate"] for k in ("working", "failing")},
            "oracle": 1.0,
        },
        "seconds": round(time.time() - started, 1),
    }


def _asked(place: Environment, state: State, rng: np.random.Generator) -> list[Action]:
    """The actions about what is there, and a few about what is not."""
    there = place.actions(state)
    others = [a.id for a in place.candidates() if a.id not in there]
    absent = [others[i] for i in rng.permutation(len(others))[:ABSENT]]
    return place.candidates({*there, *absent})
