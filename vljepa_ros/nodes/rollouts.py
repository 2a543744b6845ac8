"""Imagine what a request of PredictOutcomes asks for, in as few forward passes as it allows.

Runs in the worker's thread. Sequences advance level by level; those whose states lie in one batch
go through the model together (a beam search asks for all states times all actions, which is one
pass).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..planning.protocols import Action, Array, StateBatch, WorldModel
from .state_store import StateStore

MAX_SEQUENCES = 4096
MAX_LENGTH = 32
MAX_FLOATS = 1 << 25
"""Bound on the numbers in one answer (128 MB)."""
_WASTE = 2.0
"""States x actions are imagined together when at most this times what was asked for."""


class RequestError(ValueError):
    """A request that cannot be carried out; one line."""


@dataclass
class Step:
    """One imagined state: ``readouts`` (Q, D) are its answers to the queries."""

    action_id: str
    works: float
    state_id: str
    readouts: Array


@dataclass
class Rollout:
    """A sequence being rolled out from ``state_id``."""

    state_id: str
    actions: list[Action]
    steps: list[Step] = field(default_factory=list)


def check_size(sequences: Sequence[Rollout], queries: int, width: int) -> None:
    """Refuse what would not fit into memory before anything is computed."""
    if not 1 <= len(sequences) <= MAX_SEQUENCES:
        raise RequestError(f"sequences: {len(sequences)}; allowed: 1 to {MAX_SEQUENCES}")
    longest = max(len(sequence.actions) for sequence in sequences)
    if longest > MAX_LENGTH:
        raise RequestError(f"action_ids: {longest} in a sequence; allowed: {MAX_LENGTH} at most")
    steps = sum(max(len(sequence.actions), 1) for sequence in sequences)
    if steps * queries * width > MAX_FLOATS:
        raise RequestError(
            f"sequences x queries: {steps} steps x {queries}; allowed: "
            f"{MAX_FLOATS // max(width, 1)} together"
        )


def roll_out(
    world: WorldModel, store: StateStore, sequences: Sequence[Rollout], queries: Array
) -> None:
    """Fill in the steps of every sequence. An empty one gets a single step: its state, read."""
    _read_empty(world, store, [s for s in sequences if not s.actions], queries)
    level = 0
    while moving := [s for s in sequences if len(s.actions) > level]:
        at = [s.steps[-1].state_id if s.steps else s.state_id for s in moving]
        for batch, rows, positions in store.grouped(at):
            _advance(world, store, batch, rows, [moving[p] for p in positions], level, queries)
        level += 1


def _read_empty(
    world: WorldModel, store: StateStore, sequences: list[Rollout], queries: Array
) -> None:
    for batch, rows, positions in store.grouped([s.state_id for s in sequences]):
        answers = world.read(batch.select(rows), queries)
        for answer, position in zip(answers, positions, strict=True):
            sequence = sequences[position]
            sequence.steps.append(Step("", 1.0, sequence.state_id, answer))


def _advance(
    world: WorldModel,
    store: StateStore,
    batch: StateBatch,
    rows: list[int],
    sequences: list[Rollout],
    level: int,
    queries: Array,
) -> None:
    """One step of sequences whose states lie in one batch."""
    wanted = [(row, s.actions[level].id) for row, s in zip(rows, sequences, strict=True)]
    actions = {s.actions[level].id: s.actions[level] for s in sequences}
    distinct = sorted(set(rows))
    if len(distinct) * len(actions) > _WASTE * len(set(wanted)):
        parts = [[row] for row in distinct]
    else:
        parts = [distinct]
    done: dict[tuple[int, str], Step] = {}
    for part in parts:
        ids = list(dict.fromkeys(action_id for row, action_id in wanted if row in part))
        imagined = world.imagine(batch.select(part), [actions[i] for i in ids], queries)
        for i, row in enumerate(part):
            for j, action_id in enumerate(ids):
                state_id = store.add_imagined(imagined.states, i * len(ids) + j)
                works, readouts = float(imagined.works[i, j]), imagined.readouts[i, j]
                done[row, action_id] = Step(action_id, works, state_id, readouts)
    for key, sequence in zip(wanted, sequences, strict=True):
        sequence.steps.append(done[key])
