"""Is the goal met in this picture? And does a confidence of 90% mean nine in ten?

Statements that a goal can ask for, and several at a time, each in a sentence, with a picture in
which the goal holds and one in which it does not any more: as few working actions away as spoil it.
Only what a picture shows is asked: not where a cube is that the shut drawer hides. AUC: the
probability that a picture in which the goal holds gets the surer yes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.goal import Goal
from vljepa_ros.sim.appearance import Appearance

from .calibration import auc, auc_interval, reliability
from .environment import HELD_OUT_SEED, Environment, State, Wording, open_environment
from .progress import progress
from .report import share
from .worlds import TextOnly, model_folder

IMAGINED_STEPS = (1, 4)
UNSURE = 0.5  # what counts as said of a goal that was not understood
_TEMPERATURE = 0.07  # of the confidences, as in `Subject.nearest`
_TRIES = 50
_SHOWN = 20


@dataclass(frozen=True)
class Case:
    """A goal sentence, the statements it asks for, and two states in sight: met and not met."""

    text: str
    wanted: tuple[str, ...]
    met: State
    not_met: State


@dataclass
class Scores:
    """Confidences that a goal is met, and whether it is."""

    sure: list[float] = field(default_factory=list)
    met: list[bool] = field(default_factory=list)

    def add(self, sure: float, met: bool) -> None:
        self.sure.append(sure)
        self.met.append(met)

    def figures(self) -> dict[str, Any]:
        right = [(s > 0.5) == m for s, m in zip(self.sure, self.met, strict=True)]
        return {"n": len(right), "auc": auc(self.sure, self.met),
                "interval95": auc_interval(self.sure, self.met),
                "accuracy": share(right)["rate"]}


def run(
    seed: int = 0, episodes: int = 120, model: Path | None = None, env: str = "scene-v0",
    first_seed: int = HELD_OUT_SEED,
) -> dict[str, Any]:
    """`episodes` goals in each wording, each with a picture where it holds and one where not."""
    started = time.time()
    bench = _Bench(env, model, seed, first_seed)
    for kind in ("plain", "held_out"):
        bench.measure(kind, episodes)
    scores = bench.scores
    figure = scores["plain"].figures()
    rival = {name: rows.figures()["auc"] for name, rows in scores.items()}
    return {
        "name": "goalcheck", "env": env, "seed": seed, "episodes": episodes,
        "model_id": bench.world.model_id, "figure": figure["auc"],
        "interval95": figure["interval95"],
        **{name: rows.figures() for name, rows in scores.items()
           if not name.endswith(("blind", "text_only"))},
        "not_understood": {k: share(v)["rate"] for k, v in bench.refused.items()},
        "misread": bench.misread,
        "reliability": {
            name: reliability(scores[name].sure, scores[name].met)
            for name in ("plain", "held_out", "plain_imagined_1", "plain_imagined_4")
        },
        "baselines": {
            "random": 0.5, "text_only": rival["plain_text_only"], "blind": rival["plain_blind"],
            "oracle": 1.0,
            "held_out": {"text_only": rival["held_out_text_only"],
                         "blind": rival["held_out_blind"]},
        },
        "seconds": round(time.time() - started, 1),
    }


class _Bench:
    """The model in its world, and what was counted so far."""

    def __init__(self, env: str, model: Path | None, seed: int, first_seed: int) -> None:
        self.world = LatentWorldModel.load(model_folder(model, env))
        self.place = open_environment(env)
        self.rng = np.random.default_rng(first_seed + 616 + seed)
        self.first_seed, self.seed = first_seed, seed
        self.scores: dict[str, Scores] = defaultdict(Scores)
        self.refused: dict[str, list[bool]] = defaultdict(list)
        self.rival = TextOnly(self.place.candidates())
        self.misread: list[str] = []
        self._other: LatentStates | None = None

    def measure(self, kind: str, episodes: int) -> None:
        wording = self.place.wording(kind, self.first_seed + self.seed)
        for i in progress(range(episodes), f"goalcheck {kind}"):
            case = draw(self.place, wording, self.rng, several=i % 3 == 2)
            goal = self.world.understand(case.text)
            self.refused[kind].append(not goal.understood)
            read = {part.statement_id for part in goal.parts}
            if read != set(case.wanted) and len(self.misread) < _SHOWN:
                self.misread.append(f"{case.text!r}: {sorted(read)}, not {sorted(case.wanted)}")
            for state, met in ((case.met, True), (case.not_met, False)):
                seen = self._judge(kind, goal, case, state, met)
            self._other = seen

    def _judge(
        self, kind: str, goal: Goal, case: Case, state: State, met: bool
    ) -> LatentStates:
        place, scores = self.place, self.scores
        place.scene.appearance = (
            Appearance.random(self.rng) if self.rng.random() < 0.5 else Appearance()
        )
        place.scene.reset(state, seed=place.random_seed(self.rng, self.first_seed))
        seen = self.world.encode(place.look())
        sure = confidence(self.world, seen, goal)
        scores[kind].add(sure, met)
        scores[f"{kind}_{'several_parts' if len(case.wanted) > 1 else 'one_part'}"].add(sure, met)
        if self._other is not None:
            scores[f"{kind}_blind"].add(confidence(self.world, self._other, goal), met)
        facts = ", ".join(dict.fromkeys(map(place.say, place.statements(state).values())))
        scores[f"{kind}_text_only"].add(self.rival.similarity(case.text, facts), met)
        if place.held_out(state):
            scores[f"{kind}_held_out_combinations"].add(sure, met)
        for steps in IMAGINED_STEPS:
            later, now = wander(self.world, place, seen, state, steps, self.rng)
            if in_sight(place, now, case.wanted):
                holds = all(place.holds(now, s) for s in case.wanted)
                scores[f"{kind}_imagined_{steps}"].add(confidence(self.world, later, goal), holds)
        return seen


def draw(place: Environment, wording: Wording, rng: np.random.Generator, several: bool) -> Case:
    """A goal whose parts can all be seen in both pictures; ValueError when none is found."""
    for _ in range(_TRIES * 20):
        state = place.draw_knowable(rng)
        options = place.goal_statements(state)
        statement = options[rng.integers(len(options))]
        text, wanted = wording.compound(state) if several else (wording.of(statement), [statement])
        met = _after_plan(place, state, wanted)
        not_met = None if met is None else _spoilt(place, met, wanted, rng)
        if met is not None and not_met is not None:
            return Case(text, tuple(wanted), met, not_met)
    raise ValueError("no goal was found that can be seen both met and not met")


def _after_plan(place: Environment, state: State, wanted: list[str]) -> State | None:
    """The state after a shortest plan; None when out of reach or out of sight."""
    try:
        goal = place.goal(wanted)
        while first := place.best_first_actions(state, goal):
            state = place.apply(state, min(first))
    except ValueError:  # a goal that the simulator's goal files cannot express
        return None
    fine = in_sight(place, state, wanted) and all(place.holds(state, s) for s in wanted)
    return state if fine else None


def _spoilt(
    place: Environment, state: State, wanted: list[str], rng: np.random.Generator
) -> State | None:
    """The state after as few working actions as spoil the goal, all still in sight."""
    for _ in range(_TRIES):
        now = state
        for _ in range(4):
            action = place.draw_action(now, rng)
            if action is None:
                break
            now = place.apply(now, action)
            if not in_sight(place, now, wanted):
                break
            if not all(place.holds(now, s) for s in wanted):
                return now
    return None


def in_sight(place: Environment, state: State, wanted: Sequence[str]) -> bool:
    """Whether the picture of this state shows everything the statements speak of."""
    hidden = place.hidden(state)
    return not any(subject in hidden for s in wanted for subject in place.subjects_of(s))


def confidence(world: LatentWorldModel, states: LatentStates, goal: Goal) -> float:
    """Probability that all parts hold in a batch of one state, as the model's readings say it."""
    if not goal.understood or not goal.parts:
        return UNSURE
    answers = world.read(states, goal.queries)[0]
    sure = 1.0
    for part, answer in zip(goal.parts, answers, strict=True):
        subject = world.vocabulary.subject(part.subject)
        cosines = subject.embeddings @ answer
        weights = np.exp((cosines - cosines.max()) / _TEMPERATURE)
        sure *= float(weights[subject.statement_ids.index(part.statement_id)] / weights.sum())
    return sure


def wander(
    world: LatentWorldModel, place: Environment, seen: LatentStates, state: State, steps: int,
    rng: np.random.Generator,
) -> tuple[LatentStates, State]:
    """Imagine random working actions; the imagined states and the true state they stand for."""
    for _ in range(steps):
        action = place.draw_action(state, rng)
        if action is None:
            break
        state = place.apply(state, action)
        query = world.vocabulary.queries[:1]
        seen = world.imagine(seen, place.candidates_in_order([action]), query).states
    return seen, state
