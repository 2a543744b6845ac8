"""Goals from outside (`--goals FILE`): words, where to start, and how success is decided.

    - text: put the cube away in the drawer and shut it
      env: scene-v0
      task_id: 4                 # OGBench's own start and its own success flag
    - text: shut the window
      env: scene-v0
      start: {window: open, window_lock: unlocked}
      goal: {window: closed}     # decided on the simulator's true state
    - text: stack the red cube on the blue one
      env: workbench             # three cubes; the colours not named here are drawn
      start: {red_cube: back_left, blue_cube: front_right, drawer: open}
      goal: {red_cube: on_blue}
    - image: goal.png            # a picture of the scene as it should be, beside this file
      start: {cube: front_right}
      goal: {cube: back_left}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vljepa_ros.sim import workbench_symbolic as workbench
from vljepa_ros.sim.environments import ENVIRONMENTS
from vljepa_ros.sim.symbolic import GOAL_VALUES, PLACES, SymbolicState, check_goal

from .spots import read_picture

KEYS = ("text", "image", "env", "task_id", "start", "goal")
MAX_FILE_BYTES = 4 << 20


@dataclass(frozen=True)
class OutsideGoal:
    """One entry: words or a picture, and either task_id, or start and goal."""

    text: str
    task_id: int | None = None
    start: dict[str, str] = field(default_factory=dict)
    goal: dict[str, str] = field(default_factory=dict)
    env: str = "scene-v0"
    image: Path | None = None

    def start_state(self, rng: np.random.Generator) -> SymbolicState | workbench.WorkbenchState:
        """The start; what it leaves open is drawn at random. ValueError when it cannot be."""
        if self.env == "workbench":
            return _workbench_start(self.start, self.goal, rng)
        values: dict[str, str] = {}
        for key, allowed in GOAL_VALUES.items():
            options = [v for v in allowed if v not in ("table", "elsewhere")]
            values[key] = str(rng.choice(options))
        values.update(self.start)
        if values["cube"] == "table":
            values["cube"] = str(rng.choice(list(PLACES)))
        return SymbolicState(**values)


def read_goals(path: Path) -> list[OutsideGoal]:
    """Read and check a goals file; ValueError names entry, field, value and what is allowed."""
    if not path.is_file():
        raise ValueError(f"goals file '{path}' does not exist")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError(f"goals file '{path}' is larger than {MAX_FILE_BYTES} bytes")
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"goals file '{path}' is not YAML: {reason}") from error
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"goals file '{path}' is not a list of goals")
    return [_goal(row, i, path) for i, row in enumerate(rows)]


def _goal(row: Any, i: int, path: Path) -> OutsideGoal:
    where = f"goals file '{path}', entry {i + 1}"
    if not isinstance(row, dict):
        raise ValueError(f"{where} is not a mapping; allowed keys: {', '.join(KEYS)}")
    unknown = [key for key in row if key not in KEYS]
    if unknown:
        raise ValueError(f"{where}: key {unknown[0]!r} is unknown; allowed: {KEYS}")
    text, image = _asked(row, where, path)
    if row.get("env", "scene-v0") not in ENVIRONMENTS:
        raise ValueError(f"{where}: env = {row['env']!r}; allowed: {', '.join(ENVIRONMENTS)}")
    if "task_id" in row:
        if row["task_id"] not in (1, 2, 3, 4, 5):
            raise ValueError(f"{where}: task_id = {row['task_id']!r}; allowed: 1..5")
        if row.get("env", "scene-v0") != "scene-v0":
            raise ValueError(f"{where}: task_id is for scene-v0; {row['env']} needs start and goal")
        return OutsideGoal(text, task_id=int(row["task_id"]), image=image)
    start, goal = row.get("start") or {}, row.get("goal") or {}
    if not goal:
        raise ValueError(f"{where}: needs task_id, or start and goal")
    env = row.get("env", "scene-v0")
    check = workbench.check_goal if env == "workbench" else check_goal
    for name, part in (("start", start), ("goal", goal)):
        try:
            check(part)
        except (ValueError, AttributeError) as error:
            raise ValueError(f"{where}: {name}: {error}") from error
    found = OutsideGoal(text, start=dict(start), goal=dict(goal), env=env, image=image)
    try:
        found.start_state(np.random.default_rng(0))
    except ValueError as error:
        raise ValueError(f"{where}: start: {error}") from error
    return found


def _asked(row: dict[str, Any], where: str, path: Path) -> tuple[str, Path | None]:
    """The goal's words, or its picture with "the picture NAME" for words."""
    text, image = row.get("text"), row.get("image")
    if image is None:
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{where}: text = {text!r}; allowed: a sentence")
        return text, None
    if text is not None:
        raise ValueError(f"{where}: text and image; allowed: one of them")
    if not isinstance(image, str) or not image.strip():
        raise ValueError(f"{where}: image = {image!r}; allowed: a file name")
    picture = path.parent / image
    try:
        read_picture(picture)
    except ValueError as error:
        raise ValueError(f"{where}: image: {error}") from error
    return f"the picture {image}", picture


def _workbench_start(
    start: dict[str, str], goal: dict[str, str], rng: np.random.Generator
) -> workbench.WorkbenchState:
    """Fixtures and the cubes named in start or goal, then others; what is not told stands alone."""
    fixtures = {
        name: start.get(name) or str(rng.choice(values))
        for name, values in workbench.FIXTURES.items()
    }
    told = {key.removesuffix("_cube"): value for key, value in start.items()
            if key not in workbench.FIXTURES}  # fmt: skip
    words = [word for part in (start, goal) for item in part.items() for word in item]
    named = [c for c in workbench.COLOURS if {f"{c}_cube", f"on_{c}"} & set(words)]
    if len(named) > workbench.CUBES:
        raise ValueError(f"cubes are {named}; allowed: {workbench.CUBES} colours")
    rest = [str(c) for c in rng.permutation(workbench.COLOURS) if c not in named]
    colours = [*named, *rest][: workbench.CUBES]
    free = [str(p) for p in rng.permutation(workbench.PLACES) if p not in told.values()]
    cubes = []
    for colour in colours:
        where = told.get(colour, "table")
        cubes.append((colour, free.pop() if where == "table" else where))
    return workbench.WorkbenchState(**fixtures, cubes=tuple(cubes))
