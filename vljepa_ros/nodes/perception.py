"""What the worker of semantic_state_node does with a clip, a request or a goal.

All of it runs in the worker's thread, beside the weights; nothing here touches ROS entities.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vljepa_msgs.srv import EncodeGoal, PredictOutcomes, Suppose

from ..planning.candidates import CandidateSet, Frames, check_candidates
from ..planning.goal import Goal
from ..planning.picture_goal import goal_of_picture
from ..planning.protocols import Action, Array
from ..planning.sight import contrast
from . import convert
from .clip_buffer import Clip
from .images import decode_image
from .rollouts import Questions, RequestError, Rollout, Step, check_size, roll_out
from .state_store import StateStore

MAX_QUERIES = 256


@dataclass(frozen=True)
class Seen:
    """One encoded window. ``answers`` (S, D) to the vocabulary's queries, ``meaning`` (D,) to none;
    ``change`` is the largest distance of a subject's answer to the state before; ``contrast`` that
    of the newest frame."""

    clip: Clip
    state_id: str
    answers: Array
    meaning: Array
    change: float
    contrast: float
    inference_s: float


@dataclass(frozen=True)
class Expected:
    """What one candidate would lead to."""

    action: Action
    works: float
    meaning: Array
    statement: str


class Perception:
    """A model, the states it has seen and imagined, and the candidates in force."""

    def __init__(self, model: Any, frames: Frames, real_states: int, imagined_states: int) -> None:
        self.model, self.frames = model, frames
        self.vocabulary = model.vocabulary
        self.store = StateStore(real_states, imagined_states)
        self.candidates: CandidateSet | None = None
        self._before: Array | None = None

    def see(self, clip: Clip) -> Seen:
        """Encode the newest window. Raises ImageError when its newest frame does not decode."""
        pixels = clip.stack()
        started = time.monotonic()
        states = self.model.encode(pixels)
        answers = self.model.read(states, self.vocabulary.queries)[0]
        meaning = self.model.describe(states)[0]
        took = time.monotonic() - started
        change = 0.0
        if self._before is not None:
            change = float((1.0 - (answers * self._before).sum(axis=1)).max())
        self._before = answers
        shown = contrast(pixels[-1].transpose(1, 2, 0))
        state_id = self.store.add_real(states)
        return Seen(clip, state_id, answers, meaning, max(change, 0.0), shown, took)

    def expect(self, state_id: str) -> tuple[str, list[Expected]]:
        """(candidate set id, what each candidate in force would lead to from a state)."""
        if self.candidates is None:
            return "", []
        batch, row = self.store.get(state_id)
        # The outcome of an action whose target is free depends on where planning will aim it.
        actions = [action for action in self.candidates.actions if action.region is None]
        state = batch.select([row])
        imagined = self.model.imagine(state, actions, self.vocabulary.queries)
        meanings = self.model.describe(imagined.states)
        before = self.vocabulary.readings(self.model.read(state, self.vocabulary.queries))[0]
        after = self.vocabulary.readings(imagined.readouts[0])
        expected = [
            Expected(action, float(works), meaning, self._difference(before, reading))
            for action, works, meaning, reading in zip(
                actions, imagined.works[0], meanings, after, strict=True
            )
        ]
        return self.candidates.set_id, expected

    def predict(self, request: PredictOutcomes.Request) -> PredictOutcomes.Response:
        """Answer a predict_outcomes request. Raises ValueError with one line."""
        actions = {action.id: action for action in self._actions_of(request)}
        queries = self._queries_of(request)
        start = request.state_id or self.store.newest
        if not start:
            raise RequestError("state_id: empty, and no frame was seen yet; allowed: a state_id")
        self.store.get(start)
        rollouts = []
        for i, sequence in enumerate(request.sequences):
            for action_id in sequence.action_ids:
                if action_id not in actions:
                    known = ", ".join(actions) or "none"
                    raise RequestError(
                        f"sequences[{i}].action_ids: {action_id!r}; allowed: {known}"
                    )
            chosen = [actions[action_id] for action_id in sequence.action_ids]
            rollouts.append(Rollout(sequence.state_id or start, chosen))
        check_size(rollouts, len(queries), queries.shape[1])
        things = self._embeddings("things", request.things)
        if not 0.0 <= request.read_above <= 1.0:
            raise RequestError(f"read_above: {request.read_above}; allowed: 0 to 1")
        questions = Questions(queries, things, request.read_above)
        roll_out(self.model, self.store, rollouts, questions)
        response = PredictOutcomes.Response(success=True, state_id=start)
        response.model_id = self.vocabulary.model_id
        last = slice(-1, None) if request.last_step_only else slice(None)
        response.results = [
            convert.messages.OutcomeSequence(
                steps=[_step_msg(step) for step in rollout.steps[last]]
            )
            for rollout in rollouts
        ]
        return response

    def suppose(self, request: Suppose.Request) -> str:
        """Name of the state told the request's statements. Raises ValueError with one line."""
        batch, row = self.store.get(request.state_id)
        statements = self._embeddings("statements", request.statements)
        return self.store.add_believed(self.model.suppose(batch.select([row]), statements), 0)

    def encode_goal(self, request: EncodeGoal.Request) -> Goal:
        """The goal of a request: words, a picture or an embedding. Raises ValueError, one line."""
        if request.kind == EncodeGoal.Request.KIND_TEXT:
            return self.model.understand(request.text)
        if request.kind == EncodeGoal.Request.KIND_EMBEDDING:
            return convert.goal_of_embedding(request.embedding, self.vocabulary)
        if request.kind == EncodeGoal.Request.KIND_IMAGE:
            return goal_of_picture(self.model, self.vocabulary, decode_image(request.image))
        raise RequestError(
            f"kind: {request.kind}; allowed: {EncodeGoal.Request.KIND_TEXT} (text), "
            f"{EncodeGoal.Request.KIND_IMAGE} (image), {EncodeGoal.Request.KIND_EMBEDDING} "
            "(embedding)"
        )

    def _difference(self, before: Array, after: Array) -> str:
        """What is different afterwards, in words; what the robot is doing does not count."""
        subjects = self.vocabulary.subjects
        new = dict.fromkeys(
            subjects[i].statements[int(after[i])]
            for i in self.vocabulary.lasting
            if before[i] != after[i]
        )
        return "; ".join(new) or "nothing changes"

    def _actions_of(self, request: PredictOutcomes.Request) -> tuple[Action, ...]:
        if request.actions:
            given = [convert.candidate_of(msg) for msg in request.actions]
            return check_candidates(given, self.frames).actions
        if self.candidates is None:
            return ()
        if request.candidate_set_id not in ("", self.candidates.set_id):
            raise RequestError(
                f"candidate_set_id: {request.candidate_set_id!r}; allowed: "
                f"{self.candidates.set_id!r}, the one in force"
            )
        return self.candidates.actions

    def _queries_of(self, request: PredictOutcomes.Request) -> Array:
        """(Q, D): the embeddings, then the texts."""
        count = len(request.queries) + len(request.query_texts)
        if count > MAX_QUERIES:
            raise RequestError(f"queries: {count}; allowed: {MAX_QUERIES} at most")
        rows = self._embeddings("queries", request.queries)
        if request.query_texts:
            texts = self.model.embed_texts(list(request.query_texts))
            rows = np.concatenate((rows, texts)).astype(np.float32)
        return rows

    def _embeddings(self, name: str, given: Sequence[Any]) -> Array:
        """(N, D) of a request's embeddings. Raises MessageError naming field and place."""
        if len(given) > MAX_QUERIES:
            raise RequestError(f"{name}: {len(given)}; allowed: {MAX_QUERIES} at most")
        width = self.vocabulary.queries.shape[1]
        rows = [
            convert.embedding(f"{name}[{i}]", msg, self.vocabulary.model_id, width)
            for i, msg in enumerate(given)
        ]
        return np.array(rows, dtype=np.float32).reshape(len(rows), width)


def _step_msg(step: Step) -> Any:
    return convert.messages.ImaginedStep(
        action_id=step.action_id,
        works_probability=step.works,
        state_id=step.state_id,
        readouts=convert.floats(step.readouts),
        positions=convert.floats(step.positions),
        query_count=step.readouts.shape[0],
        dim=step.readouts.shape[1] if step.readouts.ndim == 2 else 0,
    )


Loader = Callable[[str, str], Any]
"""(path, device) -> LatentWorldModel or one that behaves like it."""


def load_model(path: str, device: str) -> Any:
    """The checkpoint at ``path``; torch is imported only here."""
    from ..model.world_model import LatentWorldModel

    return LatentWorldModel.load(path, device=device)
