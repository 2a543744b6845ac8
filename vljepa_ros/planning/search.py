"""Beam search over imagined states, by latent distance to the goal.

Depth 1 ranks every candidate. Deeper, a state is expanded under every action; actions that are not
expected to work or that leave the reading as it was are dropped; states that read the same are
merged, the cheaper path kept. A first action is kept for changing the state, not only for coming
closer: unlocking a drawer brings no goal closer. Deterministic: no random numbers anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .goal import Goal
from .protocols import Action, Array, StateBatch, WorldModel
from .vocabulary import Vocabulary


@dataclass(frozen=True)
class SearchConfig:
    """How far and how wide to look."""

    depth: int = 8  # actions ahead
    beam: int = 24  # imagined states kept at each depth
    step_cost: float = 0.02  # per action, in units of goal distance
    works_threshold: float = 0.5  # actions less likely to work are not imagined further
    budget_ms: float = 0.0  # stop deepening after this long; 0 = no limit

    def __post_init__(self) -> None:
        for name, low, high in (("depth", 1, 16), ("beam", 1, 512)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"search.{name} = {value} is not usable; allowed: {low}..{high}")
        if not 0 <= self.step_cost <= 1:
            raise ValueError(f"search.step_cost = {self.step_cost} is not usable; allowed: 0..1")


@dataclass(frozen=True)
class Step:
    """An action with what the model expects of it.

    ``distance_after``: goal distance of the imagined state right after the action.
    ``plan_distance``: goal distance at the end of the best plan that starts with it, step costs
    included; infinite when no such plan was found. ``outcome``: what changes, in words.
    """

    action: Action
    distance_after: float
    plan_distance: float
    works: float
    outcome: str


@dataclass(frozen=True)
class Plan:
    """``status`` is 'ok', 'met' or 'out_of_reach'; ``ranked`` every candidate, best first."""

    status: str
    distance_now: float
    part_distances: tuple[float, ...]
    ranked: tuple[Step, ...]
    steps: tuple[Step, ...]
    planning_ms: float = 0.0
    explored: int = 0
    depth: int = 0


@dataclass
class _Node:
    """One imagined state in the beam."""

    row: int  # in the batch of its depth
    path: tuple[tuple[int, float, float, str], ...]  # action, distance after, works, outcome
    cost: float
    distance: float
    met: bool
    reading: tuple[int, ...] = field(default_factory=tuple)


def plan(
    world: WorldModel,
    state: StateBatch,
    goal: Goal,
    actions: Sequence[Action],
    vocabulary: Vocabulary,
    config: SearchConfig,
    avoid: frozenset[str] = frozenset(),
) -> Plan:
    """Rank the candidate actions and find the cheapest plan whose imagined end meets the goal.

    Args:
        state: a batch of one state.
        avoid: ids of actions that must not be the first step (they just failed here).
    """
    if len(state) != 1:
        raise ValueError(f"state holds {len(state)} states; allowed: exactly 1")
    started = time.perf_counter()
    subjects = vocabulary.lasting
    queries = np.concatenate((goal.queries, vocabulary.queries[subjects]))
    split = len(goal.parts)
    now = world.read(state, queries)[0]
    parts = goal.part_distances(now[:split])
    distance_now = float(parts.sum())
    root = _readings(vocabulary, subjects, now[split:])
    search = _Search(world, goal, actions, vocabulary, config, subjects, queries, split)
    best = search.run(state, root, avoid, started)
    if bool(goal.met(now[:split])):
        status, chosen = "met", None
    else:
        chosen = best
        status = "ok" if chosen is not None else "out_of_reach"
    return Plan(
        status=status,
        distance_now=distance_now,
        part_distances=tuple(float(d) for d in parts),
        ranked=search.ranking(avoid),
        steps=search.steps(chosen) if chosen else (),
        planning_ms=(time.perf_counter() - started) * 1e3,
        explored=search.explored,
        depth=search.depth,
    )


def _readings(vocabulary: Vocabulary, subjects: list[int], answers: Array) -> Array:
    """(..., S) nearest statements for the chosen subjects."""
    columns = [
        vocabulary.subjects[s].nearest(answers[..., i, :])[0] for i, s in enumerate(subjects)
    ]
    return np.stack(columns, axis=-1)


class _Search:
    """The frontier, and per first action the best that was found behind it."""

    def __init__(
        self, world: WorldModel, goal: Goal, actions: Sequence[Action], vocabulary: Vocabulary,
        config: SearchConfig, subjects: list[int], queries: Array, split: int,
    ) -> None:
        self.world, self.goal, self.actions = world, goal, actions
        self.vocabulary, self.config = vocabulary, config
        self.subjects, self.queries, self.split = subjects, queries, split
        self.explored = 0
        self.depth = 0
        self.first: dict[int, tuple[float, float, str]] = {}  # distance after, works, outcome
        self.behind: dict[int, float] = {}

    def run(
        self, state: StateBatch, root: Array, avoid: frozenset[str], started: float
    ) -> _Node | None:
        """Deepen until a plan meets the goal and nothing cheaper can follow, or depth is reached.

        Returns the cheapest plan that meets the goal, or None.
        """
        config = self.config
        nodes = [_Node(0, (), 0.0, float("inf"), False, tuple(int(v) for v in root))]
        states, seen = state, {nodes[0].reading}
        best: _Node | None = None
        for depth in range(1, config.depth + 1):
            self.depth = depth
            states, children = self._expand(states, nodes, avoid if depth == 1 else frozenset())
            for node in children:
                score = node.distance + node.cost
                start = node.path[0][0]
                self.behind[start] = min(self.behind.get(start, float("inf")), score)
                if node.met and (best is None or score < best.distance + best.cost):
                    best = node
            nodes = self._select(children, seen)
            if not nodes:
                break
            # One more step costs at least step_cost: deeper plans cannot beat one found already
            # by more than what its own distance leaves.
            if best is not None and best.cost <= min(n.cost for n in nodes):
                break
            if config.budget_ms and (time.perf_counter() - started) * 1e3 > config.budget_ms:
                break
            states = states.select([n.row for n in nodes])
            for i, node in enumerate(nodes):
                node.row = i
        return best

    def _expand(
        self, states: StateBatch, nodes: list[_Node], avoid: frozenset[str]
    ) -> tuple[StateBatch, list[_Node]]:
        imagined = self.world.imagine(states, self.actions, self.queries)
        self.explored += imagined.works.size
        answers = imagined.readouts
        distances = self.goal.distance(answers[..., : self.split, :])
        met = self.goal.met(answers[..., : self.split, :])
        readings = _readings(self.vocabulary, self.subjects, answers[..., self.split :, :])
        children = []
        for i, node in enumerate(nodes):
            for a, action in enumerate(self.actions):
                reading = tuple(int(v) for v in readings[i, a])
                works = float(imagined.works[i, a])
                distance = float(distances[i, a])
                outcome = self._in_words(node.reading, reading)
                if not node.path:
                    self.first[a] = (distance, works, outcome)
                fails = works < self.config.works_threshold
                if action.id in avoid or fails or reading == node.reading:
                    continue
                children.append(
                    _Node(
                        row=i * len(self.actions) + a,
                        path=(*node.path, (a, distance, works, outcome)),
                        cost=node.cost + self.config.step_cost + action.cost,
                        distance=distance,
                        met=bool(met[i, a]),
                        reading=reading,
                    )
                )
        return imagined.states, children

    def _select(self, children: list[_Node], seen: set[tuple[int, ...]]) -> list[_Node]:
        """Merge states that read the same, then keep the best; every first action keeps one."""
        merged: dict[tuple[int, ...], _Node] = {}
        for node in sorted(children, key=lambda n: (n.cost, n.distance, n.path)):
            if node.reading not in seen:
                merged.setdefault(node.reading, node)
        seen.update(merged)
        order = sorted(merged.values(), key=lambda n: (n.distance + n.cost, n.path))
        kept = order[: self.config.beam]
        represented = {n.path[0][0] for n in kept}
        for node in order[self.config.beam :]:
            if node.path[0][0] not in represented:
                represented.add(node.path[0][0])
                kept.append(node)
        return kept

    def _in_words(self, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        """What is different afterwards, e.g. 'the drawer is open'; 'nothing changes' else."""
        changed = dict.fromkeys(
            self.vocabulary.subjects[s].statements[after[i]]
            for i, s in enumerate(self.subjects) if before[i] != after[i]
        )
        return ", ".join(changed) or "nothing changes"

    def ranking(self, avoid: frozenset[str]) -> tuple[Step, ...]:
        """Every candidate: those that begin a good plan first, then by distance right after."""
        config = self.config
        steps = []
        for a, (distance, works, outcome) in self.first.items():
            behind = self.behind.get(a, float("inf"))
            steps.append(Step(self.actions[a], distance, behind, works, outcome))

        def order(step: Step) -> tuple[bool, float, float, str]:
            usable = step.works >= config.works_threshold and step.action.id not in avoid
            return (not usable, step.plan_distance, step.distance_after, step.action.id)

        return tuple(sorted(steps, key=order))

    def steps(self, node: _Node) -> tuple[Step, ...]:
        total = node.distance + node.cost
        return tuple(
            Step(self.actions[a], distance, total, works, outcome)
            for a, distance, works, outcome in node.path
        )
