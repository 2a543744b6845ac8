"""Goals about what is out of sight: a cube that the robot itself shut in the drawer.

Every episode has two parts. First the planner puts one of three cubes into the drawer, shuts it,
and in half of the episodes locks it. Then a goal in words arrives: that cube at a place of the
table. The picture shows neither the cube nor that it is there: three of the six colours never are.

Counted: goals reached (the simulator's truth, and the planner has said met); what the planner
believes of the cube before it acts (`said_where`), and whether from memory (`remembered`). The same
planner with its belief wiped has to look for the cube; random and oracle get the same start.
`invented`: cubes that are not there at all, of which a place is believed nevertheless.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.belief import Belief
from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.pursuit import Decision, Pursuit
from vljepa_ros.planning.search import SearchConfig
from vljepa_ros.sim.workbench_symbolic import COLOURS, PLACES, WorkbenchState
from vljepa_ros.training.semantics import Semantics

from . import environment
from .environment import HELD_OUT_SEED, Environment, open_environment
from .episodes import Episode
from .planning import MAX_ACTIONS, RIVAL_ACTIONS, rival
from .progress import progress
from .report import share
from .worlds import model_folder

TRIES = 4  # drawn starts for one episode: skills may fail to put the cube away


@dataclass(frozen=True)
class Attempt:
    """How one pursuit of the goal came out. ``said_where``: what was believed of the cube when the
    goal arrived is true; ``remembered``: and it was from memory."""

    success: bool
    said_where: bool
    remembered: bool
    actions: int
    said: str


@dataclass(frozen=True)
class Stowed:
    """A cube in the shut drawer, put there by the planner that has the belief."""

    colour: str
    state: WorkbenchState
    belief: Belief
    invented: tuple[bool, ...]  # for each cube that is not there


def run(
    seed: int = 0, episodes: int = 24, model: Path | None = None, rivals: int | None = None,
    env: str = "workbench", kind: str = "plain", first_seed: int = HELD_OUT_SEED,
) -> dict[str, Any]:
    """`episodes` in closed loop; wiped belief, random and oracle on the first `rivals` (all).

    Raises ValueError for a world in which nothing is out of sight.
    """
    if env != "workbench":
        raise ValueError(f"env = {env!r}; allowed: workbench (a picture of scene-v0 tells by what "
                         "is not there that its only cube is in the drawer)")
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    place = open_environment(env)
    rng = np.random.default_rng(first_seed + 4242 + seed)
    wording = place.wording(kind, first_seed + seed)
    some = episodes if rivals is None else rivals
    ours: list[Attempt] = []
    wiped: list[Attempt] = []
    random: list[bool] = []
    oracle: list[bool] = []
    invented: list[bool] = []
    lengths: list[int] = []
    failures: list[str] = []
    drawn = 0
    for i in progress(range(episodes), "hidden"):
        found, tries = _stowed(world, place, rng, first_seed, lock=i % 2 == 1)
        drawn += tries
        if found is None:
            continue
        invented += found.invented
        target, goal = _wanted(place, found, rng)
        episode = Episode(wording.of(target), goal, found.state, place.random_seed(rng, first_seed),
                          f"{found.colour} out of the drawer")
        lengths.append(place.plan_length(found.state, goal) or 0)
        ours.append(_pursue(world, place, episode, found.colour, found.belief))
        if not ours[-1].success:
            failures.append(f"{episode.text!r} from {found.state}: said {ours[-1].said}, "
                            f"remembered {ours[-1].remembered}; end {place.scene.truth()}")
        if len(wiped) >= some:
            continue
        wiped.append(_pursue(world, place, episode, found.colour, Belief(world.vocabulary)))
        actions = place.actions(found.state)
        random.append(rival(lambda a=actions: str(rng.choice(a)), place, episode,
                            RIVAL_ACTIONS).success)
        oracle.append(rival(lambda e=episode: e.oracle(place), place, episode,
                            MAX_ACTIONS).success)
    figure = share([a.success for a in ours])
    guess = 1 / (len(PLACES) + len(COLOURS) + 1)  # one of all places, the drawer, unseen, on others
    return {
        "name": "hidden", "env": env, "seed": seed, "episodes": len(ours), "wording": kind,
        "model_id": world.model_id, "starts_drawn": drawn,
        "success_rate": figure["rate"], "interval95": figure["interval95"],
        "remembered": share([a.remembered for a in ours]),
        "said_where": share([a.said_where for a in ours]),
        "invented": share(invented),
        "actions_mean": _mean([a.actions for a in ours]), "shortest_mean": _mean(lengths),
        "baselines": {
            "wiped": {"success_rate": share([a.success for a in wiped])["rate"],
                      "said_where": share([a.said_where for a in wiped]),
                      "remembered": share([a.remembered for a in wiped]),
                      "actions_mean": _mean([a.actions for a in wiped]), "n": len(wiped)},
            "random": {"success_rate": share(random)["rate"], "n": len(random),
                       "said_where": round(guess, 4)},
            "oracle": {"success_rate": share(oracle)["rate"], "n": len(oracle), "said_where": 1.0},
        },
        "failures": failures[:20],
        "seconds": round(time.time() - started, 1),
    }


def _stowed(
    world: LatentWorldModel, place: Environment, rng: np.random.Generator, first_seed: int,
    lock: bool,
) -> tuple[Stowed | None, int]:
    """A start in which the planner shut a cube in the drawer, and how many were drawn for it."""
    for tries in range(1, TRIES + 1):
        state = place.random_state(rng)
        if state.at("drawer") is not None:
            continue
        colour = str(rng.choice(state.colours))
        wanted = [f"{colour}.drawer", "drawer.closed", *(["drawer_lock.locked"] if lock else [])]
        episode = Episode("", place.goal(wanted), state, place.random_seed(rng, first_seed), "")
        episode.begin(place)
        belief = Belief(world.vocabulary)
        goal = _asked(world, place.semantics, wanted)
        last, _ = _to_the_end(world, place, goal, belief)
        truth = place.scene.truth()
        if last.kind == "met" and episode.success(place) and _at_places(truth):
            absent = [c for c in COLOURS if c not in truth.colours]
            return Stowed(colour, truth, belief,
                          tuple(not belief.missing(c) for c in absent)), tries
    return None, TRIES


def _wanted(
    place: Environment, stowed: Stowed, rng: np.random.Generator
) -> tuple[str, environment.Goal]:
    """A free place for the cube: the statement, and the goal in symbols."""
    free = [p for p in PLACES if stowed.state.at(p) is None]
    target = f"{stowed.colour}.{rng.choice(free)}"
    return target, place.goal([target])


def _pursue(
    world: LatentWorldModel, place: Environment, episode: Episode, colour: str, belief: Belief
) -> Attempt:
    """The goal from the start of the episode, with what is believed."""
    episode.begin(place)
    pursuit = Pursuit(world, world.vocabulary, episode.understand(world),
                      place.candidates(place.actions(episode.start)), SearchConfig(), MAX_ACTIONS,
                      belief)
    last, first = _go_on(pursuit, place)
    said = next((b for b in first.beliefs if b.subject == f"{colour}_place"), None)
    right = said is not None and said.statement_id == f"{colour}.drawer"
    return Attempt(last.kind == "met" and episode.success(place), right,
                   right and said is not None and said.remembered, len(pursuit.history),
                   last.kind)


def _to_the_end(
    world: LatentWorldModel, place: Environment, goal: Goal, belief: Belief
) -> tuple[Decision, Decision]:
    actions = place.candidates(place.actions(place.scene.truth()))
    pursuit = Pursuit(world, world.vocabulary, goal, actions, SearchConfig(), MAX_ACTIONS, belief)
    return _go_on(pursuit, place)


def _go_on(pursuit: Pursuit, place: Environment) -> tuple[Decision, Decision]:
    """The last and the first decision of a pursuit."""
    first: Decision | None = None
    while True:
        decision = pursuit.look(pursuit.world.encode(place.look()))
        first = first or decision
        if decision.kind != "act" or decision.action is None:
            return decision, first
        result = place.runner.run(decision.action.id)
        pursuit.executed(decision.action.id, result.result.name)


def _asked(world: LatentWorldModel, semantics: Semantics, statements: list[str]) -> Goal:
    """A goal of statements as the model knows them: how the cube is put away is not measured."""
    parts = []
    for statement in statements:
        subject = world.vocabulary.subject(semantics.home(statement))
        row = subject.statement_ids.index(statement)
        parts.append(GoalPart(subject.statements[row], subject.embeddings[row], subject.id,
                              statement, world.vocabulary.met_threshold))
    return Goal(tuple(parts))


def _at_places(state: WorkbenchState) -> bool:
    return all(where != "elsewhere" for _, where in state.cubes)


def _mean(values: list[int]) -> float | None:
    return round(float(np.mean(values)), 2) if values else None
