"""What `vljepa demo` is asked to do, checked before anything starts."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..nodes.share import model_folder
from ..sim import workbench_symbolic as workbench
from ..sim.environments import ENVIRONMENTS, SHIPPED
from ..sim.symbolic import GOAL_VALUES, PLACES, SymbolicState

DEFAULT_GOAL = "put the cube in the drawer and shut it"
DEFAULT_EXPECTED = {"drawer": "closed", "cube": "drawer"}
DEFAULT_START = {
    "drawer": "closed",
    "window": "closed",
    "drawer_lock": "locked",
    "window_lock": "locked",
    "cube": "table",
}
WORKBENCH_GOAL = "put the red cube in the drawer and shut it"
WORKBENCH_EXPECTED = {"drawer": "closed", "red_cube": "drawer"}
GOALS = {
    "scene-v0": (DEFAULT_GOAL, DEFAULT_EXPECTED),
    "workbench": (WORKBENCH_GOAL, WORKBENCH_EXPECTED),
}
"""World -> the goal of a demo that is given none, and what must be true for it to be met."""
State = SymbolicState | workbench.WorkbenchState
MAX_GOAL = 500  # characters; the model's own limit
MAX_ACTIONS = 1000


class OptionError(ValueError):
    """An argument that cannot be used; one line that names it, its value and what is allowed."""


@dataclass(frozen=True)
class Options:
    """``start`` is a whole state of the world ``env``; ``model`` is a folder.

    ``expected`` is what the simulator's true state must show for the goal to count as met; empty:
    what the model understood the goal as.
    """

    env: str
    goal: str
    start: State
    expected: dict[str, str]
    seed: int
    out: Path
    max_actions: int
    video: bool
    model: Path


def check_options(
    *,
    goal: str | None,
    start: str,
    seed: str,
    out: str,
    max_actions: str,
    video: bool,
    model: str | None,
    env: str = "scene-v0",
) -> Options:
    """The options from the command line's words; ``goal`` and ``model`` None: those of the world.

    Raises OptionError; creates the output folder.
    """
    if env not in ENVIRONMENTS:
        raise OptionError(f"--env: {env!r}; allowed: {', '.join(ENVIRONMENTS)}")
    default, expected = GOALS[env]
    words = " ".join((default if goal is None else goal).split())
    if not 1 <= len(words) <= MAX_GOAL:
        raise OptionError(f"--goal: {len(words)} characters; allowed: 1 to {MAX_GOAL}")
    number = _whole("--seed", seed, 0, 2**31 - 1)
    return Options(
        env=env,
        goal=words,
        start=parse_start(start, number, env),
        expected=expected if words == default else {},
        seed=number,
        max_actions=_whole("--max-actions", max_actions, 1, MAX_ACTIONS),
        video=video,
        model=_model(SHIPPED[env].model if model is None else model),
        out=_folder(out),
    )


def parse_start(text: str, seed: int, env: str = "scene-v0") -> State:
    """ "drawer=open,cube=front_left" -> a state; drawer, window and locks are as in DEFAULT_START.

    ``table`` is one of the free places, drawn with the seed; so is where the cubes are that are not
    told. On the workbench those told or stood upon are there, then red, green, blue; nothing is
    drawn to a place that was held out from training for its colour. Raises OptionError.
    """
    if env == "workbench":
        return _workbench_start(_told(text, workbench.GOAL_VALUES), random.Random(seed))
    values = DEFAULT_START | _told(text, GOAL_VALUES)
    if values["cube"] == "table":
        values["cube"] = random.Random(seed).choice(sorted(PLACES))
    return SymbolicState(**values)


def _told(text: str, known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    values = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = (word.strip() for word in item.partition("="))
        if key not in known:
            raise OptionError(f"--start: key {key!r}; allowed: {', '.join(known)}")
        allowed = [option for option in known[key] if option != "elsewhere"]
        if value not in allowed:
            raise OptionError(f"--start: {key}={value}; allowed: {', '.join(allowed)}")
        values[key] = value
    return values


def _workbench_start(told: Mapping[str, str], rng: random.Random) -> workbench.WorkbenchState:
    cubes = {key.removesuffix("_cube"): told[key] for key in told if key.endswith("_cube")}
    below = [where.removeprefix("on_") for where in cubes.values() if where.startswith("on_")]
    present = list(dict.fromkeys([*cubes, *below]))
    rest = [colour for colour in workbench.COLOURS if colour not in present]
    present += rest[: max(0, workbench.CUBES - len(present))]
    free = [place for place in workbench.PLACES if place not in cubes.values()]
    rng.shuffle(free)
    placed = []
    for colour in present:
        where = cubes.get(colour, "table")
        if where == "table":
            shown = (p for p in free if (colour, p) not in workbench.HELD_OUT_COMBINATIONS)
            where = next(shown, free[0])
            free.remove(where)
        placed.append((colour, where))
    fixtures = {key: told.get(key, DEFAULT_START[key]) for key in workbench.FIXTURES}
    try:
        return workbench.WorkbenchState(**fixtures, cubes=tuple(placed))
    except ValueError as error:
        raise OptionError(f"--start: {error}") from error


def _whole(name: str, text: str, low: int, high: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise OptionError(f"{name}: {text!r}; allowed: a whole number from {low} to {high}")
    return number


def _model(given: str) -> Path:
    try:
        folder = model_folder(given)
    except ValueError as error:
        raise OptionError(f"--{error}") from error
    if not (folder / "model.yaml").is_file():
        raise OptionError(f"--model: no model in '{folder}'; known models: vljepa models")
    return folder.resolve()


def _folder(text: str) -> Path:
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"--out: '{text}' cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OptionError(f"--out: '{text}' cannot be written to")
    return folder.resolve()
