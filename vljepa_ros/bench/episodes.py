"""Goals in words with a start: drawn at random, OGBench's own tasks, or out of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning import goal as planning
from vljepa_ros.planning.picture_goal import goal_of_picture
from vljepa_ros.sim.symbolic import OFFICIAL_GOALS

from .environment import HELD_OUT_SEED, Environment, Goal, State, Wording
from .goals_file import OutsideGoal
from .spots import read_picture
from .worlds import Wording as SceneWording

LENGTHS = {"scene-v0": (1, 2, 3, 4), "workbench": (1, 2, 3, 4, 5, 6, 7)}
SINGLE_SHARE = 2 / 3  # of the drawn goals; the others have several parts
LONG = 4  # actions from which on a goal is hardly ever a single statement

PLAIN_TASKS = {
    1: "open the drawer and the window, and leave both unlocked",
    2: "close the drawer and the window, and lock both of them",
    4: "put the cube in the drawer and close it, leave the drawer unlocked, the window closed "
       "and the window locked",
    5: "put the cube in the drawer, close the drawer and lock it, open the window and lock the "
       "window",
}


@dataclass
class Episode:
    """One goal in one start; with a `task_id` OGBench's own start and flag count."""

    text: str
    goal: Goal
    start: State
    seed: int
    group: str
    task_id: int | None = None
    image: Path | None = None

    def understand(self, world: LatentWorldModel) -> planning.Goal:
        """The goal as the model takes it, from the words or from the picture."""
        if self.image is None:
            return world.understand(self.text)
        return goal_of_picture(world, world.vocabulary, read_picture(self.image))

    def begin(self, place: Environment) -> None:
        if self.task_id is not None:
            place.scene.reset_task(self.task_id, seed=self.seed)
        else:
            place.scene.reset(self.start, seed=self.seed)

    def success(self, place: Environment) -> bool:
        if self.task_id is not None:
            return bool(place.scene.task_success)
        return place.goal_holds(place.scene.truth(), self.goal)


def draw_goal(
    place: Environment, wording: Wording, state: State, rng: np.random.Generator,
    single_share: float = SINGLE_SHARE,
) -> tuple[str, Goal]:
    """A goal about what is there: some single statements, the others compounds."""
    while True:
        options = place.goal_statements(state)
        if rng.random() < single_share:
            statement = options[rng.integers(len(options))]
            return wording.of(statement), place.goal([statement])
        text, parts = wording.compound(state)
        if set(parts) <= set(options):
            return text, place.goal(parts)


def generated(
    place: Environment, count: int, rng: np.random.Generator, wording: Wording
) -> list[Episode]:
    """Goals of one action to the longest of LENGTHS, as many of each, half through a lock."""
    wanted = [(length, lock) for length in LENGTHS[place.name] for lock in (False, True)]
    episodes: list[Episode] = []
    for i in range(count):
        length, lock = wanted[i % len(wanted)]
        while True:
            state = place.draw_knowable(rng)
            share = 0.0 if length >= LONG and place.name == "workbench" else SINGLE_SHARE
            text, goal = draw_goal(place, wording, state, rng, share)
            if place.plan_length(state, goal) == length and (
                through_a_lock(place, state, goal) == lock
            ):
                break
        group = f"{length} actions, {'through a lock' if lock else 'no lock'}"
        episodes.append(Episode(text, goal, state, place.random_seed(rng), group))
    return episodes


def through_a_lock(place: Environment, state: State, goal: Goal) -> bool:
    """Whether a shortest plan presses a button."""
    while first := place.best_first_actions(state, goal):
        action = min(first)
        if action.startswith("press"):
            return True
        state = place.apply(state, action)
    return False


def from_outside(
    place: Environment, goals: list[OutsideGoal], count: int, rng: np.random.Generator
) -> list[Episode]:
    """The goals of a file that are for this world, in turn, `count` episodes (one each at least).

    Raises ValueError when the file has none.
    """
    own = [goal for goal in goals if goal.env == place.name]
    if not own:
        raise ValueError(f"goals file: no goal has env = {place.name}")
    episodes = []
    for i in range(max(count, len(own))):
        given = own[i % len(own)]
        seed = place.random_seed(rng)
        group = given.text if len(own) <= 40 else (
            f"task {given.task_id}" if given.task_id else "goals with a start"
        )
        if given.task_id is not None:
            goal = OFFICIAL_GOALS[given.task_id]
            episodes.append(
                Episode(given.text, goal, None, seed, group, given.task_id, given.image)
            )
        else:
            start = given.start_state(rng)
            episodes.append(
                Episode(given.text, given.goal, start, seed, group, image=given.image)
            )
    return episodes


def official(count: int, rng: np.random.Generator, kind: str) -> list[Episode]:
    """OGBench's tasks 1, 2, 4 and 5 in words with every lock named, `count` episodes each."""
    wording = SceneWording.make(kind, HELD_OUT_SEED + 5)
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
