"""What the clips of the workbench show: one skill each, every second one a pair training never saw.

A kind is the id of the action, or `failed_` and the id of a pull at something locked. Labels are
about the three cubes that are there: all their moves, the fixtures, rest, and the tries in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from vljepa_ros.sim.workbench_symbolic import (
    HELD_OUT_COMBINATIONS,
    WorkbenchState,
    actions_for,
    failure,
    is_held_out,
    move_of,
    random_state,
    works,
)
from vljepa_ros.training.phrases import read_yaml

FAILABLE = ("open_drawer", "close_drawer", "open_window", "close_window")
UNSEEN = tuple(f"place_{colour}_{place}" for colour, place in sorted(HELD_OUT_COMBINATIONS))
"""What is shown in the clips of even number: a cube comes to where training never showed it."""

TURNS = (
    "place", "stack", "press_left_button", "drawer", "open_drawer", "place", "close_window",
    "failed_open_window", "stack", "wait", "place", "press_right_button", "drawer", "close_drawer",
    "failed_close_drawer", "open_window", "failed_open_drawer", "place", "failed_close_window",
    "stack",
)
"""What is shown in the others, in turn; of a move the cube and the target are drawn."""


def draw(number: int, rng: np.random.Generator) -> tuple[str, WorkbenchState]:
    """The kind of clip `number` and a state that it can begin in, without a held-out pair."""
    if number % 2 == 0:
        kind = UNSEEN[number // 2 % len(UNSEEN)]
        colour = kind.split("_")[1]
        while True:
            state = random_state(rng, allow_held_out=False)
            if colour in state.colours and works(state, kind):
                return kind, state
    turn = TURNS[number // 2 % len(TURNS)]
    while True:
        state = random_state(rng, allow_held_out=False)
        fitting = [kind for kind in kinds_of(state.colours) if _is(kind, turn) and fits(state, kind)
                   and not is_held_out(action_of(kind))]
        if fitting:
            return str(rng.choice(fitting)), state


def kinds_of(colours: Iterable[str]) -> list[str]:
    """What can be shown, and so the labels, where cubes of these colours are: 38 for three."""
    return [*actions_for(colours), *(f"failed_{action}" for action in FAILABLE)]


def action_of(kind: str) -> str:
    """The action that is done or tried."""
    return kind.removeprefix("failed_")


def fits(state: WorkbenchState, kind: str) -> bool:
    """Whether the clip can begin in this state."""
    if kind.startswith("failed_"):
        return failure(state, action_of(kind)) == "locked"
    return kind == "wait" or works(state, kind)


def unseen(kind: str) -> bool:
    """Whether training never showed nor said this pair of cube and place."""
    return kind in UNSEEN


def group(kind: str) -> str:
    """Kinds that differ only in cube and target: for figures by kind."""
    verb = kind.split("_")[0]
    if verb == "place":
        return "place, unseen pair" if unseen(kind) else "place, seen pair"
    return verb if verb in ("drawer", "stack") else kind


def _is(kind: str, turn: str) -> bool:
    return kind == turn or (turn in ("place", "stack", "drawer") and kind.split("_")[0] == turn)


def wordings(name: str) -> dict[str, Any]:
    """A file of wordings: `done`, `failed` (templates by kind) and `places` (by place)."""
    content: dict[str, Any] = read_yaml("vljepa_ros.bench", f"phrases/{name}.yaml")
    return content


def label(words: dict[str, Any], kind: str, number: int) -> str:
    """Wording `number` of a kind: of a move, the template filled in with cube and target."""
    if kind.startswith("failed_"):
        return str(words["failed"][action_of(kind)][number])
    move = move_of(kind)
    if move is None:
        return str(words["done"][kind][number])
    options: Sequence[str] = words["done"][kind.split("_")[0]]
    place = words["places"].get(move.to)
    return options[number].format(
        C=move.colour, D=move.to.removeprefix("on_"), P=place[number] if place else "")


def count(words: dict[str, Any]) -> int:
    """How many wordings every kind has."""
    tables = (words["done"], words["failed"], words["places"])
    return min(len(options) for table in tables for options in table.values())
