"""Goals from outside (`--goals FILE`): words, where to start, and how success is decided.

    - text: put the cube away in the drawer and shut it
      env: scene-v0
      task_id: 4                 # OGBench's own start and its own success flag
    - text: shut the window
      env: scene-v0
      start: {window: open, window_lock: unlocked}
      goal: {window: closed}     # decided on the simulator's true state
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vljepa_ros.sim.symbolic import GOAL_VALUES, PLACES, SymbolicState, check_goal

ENVIRONMENTS = ("scene-v0",)
KEYS = ("text", "env", "task_id", "start", "goal")
MAX_FILE_BYTES = 4 << 20


@dataclass(frozen=True)
class OutsideGoal:
    """One entry: either task_id, or start and goal."""

    text: str
    task_id: int | None = None
    start: dict[str, str] = field(default_factory=dict)
    goal: dict[str, str] = field(default_factory=dict)

    def start_state(self, rng: np.random.Generator) -> SymbolicState:
        """The start; what it leaves open is drawn at random."""
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
        extra = " (picture goals are not available yet)" if "image" in unknown else ""
        raise ValueError(f"{where}: key {unknown[0]!r} is unknown; allowed: {KEYS}{extra}")
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{where}: text = {text!r}; allowed: a sentence")
    if row.get("env", "scene-v0") not in ENVIRONMENTS:
        raise ValueError(f"{where}: env = {row['env']!r}; allowed: {', '.join(ENVIRONMENTS)}")
    if "task_id" in row:
        if row["task_id"] not in (1, 2, 3, 4, 5):
            raise ValueError(f"{where}: task_id = {row['task_id']!r}; allowed: 1..5")
        return OutsideGoal(text, task_id=int(row["task_id"]))
    start, goal = row.get("start") or {}, row.get("goal") or {}
    if not goal:
        raise ValueError(f"{where}: needs task_id, or start and goal")
    for name, part in (("start", start), ("goal", goal)):
        try:
            check_goal(part)
        except (ValueError, AttributeError) as error:
            raise ValueError(f"{where}: {name}: {error}") from error
    return OutsideGoal(text, start=dict(start), goal=dict(goal))
