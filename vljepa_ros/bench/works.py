"""Does the model know which actions work here? Labels by precondition, from one picture."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.symbolic import apply, works

from .report import share
from .worlds import HELD_OUT_SEED, Eyes, candidates, model_folder, random_state


def run(seed: int = 0, episodes: int = 200, model: Path | None = None) -> dict[str, Any]:
    """Every candidate in `episodes` scenes, seen; and after one imagined working action."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model))
    scene = Scene()
    rng = np.random.default_rng(HELD_OUT_SEED + 77 + seed)
    eyes = Eyes(world, scene, rng)
    eyes.remember_others()
    actions = candidates(scene)
    queries = world.vocabulary.queries
    threshold = world.vocabulary.works_threshold
    flags: dict[str, list[bool]] = {
        f"{where}_{kind}": [] for where in ("seen", "imagined", "blind")
        for kind in ("working", "failing")
    }
    by_action: dict[str, list[bool]] = {a.id: [] for a in actions}
    truth_rate: dict[str, list[bool]] = {a.id: [] for a in actions}
    for _ in range(episodes):
        truth = scene.reset(random_state(rng), seed=HELD_OUT_SEED + int(rng.integers(1 << 30)))
        state = eyes.look()
        imagined = world.imagine(state, actions, queries)
        blind = world.imagine(eyes.blind(), actions, queries).works[0]
        for i, action in enumerate(actions):
            label = works(truth, action.id)
            kind = "working" if label else "failing"
            right = (imagined.works[0, i] >= threshold) == label
            flags[f"seen_{kind}"].append(right)
            flags[f"blind_{kind}"].append((blind[i] >= threshold) == label)
            by_action[action.id].append(right)
            truth_rate[action.id].append(label)
        step = int(rng.choice([i for i, a in enumerate(actions) if works(truth, a.id)]))
        after = apply(truth, actions[step].id)
        second = world.imagine(imagined.states.select([step]), actions, queries).works[0]
        for i, action in enumerate(actions):
            label = works(after, action.id)
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
        "name": "works", "seed": seed, "episodes": episodes, "model_id": world.model_id,
        **{k: share(v) for k, v in flags.items() if not k.startswith("blind")},
        "by_action": {a: share(v)["rate"] for a, v in by_action.items()},
        "baselines": {
            "random": 0.5,
            "text_only": {k: round(v, 4) for k, v in text_only.items()},
            "blind": {k: share(flags[f"blind_{k}"])["rate"] for k in ("working", "failing")},
            "oracle": 1.0,
        },
        "seconds": round(time.time() - started, 1),
    }
