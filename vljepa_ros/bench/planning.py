"""Closed loop in the simulator: words in, pictures in, skills with real physics out.

Success: the goal holds in the simulator's true state (or OGBench's own flag for its tasks) after
the last action, the arm at rest, and the planner has said MET. The same planner code as the node.

With `meddle` somebody changes the world once in the middle of every episode; with `cover` the
camera is covered for some looks. Everybody is treated alike: see `disturbance`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.pursuit import Pursuit
from vljepa_ros.planning.search import SearchConfig
from vljepa_ros.planning.sight import contrast
from vljepa_ros.sim import meddle as hand

from .breakdown import breakdown
from .disturbance import Disturbance
from .environment import HELD_OUT_SEED, Environment, open_environment
from .episodes import TASKS_AS, Episode, from_outside, generated, official
from .goals_file import read_goals
from .progress import progress
from .report import share
from .spots import on_table, spot_actions
from .worlds import Eyes, TextOnly, model_folder

MAX_ACTIONS = 16
MAX_BLIND_LOOKS = 20
RIVAL_ACTIONS = 8  # random and text-only never say MET: they get this many actions


@dataclass
class Outcome:
    success: bool
    said: str
    actions: list[str]
    plan_ms: list[float] = field(default_factory=list)
    end: str = ""
    disturbed: Disturbance = field(default_factory=Disturbance)
    blind_looks: int = 0


def pursue(
    world: LatentWorldModel, look: Callable[[], LatentStates], place: Environment,
    episode: Episode, search: SearchConfig, actions: list[Any],
    disturbance: Disturbance | None = None,
) -> Outcome:
    """Our planner until it says met, out of reach, or gives up."""
    episode.begin(place)
    scene = place.scene
    goal = episode.understand(world)
    if goal.metric:
        actions = [*actions, *spot_actions(place.name)]
    pursuit = Pursuit(world, world.vocabulary, goal, actions, search, MAX_ACTIONS)
    trouble = disturbance or Disturbance()
    times: list[float] = []
    looks = blind = 0
    while True:
        interfere(trouble, place, episode, len(pursuit.history), looked=False)
        covered = trouble.picture(looks, (scene.height, scene.width))
        looks += 1
        if covered is None:
            decision = pursuit.look(look(), contrast(scene.render()))
        else:
            shown = world.encode(covered.transpose(2, 0, 1)[None])
            decision = pursuit.look(shown, contrast(covered))
        if decision.kind == "blind" and blind < MAX_BLIND_LOOKS:
            blind += 1
            continue
        if decision.plan is not None:
            times.append(decision.plan.planning_ms)
        if decision.kind != "act" or decision.action is None:
            break
        interfere(trouble, place, episode, len(pursuit.history), looked=True)
        target = on_table(decision.action, scene.camera_pose())
        result = place.runner.run(decision.action.id, target_xy=target)
        pursuit.executed(decision.action.id, result.result.name)
    said_met = decision.kind == "met"
    success = episode.success(place) and said_met
    taken = [f"{e.action.id}:{e.result}" for e in pursuit.history]
    return Outcome(success, decision.kind, taken, times, str(scene.truth()), trouble, blind)


def interfere(
    trouble: Disturbance, place: Environment, episode: Episode, executed: int, looked: bool
) -> None:
    """Let somebody meddle if this is the moment."""
    trouble.meddle(
        place.scene, episode.goal, executed, looked, hand.changes, hand.impose, place.plan_length
    )


def rival(
    choose: Callable[[], str | None], place: Environment, episode: Episode, limit: int,
    disturbance: Disturbance | None = None,
    aim: Callable[[str], tuple[float, float] | None] | None = None,
) -> Outcome:
    """A rival that never says MET: counted as soon as the goal holds with the arm at rest.

    `aim`: where an action puts what it places, x, y in metres, world; None: at its named place.
    """
    episode.begin(place)
    trouble = disturbance or Disturbance()
    taken: list[str] = []
    while len(taken) < limit:
        interfere(trouble, place, episode, len(taken), looked=False)
        if episode.success(place):
            break
        action = choose()
        if action is None:
            break
        interfere(trouble, place, episode, len(taken), looked=True)
        if target := aim(action) if aim is not None else None:
            place.runner.run(action, target_xy=target)
        else:
            place.runner.run(action)
        taken.append(action)
    return Outcome(episode.success(place), "", taken, disturbed=trouble)


def run(
    seed: int = 0, episodes: int = 48, model: Path | None = None, goals: Path | None = None,
    kind: str = "plain", rivals: int | None = None, tasks: bool = False,
    meddle: bool = False, cover: bool = False, env: str = "scene-v0", goal_as: str = "words",
) -> dict[str, Any]:
    """`episodes` in closed loop; the rivals run on the first `rivals` of them (default 24).

    `goal_as`: how OGBench's `tasks` are asked for, see TASKS_AS.
    """
    started = time.time()
    if goal_as != "words" and not tasks:
        raise ValueError(f"goal_as = {goal_as!r} is for tasks; allowed without them: words")
    world = LatentWorldModel.load(model_folder(model, env))
    place = open_environment(env)
    rng = np.random.default_rng(HELD_OUT_SEED + 1234 + seed)
    eyes = Eyes(world, place, rng)
    eyes.remember_others()
    search = SearchConfig()
    if goals is not None:
        todo = from_outside(place, read_goals(goals), episodes, rng)
    elif tasks:
        if env != "scene-v0":
            raise ValueError(f"tasks: OGBench has none for env = {env}; allowed: scene-v0")
        each = max(1, episodes // len(TASKS_AS.get(goal_as, TASKS_AS["words"])))
        todo = official(place, each, rng, kind, goal_as)
    else:
        todo = generated(place, episodes, rng, place.wording(kind, HELD_OUT_SEED + seed))
    text_only = TextOnly(place.candidates())
    methods: dict[str, list[Outcome]] = {
        m: [] for m in ("ours", "blind", "text_only", "random", "oracle")
    }
    by_goal: dict[str, list[bool]] = {}
    oracle_by_goal: dict[str, list[bool]] = {}
    failures: list[str] = []
    some = min(len(todo), 24) if rivals is None else rivals
    for i, episode in enumerate(progress(todo, "planning")):
        trouble = draw_disturbance(place, episode, meddle, cover)
        episode.begin(place)
        actions = place.candidates(place.actions(place.scene.truth()))
        ours = pursue(world, eyes.look, place, episode, search, actions, trouble)
        methods["ours"].append(ours)
        by_goal.setdefault(episode.group, []).append(ours.success)
        if not ours.success:
            failures.append(f"{episode.text!r} from {episode.start or episode.task_id}: said "
                            f"{ours.said} after {ours.actions}; end {ours.end}; {trouble.did}")
        if i >= some:
            continue
        methods["blind"].append(
            pursue(world, eyes.blind, place, episode, search, actions, trouble.again())
        )
        order = iter(text_only.rank(episode.text, [a.id for a in actions]))
        choices = {
            "text_only": lambda order=order: next(order, None),
            "random": lambda some=actions: some[rng.integers(len(some))].id,
        }
        for method, choose in choices.items():
            methods[method].append(rival(choose, place, episode, RIVAL_ACTIONS, trouble.again()))
        oracle = rival(
            lambda e=episode: e.oracle(place), place, episode, MAX_ACTIONS, trouble.again(),
            lambda action, e=episode: e.oracle_target(place, action),
        )
        methods["oracle"].append(oracle)
        oracle_by_goal.setdefault(episode.group, []).append(oracle.success)
    flags = [o.success for o in methods["ours"]]
    times = [t for o in methods["ours"] for t in o.plan_ms]
    return {
        "name": "planning", "env": env, "seed": seed, "episodes": len(todo), "wording": kind,
        **({"goal_as": goal_as, "max_actions": MAX_ACTIONS} if tasks else {}),
        "model_id": world.model_id,
        "success_rate": share(flags)["rate"], "interval95": share(flags)["interval95"],
        "by_goal": {k: share(v) for k, v in by_goal.items()},
        **breakdown(place, todo, flags),
        "actions_mean": round(float(np.mean([len(o.actions) for o in methods["ours"]])), 2),
        "plan_ms_p50": round(float(np.median(times)), 1) if times else None,
        "baselines": {
            m: {"success_rate": rates["rate"], "n": rates["n"], "interval95": rates["interval95"]}
            for m in methods if m != "ours"
            for rates in [share([o.success for o in methods[m]])]
        },
        "oracle_by_goal": {k: share(v) for k, v in oracle_by_goal.items()},
        **({"disturbed": disturbed(methods["ours"])} if meddle or cover else {}),
        "failures": failures[:20],
        "seconds": round(time.time() - started, 1),
    }


def draw_disturbance(
    place: Environment, episode: Episode, meddle: bool, cover: bool
) -> Disturbance:
    """What disturbs an episode, from its seed alone; OGBench's own tasks take about 4 actions."""
    start = episode.start
    steps = 4 if start is None else place.plan_length(start, episode.goal) or 1
    return Disturbance.draw(steps, meddle, cover, episode.seed)


def disturbed(outcomes: list[Outcome]) -> dict[str, Any]:
    """How many episodes were disturbed, and how those came out."""
    def rate(some: list[Outcome]) -> dict[str, Any]:
        return share([o.success for o in some])

    met = [o for o in outcomes if o.disturbed.did]
    return {
        "meddled": rate(met),
        "meddled_goal_farther": rate([o for o in met if o.disturbed.longer > 0]),
        "meddled_between_look_and_action": rate([o for o in met if o.disturbed.unseen]),
        "covered": rate([o for o in outcomes if o.blind_looks]),
        "covered_looks": sum(o.blind_looks for o in outcomes),
    }
