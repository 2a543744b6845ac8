"""Training triples: a picture's state, an action, a question, and the statement true afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.sim.symbolic import ACTIONS

from ..scene_semantics import INDEX, STATE_SUBJECTS
from ..transitions import NEXT, TRUE, draw_actions
from .texts import LASTING, Texts, draw_wordings
from .tokens import Seen

ABOUT_SHARE = 0.6  # of the questions are about what the action is about
_KINDS = {"drawer": ("drawer",), "window": ("window",), "left_button": ("drawer_lock",),
          "right_button": ("window_lock",), "cube": ("cube_in", "cube_place")}


def _about(action: str) -> tuple[int, ...]:
    """Subjects that an action is about: all of them for waiting."""
    for kind, subjects in _KINDS.items():
        thing = action.endswith(kind) if kind != "cube" else "cube" in action or "place" in action
        if thing and not ("cube" in action and kind in ("drawer", "window")):
            return tuple(STATE_SUBJECTS.index(s) for s in subjects)
    return tuple(range(len(STATE_SUBJECTS)))


ABOUT = tuple(_about(action) for action in ACTIONS)
"""Per action the indices of the subjects it is about."""

OUTCOME = np.array([[LASTING.index(s) for s in row] for row in
                    np.array(list(INDEX))[TRUE[:, : len(STATE_SUBJECTS)]]])[NEXT]
"""(112, 15, 6): the statement of every subject after every action, an index into LASTING."""


@dataclass(frozen=True)
class Batch:
    """tokens (B, K, width); action, question (B, C) sentence vectors; statement (B,) an index into
    LASTING; words (B, L) ids of one of its wordings; bank (M, W, C): every statement in W
    wordings."""

    tokens: Tensor
    action: Tensor
    question: Tensor
    statement: Tensor
    words: Tensor
    bank: Tensor


def ask_about(actions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A subject (N,) for each action, mostly one that it is about."""
    anything = rng.integers(len(STATE_SUBJECTS), size=len(actions))
    about = np.array([rng.choice(ABOUT[a]) for a in actions])
    return np.where(rng.random(len(actions)) < ABOUT_SHARE, about, anything)


class Samples:
    """Draws batches; the same seed draws the same ones."""

    def __init__(self, seen: Seen, texts: Texts, seed: int) -> None:
        self.seen, self.texts = seen, texts
        self.rng = np.random.default_rng(seed)

    def draw(self, count: int) -> Batch:
        rng, texts = self.rng, self.texts
        rows = rng.integers(len(self.seen), size=count)
        states = self.seen.state[rows]
        actions = draw_actions(states, rng)
        subjects = ask_about(actions, rng)
        statement = OUTCOME[states, actions, subjects]
        wording = draw_wordings(texts.statements, statement, rng)
        words = texts.ids[torch.from_numpy(statement), torch.from_numpy(wording)]
        every = np.arange(len(LASTING)).repeat(2)
        drawn = texts.draw(texts.statements, every, rng).view(len(LASTING), 2, -1)
        return Batch(
            tokens=self.seen.tokens[torch.from_numpy(rows)].float(),
            action=texts.draw(texts.actions, actions, rng),
            question=texts.draw(texts.questions, subjects, rng),
            statement=torch.from_numpy(statement),
            words=words[:, : int((words > 0).sum(dim=1).max())],
            bank=torch.cat((texts.statements[:, :1], drawn), dim=1),
        )
