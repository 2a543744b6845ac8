"""The world model behind the service predict_outcomes, for planning in a process without weights.

Called from the planner's worker thread only: it waits there for the answer, while the executor
goes on and receives it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rclpy.client import Client

from vljepa_msgs.msg import ActionSequence
from vljepa_msgs.srv import PredictOutcomes

from ..planning.candidates import Candidate, Pose
from ..planning.protocols import Action, Array, Imagined
from .convert import candidate_msg, embedding_msg


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


class RemoteWorldModel:
    """WorldModel over ROS. ``encode`` belongs to the semantic node and is not offered here."""

    def __init__(
        self, client: Client, model_id: str, optical_frame: str, timeout: float = 10.0
    ) -> None:
        self.model_id = model_id
        self._client, self._frame, self._timeout = client, optical_frame, timeout
        self._closed = threading.Event()

    def close(self) -> None:
        """Make a waiting call end with PredictionError, and every later one."""
        self._closed.set()

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

    def _ask(self, sequences: list, actions: Sequence[Action], queries: Array) -> list:
        """The last step of every sequence."""
        request = PredictOutcomes.Request(
            sequences=sequences,
            actions=[self._action_msg(action) for action in actions],
            queries=[embedding_msg(self.model_id, row) for row in queries],
            last_step_only=True,
        )
        if self._closed.is_set() or not self._client.service_is_ready():
            raise PredictionError(f"no answer from {self._client.srv_name}: nobody offers it")
        done = threading.Event()
        future = self._client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        waited = 0.0
        while not done.wait(0.1):
            waited += 0.1
            if self._closed.is_set() or waited > self._timeout:
                self._client.remove_pending_request(future)
                raise PredictionError(f"no answer from {self._client.srv_name} in {waited:.1f} s")
        response = future.result()
        if not response.success:
            raise PredictionError(response.message)
        if response.model_id != self.model_id:
            raise PredictionError(
                f"model_id: {response.model_id!r}; allowed: {self.model_id!r} (the model changed)"
            )
        return [result.steps[-1] for result in response.results]

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
