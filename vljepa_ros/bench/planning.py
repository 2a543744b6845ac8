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
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.skills import SkillRunner
from vljepa_ros.sim.symbolic import (
    OFFICIAL_GOALS,
    SymbolicState,
    best_first_actions,
    goal_holds,
    plan_length,
    shortest_plan,
)

from .disturbance import Disturbance
from .goals_file import OutsideGoal, read_goals
from .ranking import draw_goal
from .report import share
from .worlds import (
    HELD_OUT_SEED,
    Eyes,
    TextOnly,
    Wording,
    candidates,
    model_folder,
    random_state,
)

MAX_ACTIONS = 16
MAX_BLIND_LOOKS = 20
RIVAL_ACTIONS = 8  # random and text-only never say MET: they get this many actions


@dataclass
class Episode:
    """One goal in one start; with a `task_id` OGBench's own start and flag count."""

    text: str
    goal: dict[str, str]
    start: SymbolicState | None
    seed: int
    group: str
    task_id: int | None = None

    def begin(self, scene: Scene) -> None:
        if self.task_id is not None:
            scene.reset_task(self.task_id, seed=self.seed)
        else:
            scene.reset(self.start, seed=self.seed)

    def success(self, scene: Scene) -> bool:
        if self.task_id is not None:
            return scene.task_success
        return goal_holds(scene.truth(), self.goal)


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
    world: LatentWorldModel, look: Callable[[], LatentStates], scene: Scene, episode: Episode,
    search: SearchConfig, actions: list[Any], disturbance: Disturbance | None = None,
) -> Outcome:
    """Our planner until it says met, out of reach, or gives up."""
    episode.begin(scene)
    runner = SkillRunner(scene)
    goal = world.understand(episode.text)
    pursuit = Pursuit(world, world.vocabulary, goal, actions, search, MAX_ACTIONS)
    trouble = disturbance or Disturbance()
    times: list[float] = []
    looks = blind = 0
    while True:
        interfere(trouble, scene, episode, len(pursuit.history), looked=False)
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
        interfere(trouble, scene, episode, len(pursuit.history), looked=True)
        result = runner.run(decision.action.id)
        pursuit.executed(decision.action.id, result.result.name)
    said_met = decision.kind == "met"
    success = episode.success(scene) and said_met
    taken = [f"{e.action.id}:{e.result}" for e in pursuit.history]
    return Outcome(success, decision.kind, taken, times, str(scene.truth()), trouble, blind)


def interfere(
    trouble: Disturbance, scene: Scene, episode: Episode, executed: int, looked: bool
) -> None:
    """Let somebody meddle if this is the moment."""
    trouble.meddle(
        scene, episode.goal, executed, looked, hand.changes, hand.impose, plan_length
    )


def rival(
    choose: Callable[[], str | None], scene: Scene, episode: Episode, limit: int,
    disturbance: Disturbance | None = None,
) -> Outcome:
    """A rival that never says MET: counted as soon as the goal holds with the arm at rest."""
    episode.begin(scene)
    runner = SkillRunner(scene)
    trouble = disturbance or Disturbance()
    taken: list[str] = []
    while len(taken) < limit:
        interfere(trouble, scene, episode, len(taken), looked=False)
        if episode.success(scene):
            break
        action = choose()
        if action is None:
            break
        interfere(trouble, scene, episode, len(taken), looked=True)
        runner.run(action)
        taken.append(action)
    return Outcome(episode.success(scene), "", taken, disturbed=trouble)


def through_a_lock(state: SymbolicState, goal: dict[str, str]) -> bool:
    """Whether a shortest plan presses a button."""
    return any(action.startswith("press") for action in shortest_plan(state, goal) or [])


def generated(count: int, rng: np.random.Generator, wording: Wording) -> list[Episode]:
    """Goals of one to four actions, as many of each, half of them through a lock."""
    wanted = [(length, lock) for length in (1, 2, 3, 4) for lock in (False, True)]
    episodes: list[Episode] = []
    for i in range(count):
        length, lock = wanted[i % len(wanted)]
        while True:
            text, goal = draw_goal(wording, rng)
            state = random_state(rng)
            if plan_length(state, goal) == length and through_a_lock(state, goal) == lock:
                break
        group = f"{length} actions, {'through a lock' if lock else 'no lock'}"
        episodes.append(
            Episode(text, goal, state, HELD_OUT_SEED + int(rng.integers(1 << 30)), group)
        )
    return episodes


def from_outside(
    goals: list[OutsideGoal], count: int, rng: np.random.Generator
) -> list[Episode]:
    """The goals of a file in turn, `count` episodes in all (at least one each)."""
    episodes = []
    for i in range(max(count, len(goals))):
        given = goals[i % len(goals)]
        seed = HELD_OUT_SEED + int(rng.integers(1 << 30))
        group = given.text if len(goals) <= 40 else (
            f"task {given.task_id}" if given.task_id else "goals with a start"
        )
        if given.task_id is not None:
            goal = OFFICIAL_GOALS[given.task_id]
            episodes.append(Episode(given.text, goal, None, seed, group, given.task_id))
        else:
            start = given.start_state(rng)
            episodes.append(Episode(given.text, given.goal, start, seed, group))
    return episodes


def official(count: int, rng: np.random.Generator, kind: str) -> list[Episode]:
    """OGBench's tasks 1, 2, 4 and 5 in words with every lock named, `count` episodes each."""
    wording = Wording.make(kind, HELD_OUT_SEED + 5)
    episodes = []
    for task in (1, 2, 4, 5):
        for i in range(count):
            if kind == "held_out":
                texts = wording.held_out["scene_goals"][f"task{task}"]["texts"]
                text = texts[i % len(texts)]
            else:
                text = PLAIN_TASKS[task]
            seed = HELD_OUT_SEED + int(rng.integers(1 << 30))
            goal = OFFICIAL_GOALS[task]
            episodes.append(Episode(text, goal, None, seed, f"task {task}", task))
    return episodes


PLAIN_TASKS = {
    1: "open the drawer and the window, and leave both unlocked",
    2: "close the drawer and the window, and lock both of them",
    4: "put the cube in the drawer and close it, leave the drawer unlocked, the window closed "
       "and the window locked",
    5: "put the cube in the drawer, close the drawer and lock it, open the window and lock the "
       "window",
}


def run(
    seed: int = 0, episodes: int = 48, model: Path | None = None, goals: Path | None = None,
    kind: str = "plain", rivals: int | None = None, tasks: bool = False,
    meddle: bool = False, cover: bool = False,
) -> dict[str, Any]:
    """`episodes` in closed loop; the rivals run on the first `rivals` of them (default 24)."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model))
    scene = Scene()
    rng = np.random.default_rng(HELD_OUT_SEED + 1234 + seed)
    eyes = Eyes(world, scene, rng)
    eyes.remember_others()
    actions = candidates(scene)
    search = SearchConfig()
    if goals is not None:
        todo = from_outside(read_goals(goals), episodes, rng)
    elif tasks:
        todo = official(max(1, episodes // 4), rng, kind)
    else:
        todo = generated(episodes, rng, Wording.make(kind, HELD_OUT_SEED + seed))
    text_only = TextOnly(actions)
    methods: dict[str, list[Outcome]] = {
        m: [] for m in ("ours", "blind", "text_only", "random", "oracle")
    }
    by_goal: dict[str, list[bool]] = {}
    failures: list[str] = []
    some = len(todo) if rivals is None and len(todo) <= 24 else rivals or 24
    for i, episode in enumerate(todo):
        trouble = draw_disturbance(episode, meddle, cover)
        ours = pursue(world, eyes.look, scene, episode, search, actions, trouble)
        methods["ours"].append(ours)
        by_goal.setdefault(episode.group, []).append(ours.success)
        if not ours.success:
            failures.append(f"{episode.text!r} from {episode.start or episode.task_id}: said "
                            f"{ours.said} after {ours.actions}; end {ours.end}; {trouble.did}")
        if i >= some:
            continue
        methods["blind"].append(
            pursue(world, eyes.blind, scene, episode, search, actions, trouble.again())
        )
        order = iter(text_only.rank(episode.text))
        choices = {
            "text_only": lambda order=order: next(order, None),
            "random": lambda: actions[rng.integers(len(actions))].id,
            "oracle": lambda e=episode: min(
                best_first_actions(scene.truth(), e.goal), default=None
            ),
        }
        for method, choose in choices.items():
            limit = MAX_ACTIONS if method == "oracle" else RIVAL_ACTIONS
            methods[method].append(rival(choose, scene, episode, limit, trouble.again()))
    flags = [o.success for o in methods["ours"]]
    times = [t for o in methods["ours"] for t in o.plan_ms]
    return {
        "name": "planning", "seed": seed, "episodes": len(todo), "wording": kind,
        "model_id": world.model_id,
        "success_rate": share(flags)["rate"], "interval95": share(flags)["interval95"],
        "by_goal": {k: share(v) for k, v in by_goal.items()},
        "actions_mean": round(float(np.mean([len(o.actions) for o in methods["ours"]])), 2),
        "plan_ms_p50": round(float(np.median(times)), 1),
        "baselines": {
            m: {"success_rate": share([o.success for o in methods[m]])["rate"],
                "n": len(methods[m])}
            for m in methods if m != "ours"
        },
        **({"disturbed": disturbed(methods["ours"])} if meddle or cover else {}),
        "failures": failures[:20],
        "seconds": round(time.time() - started, 1),
    }


def draw_disturbance(episode: Episode, meddle: bool, cover: bool) -> Disturbance:
    """What disturbs an episode, from its seed alone; OGBench's own tasks take about 4 actions."""
    steps = 4 if episode.start is None else plan_length(episode.start, episode.goal) or 1
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
