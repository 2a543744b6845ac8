"""What happened during a demo, in plain data: the video, the timeline and demo.json are made of it.

All times are seconds since the goal was given.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One ranked action."""

    action_id: str
    text: str
    distance_after: float
    works: float
    outcome: str


@dataclass(frozen=True)
class Look:
    """One look of the planner: how far the goal is, and what it ranks, best first.

    ``status`` is a name of RankedActions' constants, ``chosen`` the action about to be executed
    ("" when none is), ``plan`` the texts of the whole plan; ``remembered`` what is believed of
    things out of sight, ``noticed`` what had not been expected.
    """

    at: float
    step: int
    status: str
    message: str
    distance: float
    rows: tuple[Row, ...]
    chosen: str
    plan: tuple[str, ...]
    planning_ms: float
    remembered: tuple[str, ...] = ()
    noticed: str = ""


@dataclass
class Execution:
    """One action carried out: ``result`` is a name of ExecuteAction's constants."""

    action_id: str
    text: str
    began: float
    ended: float | None = None
    result: str = ""
    message: str = ""
    progress: list[tuple[float, float, str]] = field(default_factory=list)  # at, 0 to 1, phase

    def progress_at(self, moment: float) -> tuple[float, str]:
        index = bisect_right(self.progress, moment, key=lambda item: item[0])
        return self.progress[index - 1][1:] if index else (0.0, "")


@dataclass(frozen=True)
class Line:
    """What the decoder said at ``at``, about a change at ``changed``."""

    at: float
    changed: float
    text: str


@dataclass(frozen=True)
class Verdict:
    """How it ended: ``met`` only when planner and simulator agree."""

    at: float
    met: bool
    text: str


@dataclass
class Recording:
    """Filled by the demo's ROS thread while the main thread reads; lists only ever grow."""

    goal: str
    understood: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()  # ids of the vocabulary's statements, "" where none fits
    confidence: float = 0.0
    threshold: float = 0.0  # a part is met at or below this distance
    model_id: str = ""
    frames: list[tuple[float, bytes]] = field(default_factory=list)  # JPEG
    distances: list[tuple[float, float]] = field(default_factory=list)
    changes: list[tuple[float, float]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    spoken: list[Line] = field(default_factory=list)
    verdict: Verdict | None = None
    _zero: float | None = None

    def now(self) -> float:
        return 0.0 if self._zero is None else time.monotonic() - self._zero

    def start(self) -> None:
        """The goal is given now. What was said before is kept, of what was seen the newest."""
        self._zero = time.monotonic()
        for series in (self.frames, self.distances, self.changes):
            del series[:-1]

    @property
    def duration(self) -> float:
        last = [self.verdict.at] if self.verdict else []
        last += [self.frames[-1][0]] if self.frames else []
        last += [execution.ended or 0.0 for execution in self.executions]
        return max(last, default=0.0)

    def execution_at(self, moment: float) -> Execution | None:
        """The action being carried out, if any."""
        for execution in reversed(self.executions):
            if execution.began <= moment:
                over = execution.ended is not None and execution.ended < moment
                return None if over else execution
        return None

    def summary(self) -> dict[str, Any]:
        """What goes into demo.json."""
        return {
            "goal": self.goal,
            "understood": list(self.understood),
            "confidence": round(self.confidence, 3),
            "model_id": self.model_id,
            "actions": [
                {
                    "id": execution.action_id,
                    "text": execution.text,
                    "result": execution.result,
                    "message": execution.message,
                    "began": round(execution.began, 2),
                    "seconds": round((execution.ended or execution.began) - execution.began, 2),
                }
                for execution in self.executions
            ],
            "looks": [
                {
                    "at": round(look.at, 2),
                    "status": look.status,
                    "distance": round(look.distance, 4),
                    "plan": list(look.plan),
                    "planning_ms": round(look.planning_ms, 1),
                }
                for look in self.looks
            ],
            "spoken": [{"at": round(line.at, 2), "text": line.text} for line in self.spoken],
        }


def newest(series: Sequence[tuple[float, Any]], moment: float) -> Any | None:
    """The newest value of a series of (time, value) at a moment, None before the first."""
    index = bisect_right(series, moment, key=lambda item: item[0])
    return series[index - 1][1] if index else None
