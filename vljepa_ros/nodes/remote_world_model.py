"""The world model behind the service predict_outcomes, for planning in a process without weights.

Called from the planner's worker thread only: it waits there for the answer, while the executor
goes on and receives it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from rclpy.client import Client

from vljepa_msgs.msg import ActionSequence
from vljepa_msgs.srv import PredictOutcomes, Suppose

from ..planning.candidates import Candidate, Pose
from ..planning.protocols import Action, Array, Imagined, ImaginedPairs
from .convert import candidate_msg, embedding_msg

T = TypeVar("T")


class PredictionError(RuntimeError):
    """The semantic node refused the request or did not answer."""


@dataclass(frozen=True)
class RemoteStates:
    """States of the semantic node, by name."""

    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, indices: Sequence[int]) -> RemoteStates:
        return RemoteStates(tuple(self.ids[i] for i in indices))

    def join(self, others: Sequence[RemoteStates]) -> RemoteStates:
        return RemoteStates(sum((other.ids for other in others), self.ids))


class RemoteWorldModel:
    """WorldModel over ROS. ``encode`` belongs to the semantic node and is not offered here.

    What the model behind it can do stands in its vocabulary.
    """

    def __init__(
        self, client: Client, suppose: Client, model_id: str, optical_frame: str,
        timeout: float = 10.0, can_suppose: bool = False, can_locate: bool = False,
    ) -> None:
        self.model_id = model_id
        self.can_suppose, self.can_locate = can_suppose, can_locate
        self._client, self._suppose = client, suppose
        self._frame, self._timeout = optical_frame, timeout
        self._closed = threading.Event()
        self._unwanted: Callable[[], bool] = lambda: False

    def close(self) -> None:
        """Make a waiting call end with PredictionError, and every later one."""
        self._closed.set()

    def unless(self, unwanted: Callable[[], bool], job: Callable[[], T]) -> T:
        """``job()``, which ends with PredictionError once ``unwanted()``: a search that nobody
        waits for any more does not keep the next goal waiting. In the worker's thread only."""
        self._unwanted = unwanted
        try:
            return job()
        finally:
            self._unwanted = lambda: False

    def encode(self, clip: Array) -> RemoteStates:
        raise PredictionError("pictures are encoded by semantic_state_node; take its state_id")

    def read(self, states: RemoteStates, queries: Array) -> Array:
        """(N, Q, D): an empty sequence of actions reads the state itself."""
        sequences = [ActionSequence(state_id=state_id) for state_id in states.ids]
        steps = self._ask(sequences, (), queries)
        return np.stack([_readouts(step, queries.shape[1]) for step in steps])

    def imagine(self, states: RemoteStates, actions: Sequence[Action], queries: Array) -> Imagined:
        """One request: every state under every action, row-major."""
        sequences = [
            ActionSequence(state_id=state_id, action_ids=[action.id])
            for state_id in states.ids
            for action in actions
        ]
        steps = self._ask(sequences, actions, queries)
        shape = (len(states), len(actions))
        readouts = np.stack([_readouts(step, queries.shape[1]) for step in steps])
        works = np.array([step.works_probability for step in steps], dtype=np.float32)
        return Imagined(
            states=RemoteStates(tuple(step.state_id for step in steps)),
            works=works.reshape(shape),
            readouts=readouts.reshape(*shape, *readouts.shape[1:]),
        )

    def imagine_pairs(
        self, states: RemoteStates, actions: Sequence[Action], pairs: Array, queries: Array,
        read_above: float = 0.0, things: Array | None = None,
    ) -> ImaginedPairs:
        """One request: the pairs (P, 2); what is not read does not travel either."""
        sequences = [
            ActionSequence(state_id=states.ids[row], action_ids=[actions[column].id])
            for row, column in pairs
        ]
        steps = self._ask(sequences, actions, queries, things, read_above)
        read = [i for i, step in enumerate(steps) if step.state_id]
        count = 0 if things is None else len(things)
        readouts = [_readouts(steps[i], queries.shape[1]) for i in read]
        positions = np.array([_positions(steps[i], count) for i in read], dtype=np.float32)
        return ImaginedPairs(
            works=np.array([step.works_probability for step in steps], dtype=np.float32),
            read=np.array(read, dtype=int),
            states=RemoteStates(tuple(steps[i].state_id for i in read)),
            readouts=np.array(readouts, dtype=np.float32).reshape(len(read), *queries.shape),
            positions=positions.reshape(len(read), count, 3),
        )

    def locate(self, states: RemoteStates, things: Array) -> Array:
        """(N, T, 3) metres, optical frame. Raises PredictionError where the model cannot."""
        if not self.can_locate:
            raise PredictionError(f"model {self.model_id} cannot locate things")
        sequences = [ActionSequence(state_id=state_id) for state_id in states.ids]
        steps = self._ask(sequences, (), things[:0], things)
        return np.stack([_positions(step, len(things)) for step in steps])

    def suppose(self, states: RemoteStates, statements: Array) -> RemoteStates:
        """One request a state; the new states outlast frames and plans, and are therefore asked for
        also where the model can be told nothing: they read like the old ones then."""
        told = [embedding_msg(self.model_id, row) for row in statements]
        return RemoteStates(tuple(
            self._call(self._suppose, Suppose.Request(state_id=i, statements=told)).state_id
            for i in states.ids
        ))

    def _ask(
        self, sequences: list, actions: Sequence[Action], queries: Array,
        things: Array | None = None, read_above: float = 0.0,
    ) -> list:
        """The last step of every sequence."""
        places = queries[:0] if things is None else things
        request = PredictOutcomes.Request(
            sequences=sequences,
            actions=[self._action_msg(action) for action in actions],
            queries=[embedding_msg(self.model_id, row) for row in queries],
            things=[embedding_msg(self.model_id, row) for row in (places)],
            read_above=read_above,
            last_step_only=True,
        )
        response = self._call(self._client, request)
        return [result.steps[-1] for result in response.results]

    def _call(self, client: Client, request: object) -> Any:
        """The response of a service of the semantic node. Raises PredictionError."""
        if self._closed.is_set() or not client.service_is_ready():
            raise PredictionError(f"no answer from {client.srv_name}: nobody offers it")
        if self._unwanted():
            raise PredictionError("not wanted any more")
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        waited = 0.0
        while not done.wait(0.1):
            waited += 0.1
            unwanted = self._unwanted()
            if self._closed.is_set() or unwanted or waited > self._timeout:
                client.remove_pending_request(future)
                why = f"no answer from {client.srv_name} in {waited:.1f} s"
                raise PredictionError("not wanted any more" if unwanted else why)
        response = future.result()
        if not response.success:
            raise PredictionError(response.message)
        if response.model_id != self.model_id:
            raise PredictionError(
                f"model_id: {response.model_id!r}; allowed: {self.model_id!r} (the model changed)"
            )
        return response

    def _action_msg(self, action: Action) -> object:
        target = None if action.target is None else Pose(self._frame, action.target)
        return candidate_msg(
            Candidate(
                action.id,
                action.text,
                action.skill,
                action.parameters,
                target,
                action.cost,
                action.timeout,
            )
        )


def _readouts(step: object, width: int) -> Array:
    """(Q, D) of an ImaginedStep."""
    rows = np.frombuffer(step.readouts, dtype=np.float32)  # type: ignore[attr-defined]
    return rows.reshape(step.query_count, step.dim or width)  # type: ignore[attr-defined]


def _positions(step: object, count: int) -> Array:
    """(T, 3) of an ImaginedStep."""
    rows = np.frombuffer(step.positions, dtype=np.float32)  # type: ignore[attr-defined]
    return rows.reshape(count, 3)
