"""What `vljepa demo` is asked to do, checked before anything starts."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

from ..nodes.share import model_folder
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
MAX_GOAL = 500  # characters; the model's own limit
MAX_ACTIONS = 1000


class OptionError(ValueError):
    """An argument that cannot be used; one line that names it, its value and what is allowed."""


@dataclass(frozen=True)
class Options:
    """``start`` is a whole state; ``model`` None means the shipped one.

    ``expected`` is what the simulator's true state must show for the goal to count as met; empty:
    what the model understood the goal as.
    """

    goal: str
    start: SymbolicState
    expected: dict[str, str]
    seed: int
    out: Path
    max_actions: int
    video: bool
    model: Path


def check_options(
    *,
    goal: str,
    start: str,
    seed: str,
    out: str,
    max_actions: str,
    video: bool,
    model: str | None,
) -> Options:
    """The options from the command line's words. Raises OptionError; creates the output folder."""
    words = " ".join(goal.split())
    if not 1 <= len(words) <= MAX_GOAL:
        raise OptionError(f"--goal: {len(words)} characters; allowed: 1 to {MAX_GOAL}")
    number = _whole("--seed", seed, 0, 2**31 - 1)
    return Options(
        goal=words,
        start=parse_start(start, number),
        expected=DEFAULT_EXPECTED if words == DEFAULT_GOAL else {},
        seed=number,
        max_actions=_whole("--max-actions", max_actions, 1, MAX_ACTIONS),
        video=video,
        model=_model(model),
        out=_folder(out),
    )


def parse_start(text: str, seed: int) -> SymbolicState:
    """ "drawer=open,cube=front_left" -> a state; what is left out is as in DEFAULT_START.

    ``cube=table`` is one of the named places, drawn with the seed. Raises OptionError.
    """
    values = dict(DEFAULT_START)
    for item in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = (word.strip() for word in item.partition("="))
        if key not in GOAL_VALUES:
            raise OptionError(f"--start: key {key!r}; allowed: {', '.join(GOAL_VALUES)}")
        allowed = [option for option in GOAL_VALUES[key] if option != "elsewhere"]
        if value not in allowed:
            raise OptionError(f"--start: {key}={value}; allowed: {', '.join(allowed)}")
        values[key] = value
    if values["cube"] == "table":
        values["cube"] = random.Random(seed).choice(sorted(PLACES))
    return SymbolicState(**values)


def _whole(name: str, text: str, low: int, high: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise OptionError(f"{name}: {text!r}; allowed: a whole number from {low} to {high}")
    return number


def _model(given: str | None) -> Path:
    try:
        folder = model_folder(given or "")
    except ValueError as error:
        raise OptionError(f"--{error}") from error
    if not (folder / "model.yaml").is_file():
        hint = "known models: vljepa models" if given is not None else "make one with: vljepa train"
        raise OptionError(f"--model: no model in '{folder}'; {hint}")
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
