"""The simulated scene in symbols: states, actions, preconditions and shortest plans.

Pure Python, no simulator. It is the privileged side: data generation, benchmarks and the oracle
use it; the planner never does. The 112 states are drawer x window x two locks x cube (six places
or the drawer). The cube can also be `elsewhere`: no action aims at it, an accident can reach it.

Places are named as the camera sees them: left is -y, right is +y, front is nearer to the camera
(+x), in the robot's base frame, which is the world frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import product

PLACES: dict[str, tuple[float, float]] = {
    "back_left": (0.32, -0.03),
    "back_middle": (0.32, 0.055),
    "back_right": (0.32, 0.135),
    "front_left": (0.41, -0.03),
    "front_middle": (0.41, 0.055),
    "front_right": (0.41, 0.135),
}
"""Named places of the table: name -> (x, y) in metres, world frame."""

ACTIONS: tuple[str, ...] = (
    "press_left_button",
    "press_right_button",
    "open_drawer",
    "close_drawer",
    "open_window",
    "close_window",
    "put_cube_in_drawer",
    "take_cube_out",
    *(f"place_{place}" for place in PLACES),
    "wait",
)
"""The ids of everything the robot can do."""

PLACE_AT = "place_at"
"""Puts the cube at a spot given in metres; no symbol stands for its outcome."""

TAKE_OUT_PLACE = "front_middle"
"""Where `take_cube_out` puts the cube."""

_PLACE_PREFIX = "place_"


def _goal(
    drawer: str, window: str, drawer_lock: str, window_lock: str, cube: str
) -> dict[str, str]:
    return {
        "drawer": drawer,
        "window": window,
        "drawer_lock": drawer_lock,
        "window_lock": window_lock,
        "cube": cube,
    }


GOAL_VALUES: dict[str, tuple[str, ...]] = {
    "drawer": ("open", "closed"),
    "window": ("open", "closed"),
    "drawer_lock": ("locked", "unlocked"),
    "window_lock": ("locked", "unlocked"),
    "cube": (*PLACES, "drawer", "table", "elsewhere"),
}
"""Goal keys and what each may ask for; cube `table` means any named place."""

OFFICIAL_GOALS: dict[int, dict[str, str]] = {
    1: _goal("open", "open", "unlocked", "unlocked", "back_middle"),
    2: _goal("closed", "closed", "locked", "locked", "back_left"),
    3: _goal("open", "closed", "unlocked", "unlocked", "front_right"),
    4: _goal("closed", "closed", "unlocked", "locked", "drawer"),
    5: _goal("closed", "open", "locked", "locked", "drawer"),
}
"""OGBench's five scene tasks as goals: task_id -> every part its success flag checks."""


@dataclass(frozen=True)
class SymbolicState:
    """One state of the scene; `cube` is a name of PLACES, `drawer` or `elsewhere`."""

    drawer: str = "closed"
    window: str = "closed"
    drawer_lock: str = "unlocked"
    window_lock: str = "unlocked"
    cube: str = "back_middle"

    def __post_init__(self) -> None:
        for name, allowed in GOAL_VALUES.items():
            value = getattr(self, name)
            if value not in allowed or value == "table":
                options = [option for option in allowed if option != "table"]
                raise ValueError(f"{name} is {value!r}; allowed: {options}")

    @property
    def cube_on_table(self) -> bool:
        """True when the cube stands at one of the named places."""
        return self.cube in PLACES


def place_of(action: str) -> str | None:
    """The place a `place_...` action aims at, else None."""
    name = action.removeprefix(_PLACE_PREFIX)
    return name if action.startswith(_PLACE_PREFIX) and name in PLACES else None


def apply(state: SymbolicState, action: str) -> SymbolicState:
    """The state after the action; the same state when the action does not work.

    Raises ValueError for an unknown action.
    """
    if action not in ACTIONS:
        raise ValueError(f"action is {action!r}; allowed: {list(ACTIONS)}")
    if action == "press_left_button":
        return replace(state, drawer_lock=_toggled(state.drawer_lock))
    if action == "press_right_button":
        return replace(state, window_lock=_toggled(state.window_lock))
    if action in ("open_drawer", "close_drawer") and state.drawer_lock == "unlocked":
        return replace(state, drawer="open" if action == "open_drawer" else "closed")
    if action in ("open_window", "close_window") and state.window_lock == "unlocked":
        return replace(state, window="open" if action == "open_window" else "closed")
    drawer_open = state.drawer == "open"
    # A cube elsewhere is taken to lie on the table: the robot tries, and that recovers accidents.
    on_table = state.cube != "drawer"
    if action == "put_cube_in_drawer" and drawer_open and on_table:
        return replace(state, cube="drawer")
    if action == "take_cube_out" and drawer_open and state.cube == "drawer":
        return replace(state, cube=TAKE_OUT_PLACE)
    place = place_of(action)
    if place and (on_table or drawer_open):
        return replace(state, cube=place)
    return state


def works(state: SymbolicState, action: str) -> bool:
    """Whether the action changes the state as intended (its precondition holds)."""
    return apply(state, action) != state


def all_states() -> list[SymbolicState]:
    """The 112 states: 2 x 2 x 2 x 2 x (six places + drawer)."""
    return [
        SymbolicState(*values)
        for values in product(
            GOAL_VALUES["drawer"],
            GOAL_VALUES["window"],
            GOAL_VALUES["drawer_lock"],
            GOAL_VALUES["window_lock"],
            (*PLACES, "drawer"),
        )
    ]


def check_goal(
    goal: Mapping[str, str], allowed: Mapping[str, tuple[str, ...]] = GOAL_VALUES
) -> None:
    """Raise ValueError with the key, the value and what is allowed when the goal is not one."""
    for key, value in goal.items():
        if key not in allowed:
            raise ValueError(f"goal key is {key!r}; allowed: {list(allowed)}")
        if value not in allowed[key]:
            raise ValueError(f"goal {key} is {value!r}; allowed: {list(allowed[key])}")


def goal_holds(state: SymbolicState, goal: Mapping[str, str]) -> bool:
    """Whether the state meets every part of the goal."""
    check_goal(goal)
    return all(
        state.cube_on_table if value == "table" else getattr(state, key) == value
        for key, value in goal.items()
    )


def plan_length(state: SymbolicState, goal: Mapping[str, str]) -> int | None:
    """Number of actions of a shortest plan, 0 when the goal holds, None when it is out of reach."""
    check_goal(goal)
    return _plan_length(state, tuple(sorted(goal.items())))


def best_first_actions(state: SymbolicState, goal: Mapping[str, str]) -> set[str]:
    """The first actions of all shortest plans; empty when the goal holds or is out of reach."""
    length = plan_length(state, goal)
    if not length:
        return set()
    return {
        action
        for action in ACTIONS
        if works(state, action) and plan_length(apply(state, action), goal) == length - 1
    }


def shortest_plan(state: SymbolicState, goal: Mapping[str, str]) -> list[str] | None:
    """One shortest plan (ties go to the action listed first), None when out of reach."""
    if plan_length(state, goal) is None:
        return None
    plan: list[str] = []
    while first := best_first_actions(state, goal):
        plan.append(min(first, key=ACTIONS.index))
        state = apply(state, plan[-1])
    return plan


def _toggled(lock: str) -> str:
    return "unlocked" if lock == "locked" else "locked"


@cache
def _successors(state: SymbolicState) -> frozenset[SymbolicState]:
    return frozenset(apply(state, action) for action in ACTIONS) - {state}


@lru_cache(maxsize=65536)
def _plan_length(state: SymbolicState, goal: tuple[tuple[str, str], ...]) -> int | None:
    wanted = dict(goal)
    frontier, seen = deque([(state, 0)]), {state}
    while frontier:
        current, depth = frontier.popleft()
        if goal_holds(current, wanted):
            return depth
        for successor in _successors(current) - seen:
            seen.add(successor)
            frontier.append((successor, depth + 1))
    return None
