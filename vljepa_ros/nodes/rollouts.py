"""Imagine what a request of PredictOutcomes asks for, in as few forward passes as it allows.

Runs in the worker's thread. Sequences advance level by level; all that are on the way go through
the model together, each (state, action) pair once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..planning.protocols import Action, Array, StateBatch, WorldModel
from .state_store import StateStore

MAX_SEQUENCES = 4096
MAX_LENGTH = 32
MAX_FLOATS = 1 << 25
"""Bound on the numbers in one answer (128 MB)."""


class RequestError(ValueError):
    """A request that cannot be carried out; one line."""


@dataclass
class Step:
    """One imagined state: ``readouts`` (Q, D) are its answers to the queries, ``positions`` (T, 3)
    where the things asked for are (m). Without a ``state_id`` it was not read."""

    action_id: str
    works: float
    state_id: str
    readouts: Array
    positions: Array


@dataclass
class Rollout:
    """A sequence being rolled out from ``state_id``."""

    state_id: str
    actions: list[Action]
    steps: list[Step] = field(default_factory=list)

    @property
    def state_now(self) -> str:
        """Where it has got to; "" when its last step was not read."""
        return self.steps[-1].state_id if self.steps else self.state_id


@dataclass(frozen=True)
class Questions:
    """What every imagined state is asked: ``queries`` (Q, D) and the places of ``things`` (T, D).

    A step that works with a probability below ``read_above`` is asked nothing.
    """

    queries: Array
    things: Array
    read_above: float = 0.0


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
    world: WorldModel, store: StateStore, sequences: Sequence[Rollout], questions: Questions
) -> None:
    """Fill in the steps of every sequence, up to the first that is not read.

    An empty sequence gets a single step: its state, read.
    """
    _read_empty(world, store, [s for s in sequences if not s.actions], questions)
    level = 0
    while moving := [s for s in sequences if len(s.actions) > level and s.state_now]:
        _advance(world, store, moving, level, questions)
        level += 1


def _read_empty(
    world: WorldModel, store: StateStore, sequences: list[Rollout], questions: Questions
) -> None:
    if not sequences:
        return
    states, rows = _gather(store, [s.state_id for s in sequences])
    answers = world.read(states, questions.queries)
    positions = np.zeros((len(states), 0, 3), np.float32)
    if len(questions.things):
        positions = world.locate(states, questions.things)
    for row, sequence in zip(rows, sequences, strict=True):
        sequence.steps.append(Step("", 1.0, sequence.state_id, answers[row], positions[row]))


def _advance(
    world: WorldModel, store: StateStore, sequences: list[Rollout], level: int, questions: Questions
) -> None:
    """One step of every sequence."""
    actions = {s.actions[level].id: s.actions[level] for s in sequences}
    columns = {action_id: i for i, action_id in enumerate(actions)}
    states, rows = _gather(store, [s.state_now for s in sequences])
    wanted = [(r, columns[s.actions[level].id]) for r, s in zip(rows, sequences, strict=True)]
    pairs = list(dict.fromkeys(wanted))
    found = world.imagine_pairs(
        states, list(actions.values()), np.array(pairs), questions.queries, questions.read_above,
        questions.things,
    )
    read = {int(pair): k for k, pair in enumerate(found.read)}
    nothing, nowhere = questions.queries[:0], np.zeros((0, 3), np.float32)
    ids, done = list(actions), {}
    for p, (row, column) in enumerate(pairs):
        works, k = float(found.works[p]), read.get(p)
        if k is None:
            done[row, column] = Step(ids[column], works, "", nothing, nowhere)
        else:
            state_id = store.add_imagined(found.states, k)
            done[row, column] = Step(
                ids[column], works, state_id, found.readouts[k], found.positions[k]
            )
    for key, sequence in zip(wanted, sequences, strict=True):
        sequence.steps.append(done[key])


def _gather(store: StateStore, state_ids: list[str]) -> tuple[StateBatch, list[int]]:
    """The states, each once, as one batch, and the row of each id in it."""
    place = {state_id: i for i, state_id in enumerate(dict.fromkeys(state_ids))}
    batches, order = [], {}
    for batch, rows, positions in store.grouped(list(place)):
        batches.append(batch.select(rows))
        for position in positions:
            order[position] = len(order)
    return batches[0].join(batches[1:]), [order[place[state_id]] for state_id in state_ids]
