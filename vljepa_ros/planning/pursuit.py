"""Pursuing a goal: look, plan, execute one action, look again.

No clock, no ROS, no camera: the caller shows a state after every action and is told what to do
next. The node and the benchmarks run this same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .goal import Goal
from .protocols import Action, Array, StateBatch, WorldModel
from .search import Plan, SearchConfig, plan
from .vocabulary import Vocabulary

RETRIES = 2  # how often an action that changed nothing may be tried in the same state
DONE_NOTHING = ("NO_EFFECT", "PRECONDITION", "FAILED", "TIMEOUT")


@dataclass(frozen=True)
class Decision:
    """``kind``: 'act', 'met', 'out_of_reach', 'max_actions' or 'not_understood'."""

    kind: str
    plan: Plan | None
    action: Action | None = None
    message: str = ""


@dataclass
class Executed:
    """What was done and whether the scene moved as imagined."""

    action: Action
    result: str
    moved: bool | None = None  # None until the next look
    as_imagined: bool | None = None


@dataclass
class Pursuit:
    """One goal being pursued in one scene."""

    world: WorldModel
    vocabulary: Vocabulary
    goal: Goal
    actions: Sequence[Action]
    search: SearchConfig = field(default_factory=SearchConfig)
    max_actions: int = 16
    history: list[Executed] = field(default_factory=list)
    _failures: dict[tuple[tuple[int, ...], str], int] = field(default_factory=dict)
    _before: tuple[int, ...] | None = None
    _expected: str = ""

    def look(self, state: StateBatch) -> Decision:
        """Decide what to do in this state (a batch of one).

        An action that left the reading as it was, or that the robot reported as without effect, is
        counted against that state and not chosen there again after RETRIES + 1 attempts; other
        plans are preferred from the first failure on.
        """
        if not self.goal.understood or not self.goal.parts:
            return Decision("not_understood", None, message=f"not understood: '{self.goal.text}'")
        reading = self._read(state)
        self._check_effect(reading)
        failed = {a: n for (seen, a), n in self._failures.items() if seen == reading}
        found = self._plan(state, frozenset(failed))
        if found.status == "out_of_reach" and failed:
            again = frozenset(a for a, n in failed.items() if n > RETRIES)
            found = self._plan(state, again)
        if found.status == "met":
            return Decision("met", found)
        if found.status == "out_of_reach":
            return Decision("out_of_reach", found, message="no plan reaches the goal from here")
        if len(self.history) >= self.max_actions:
            return Decision("max_actions", found, message=f"{self.max_actions} actions used up")
        self._before, self._expected = reading, found.steps[0].outcome
        return Decision("act", found, found.steps[0].action)

    def executed(self, action_id: str, result: str) -> None:
        """Tell what the robot answered: a result name of ExecuteAction, e.g. 'SUCCEEDED'."""
        action = next((a for a in self.actions if a.id == action_id), None)
        if action is None:
            raise ValueError(f"action '{action_id}' is not a candidate")
        self.history.append(Executed(action, result))

    def _plan(self, state: StateBatch, avoid: frozenset[str]) -> Plan:
        return plan(
            self.world, state, self.goal, self.actions, self.vocabulary, self.search, avoid
        )

    def _read(self, state: StateBatch) -> tuple[int, ...]:
        answers: Array = self.world.read(state, self.vocabulary.queries)[0]
        reading = self.vocabulary.readings(answers)
        return tuple(int(v) for v in np.asarray(reading)[self.vocabulary.lasting])

    def _check_effect(self, reading: tuple[int, ...]) -> None:
        if self._before is None or not self.history or self.history[-1].moved is not None:
            return
        last = self.history[-1]
        moved = reading != self._before
        words = self._changes(self._before, reading)
        self.history[-1] = replace(last, moved=moved, as_imagined=words == self._expected)
        if not moved or last.result in DONE_NOTHING:
            key = (reading, last.action.id)
            self._failures[key] = self._failures.get(key, 0) + 1

    def _changes(self, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        subjects = [self.vocabulary.subjects[i] for i in self.vocabulary.lasting]
        changed = dict.fromkeys(
            s.statements[after[i]] for i, s in enumerate(subjects) if before[i] != after[i]
        )
        return ", ".join(changed) or "nothing changes"
