"""Light and paint that training never showed: what is still read, and how far embeddings move.

The same scenes in the stock look, in looks as in training and in held-out ones
(`Appearance.held_out`). How far the embedding of an unchanged scene moves is put in relation to how
far an event moves it: the same scene in the stock look after one action that works.
"""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.protocols import Array
from vljepa_ros.sim.appearance import Appearance

from .environment import HELD_OUT_SEED, Environment, State, open_environment
from .imagined import read
from .progress import progress
from .report import share
from .worlds import model_folder

LOOKS = ("stock", "training", "held_out")


def run(
    seed: int = 0, episodes: int = 150, model: Path | None = None, env: str = "scene-v0",
    first_seed: int = HELD_OUT_SEED,
) -> dict[str, Any]:
    """`episodes` scenes, four pictures each."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    place = open_environment(env)
    rng = np.random.default_rng(first_seed + 919 + seed)
    right: dict[str, list[bool]] = defaultdict(list)
    by_kind: dict[str, dict[str, list[bool]]] = {look: defaultdict(list) for look in LOOKS}
    moves: dict[str, list[float]] = defaultdict(list)
    previous: dict[str, str] | None = None
    for _ in progress(range(episodes), "surface"):
        state = place.draw_knowable(rng)
        after = place.apply(state, _working(place, state, rng))
        number = place.random_seed(rng, first_seed)
        seen = {look: _look(world, place, state, number, look, rng) for look in LOOKS}
        event = _look(world, place, after, number, "stock", rng)
        place.scene.appearance = Appearance()
        true = place.statements(state)
        for look, states in seen.items():
            found = read(world, world.read(states, world.vocabulary.queries)[0])
            for subject, value in true.items():
                right[look].append(found[subject] == value)
                by_kind[look][place.subject_kind(subject)].append(found[subject] == value)
        if previous is not None:
            right["blind"] += [previous[s] == value for s, value in true.items()]
        previous = found
        _add_moves(world, seen, event, moves)
    figures = {look: share(right[look]) for look in LOOKS}
    drop = 100 * (figures["stock"]["rate"] - figures["held_out"]["rate"])
    chance = [1 / len(world.vocabulary.subjects[i].statement_ids)
              for i in world.vocabulary.lasting]
    return {
        "name": "surface", "env": env, "seed": seed, "episodes": episodes,
        "model_id": world.model_id, "figure": figures["held_out"]["rate"],
        "interval95": figures["held_out"]["interval95"],
        "figure_is": "subjects read right in held-out light and paint",
        "reading": figures,
        "by_kind": {look: {k: share(v)["rate"] for k, v in by_kind[look].items()}
                    for look in LOOKS},
        "drop_points": round(drop, 2),
        "drop_points_training_looks": round(
            100 * (figures["stock"]["rate"] - figures["training"]["rate"]), 2),
        "moves": {name: _spread(values) for name, values in moves.items()},
        "baselines": {"random": round(float(np.mean(chance)), 4), "text_only": None,
                      "blind": share(right["blind"])["rate"], "oracle": 1.0},
        "seconds": round(time.time() - started, 1),
    }


def _working(place: Environment, state: State, rng: np.random.Generator) -> str:
    action = place.draw_action(state, rng)
    if action is None:
        raise ValueError(f"no action works in {state}")
    return action


def _look(
    world: LatentWorldModel, place: Environment, state: State, number: int, look: str,
    rng: np.random.Generator,
) -> LatentStates:
    """The scene in a look; the same number puts everything in the same spot."""
    place.scene.appearance = {
        "stock": Appearance, "training": lambda: Appearance.random(rng),
        "held_out": lambda: Appearance.held_out(rng),
    }[look]()
    place.scene.reset(state, seed=number)
    return world.encode(place.look())


def _add_moves(
    world: LatentWorldModel, seen: dict[str, LatentStates], event: LatentStates,
    moves: dict[str, list[float]],
) -> None:
    """Cosine distances from the stock picture: of the semantic embedding, and summed over the
    readouts; in units of what the event moves."""
    queries = world.vocabulary.queries[world.vocabulary.lasting]

    def both(states: LatentStates) -> tuple[Array, Array]:
        return world.describe(states)[0], world.read(states, queries)[0]

    embedding, readouts = both(seen["stock"])
    parts = {"event": both(event)}
    parts |= {look: both(states) for look, states in seen.items() if look != "stock"}
    far = {name: (float(1 - e @ embedding), float((1 - (r * readouts).sum(-1)).sum()))
           for name, (e, r) in parts.items()}
    for i, kind in enumerate(("embedding", "readouts")):
        moves[f"event_{kind}"].append(far["event"][i])
        for look in far:
            if look != "event":
                moves[f"{look}_{kind}"].append(far[look][i])
                moves[f"{look}_{kind}_over_event"].append(far[look][i] / max(far["event"][i], 1e-6))


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": round(float(np.median(values)), 4),
            "p95": round(float(np.quantile(values, 0.95)), 4)}
