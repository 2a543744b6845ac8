"""The workbench's rules on whole batches of states: what training rolls out.

A state is a row of ten codes as in `workbench_generate.LABELS`: four fixtures and where each
colour's cube is. The same rules as `sim.workbench_rules`, for arrays (a test compares them).
"""

from __future__ import annotations

import numpy as np

from vljepa_ros.sim.workbench_rules import FAILURES

from .workbench_generate import ABSENT, DRAWER, ELSEWHERE, WHERES
from .workbench_semantics import ACTIONS, COLOURS, COUNTS, HELD_OUT_PLACES, WORKBENCH

ACTION_IDS = tuple(ACTIONS)
N_PLACES = DRAWER
ON = WHERES.index(f"on_{COLOURS[0]}")
_FIXTURE = {"drawer": 0, "window": 1}
VERBS = ("press", "open", "close", "wait", "place", "drawer", "stack", "spot")


def _plan() -> np.ndarray:
    """(A, 3): verb, first argument (colour or fixture), target code."""
    rows = []
    for action in ACTION_IDS:
        verb, *rest = action.split("_")
        if verb == "press":
            rows.append((0, 0 if rest[0] == "left" else 1, 0))
        elif verb in ("open", "close"):
            rows.append((VERBS.index(verb), _FIXTURE[rest[0]], 0))
        elif verb == "wait":
            rows.append((3, 0, 0))
        elif rest[-1] == "at":
            rows.append((7, COLOURS.index(rest[0]), 0))
        elif verb == "place":
            rows.append((4, COLOURS.index(rest[0]), WHERES.index("_".join(rest[1:]))))
        elif verb == "drawer":
            rows.append((5, COLOURS.index(rest[0]), DRAWER))
        else:
            rows.append((6, COLOURS.index(rest[0]), ON + COLOURS.index(rest[-1])))
    return np.array(rows)


PLAN = _plan()
TRAINABLE = np.array([a not in WORKBENCH.held_out_actions for a in ACTION_IDS])
HELD_OUT_CODE = np.array([WHERES.index(HELD_OUT_PLACES[c]) for c in COLOURS])


def works_all(states: np.ndarray) -> np.ndarray:
    """(N, A) bool: which actions change the states (N, 10) as intended.

    The free placing (`place_<c>_at`) counts as working wherever its cube can be taken.
    """
    where = states[:, 4:]
    is_open, locked = states[:, :2] == 1, states[:, 2:4] == 1
    present = where != ABSENT
    clear = np.stack([~(where == ON + c).any(axis=1) for c in range(len(COLOURS))], axis=1)
    inside = where == DRAWER
    takable = present & clear & ~(inside & ~is_open[:, :1])
    taken = np.stack([(where == p).any(axis=1) for p in range(N_PLACES)], axis=1)
    ground = present & clear & ~inside & (where != ELSEWHERE)
    out = np.zeros((len(states), len(ACTION_IDS)), dtype=bool)
    for a, (verb, first, to) in enumerate(PLAN):
        if verb == 0:
            out[:, a] = True
        elif verb in (1, 2):
            out[:, a] = ~locked[:, first] & (is_open[:, first] == (verb == 2))
        elif verb == 4:
            out[:, a] = takable[:, first] & ~taken[:, to]
        elif verb == 5:
            out[:, a] = takable[:, first] & is_open[:, 0] & ~inside.any(axis=1)
        elif verb == 6:
            out[:, a] = takable[:, first] & ground[:, to - ON] & (where[:, first] != to)
        elif verb == 7:
            out[:, a] = takable[:, first]
    return out


def apply_all(
    states: np.ndarray, actions: np.ndarray, works: np.ndarray, spot: np.ndarray | None = None
) -> np.ndarray:
    """The states (N, 10) after one action each (N,); unchanged where it does not work.

    Args:
        spot: (N,) code of where a free placing ends.
    """
    after = states.copy()
    for i in np.flatnonzero(works):
        verb, first, to = PLAN[actions[i]]
        if verb == 0:
            after[i, 2 + first] ^= 1
        elif verb in (1, 2):
            after[i, first] = int(verb == 1)
        elif verb in (4, 5, 6):
            after[i, 4 + first] = to
        elif verb == 7 and spot is not None:
            after[i, 4 + first] = spot[i]
    return after


def failures_all(states: np.ndarray, works: np.ndarray) -> np.ndarray:
    """(N, A) index of `sim.workbench_rules.FAILURES` of every action that would change nothing; -1
    for those that work and for `wait`.

    Args:
        works: (N, A) of `works_all`.
    """
    where = states[:, 4:]
    is_open, absent = states[:, :2] == 1, where == ABSENT
    topped = np.stack([(where == ON + c).any(axis=1) for c in range(len(COLOURS))], axis=1)
    shut = (where == DRAWER) & ~is_open[:, :1]
    kind = {name: i for i, name in enumerate(FAILURES)}
    out = np.full(works.shape, -1)
    for a, (verb, first, to) in enumerate(PLAN):
        reasons: list[tuple[np.ndarray | bool, str]] = []  # the first that holds counts
        if verb in (1, 2):
            reasons = [(is_open[:, first] == (verb == 1), "done"), (True, "locked")]
        elif verb >= 4:
            below = to - ON if verb == 6 else first
            there = where[:, first] == to if verb != 7 else False
            reasons = [(absent[:, first] | absent[:, below], "absent"), (there, "done"),
                       (topped[:, first], "under"), (shut[:, first], "closed")]
            if verb == 5:
                reasons.append((~is_open[:, 0], "closed"))
            if verb == 6:
                reasons += [(topped[:, below], "covered"), (shut[:, below], "closed")]
            reasons.append((True, "occupied"))
        for holds, name in reversed(reasons):
            out[np.broadcast_to(holds, len(states)), a] = kind[name]
    return np.where(works, -1, out)


def draw_actions(
    states: np.ndarray, works: np.ndarray, rng: np.random.Generator, barred: np.ndarray,
    share_working: float = 0.62,
) -> np.ndarray:
    """One trainable action a state: `share_working` of them work, every verb about as often; the
    others fail, every kind of failure as often as another.

    Args:
        works: (N, A) of `works_all`.
        barred: (N, A) actions that must not be drawn.
    """
    fits = TRAINABLE & ~barred
    weight = works * fits * 1.0
    for verb in range(len(VERBS)):
        columns = PLAN[:, 0] == verb
        total = weight[:, columns].sum(axis=1, keepdims=True)
        share = 0.5 if VERBS[verb] in ("wait", "spot") else 2.0 if VERBS[verb] == "stack" else 1.0
        weight[:, columns] *= share / np.maximum(total, 1e-9)
    failing = rng.random(len(states)) >= share_working
    kinds = failures_all(states[failing], works[failing])
    weight[failing] = 0.0
    for kind in range(-1, len(FAILURES)):  # -1: wait
        rows = (kinds == kind) & fits[failing] & ~works[failing]
        share = 0.3 if kind < 0 else 1.0
        weight[failing] += share * rows / np.maximum(rows.sum(axis=1, keepdims=True), 1)
    weight = weight + 1e-9 * fits
    cumulative = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    picked = (rng.random((len(states), 1)) > cumulative).sum(axis=1)
    return np.asarray(picked.clip(max=len(ACTION_IDS) - 1))


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """(6, 15) statement index of every colour's place and of what it is in or on."""
    index = WORKBENCH.index
    place = np.full((len(COLOURS), len(WHERES)), -1)
    inside = np.full((len(COLOURS), len(WHERES)), -1)
    for c, colour in enumerate(COLOURS):
        for w, where in enumerate(WHERES):
            name = "unseen" if where == "absent" else where
            if f"{colour}.{name}" in index:
                place[c, w] = index[f"{colour}.{name}"]
            kind = ("table" if where in ("elsewhere",) or w < N_PLACES else
                    "stacked" if where.startswith("on_") else name)
            inside[c, w] = index[f"{colour}.{kind}"]
    return place, inside


_PLACE, _IN = _tables()
_TWO = np.array([[WORKBENCH.index[f"{s}.{v}"] for v in values] for s, values in (
    ("drawer", ("closed", "open")), ("window", ("closed", "open")),
    ("drawer_lock", ("unlocked", "locked")), ("window_lock", ("unlocked", "locked")),
)])
_COUNT = np.array([WORKBENCH.index[f"count.{n}"] for n in COUNTS])


def hidden(states: np.ndarray) -> np.ndarray:
    """(N, 6) bool: cubes in the closed drawer."""
    return (states[:, 4:] == DRAWER) & (states[:, :1] == 0)


def truth_of(states: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N, S) true statement of every subject.

    Args:
        known: (N,) bool: whether what is hidden is known; otherwise it is not in sight.
    """
    where = np.where(hidden(states) & ~known[:, None], ABSENT, states[:, 4:])
    rows = np.arange(len(COLOURS))
    columns = [_TWO[i][states[:, i]] for i in range(4)]
    place, inside = _PLACE[rows, where], _IN[rows, where]
    for c in range(len(COLOURS)):
        columns += [place[:, c], inside[:, c]]
    standing = ((where < N_PLACES) | (where == ELSEWHERE)).sum(axis=1)
    columns.append(_COUNT[standing.clip(1, 3) - 1])
    return np.stack(columns, axis=1)
