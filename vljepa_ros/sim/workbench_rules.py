"""States, actions and preconditions of the workbench: three cubes, drawer, window, two locks.

Pure Python, no simulator; `workbench_symbolic` is the door to it.

Where a cube is: the name of a place (it stands there on the table), `drawer`, `on_<colour>` (it
stands on that cube) or `elsewhere` (on the table between the places; only accidents lead there).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from vljepa_ros.sim import symbolic

COLOURS: tuple[str, ...] = ("red", "green", "blue", "yellow", "purple", "white")
PLACES: tuple[str, ...] = (
    "back_left",
    "back_middle",
    "back_right",
    "front_left",
    "front_middle",
    "front_right",
)
CUBES = 3
"""How many cubes, of different colours, are on the workbench."""

FIXTURES: dict[str, tuple[str, str]] = {
    "drawer": ("open", "closed"),
    "window": ("open", "closed"),
    "drawer_lock": ("locked", "unlocked"),
    "window_lock": ("locked", "unlocked"),
}
FIXTURE_ACTIONS: tuple[str, ...] = (
    "press_left_button",
    "press_right_button",
    "open_drawer",
    "close_drawer",
    "open_window",
    "close_window",
    "wait",
)
FAILURES: tuple[str, ...] = (
    "locked",  # drawer or window
    "closed",  # the drawer, which holds the cube or should take it
    "occupied",  # another cube is at the place or in the drawer, or d offers no ground to stand on
    "covered",  # something stands on the cube to stack on
    "under",  # something stands on the cube to take
    "absent",  # no cube of this colour
    "done",  # already so
)

HELD_OUT_COMBINATIONS: frozenset[tuple[str, str]] = frozenset(
    {
        ("red", "front_left"),
        ("green", "back_middle"),
        ("blue", "back_right"),
        ("yellow", "front_middle"),
        ("purple", "back_left"),
        ("white", "front_right"),
    }
)
"""(colour, place) pairs that training never sees: no picture, start, outcome, action, negative."""


class Move(NamedTuple):
    """What an action does with a cube; `to` is a place, `drawer` or `on_<colour>`."""

    colour: str
    to: str


def actions_for(colours: Iterable[str]) -> tuple[str, ...]:
    """The ids of what can be done with cubes of these colours, in the order of ACTIONS."""
    cubes = [colour for colour in COLOURS if colour in set(colours)]
    return (
        *FIXTURE_ACTIONS,
        *(f"place_{c}_{place}" for c in cubes for place in PLACES),
        *(f"drawer_{c}" for c in cubes),
        *(f"stack_{c}_on_{d}" for c in cubes for d in cubes if c != d),
    )


ACTIONS: tuple[str, ...] = actions_for(COLOURS)
"""The ids of everything the robot can do: 79."""

_MOVES: dict[str, Move] = {
    **{f"place_{c}_{p}": Move(c, p) for c in COLOURS for p in PLACES},
    **{f"drawer_{c}": Move(c, "drawer") for c in COLOURS},
    **{f"stack_{c}_on_{d}": Move(c, f"on_{d}") for c in COLOURS for d in COLOURS if c != d},
}
_WHERES = frozenset((*PLACES, "drawer", "elsewhere", *(f"on_{c}" for c in COLOURS)))

GOAL_VALUES: dict[str, tuple[str, ...]] = {
    **FIXTURES,
    **{
        f"{c}_cube": (*PLACES, "drawer", "table", *(f"on_{d}" for d in COLOURS if d != c))
        for c in COLOURS
    },
}
"""Goal keys and what each may ask for; `table` means at any place, directly on the table."""


@dataclass(frozen=True)
class WorkbenchState:
    """One state; `cubes` holds (colour, where) of exactly three cubes in the order of COLOURS.

    Raises ValueError when a value is unknown, a place holds two cubes, or a stack stands on itself.
    """

    drawer: str = "closed"
    window: str = "closed"
    drawer_lock: str = "unlocked"
    window_lock: str = "unlocked"
    cubes: tuple[tuple[str, str], ...] = (
        ("red", "back_left"),
        ("green", "front_middle"),
        ("blue", "back_middle"),
    )

    def __post_init__(self) -> None:
        for name, allowed in FIXTURES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: {list(allowed)}")
        cubes = tuple(sorted(((c, w) for c, w in self.cubes), key=_order))
        object.__setattr__(self, "cubes", cubes)
        _check_cubes(cubes)

    @property
    def colours(self) -> tuple[str, ...]:
        """The colours present, in the order of COLOURS."""
        return tuple(colour for colour, _ in self.cubes)

    def where(self, colour: str) -> str | None:
        """Where the cube of this colour is; None when there is none."""
        return dict(self.cubes).get(colour)

    def top_of(self, colour: str) -> str | None:
        """The colour of the cube standing on this one, if any."""
        return self.at(f"on_{colour}")

    def at(self, where: str) -> str | None:
        """The colour of the (first) cube that is `where`, if any."""
        return next((colour for colour, w in self.cubes if w == where), None)

    def base(self, colour: str) -> str:
        """The colour of the lowest cube of the stack that this one belongs to (maybe itself)."""
        where = self.where(colour) or ""
        return self.base(where[3:]) if where.startswith("on_") else colour

    def moved(self, colour: str, to: str) -> WorkbenchState:
        """This state with one cube somewhere else."""
        return replace(self, cubes=tuple((c, to if c == colour else w) for c, w in self.cubes))


def move_of(action: str) -> Move | None:
    """What an action does with a cube; None for fixtures and `wait`.

    Raises ValueError for an unknown action.
    """
    if action not in ACTIONS:
        raise ValueError(f"action is {action!r}; allowed: {list(ACTIONS)}")
    return _MOVES.get(action)


def failure(state: WorkbenchState, action: str) -> str | None:
    """Why the action would change nothing (one of FAILURES); None when it works, and for `wait`.

    Of several reasons the one met first counts: what is wrong with the cube to take, then with
    where it should go. Raises ValueError for an unknown action.
    """
    move = move_of(action)
    if move is not None:
        return _failure_to_take(state, *move) or _failure_to_put(state, move.to)
    if action == "wait" or action.startswith("press"):
        return None
    verb, fixture = action.split("_")
    if getattr(state, fixture) == ("open" if verb == "open" else "closed"):
        return "done"
    return "locked" if getattr(state, f"{fixture}_lock") == "locked" else None


def works(state: WorkbenchState, action: str) -> bool:
    """Whether the action changes the state as intended; never for `wait`."""
    return action != "wait" and failure(state, action) is None


def apply(state: WorkbenchState, action: str) -> WorkbenchState:
    """The state after the action; the same state when the action does not work.

    Raises ValueError for an unknown action.
    """
    if not works(state, action):
        return state
    move = _MOVES.get(action)
    if move is not None:
        return state.moved(*move)
    if action == "press_left_button":
        return replace(state, drawer_lock=_toggled(state.drawer_lock))
    if action == "press_right_button":
        return replace(state, window_lock=_toggled(state.window_lock))
    verb, fixture = action.split("_")
    if fixture == "drawer":
        return replace(state, drawer="open" if verb == "open" else "closed")
    return replace(state, window="open" if verb == "open" else "closed")


def has_held_out(state: WorkbenchState) -> bool:
    """Whether a cube stands at a place held out for its colour."""
    return any(cube in HELD_OUT_COMBINATIONS for cube in state.cubes)


def is_held_out(action: str) -> bool:
    """Whether the action puts a cube at a place held out for its colour."""
    return move_of(action) in HELD_OUT_COMBINATIONS


def check_goal(goal: Mapping[str, str]) -> None:
    """Raise ValueError with the key, the value and what is allowed when the goal is not one."""
    symbolic.check_goal(goal, GOAL_VALUES)


def goal_holds(state: WorkbenchState, goal: Mapping[str, str]) -> bool:
    """Whether the state meets every part of the goal; of an absent colour nothing holds."""
    check_goal(goal)
    return parts_hold(state, goal)


def parts_hold(state: WorkbenchState, goal: Mapping[str, str]) -> bool:
    """`goal_holds` without checking the goal: for searches."""
    for key, value in goal.items():
        if key in FIXTURES:
            if getattr(state, key) != value:
                return False
        else:
            where = state.where(key.removesuffix("_cube"))
            if where not in PLACES if value == "table" else where != value:
                return False
    return True


def _order(cube: tuple[str, str]) -> int:
    if cube[0] not in COLOURS:
        raise ValueError(f"colour is {cube[0]!r}; allowed: {list(COLOURS)}")
    return COLOURS.index(cube[0])


@lru_cache(maxsize=1 << 16)
def _check_cubes(cubes: tuple[tuple[str, str], ...]) -> None:
    wheres = dict(cubes)
    if len(wheres) != CUBES or len(cubes) != CUBES:
        raise ValueError(f"cubes are {[c for c, _ in cubes]}; allowed: {CUBES} different colours")
    for colour, where in cubes:
        if where not in _WHERES:
            raise ValueError(f"{colour} cube is {where!r}; allowed: {sorted(_WHERES)}")
        below = colour
        for _ in range(CUBES):
            if not wheres[below].startswith("on_"):
                break
            below = wheres[below][3:]
            if below not in wheres:
                raise ValueError(f"{colour} cube is {where!r}; the cubes are {list(wheres)}")
        else:
            raise ValueError(f"{colour} cube is {where!r}: the stack stands on itself")
    taken = [where for where in wheres.values() if where not in ("drawer", "elsewhere")]
    for where in taken:
        if taken.count(where) > 1:
            raise ValueError(f"two cubes are {where!r}; only one can be there")


def _failure_to_take(state: WorkbenchState, colour: str, to: str) -> str | None:
    where = state.where(colour)
    if where is None or (to.startswith("on_") and state.where(to[3:]) is None):
        return "absent"
    if where == to:
        return "done"
    if state.top_of(colour) is not None:
        return "under"
    if where == "drawer" and state.drawer == "closed":
        return "closed"
    return None


def _failure_to_put(state: WorkbenchState, to: str) -> str | None:
    if to == "drawer" and state.drawer == "closed":
        return "closed"
    if to in (*PLACES, "drawer"):
        return "occupied" if state.at(to) is not None else None
    base = to[3:]
    if state.top_of(base) is not None:
        return "covered"
    ground = state.where(state.base(base))
    if ground == "drawer" and state.drawer == "closed":
        return "closed"
    # In the drawer there is no room above a cube, and one `elsewhere` may lie against something.
    return "occupied" if ground in ("drawer", "elsewhere") else None


def _toggled(lock: str) -> str:
    return "unlocked" if lock == "locked" else "locked"
