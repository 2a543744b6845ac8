"""How well goal sentences are understood: every part right, none added. No picture involved.

`development` sentences were used for tuning, `held_out` ones never. `whole` reads the sentence only
as a whole; the shipped way reads it clause by clause as well.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model import understanding
from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.goal import GoalPart
from vljepa_ros.training.phrases import Sentence, read_yaml, sentences
from vljepa_ros.training.workbench_phrases import filled_sections

from .report import share
from .worlds import model_folder

PACKAGES = {"development": ("vljepa_ros.training", "dev"),
            "held_out": ("vljepa_ros.bench", "heldout")}


def run(
    seed: int = 0, model: Path | None = None, env: str = "scene-v0"
) -> dict[str, Any]:
    """Share of sentences read exactly right, by section; `random` guesses each subject.

    On the workbench every template is filled in twice, without held-out combinations of colour and
    place; `..._new_combinations` are sentences about those alone.
    """
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    result: dict[str, Any] = {"name": "reading", "env": env, "seed": seed,
                              "model_id": world.model_id}
    for name, sections in _sentences(env, seed).items():
        for section, rows in sections.items():
            if section == "actions":
                continue
            result[f"{name}_{section}"] = share([_right(row, world) for row in rows])
            if section == "compounds":
                result[f"{name}_{section}_whole"] = share([_whole(row, world) for row in rows])
    rng = np.random.default_rng(seed)
    guesses = rng.integers(3, size=(10000, len(world.vocabulary.lasting)))
    chance = float((guesses == 0).all(axis=1).mean())
    result["baselines"] = {"random": round(chance, 4), "text_only": None, "blind": None,
                           "oracle": 1.0}
    result["seconds"] = round(time.time() - started, 1)
    return result


def _sentences(env: str, seed: int) -> dict[str, dict[str, list[Sentence]]]:
    """Origin -> section -> sentences."""
    if env == "scene-v0":
        return {name: sentences(read_yaml(package, f"phrases/{file}.yaml"))
                for name, (package, file) in PACKAGES.items()}
    found = {}
    for name, (package, file) in PACKAGES.items():
        content = read_yaml(package, f"phrases/{file}_workbench.yaml")
        rng = np.random.default_rng(seed)
        found[name] = filled_sections(content, rng)
        new = filled_sections(content, rng, held_out=True)
        found[name] |= {f"{k}_new_combinations": new[k] for k in ("goals", "statements")}
    return found


def _right(row: Sentence, world: LatentWorldModel) -> bool:
    goal = world.understand(row.text)
    return {part.statement_id for part in goal.parts} == set(row.parts or ())


def _whole(row: Sentence, world: LatentWorldModel) -> bool:
    found: list[tuple[float, GoalPart]] = [
        (speaks * sure, part) for speaks, sure, part in world.read_goals([row.text])[0].values()
        if speaks >= understanding.MENTIONED
    ]
    kept = understanding.one_place_only(found)
    return {part.statement_id for _, part in kept} == set(row.parts or ())
