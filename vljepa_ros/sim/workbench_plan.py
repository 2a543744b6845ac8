"""Shortest plans on the workbench: the privileged oracle.

The window and its lock meet nothing else, so they are searched apart from drawer and cubes and the
lengths add up. The search is breadth first over at most a few thousand states, whose successors
are remembered for one set of colours: other colours are renamed to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from vljepa_ros.sim.workbench_rules import (
    COLOURS,
    CUBES,
    WorkbenchState,
    actions_for,
    apply,
    check_goal,
    parts_hold,
    works,
)

_WINDOW_KEYS = ("window", "window_lock")
_WINDOW_ACTIONS = ("press_right_button", "open_window", "close_window")
_NAMES = COLOURS[:CUBES]
_CUBE_ACTIONS = tuple(a for a in actions_for(_NAMES) if a not in (*_WINDOW_ACTIONS, "wait"))


def plan_length(state: WorkbenchState, goal: Mapping[str, str]) -> int | None:
    """Number of actions of a shortest plan, 0 when the goal holds, None when it is out of reach."""
    plan = shortest_plan(state, goal)
    return None if plan is None else len(plan)


def shortest_plan(state: WorkbenchState, goal: Mapping[str, str]) -> list[str] | None:
    """One shortest plan, drawer and cubes first, then the window; None when out of reach."""
    found = _search(state, goal)
    return None if found is None else [action for plan, _ in found for action in plan]


def best_first_actions(state: WorkbenchState, goal: Mapping[str, str]) -> set[str]:
    """The first actions of all shortest plans; empty when the goal holds or is out of reach."""
    found = _search(state, goal)
    return set() if found is None else {action for _, first in found for action in first}


def _search(
    state: WorkbenchState, goal: Mapping[str, str]
) -> list[tuple[list[str], frozenset[str]]] | None:
    """(A plan, all first actions) for the drawer and the cubes, then for the window."""
    check_goal(goal)
    there = dict(zip(state.colours, _NAMES, strict=True))
    back = {name: colour for colour, name in there.items()}
    named: list[tuple[str, str]] = []
    for key, value in goal.items():
        words = (key.removesuffix("_cube"), value.removeprefix("on_"))
        if any(word in COLOURS and word not in there for word in words):
            return None
        named.append((_renamed(key, there), _renamed(value, there)))
    cubes = tuple((there[c], _renamed(w, there)) for c, w in state.cubes)
    start = replace(state, cubes=cubes)
    window = tuple(sorted(part for part in named if part[0] in _WINDOW_KEYS))
    rest = tuple(sorted(part for part in named if part[0] not in _WINDOW_KEYS))
    # Fixed values for what a search does not look at: fewer different states to remember.
    still = replace(start, window="closed", window_lock="locked")
    bare = replace(WorkbenchState(), window=state.window, window_lock=state.window_lock)
    found = [_shortest(still, rest, False), _shortest(bare, window, True)]
    parts = [part for part in found if part is not None]
    if len(parts) < len(found):
        return None
    return [
        ([_renamed(a, back) for a in plan], frozenset(_renamed(a, back) for a in first))
        for plan, first in parts
    ]


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return "_".join(names.get(word, word) for word in text.split("_"))


class _Graph:
    """States by number and what leads where, found out once and then remembered."""

    def __init__(self, actions: tuple[str, ...]) -> None:
        self.actions = actions
        self.states: list[WorkbenchState] = []
        self._numbers: dict[WorkbenchState, int] = {}
        self._edges: list[list[tuple[int, int]] | None] = []

    def number(self, state: WorkbenchState) -> int:
        """The number of a state, a new one if need be."""
        if state not in self._numbers:
            self._numbers[state] = len(self.states)
            self.states.append(state)
            self._edges.append(None)
        return self._numbers[state]

    def edges(self, number: int) -> list[tuple[int, int]]:
        """(Index of an action that works, number of the state it leads to)."""
        known = self._edges[number]
        if known is None:
            state = self.states[number]
            known = [
                (i, self.number(apply(state, action)))
                for i, action in enumerate(self.actions)
                if works(state, action)
            ]
            self._edges[number] = known
        return known


_CUBE_GRAPH, _WINDOW_GRAPH = _Graph(_CUBE_ACTIONS), _Graph(_WINDOW_ACTIONS)


@lru_cache(maxsize=1 << 14)
def _shortest(
    start: WorkbenchState, goal: tuple[tuple[str, str], ...], window: bool
) -> tuple[tuple[str, ...], frozenset[str]] | None:
    """A shortest plan and the first actions of all of them, breadth first."""
    graph, wanted = _WINDOW_GRAPH if window else _CUBE_GRAPH, dict(goal)
    if parts_hold(start, wanted):
        return (), frozenset()
    root = graph.number(start)
    came: dict[int, tuple[int, int]] = {root: (root, -1)}  # state -> where from, by which action
    first = {root: 0}  # state -> bit set of first actions of all shortest ways to it
    layer = [root]
    while layer:
        following: dict[int, int] = {}
        for state in layer:
            ways = first[state]
            for action, successor in graph.edges(state):
                if successor in first:
                    continue
                if successor not in following:
                    following[successor] = 0
                    came[successor] = (state, action)
                following[successor] |= ways or 1 << action
        first.update(following)
        layer = list(following)
        reached = [state for state in layer if parts_hold(graph.states[state], wanted)]
        if reached:
            bits = 0
            for state in reached:
                bits |= first[state]
            firsts = frozenset(a for i, a in enumerate(graph.actions) if bits >> i & 1)
            return _way(graph, came, reached[0]), firsts
    return None


def _way(graph: _Graph, came: Mapping[int, tuple[int, int]], state: int) -> tuple[str, ...]:
    plan: list[str] = []
    while came[state][0] != state:
        state, action = came[state]
        plan.append(graph.actions[action])
    return tuple(reversed(plan))
