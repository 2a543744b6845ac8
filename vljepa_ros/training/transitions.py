"""The symbolic transition table that labels imagined rollouts, and how actions are drawn."""

from __future__ import annotations

import numpy as np

from vljepa_ros.sim.symbolic import ACTIONS, all_states, apply, works

from .generate import factor_labels
from .scene_semantics import SUBJECTS, true_statements

STATES = all_states()
_INDEX = {state: i for i, state in enumerate(STATES)}

NEXT = np.array([[_INDEX[apply(s, a)] for a in ACTIONS] for s in STATES])
"""(112, 15): index of the state after each action."""

WORKS = np.array([[works(s, a) for a in ACTIONS] for s in STATES])
"""(112, 15): whether the action changes the state as intended."""

STATE_LABELS = np.array([[*factor_labels(s), len(ACTIONS), -1, 0] for s in STATES])
TRUE = true_statements(STATE_LABELS)
"""(112, 7): the true statement of every subject, the robot at rest."""

N_STATE_SUBJECTS = len(SUBJECTS) - 1

_CODE = {tuple(row[:5]): i for i, row in enumerate(STATE_LABELS.tolist())}


def state_index(labels: np.ndarray) -> np.ndarray:
    """Rows of labels (N, 8) -> index into STATES, -1 where the cube's place is not known."""
    return np.array([_CODE.get(tuple(row[:5]), -1) for row in labels.tolist()])


def draw_actions(
    states: np.ndarray, rng: np.random.Generator, share_working: float = 0.62
) -> np.ndarray:
    """One action a state (N,) -> (N,): `share_working` of them work, the rest fail, balanced."""
    want = rng.random(len(states)) < share_working
    weights = np.where(want[:, None] == WORKS[states], 1.0, 1e-9)
    # Six places and two buttons must not crowd out the fixtures and the drawer skills.
    kind = np.array([0.45 if a.startswith("place_") else 0.6 if a == "wait" else 1.0
                     for a in ACTIONS])
    weights = weights * kind
    cumulative = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    return (rng.random((len(states), 1)) > cumulative).sum(axis=1).clip(max=len(ACTIONS) - 1)
