"""How long imagination stays right: read after 1, 2, 4, 8 and 12 imagined actions.

Only subjects whose true statement differs from the picture's count for the figure: "copy the old
state" is wrong about each of them. Kinds of subjects weigh the same, however often they change.
"""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.protocols import Action

from .environment import HELD_OUT_SEED, Environment, State, open_environment
from .progress import progress
from .report import balanced, share
from .worlds import model_folder

DEPTHS = (1, 2, 4, 8, 12)
WORKING_SHARE = 2 / 3  # of the imagined actions; the others fail or change nothing
FIGURE_DEPTH = 8

Reading = dict[str, str]
"""Subject -> statement id."""


def run(
    seed: int = 0, episodes: int = 200, model: Path | None = None, env: str = "scene-v0",
    first_seed: int = HELD_OUT_SEED,
) -> dict[str, Any]:
    """`episodes` pictures, a random sequence of twelve actions imagined from each."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    place = open_environment(env)
    rng = np.random.default_rng(first_seed + 811 + seed)
    marks = Marks(place)
    other: tuple[State, LatentStates] | None = None
    for _ in progress(range(episodes), "imagined"):
        truth = place.scene.reset(place.draw_knowable(rng), seed=place.random_seed(rng, first_seed))
        seen = world.encode(place.look())
        sequence, passed = draw_sequence(place, truth, max(DEPTHS), rng)
        actions = place.candidates_in_order(sequence)
        readings = imagine(world, seen, actions)
        marks.add("ours", passed, readings)
        marks.add("copy", passed, [place.statements(truth)] * len(passed))
        if other is not None:
            marks.add("blind", passed, imagine(world, other[1], actions))
            marks.add("rules_blind", passed, [
                place.remembered(s) for s in roll(place, other[0], sequence)
            ])
        other = (truth, seen)
    figure = marks.balanced("ours", FIGURE_DEPTH)
    return {
        "name": "imagined", "env": env, "seed": seed, "episodes": episodes,
        "model_id": world.model_id, "figure": figure["rate"],
        "interval95": figure["interval95"], "figure_is": f"changed subjects, depth {FIGURE_DEPTH}",
        "changed": {str(k): marks.balanced("ours", k) for k in DEPTHS},
        "by_kind": {str(k): marks.kinds("ours", k) for k in DEPTHS},
        "all_subjects": {str(k): share(marks.all["ours", k]) for k in DEPTHS},
        "whole_state": {str(k): share(marks.whole["ours", k]) for k in DEPTHS},
        "held_out_combinations": {
            str(k): share(marks.held_out["ours", k]) for k in DEPTHS if marks.held_out["ours", k]
        },
        "copy": {
            "changed": {str(k): 0.0 for k in DEPTHS},
            "all_subjects": {str(k): share(marks.all["copy", k])["rate"] for k in DEPTHS},
            "whole_state": {str(k): share(marks.whole["copy", k])["rate"] for k in DEPTHS},
        },
        "baselines": {
            "random": marks.chance(world),
            # The true rules and every action's name, from another scene's state.
            "text_only": marks.balanced("rules_blind", FIGURE_DEPTH)["rate"],
            "blind": marks.balanced("blind", FIGURE_DEPTH)["rate"],
            "copy": 0.0,
            "oracle": 1.0,
        },
        "seconds": round(time.time() - started, 1),
    }


class Marks:
    """Right and wrong, by method and depth."""

    def __init__(self, place: Environment) -> None:
        self.place = place
        self.changed: dict[tuple[str, int, str], list[bool]] = defaultdict(list)
        self.all: dict[tuple[str, int], list[bool]] = defaultdict(list)
        self.whole: dict[tuple[str, int], list[bool]] = defaultdict(list)
        self.held_out: dict[tuple[str, int], list[bool]] = defaultdict(list)

    def add(self, method: str, passed: list[State], readings: list[Reading]) -> None:
        """`passed` and `readings` begin with the picture's own state."""
        first = self.place.remembered(passed[0])
        for depth in DEPTHS:
            true = self.place.remembered(passed[depth])
            right = {s: readings[depth].get(s) == value for s, value in true.items()}
            self.all[method, depth] += right.values()
            self.whole[method, depth].append(all(right.values()))
            if self.place.held_out(passed[depth]):
                self.held_out[method, depth].append(all(right.values()))
            for subject, flag in right.items():
                if true[subject] != first.get(subject):
                    kind = self.place.subject_kind(subject)
                    self.changed[method, depth, kind].append(flag)

    def kinds(self, method: str, depth: int) -> dict[str, Any]:
        """Share per kind of subject, of those that changed."""
        return {kind: share(flags) for (m, d, kind), flags in sorted(self.changed.items())
                if m == method and d == depth}

    def balanced(self, method: str, depth: int) -> dict[str, Any]:
        """Mean over the kinds."""
        return balanced(list(self.kinds(method, depth).values()))

    def chance(self, world: LatentWorldModel) -> float:
        """Guessing each subject's statement, kinds weighing the same."""
        by_kind: dict[str, list[float]] = defaultdict(list)
        for i in world.vocabulary.lasting:
            subject = world.vocabulary.subjects[i]
            kind = self.place.subject_kind(subject.id)
            by_kind[kind].append(1 / len(subject.statement_ids))
        return round(float(np.mean([np.mean(v) for v in by_kind.values()])), 4)


def draw_sequence(
    place: Environment, state: State, length: int, rng: np.random.Generator
) -> tuple[list[str], list[State]]:
    """`length` actions, two thirds of which work, and the states passed through (length + 1)."""
    sequence: list[str] = []
    passed = [state]
    while len(sequence) < length:
        action = place.draw_action(passed[-1], rng, bool(rng.random() < WORKING_SHARE))
        if action is None:
            continue
        sequence.append(action)
        passed.append(place.apply(passed[-1], action))
    return sequence, passed


def roll(place: Environment, state: State, sequence: list[str]) -> list[State]:
    """The states passed through, the first included."""
    passed = [state]
    for action in sequence:
        passed.append(place.apply(passed[-1], action))
    return passed


def imagine(
    world: LatentWorldModel, seen: LatentStates, actions: list[Action]
) -> list[Reading]:
    """What the model reads in the picture's state and after each imagined action."""
    queries = world.vocabulary.queries
    readings = [read(world, world.read(seen, queries)[0])]
    states = seen
    for action in actions:
        imagined = world.imagine(states, [action], queries)
        states = imagined.states
        readings.append(read(world, imagined.readouts[0, 0]))
    return readings


def read(world: LatentWorldModel, answers: np.ndarray) -> Reading:
    """Subject -> nearest statement id, from answers (S, D) to the vocabulary's queries."""
    found = world.vocabulary.readings(answers)
    subjects = world.vocabulary.subjects
    return {subjects[i].id: subjects[i].statement_ids[found[i]] for i in world.vocabulary.lasting}
