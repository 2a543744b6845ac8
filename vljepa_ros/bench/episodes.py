"""Goals with a start: drawn at random, OGBench's own tasks, or out of a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning import goal as planning
from vljepa_ros.planning.picture_goal import goal_of_picture, pose_goal
from vljepa_ros.planning.protocols import Array
from vljepa_ros.sim.layout import CUBE_HALF
from vljepa_ros.sim.symbolic import OFFICIAL_GOALS, PLACE_AT, place_of

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
    3: "open the drawer, close the window, and leave both unlocked",
    4: "put the cube in the drawer and close it, leave the drawer unlocked, the window closed "
       "and the window locked",
    5: "put the cube in the drawer, close the drawer and lock it, open the window and lock the "
       "window",
}

TASKS_AS = {"words": (1, 2, 4, 5), "picture": (1, 2, 3, 4, 5), "pose": (1, 2, 3)}
"""How OGBench's tasks can be asked for, and which. Its flag wants the cube within 4 cm of a spot,
which words cannot say: they leave out task 3, where the cube has to move. As a pose: the fixtures
in words, the cube in metres, where it belongs on the table."""


@dataclass
class Episode:
    """One goal in one start; with a `task_id` OGBench's own start and flag count.

    `image` and `picture` (H, W, 3) uint8 ask for what they show, in place of the text; `position`
    (3,) metres, optical frame, asks for the cube there beside the text.
    """

    text: str
    goal: Goal
    start: State
    seed: int
    group: str
    task_id: int | None = None
    image: Path | None = None
    picture: Array | None = None
    position: Array | None = None

    def understand(self, world: LatentWorldModel) -> planning.Goal:
        """The goal as the model takes it, from the words or from the picture."""
        if self.image is not None or self.picture is not None:
            shown = self.picture if self.image is None else read_picture(self.image)
            return goal_of_picture(world, world.vocabulary, shown)
        goal = world.understand(self.text)
        if self.position is None:
            return goal
        spot = pose_goal(world.vocabulary, "", self.position, planning.TOLERANCE_M)
        return replace(goal, parts=goal.parts + spot.parts)

    def begin(self, place: Environment) -> None:
        if self.task_id is not None:
            place.scene.reset_task(self.task_id, seed=self.seed)
        else:
            place.scene.reset(self.start, seed=self.seed)

    def success(self, place: Environment) -> bool:
        if self.task_id is not None:
            return bool(place.scene.task_success)
        return place.goal_holds(place.scene.truth(), self.goal)

    def oracle(self, place: Environment) -> str | None:
        """The next action of someone who knows everything; None when there is nothing to do."""
        state = place.scene.truth()
        first = min(place.best_first_actions(state, self.goal), default=None)
        spot = self._spot(place)
        if first is None and spot is not None and not self.success(place):
            return PLACE_AT  # at the right place by name, but not within OGBench's 4 cm
        return first

    def oracle_target(self, place: Environment, action: str) -> tuple[float, float] | None:
        """Where someone who knows everything puts the cube: x, y in metres, world."""
        named = place_of(action) == self.goal.get("cube")
        return self._spot(place) if action == PLACE_AT or named else None

    def _spot(self, place: Environment) -> tuple[float, float] | None:
        return None if self.task_id is None else place.scene.task_target(self.task_id)


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
    """Goals of one action to the longest of LENGTHS, as many of each.

    Half of those of up to LONG actions go through a lock; longer ones mostly do.
    """
    wanted = [(length, lock) for length in LENGTHS[place.name]
              for lock in ((False, True) if length <= LONG else (None, None))]
    episodes: list[Episode] = []
    for i in range(count):
        length, lock = wanted[i % len(wanted)]
        while True:
            state = place.draw_knowable(rng)
            share = 0.0 if length >= LONG and place.name == "workbench" else SINGLE_SHARE
            text, goal = draw_goal(place, wording, state, rng, share)
            if place.plan_length(state, goal) != length:
                continue
            locked = through_a_lock(place, state, goal)
            if lock is None or locked == lock:
                break
        group = f"{length} actions, {'through a lock' if locked else 'no lock'}"
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


def official(
    place: Environment, count: int, rng: np.random.Generator, kind: str, goal_as: str = "words"
) -> list[Episode]:
    """OGBench's tasks that can be asked for so (TASKS_AS), in turn, `count` episodes each.

    In words every lock is named. Raises ValueError for a wording that there is not.
    """
    if goal_as not in TASKS_AS:
        raise ValueError(f"goal_as = {goal_as!r}; allowed: {', '.join(TASKS_AS)}")
    if goal_as != "words" and kind != "plain":
        raise ValueError(f"wording = {kind!r} with goal_as = {goal_as!r}; allowed: plain")
    wording = SceneWording.make(kind, HELD_OUT_SEED + 5)
    episodes = []
    for i in range(count):
        for task in TASKS_AS[goal_as]:
            text = PLAIN_TASKS[task]
            if kind == "held_out":
                texts = wording.held_out["scene_goals"][f"task{task}"]["texts"]
                text = texts[i % len(texts)]
            seed = HELD_OUT_SEED + int(rng.integers(1 << 30))
            episode = Episode(text, OFFICIAL_GOALS[task], None, seed, f"task {task}", task)
            if goal_as == "picture":
                place.scene.reset_to_task_goal(task, seed + 1)
                episode.picture = place.scene.render()
            elif goal_as == "pose":
                spot = (*place.scene.task_target(task), CUBE_HALF)
                episode.position = place.scene.to_optical(np.array(spot))
            episodes.append(episode)
    return episodes
