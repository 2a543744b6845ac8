"""What must be refused is refused, and what can be done is not.

Sentences from a file with one part a world: contradictory, absent (things that are not there,
skills the robot lacks), foreign (in another language: doing what they say is honest too), nonsense;
and reachable ones, which must not be refused. Beside them goals that are out of reach here: the
action that it takes is no candidate, the key to a lock is missing, the drawer would have to hold
two. Each goes with a picture through the planner's own code (`Pursuit`). Refused: no plan, not MET.
And pictures as goals that are of something else (`refusal_pictures`).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.goal import Goal
from vljepa_ros.planning.protocols import Action
from vljepa_ros.planning.pursuit import Pursuit
from vljepa_ros.planning.search import SearchConfig

from .environment import HELD_OUT_SEED, Environment, open_environment
from .progress import progress
from .refusal_file import Request, out_of_reach, read_requests
from .refusal_pictures import strange_pictures
from .report import balanced, share
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
    rival = _text_rival(place, every, [r.text for r in requests if r.kind == "reachable"])
    count = _Count()
    other: LatentStates | None = None
    for i, request in enumerate(progress(requests, "refusal")):
        place.scene.reset(request.state, seed=place.random_seed(rng, first_seed))
        seen = world.encode(place.look())
        actions = [a for a in every if a.id in request.candidates]
        goal = world.understand(request.text)
        count.add(request, judge(world, goal, seen, actions))
        count.text[request.kind].append(rival(request.text))
        if other is not None and i % BLIND_EVERY == 0:
            blind = judge(world, goal, other, actions)
            count.blind[request.kind].append(not blind.confident)
        other = seen
    return {
        "name": "refusal", "env": env, "seed": seed, "episodes": episodes,
        "goals": None if goals is None else goals.name, "model_id": world.model_id,
        **count.figures(),
        "pictures": strange_pictures(world, place, rng, max(1, episodes // 2)),
        "seconds": round(time.time() - started, 1),
    }


@dataclass
class _Count:
    """What was refused, by kind, by us and by the rivals."""

    refused: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    blind: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    text: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    said: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    foreign: Counter[str] = field(default_factory=Counter)
    read_right: list[bool] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, request: Request, verdict: Verdict) -> None:
        right = verdict.read == frozenset(request.parts or ())
        fluent = request.kind == "foreign" and right
        self.refused[request.kind].append(not verdict.confident or fluent)
        self.said[request.kind][verdict.said] += 1
        if request.kind == "foreign":
            done = "refused" if not verdict.confident else "right" if right else "wrong"
            self.foreign[done] += 1
        if request.kind == "reachable":
            self.read_right.append(right)
        bad = verdict.confident != (request.kind == "reachable") and not fluent
        if bad and len(self.wrong) < _SHOWN:
            self.wrong.append(f"{request.kind}: {request.text!r} in {request.state}: "
                              f"{verdict.said} {sorted(verdict.read)}")

    def figures(self) -> dict[str, Any]:
        must = [kind for kind in self.refused if kind != "reachable"]
        overall = balanced([share(self.refused[kind]) for kind in must])
        return {
            "figure": overall["rate"], "interval95": overall["interval95"],
            "figure_is": "refused of what must be, mean over the kinds",
            **{kind: share(flags) | {"said": dict(self.said[kind])}
               for kind, flags in self.refused.items()},
            "foreign_outcomes": dict(self.foreign),
            "reachable_read_right": share(self.read_right),
            "baselines": {
                "random": 0.5, "oracle": 1.0,
                "blind": _mean(self.blind, must), "text_only": _mean(self.text, must),
                "reachable_refused": {
                    name: share(flags["reachable"])["rate"] for name, flags in (
                        ("ours", self.refused), ("blind", self.blind), ("text_only", self.text))
                },
            },
            "wrong": self.wrong,
        }


def judge(
    world: LatentWorldModel, goal: Goal, seen: LatentStates, actions: Sequence[Action]
) -> Verdict:
    """One look of the planner."""
    decision = Pursuit(world, world.vocabulary, goal, actions, SearchConfig()).look(seen)
    looking = decision.kind == "act" and "to look for" in decision.message
    parts = frozenset(part.statement_id for part in goal.parts)
    return Verdict("looks" if looking else decision.kind, parts)


def _mean(flags: dict[str, list[bool]], kinds: list[str]) -> float | None:
    """Mean of the kinds' shares; None when there is nothing to count."""
    rates = [np.mean(flags[kind]) for kind in kinds if flags[kind]]
    return round(float(np.mean(rates)), 4) if rates else None


def _text_rival(
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
