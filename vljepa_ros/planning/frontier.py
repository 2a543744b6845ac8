"""The imagined states that wait to be looked behind, and in which order they are taken.

Two orders take turns. By promise: estimated distance to the goal plus cost. By novelty: states
that show a statement for the first time among those as far from the goal, cheapest first; so the
enabling actions, which bring no goal closer, get their turn (best-first width search, Lipovetzky
and Geffner 2017). Deterministic: ties go to the state imagined first.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .protocols import StateBatch

EPS = 1e-9


@dataclass(eq=False)
class Node:
    """One imagined state: row ``row`` of ``states``, reached by ``action`` from ``parent``.

    ``key``: the nearest statement of every lasting subject, then 1 or 0 for every goal part met.
    ``cost``: of all steps from the start; ``distance``: to the goal; ``estimate``: the part of it
    that is not met; ``first``: index of the first action on the way.
    """

    states: StateBatch
    row: int
    key: tuple[int, ...]
    distance: float
    estimate: float
    unmet: int
    cost: float = 0.0
    depth: int = 0
    parent: Node | None = None
    action: int = -1
    works: float = 1.0
    first: int = -1
    trace: int = -1  # its place in the search tree, when one is kept

    def path(self) -> list[Node]:
        """The states on the way, the start left out."""
        nodes: list[Node] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]

    def actions(self) -> tuple[int, ...]:
        return tuple(node.action for node in self.path())


@dataclass
class Frontier:
    """At most ``beam`` states are taken from each depth, and one more for every first action."""

    beam: int
    _queues: tuple[list[tuple], list[tuple]] = field(default_factory=lambda: ([], []))
    _facts: set[tuple[int, int, int]] = field(default_factory=set)
    _count: itertools.count[int] = field(default_factory=itertools.count)
    _taken: set[int] = field(default_factory=set)
    _at_depth: Counter[int] = field(default_factory=Counter)
    _firsts: set[tuple[int, int]] = field(default_factory=set)
    _turn: int = 0

    def push(self, node: Node) -> None:
        facts = {(column, value, node.unmet) for column, value in enumerate(node.key)}
        novel = bool(facts - self._facts)
        self._facts |= facts
        order = next(self._count)
        cost = round(node.cost, 9)
        heapq.heappush(self._queues[0], (node.estimate + cost, cost, order, node))
        heapq.heappush(self._queues[1], (not novel, cost, node.estimate, order, node))

    def take(
        self, count: int, wanted: Callable[[Node], bool], dropped: Callable[[Node], None]
    ) -> list[Node]:
        """Up to ``count`` nodes for which ``wanted`` holds; ``dropped``: called with each node that
        found no room in the beam."""
        chosen: list[Node] = []
        while len(chosen) < count and any(self._queues):
            queue = self._queues[self._turn] or self._queues[1 - self._turn]
            self._turn = 1 - self._turn
            *_, order, node = heapq.heappop(queue)
            if order in self._taken:
                continue
            self._taken.add(order)
            if not wanted(node):
                continue
            if self._has_room(node):
                chosen.append(node)
            else:
                dropped(node)
        return chosen

    def _has_room(self, node: Node) -> bool:
        if (node.depth, node.first) in self._firsts and self._at_depth[node.depth] >= self.beam:
            return False
        self._firsts.add((node.depth, node.first))
        self._at_depth[node.depth] += 1
        return True
