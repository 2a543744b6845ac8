"""The imagined states that wait to be looked behind, and in which order they are taken.

Two orders take turns. By promise: estimated distance to the goal plus cost. By novelty: states
that show a statement, or else a pair of statements, for the first time among those with as many
parts of the goal unmet, and then those with the fewest unmet; so the enabling actions, which bring
no goal closer, and those that undo what was reached too early get their turn (best-first width
search, Lipovetzky and Geffner 2017). Deterministic: ties go to the state imagined first.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .protocols import StateBatch

EPS = 1e-9
FACT_BITS = 16  # more than any subject has statements


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
    width: int = 0  # statements that are new together: 1, 2, or 3 when no pair is new
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
    """At most ``beam`` states are taken from each depth, and one more for every first action.

    ``spare``: those that found no room, until `widen` makes some.
    """

    beam: int
    _queues: tuple[list[tuple], list[tuple]] = field(default_factory=lambda: ([], []))
    spare: list[Node] = field(default_factory=list)
    _shown: set[tuple[int, ...]] = field(default_factory=set)
    _count: itertools.count[int] = field(default_factory=itertools.count)
    _taken: set[int] = field(default_factory=set)
    _at_depth: Counter[int] = field(default_factory=Counter)
    _firsts: set[tuple[int, int]] = field(default_factory=set)
    _turn: int = 0

    def push(self, node: Node) -> None:
        """Take in a node that was just imagined."""
        node.width = self._width(node)
        self._enqueue(node)

    def widen(self) -> None:
        """Make room for as many states of each depth again, and take back those without."""
        self._at_depth.clear()
        waiting, self.spare = self.spare, []
        for node in waiting:
            self._enqueue(node)

    def _enqueue(self, node: Node) -> None:
        order = next(self._count)
        cost = round(node.cost, 9)
        heapq.heappush(self._queues[0], (node.estimate + cost, cost, order, node))
        novelty = (node.width, node.unmet, cost, node.estimate)
        heapq.heappush(self._queues[1], (*novelty, order, node))

    def _width(self, node: Node) -> int:
        facts = [column << FACT_BITS | value for column, value in enumerate(node.key)]
        single: set[tuple[int, ...]] = {(node.unmet, fact) for fact in facts}
        pairs: set[tuple[int, ...]] = {
            (node.unmet, *pair) for pair in itertools.combinations(facts, 2)
        }
        width = 1 if single - self._shown else 2 if pairs - self._shown else 3
        self._shown |= single | pairs
        return width

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
                self.spare.append(node)
                dropped(node)
        return chosen

    def _has_room(self, node: Node) -> bool:
        if (node.depth, node.first) in self._firsts and self._at_depth[node.depth] >= self.beam:
            return False
        self._firsts.add((node.depth, node.first))
        self._at_depth[node.depth] += 1
        return True
