"""Which of four did it? In the form of WorldPrediction-WM: a first and a last picture.

One action: the true one beside three others, two of them about the same thing, one without effect
here. Three actions: the true sequence beside the same actions in an order with another end, one
action replaced by another about the same thing, and one replaced by an action without effect.
Pictures come from real skills; in half of the questions the light changes between them.

Ours imagines each candidate from the first picture and takes the one whose end is nearest to the
last picture: see `worldmodel_rivals` for the ways to measure that and for the rivals.
"""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.sim.appearance import Appearance

from .environment import HELD_OUT_SEED, Environment, open_environment
from .progress import progress
from .report import share
from .worldmodel_questions import OPTIONS, Question, ask, through
from .worldmodel_rivals import CHOSEN, Captions, changed_pixels, nearest
from .worlds import model_folder

LENGTHS = (1, 3)


def run(
    seed: int = 0, episodes: int = 100, model: Path | None = None, env: str = "scene-v0",
    first_seed: int = HELD_OUT_SEED,
) -> dict[str, Any]:
    """`episodes` questions of one action and as many of three."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    place = open_environment(env)
    rng = np.random.default_rng(first_seed + 515 + seed)
    captions = Captions(place)
    scores: dict[tuple[int, str], list[bool]] = defaultdict(list)
    other: LatentStates | None = None
    failed_skills = 0
    for length in LENGTHS:
        for i in progress(range(episodes), f"worldmodel, {length} actions"):
            question, failed = ask(place, length, rng, first_seed, other_light=i % 2 == 1)
            failed_skills += failed
            marks, seen = answer(question, place, world, captions, other, rng)
            for name, right in marks.items():
                scores[length, name].append(right)
            light = "other_light" if question.other_light else "same_light"
            scores[length, light].append(marks[CHOSEN])
            if place.held_out(question.after):
                scores[length, "held_out_combinations"].append(marks[CHOSEN])
            other = seen
    place.scene.appearance = Appearance()
    rivals = ("text_only", "text_difference", "blind", "oracle", "pixel_difference")
    chance = {"random": 1 / OPTIONS, "copy": 1 / OPTIONS}  # for a copy every option ends alike
    result: dict[str, Any] = {
        "name": "worldmodel", "env": env, "seed": seed, "episodes": episodes,
        "model_id": world.model_id, "nearest_by": CHOSEN, "failed_skills": failed_skills,
    }
    for length, name in zip(LENGTHS, ("one_action", "three_actions"), strict=True):
        kept = {k: v for (n, k), v in scores.items() if n == length}
        result[name] = {
            **share(kept[CHOSEN]),
            "baselines": chance | {r: share(kept[r])["rate"] for r in rivals if r in kept},
            "ways": {k: share(v)["rate"] for k, v in kept.items() if k.startswith("by_")},
            **{k: share(kept[k]) for k in ("same_light", "other_light", "held_out_combinations")
               if k in kept},
        }
    result |= {"figure": result["one_action"]["rate"],
               "interval95": result["one_action"]["interval95"],
               "baselines": result["one_action"]["baselines"],
               "seconds": round(time.time() - started, 1)}
    return result


def answer(
    question: Question, place: Environment, world: LatentWorldModel, captions: Captions,
    other: LatentStates | None, rng: np.random.Generator,
) -> tuple[dict[str, bool], LatentStates]:
    """Right or wrong by method, the options in a random order so that a tie tells nothing."""
    order = rng.permutation(OPTIONS)
    options = [question.options[i] for i in order]
    right = int(np.argmin(order))
    first, last = world.encode(question.first), world.encode(question.last)
    found = {f"by_{way}": best for way, best in nearest(world, place, first, last, options).items()}
    found["text_only"], found["text_difference"] = captions.choose(question, options)
    found["pixel_difference"] = changed_pixels(place, question.first, question.last, options)
    if other is not None:
        blind = nearest(world, place, other, last, options)
        found["blind"] = blind[CHOSEN.removeprefix("by_")]
    ends = [through(place, question.before, option) for option in options]
    found["oracle"] = ends.index(question.after)
    return {name: choice == right for name, choice in found.items()}, first
