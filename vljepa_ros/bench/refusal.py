"""What must be refused is refused, and what can be done is not.

Sentences from a file with one part a world: contradictory, absent (things that are not there,
skills the robot lacks), foreign (in another language: doing what they say is honest too), nonsense;
and reachable ones, which must not be refused. Beside them goals that are out of reach here: the
action that it takes is no candidate, the key to a lock is missing, the drawer would have to hold
two. Each goes with a picture through the planner's own code (`Pursuit`). Refused: no plan, not MET.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.goal import Goal
from vljepa_ros.planning.protocols import Action
from vljepa_ros.planning.pursuit import Pursuit
from vljepa_ros.planning.search import SearchConfig

from .environment import HELD_OUT_SEED, Environment, open_environment
from .refusal_file import out_of_reach, read_requests
from .report import share
from .worlds import TextOnly, model_folder

MAX_REACHABLE_REFUSED = 0.03
BLIND_EVERY = 3  # requests: a rival that is not worth a plan for each
_SHOWN = 40


@dataclass(frozen=True)
class Verdict:
    """What the planner said: 'act', 'looks' (does something to see more), 'met' or why not."""

    said: str
    read: frozenset[str]

    @property
    def confident(self) -> bool:
        return self.said in ("act", "met")


def run(
    seed: int = 0, episodes: int = 40, model: Path | None = None, env: str = "scene-v0",
    goals: Path | None = None, first_seed: int = HELD_OUT_SEED,
) -> dict[str, Any]:
    """Every sentence of the file once; `episodes` goals of each kind that is out of reach."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    place = open_environment(env)
    rng = np.random.default_rng(first_seed + 717 + seed)
    requests = read_requests(place, rng, goals) + out_of_reach(place, rng, episodes, first_seed)
    every = place.candidates()
    threshold = _text_threshold(place, every, [r.text for r in requests if r.kind == "reachable"])
    refused: dict[str, list[bool]] = defaultdict(list)
    blind: dict[str, list[bool]] = defaultdict(list)
    text: dict[str, list[bool]] = defaultdict(list)
    foreign: dict[str, int] = defaultdict(int)
    said: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    read_right: list[bool] = []
    wrong: list[str] = []
    other: LatentStates | None = None
    for i, request in enumerate(requests):
        place.scene.reset(request.state, seed=place.random_seed(rng, first_seed))
        seen = world.encode(place.look())
        actions = [a for a in every if a.id in request.candidates]
        goal = world.understand(request.text)
        verdict = judge(world, goal, seen, actions)
        right = verdict.read == frozenset(request.parts or ())
        fluent = request.kind == "foreign" and right
        refused[request.kind].append(not verdict.confident or fluent)
        said[request.kind][verdict.said] += 1
        if other is not None and i % BLIND_EVERY == 0:
            blind[request.kind].append(not judge(world, goal, other, actions).confident)
        text[request.kind].append(threshold(request.text))
        other = seen
        if request.kind == "foreign":
            done = "refused" if not verdict.confident else "right" if right else "wrong"
            foreign[done] += 1
        if request.kind == "reachable":
            read_right.append(right)
        bad = verdict.confident != (request.kind == "reachable")
        if bad and not fluent and len(wrong) < _SHOWN:
            wrong.append(f"{request.kind}: {request.text!r} in {request.state}: "
                         f"{verdict.said} {sorted(verdict.read)}")
    must = [kind for kind in refused if kind != "reachable"]
    flags = [f for kind in must for f in refused[kind]]
    return {
        "name": "refusal", "env": env, "seed": seed, "episodes": episodes,
        "goals": None if goals is None else goals.name, "model_id": world.model_id,
        "figure": round(float(np.mean([np.mean(refused[k]) for k in must])), 4),
        "interval95": share(flags)["interval95"],
        "figure_is": "refused of what must be, mean over the kinds",
        **{kind: share(flags) | {"said": dict(said[kind])} for kind, flags in refused.items()},
        "foreign_outcomes": dict(foreign),
        "reachable_read_right": share(read_right),
        "baselines": {
            "random": 0.5, "oracle": 1.0,
            "blind": _balanced(blind, must), "text_only": _balanced(text, must),
            "reachable_refused": {
                "ours": share(refused["reachable"])["rate"],
                "blind": share(blind["reachable"])["rate"],
                "text_only": share(text["reachable"])["rate"],
            },
        },
        "wrong": wrong,
        "seconds": round(time.time() - started, 1),
    }


def judge(
    world: LatentWorldModel, goal: Goal, seen: LatentStates, actions: Sequence[Action]
) -> Verdict:
    """One look of the planner."""
    decision = Pursuit(world, world.vocabulary, goal, actions, SearchConfig()).look(seen)
    looking = decision.kind == "act" and "to look for" in decision.message
    parts = frozenset(part.statement_id for part in goal.parts)
    return Verdict("looks" if looking else decision.kind, parts)


def _balanced(flags: dict[str, list[bool]], kinds: list[str]) -> float:
    return round(float(np.mean([np.mean(flags[k]) for k in kinds if flags[k]])), 4)


def _text_threshold(
    place: Environment, actions: Sequence[Action], reachable: list[str]
) -> Callable[[str], bool]:
    """A rival that refuses what is unlike every action's text and every statement's.

    It gets more than we do: its threshold refuses the allowed share of these very sentences.
    """
    rival = TextOnly(actions, list(place.semantics.statements.values()))
    likeness = np.array([rival.likeness(text) for text in reachable])
    limit = float(np.quantile(likeness, MAX_REACHABLE_REFUSED)) if len(likeness) else 0.0

    def refuses(text: str) -> bool:
        return rival.likeness(text) < limit

    return refuses
