"""Looking behind imagined states, the most promising first, a chunk at a time.

Dropped: actions not expected to work or that leave the reading as it was, states that read the same
as one reached at no more cost (where what is known of an action says that either will come out, it
is not even imagined, see :mod:`.effects`), and what can no longer beat the plan found. What found
no room in the beam waits: it is taken up when all else has led to no plan.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from .effects import Effects
from .frontier import EPS, Frontier, Node
from .imagination import Judge
from .plans import SearchConfig, Step
from .protocols import Action, StateBatch
from .tree import SearchTree, TreeNode

PAIRS = 96
"""(State, action) pairs imagined at a time: enough to fill the matrix units, few enough (about
50 ms on two cores) to keep a time budget."""
IMPROVE = 2  # as many states again, and two beams, to look for something better than a plan found
BEGINNING = 0.05  # of the step costs: what a plan that is as good but starts otherwise ranks behind


class Search:
    """One search: the frontier, what each state costs at least, and the best plan so far."""

    def __init__(
        self, judge: Judge, actions: Sequence[Action], config: SearchConfig,
        avoid: frozenset[str], started: float, never: frozenset[str] = frozenset(),
    ) -> None:
        self.judge, self.actions, self.config = judge, actions, config
        self.avoid = avoid | never
        self._never = frozenset(a for a, action in enumerate(actions) if action.id in never)
        self.tree = SearchTree() if config.keep_tree else None
        self.explored, self.depth, self.complete = 0, 0, True
        self.best: Node | None = None
        self.working: dict[int, Node] = {}  # action -> the first state in which it works
        self._deadline = started + config.budget_ms / 1e3 if config.budget_ms else math.inf
        self._costs = [config.step_cost + action.cost for action in actions]
        self._cheapest = min(self._costs, default=0.0)
        self._seen: dict[tuple[int, ...], float] = {}
        self._distances: dict[tuple[int, ...], float] = {}
        self._edges: list[tuple[tuple[int, ...], float, tuple[int, ...]]] = []
        self._first: dict[int, tuple[float, float, tuple[int, ...]]] = {}
        self._gain = 1  # most parts that one action was seen to meet
        self._frontier = Frontier(config.width(len(actions)))
        self._looked, self._most = 0, config.states(len(actions))
        self._enough = math.inf  # states to look behind in all, once there is a plan

    def run(self, state: StateBatch) -> Node | None:
        """The cheapest plan found that meets the goal (its last node), or None."""
        now = self.judge.now(state)
        key = tuple(now.keys[0].tolist())
        self.part_distances = tuple(now.parts[0].tolist())
        split = len(key) - len(self.part_distances)
        unmet = len(self.part_distances) - sum(key[split:])
        self._effects, self._split, self._met = Effects(split), split, key[split:]
        self.root = Node(state, 0, key, float(now.distances[0]), float(now.estimates[0]), unmet)
        self._seen[key] = 0.0
        self._distances[key] = self.root.distance
        if self.tree is not None:
            start = TreeNode(-1, "", "", 0, 1.0, 0.0, self.root.distance, "now", "root", True)
            self.root.trace = self.tree.add(start)
        chunk = [self.root]
        while chunk:
            self._look_behind(chunk)
            if time.perf_counter() > self._deadline:
                left = self._frontier.take(1, self._worthwhile, lambda node: None)
                self.complete = not left and not (self.best is None and self._frontier.spare)
                break
            if self._looked >= self._enough:
                break
            chunk = self._next_chunk() or self._widen()
        return self.best

    def _widen(self) -> list[Node]:
        """When all that had room led to no plan: of what had none, the best.

        Not when some part of the goal was met nowhere: then more of the same hardly helps.
        """
        if self.best is not None or not self._frontier.spare:
            return []
        if self._looked >= self._most or not all(self._met):
            self.complete = False
            return []
        self._frontier.widen()
        return self._next_chunk()

    def _next_chunk(self) -> list[Node]:
        """As many nodes as have about PAIRS pairs between them that are not known to lead where a
        way already leads; few small requests cost more than a large one."""
        chunk: list[Node] = []
        pairs = 0
        while pairs + len(self.actions) <= PAIRS or not chunk:
            taken = self._frontier.take(
                1, self._worthwhile, lambda node: self._mark(node, "beam")
            )
            if not taken:
                break
            chunk.extend(taken)
            pairs += sum(
                not (keys := self._expected(taken[0], a)) or any(
                    self._seen.get(k, math.inf) > taken[0].cost + self._costs[a] + EPS for k in keys
                ) for a in range(len(self.actions))
            )
        return chunk

    def _worthwhile(self, node: Node) -> bool:
        """Whether something cheaper than the best plan may lie behind a node."""
        if node.cost > self._seen[node.key] + EPS:
            self._mark(node, "merged")
            return False
        if node.unmet == 0 or node.depth >= self.config.depth:
            return False
        if self.best is not None:
            least = node.cost + math.ceil(node.unmet / self._gain) * self._cheapest
            if least >= self.best.cost - EPS:
                self._mark(node, "too dear")
                return False
        return True

    def _look_behind(self, nodes: list[Node]) -> None:
        """Imagine what every action leads to from each of the nodes.

        Of several that are expected to lead to the same state one goes first; the others follow
        only if it did not.
        """
        self._looked += len(nodes)
        for node in nodes:
            self.depth = max(self.depth, node.depth + 1)
            if node.depth:
                self._mark(node, "explored")
        pairs = [(node, a) for node in nodes for a in range(len(self.actions))]
        later = self._imagine(pairs, {})
        if later:
            self._imagine(later, None)

    def _imagine(
        self, pairs: list[tuple[Node, int]], claimed: dict[tuple[int, ...], float] | None
    ) -> list[tuple[Node, int]]:
        """Imagine pairs, but those that lead where a way already leads; return those put off for
        another that is expected to lead to the same state (none when ``claimed`` is None)."""
        now, later = [], []
        facts = {node: self._effects.facts(node.key) for node in dict(pairs)}
        for node, a in pairs:
            if node.depth and (a in self._never or self._effects.prevented(a, facts[node])):
                continue
            keys, cost = self._expected(node, a), node.cost + self._costs[a]
            open_keys = [k for k in keys if self._seen.get(k, math.inf) > cost + EPS]
            if keys and not open_keys:
                self._edges.extend((node.key, self._costs[a], key) for key in keys)
            elif keys and claimed is not None and all(
                claimed.get(k, math.inf) <= cost + EPS for k in open_keys
            ):
                later.append((node, a))
            else:
                now.append((node, a))
                if claimed is not None:
                    claimed.update({k: cost for k in open_keys if cost < claimed.get(k, math.inf)})
        if now:
            self._ask(now)
        return later

    def _expected(self, node: Node, a: int) -> list[tuple[int, ...]]:
        """Where the known effects of an action lead from here; empty when nothing is known."""
        return self._effects.expected(a, node.key) if node.depth else []

    def _ask(self, pairs: list[tuple[Node, int]]) -> None:
        """Ask the world model about (node, action) pairs in one call and take in what it says."""
        nodes = list(dict.fromkeys(node for node, _ in pairs))
        rows = {node: i for i, node in enumerate(nodes)}
        states = nodes[0].states.select([nodes[0].row]).join(
            [node.states.select([node.row]) for node in nodes[1:]]
        )
        threshold = self.config.works_threshold
        asked = np.array([(rows[node], a) for node, a in pairs])
        above = threshold if nodes[0].depth else 0.0  # every candidate is ranked by its outcome
        imagined, judged = self.judge.imagine(states, self.actions, asked, above)
        self.explored += len(pairs)
        read = {int(p): k for k, p in enumerate(imagined.read)}
        keys = judged.keys.tolist()
        for p, (node, a) in enumerate(pairs):
            works, k = float(imagined.works[p]), read.get(p)
            if works < threshold:
                self._effects.failed(a, self._effects.facts(node.key))
            if k is None:
                self._trace(node, a, works, None, "fails")
                continue
            child = self._child(node, a, works, imagined.states, k, keys[k])
            child.distance = float(judged.distances[k])
            child.estimate = float(judged.estimates[k])
            self._take(node, child, works >= threshold)

    def _child(
        self, node: Node, a: int, works: float, states: StateBatch, row: int, key: list[int]
    ) -> Node:
        parts = len(self.part_distances)
        return Node(
            states, row, tuple(key), 0.0, 0.0, parts - sum(key[len(key) - parts :]),
            node.cost + self._costs[a], node.depth + 1, node, a, works,
            node.first if node.depth else a,
        )

    def _take(self, node: Node, child: Node, works: bool) -> None:
        """Judge one imagined state and, if it is worth it, put it into the frontier."""
        a = child.action
        if node.depth == 0:
            self._first[a] = (child.distance, child.works, child.key)
        if not works:
            self._trace(node, a, child.works, child, "fails")
            return
        if child.key == node.key:
            self._trace(node, a, child.works, child, "no change")
            return
        self.working.setdefault(a, node)
        self._effects.worked(a, node.key, child.key)
        if node.depth == 0 and self.actions[a].id in self.avoid:
            self._trace(node, a, child.works, child, "fails")
            return
        self._met = tuple(map(max, self._met, child.key[self._split :]))
        self._gain = max(self._gain, node.unmet - child.unmet)
        self._edges.append((node.key, self._costs[a], child.key))
        self._distances.setdefault(child.key, child.distance)
        if child.cost >= self._seen.get(child.key, math.inf) - EPS:
            if not self._better(child):
                self._trace(node, a, child.works, child, "merged")
                return
        self._seen[child.key] = min(child.cost, self._seen.get(child.key, math.inf))
        child.trace = self._trace(node, a, child.works, child, "open" if child.unmet else "met")
        if child.unmet == 0:
            if self._better(child):
                if self.best is None:
                    self._enough = IMPROVE * (self._looked + self._frontier.beam)
                self.best = child
        else:
            self._frontier.push(child)

    def _better(self, node: Node) -> bool:
        """Whether a node ends a plan that is better than the best: cheaper, then closer."""
        if node.unmet:
            return False
        if self.best is None:
            return True
        return (round(node.cost, 9), node.distance, node.actions()) < (
            round(self.best.cost, 9), self.best.distance, self.best.actions()
        )

    # -- the answer --------------------------------------------------------------------------------

    def ranking(self, best: Node | None) -> tuple[Step, ...]:
        """Every candidate: the plan's beginning, those that begin other good ways, the rest."""
        values = self._values_to_go()
        begin = best.actions()[0] if best is not None else -1
        total = best.distance + best.cost if best is not None else math.inf
        rows = []
        for a, (distance, works, key) in self._first.items():
            usable = works >= self.config.works_threshold and key != self.root.key
            usable = usable and self.actions[a].id not in self.avoid
            behind = self._costs[a] + values.get(key, math.inf) if usable else math.inf
            if a == begin:
                behind = total
            elif usable and best is not None:
                behind = max(behind, total + BEGINNING * self.config.step_cost)
            outcome = self.judge.in_words(self.root.key, key)
            step = Step(self.actions[a], distance, behind, works, outcome)
            fails = works < self.config.works_threshold or step.action.id in self.avoid
            rows.append(((fails, behind, distance, step.action.id), step))
        return tuple(step for _, step in sorted(rows, key=lambda row: row[0]))

    def _values_to_go(self) -> dict[tuple[int, ...], float]:
        """For every state seen: the least goal distance plus costs at the end of a way from it.

        The value of the start is left out: going back to it is a detour, not a plan.
        """
        values = dict(self._distances)
        for _ in range(self.config.depth):
            changed = False
            for start, cost, end in reversed(self._edges):
                if end == self.root.key:
                    continue
                value = values.get(end, math.inf) + cost
                if value < values.get(start, math.inf) - EPS:
                    values[start] = value
                    changed = True
            if not changed:
                break
        return values

    def steps(self, node: Node) -> tuple[Step, ...]:
        """The plan that ends in a node."""
        total = node.distance + node.cost
        return tuple(
            Step(self.actions[n.action], n.distance, total, n.works,
                 self.judge.in_words(n.parent.key if n.parent else (), n.key))
            for n in node.path()
        )

    # -- what is kept for explanations -------------------------------------------------------------

    def _trace(self, node: Node, a: int, works: float, child: Node | None, fate: str) -> int:
        if self.tree is None:
            return -1
        action = self.actions[a]
        return self.tree.add(TreeNode(
            node.trace, action.id, action.text, node.depth + 1, works,
            node.cost + self._costs[a],
            child.distance if child is not None else None,
            self.judge.in_words(node.key, child.key) if child is not None else "",
            fate,
        ))

    def _mark(self, node: Node, fate: str) -> None:
        if self.tree is not None and node.trace >= 0:
            self.tree.mark(node.trace, fate)
