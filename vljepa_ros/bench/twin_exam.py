"""Held-out questions for the twin benchmark: outcomes of candidates, and candidates for goals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vljepa_ros.sim.symbolic import ACTIONS
from vljepa_ros.training.scene_semantics import STATE_SUBJECTS
from vljepa_ros.training.transitions import WORKS
from vljepa_ros.training.twin.samples import ABOUT, OUTCOME
from vljepa_ros.training.twin.texts import LASTING, VALUES, Texts
from vljepa_ros.training.twin.tokens import Seen

from .report import share
from .twin_students import Student

KINDS = ("working", "failing", "bystander")
_CHUNK = 256
_STILL = ACTIONS.index("wait")


@dataclass(frozen=True)
class Outcomes:
    """N questions: which statement about `subject` is true after `action` on `picture`?

    `kind` (index into KINDS): asked of what a working action changed, of what a failing action
    would have changed, of something the action is not about.
    """

    picture: np.ndarray
    action: np.ndarray
    subject: np.ndarray
    statement: np.ndarray
    kind: np.ndarray


@dataclass(frozen=True)
class Goals:
    """G goals that one action reaches: `picture`, `statement` (G,), `reached` (G, A) by which."""

    picture: np.ndarray
    statement: np.ndarray
    reached: np.ndarray


class Exam:
    """One paper for all students, drawn once: held-out pictures, one question of each kind and one
    goal a picture; actions in wordings drawn afresh from the training patterns."""

    def __init__(self, seen: Seen, texts: Texts, rng: np.random.Generator) -> None:
        self.seen, self.texts = seen, texts
        self.tokens = seen.tokens.float()
        self.outcomes = draw_outcomes(seen.state, rng)
        self.goals = draw_goals(seen.state, rng)
        self.wording = rng.integers(texts.actions.shape[1], size=(2, len(seen), len(ACTIONS)))

    def ask_outcomes(self, student: Student, shift: int = 0) -> np.ndarray:
        """(N,) bool: right or wrong. `shift` shows each question another picture (blind)."""
        o = self.outcomes
        said = []
        for rows in np.array_split(np.arange(len(o.picture)), max(1, len(o.picture) // _CHUNK)):
            shown = (o.picture[rows] + shift) % len(self.seen)
            action = self.texts.actions[o.action[rows],
                                        self.wording[0, o.picture[rows], o.action[rows]]]
            said.append(student.outcomes(
                self.tokens[shown], action, self.texts.questions[o.subject[rows], 0],
                o.subject[rows],
            ))
        return np.asarray(np.concatenate(said) == o.statement)

    def ask_goals(self, student: Student, count: int | None = None, shift: int = 0) -> np.ndarray:
        """(G,) bool: whether the best-scored of the fifteen actions reaches the goal."""
        right = []
        every = np.arange(len(ACTIONS))
        for g in range(min(count or len(self.goals.picture), len(self.goals.picture))):
            picture, goal = self.goals.picture[g], self.goals.statement[g]
            shown = self.tokens[(picture + shift) % len(self.seen)].expand(len(every), -1, -1)
            action = self.texts.actions[every, self.wording[1, picture]]
            question = self.texts.questions[owner(goal), 0].expand(len(every), -1)
            scores = student.scores(shown, action, question, np.full(len(every), goal))
            right.append(bool(self.goals.reached[g, int(np.argmax(scores))]))
        return np.array(right)

    def marks(self, student: Student, count: int | None = None, shift: int = 0) -> dict[str, Any]:
        """Shares with 95% intervals: outcome in all and by kind, top1 over (`count`) goals."""
        with torch.inference_mode():
            outcome = self.ask_outcomes(student, shift)
            top1 = self.ask_goals(student, count, shift)
        by_kind = {k: share(list(outcome[self.outcomes.kind == i])) for i, k in enumerate(KINDS)}
        return {"outcome": share(list(outcome)), "by_kind": by_kind, "top1": share(list(top1))}

    def chance(self) -> dict[str, float]:
        """Guessing among a subject's values, and among the actions."""
        values = np.array([1 / len(v) for v in VALUES])
        return {"outcome": round(float(values[self.outcomes.subject].mean()), 4),
                "top1": round(float(self.goals.reached.mean()), 4)}


def owner(statement: int) -> int:
    """The subject a goal is asked of: the coarsest with this value."""
    fitting = [i for i, values in enumerate(VALUES) if statement in values]
    return min(fitting, key=lambda i: len(VALUES[i]))


def draw_outcomes(states: np.ndarray, rng: np.random.Generator) -> Outcomes:
    """One question of each kind about every picture."""
    now = OUTCOME[:, _STILL]
    rows = []
    for picture, state in enumerate(states):
        works = rng.permutation(np.flatnonzero(WORKS[state]))
        fails = rng.permutation([a for a in np.flatnonzero(~WORKS[state]) if a != _STILL])
        changed = np.flatnonzero(OUTCOME[state, works[0]] != now[state])
        rows.append((picture, works[0], rng.choice(changed), 0))
        rows.append((picture, fails[0], rng.choice(ABOUT[fails[0]]), 1))
        action = rng.choice([a for a in range(len(ACTIONS)) if a != _STILL])
        others = [s for s in range(len(STATE_SUBJECTS)) if s not in ABOUT[action]]
        rows.append((picture, action, rng.choice(others), 2))
    picture, action, subject, kind = np.array(rows).T
    return Outcomes(picture, action, subject, OUTCOME[states[picture], action, subject], kind)


def draw_goals(states: np.ndarray, rng: np.random.Generator) -> Goals:
    """One goal for every picture: not true now, true after at least one of the actions."""
    pictures, goals, reached = [], [], []
    for picture, state in enumerate(states):
        after = OUTCOME[state]  # (A, S)
        options = [
            m for m in range(len(LASTING))
            if not (after[_STILL] == m).any() and (after == m).any()
        ]
        goal = int(rng.choice(options))
        pictures.append(picture)
        goals.append(goal)
        reached.append((after == goal).any(axis=1))
    return Goals(np.array(pictures), np.array(goals), np.array(reached))
