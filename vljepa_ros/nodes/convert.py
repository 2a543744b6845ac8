"""Messages <-> the core's dataclasses.

Vectors travel as array.array through their bytes (a list comprehension over 256 floats a readout
would cost more than the model). An embedding of another model is refused, never compared.
"""

from __future__ import annotations

import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import KeyValue
from geometry_msgs.msg import Point

from vljepa_msgs import msg as messages

from ..planning.candidates import Candidate, CandidateError, CandidateSet, Frames, Pose
from ..planning.goal import TOLERANCE_M, Goal, GoalPart
from ..planning.picture_goal import pose_goal
from ..planning.protocols import Array
from ..planning.things import Believed
from ..planning.vocabulary import Subject, Thing, Vocabulary

_UNIT_TOLERANCE = 0.01
_SOURCES = {
    "": messages.Goal.SOURCE_NONE,
    "text": messages.Goal.SOURCE_TEXT,
    "image": messages.Goal.SOURCE_IMAGE,
    "embedding": messages.Goal.SOURCE_EMBEDDING,
    "pose": messages.Goal.SOURCE_POSE,
}


class MessageError(ValueError):
    """A message that does not hold what it says; one line."""


# -- time ------------------------------------------------------------------------------------------


def seconds(stamp: Time | Duration) -> float:
    """Seconds as a float; good to a microsecond."""
    return stamp.sec + stamp.nanosec * 1e-9


def to_time(value: float) -> Time:
    nanoseconds = round(value * 1e9)
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def to_duration(value: float) -> Duration:
    nanoseconds = round(value * 1e9)
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


# -- embeddings ------------------------------------------------------------------------------------


def floats(rows: Array) -> array.array:
    """Any array as the float32[] field of a message."""
    return array.array("f", np.ascontiguousarray(rows, dtype=np.float32).tobytes())


def embedding_msg(model_id: str, row: Array) -> messages.Embedding:
    return messages.Embedding(model_id=model_id, data=floats(row))


def embedding(where: str, msg: messages.Embedding, model_id: str, width: int) -> Array:
    """(D,) float32 unit vector of a message. Raises MessageError naming ``where``."""
    if msg.model_id != model_id:
        raise MessageError(f"{where}.model_id: {msg.model_id!r}; allowed: {model_id!r}")
    if len(msg.data) != width:
        raise MessageError(f"{where}.data: {len(msg.data)} values; allowed: {width}")
    row = np.frombuffer(msg.data, dtype=np.float32).copy()
    if not np.isfinite(row).all():
        raise MessageError(f"{where}.data: non-finite values; allowed: a unit vector")
    norm = float(np.linalg.norm(row))
    if abs(norm - 1) > _UNIT_TOLERANCE:
        raise MessageError(f"{where}.data: length {norm:.3g}; allowed: 1 (a unit vector)")
    return row / norm


def answers_of(state: messages.SemanticState, vocabulary: Vocabulary) -> Array:
    """(S, D) the readouts' embeddings in the vocabulary's order. Raises MessageError."""
    wanted = [subject.id for subject in vocabulary.subjects]
    found = [readout.subject for readout in state.readouts]
    if found != wanted:
        raise MessageError(f"readouts: subjects {found}; allowed: {wanted}")
    width = vocabulary.queries.shape[1]
    rows = [
        embedding(f"readouts[{i}].embedding", readout.embedding, vocabulary.model_id, width)
        for i, readout in enumerate(state.readouts)
    ]
    return np.stack(rows)


# -- vocabulary ------------------------------------------------------------------------------------


def vocabulary_msg(vocabulary: Vocabulary, can_suppose: bool = False) -> messages.Vocabulary:
    model_id = vocabulary.model_id
    return messages.Vocabulary(
        model_id=model_id,
        subjects=[
            messages.Subject(
                id=subject.id,
                query=embedding_msg(model_id, subject.query),
                statement_ids=list(subject.statement_ids),
                statements=list(subject.statements),
                embeddings=[embedding_msg(model_id, row) for row in subject.embeddings],
            )
            for subject in vocabulary.subjects
        ],
        met_threshold=vocabulary.met_threshold,
        understood_threshold=vocabulary.understood_threshold,
        works_threshold=vocabulary.works_threshold,
        things=[
            messages.Thing(
                id=thing.id, subject=thing.subject, query=embedding_msg(model_id, thing.query)
            )
            for thing in vocabulary.things
        ],
        can_suppose=can_suppose,
        sight_threshold=vocabulary.sight_threshold,
    )


def vocabulary_of(msg: messages.Vocabulary) -> Vocabulary:
    """The vocabulary of a message. Raises MessageError."""
    if not msg.subjects:
        raise MessageError("vocabulary.subjects: none; allowed: one or more")
    width = len(msg.subjects[0].query.data)
    subjects = []
    for subject in msg.subjects:
        where = f"vocabulary.{subject.id}"
        count = len(subject.statements)
        if not count or not count == len(subject.statement_ids) == len(subject.embeddings):
            raise MessageError(f"{where}: {count} statements; allowed: as many ids and embeddings")
        rows = [
            embedding(f"{where}.embeddings[{i}]", item, msg.model_id, width)
            for i, item in enumerate(subject.embeddings)
        ]
        subjects.append(
            Subject(
                id=subject.id,
                query=embedding(f"{where}.query", subject.query, msg.model_id, width),
                statement_ids=tuple(subject.statement_ids),
                statements=tuple(subject.statements),
                embeddings=np.stack(rows),
            )
        )
    return Vocabulary(
        model_id=msg.model_id,
        subjects=tuple(subjects),
        met_threshold=msg.met_threshold,
        understood_threshold=msg.understood_threshold,
        works_threshold=msg.works_threshold,
        things=tuple(
            Thing(
                thing.id,
                embedding(f"vocabulary.{thing.id}.query", thing.query, msg.model_id, width),
                thing.subject,
            )
            for thing in msg.things
        ),
        sight_threshold=msg.sight_threshold,
    )


# -- goals -----------------------------------------------------------------------------------------


def part_msgs(goal: Goal, model_id: str) -> list[messages.GoalPart]:
    return [
        messages.GoalPart(
            text=part.text,
            subject=part.subject,
            statement_id=part.statement_id,
            embedding=embedding_msg(model_id, part.embedding),
            threshold=part.threshold,
            has_position=part.position is not None,
            thing=part.thing,
            position=Point(**dict(zip("xyz", part.position or (0.0, 0.0, 0.0), strict=True))),
            tolerance_m=part.tolerance_m,
        )
        for part in goal.parts
    ]


def parts_of(parts: Sequence[messages.GoalPart], model_id: str, width: int) -> tuple[GoalPart, ...]:
    """The parts of a goal message. Raises MessageError."""
    return tuple(
        GoalPart(
            text=part.text,
            embedding=embedding(f"parts[{i}].embedding", part.embedding, model_id, width),
            subject=part.subject,
            statement_id=part.statement_id,
            threshold=part.threshold,
            thing=part.thing,
            position=_xyz(part.position) if part.has_position else None,
            tolerance_m=part.tolerance_m if part.has_position else TOLERANCE_M,
        )
        for i, part in enumerate(parts)
    )


def goal_of_embedding(msg: messages.Embedding, vocabulary: Vocabulary) -> Goal:
    """A goal of one part that came as a bare embedding. Raises MessageError."""
    width = vocabulary.queries.shape[1]
    row = embedding("embedding", msg, vocabulary.model_id, width)
    part = GoalPart(text="", embedding=row, threshold=vocabulary.met_threshold)
    return Goal(parts=(part,), source="embedding")


def goal_of_pose(request: Any, vocabulary: Vocabulary, frames: Frames) -> Goal:
    """The goal of a request of KIND_POSE: one thing at one place. Raises ValueError."""
    target = Pose(request.target.header.frame_id, _xyz(request.target.pose.position))
    try:
        position = frames.point(target)
    except CandidateError as error:
        raise MessageError(f"target.header.{error}") from error
    tolerance = float(request.tolerance_m) or TOLERANCE_M
    return pose_goal(vocabulary, request.thing, np.array(position), tolerance)


def _xyz(point: Point) -> tuple[float, float, float]:
    return point.x, point.y, point.z


def goal_msg(goal: Goal | None, model_id: str, stamp: Time) -> messages.Goal:
    msg = messages.Goal()
    msg.header.stamp = stamp
    if goal is not None:
        msg.goal_id = goal.goal_id
        msg.source = _SOURCES[goal.source]
        msg.text = goal.text
        msg.parts = part_msgs(goal, model_id)
        msg.confidence = goal.confidence
    return msg


# -- candidates ------------------------------------------------------------------------------------


def candidate_msg(candidate: Candidate) -> messages.CandidateAction:
    msg = messages.CandidateAction(
        id=candidate.id,
        text=candidate.text,
        skill=candidate.skill,
        parameters=[KeyValue(key=k, value=v) for k, v in candidate.parameters.items()],
        has_target=candidate.target is not None,
        cost=candidate.cost,
        timeout=to_duration(candidate.timeout),
    )
    if candidate.target is not None:
        target = candidate.target
        msg.target.header.frame_id = target.frame_id
        pose = msg.target.pose
        pose.position.x, pose.position.y, pose.position.z = target.position
        orientation = pose.orientation
        orientation.x, orientation.y, orientation.z, orientation.w = target.orientation
    return msg


def candidate_of(msg: messages.CandidateAction) -> Candidate:
    """Unchecked: :func:`vljepa_ros.planning.candidates.check_candidates` judges the whole list."""
    target = None
    if msg.has_target:
        position, orientation = msg.target.pose.position, msg.target.pose.orientation
        target = Pose(
            msg.target.header.frame_id,
            (position.x, position.y, position.z),
            (orientation.x, orientation.y, orientation.z, orientation.w),
        )
    return Candidate(
        id=msg.id,
        text=msg.text,
        skill=msg.skill,
        parameters={item.key: item.value for item in msg.parameters},
        target=target,
        cost=float(msg.cost),
        timeout=seconds(msg.timeout),
    )


def candidate_set_msg(candidates: CandidateSet, stamp: Time) -> messages.CandidateActionSet:
    msg = messages.CandidateActionSet(
        candidate_set_id=candidates.set_id,
        actions=[candidate_msg(candidate) for candidate in candidates.candidates],
    )
    msg.header.stamp = stamp
    return msg


# -- beliefs ---------------------------------------------------------------------------------------


def belief_msgs(beliefs: Iterable[Believed]) -> list[messages.Belief]:
    return [
        messages.Belief(
            subject=believed.subject,
            statement_id=believed.statement_id,
            statement=believed.statement,
            confidence=believed.confidence,
            remembered=believed.remembered,
            since_look=believed.since,
        )
        for believed in beliefs
    ]


# -- plans -----------------------------------------------------------------------------------------


def rank_msgs(ranked: Iterable[Any]) -> list[messages.RankedAction]:
    """From planning.search.RankedStep."""
    return [
        messages.RankedAction(
            action_id=step.action.id,
            text=step.action.text,
            distance_after=float(step.distance_after),
            plan_distance=float(step.plan_distance),
            works_probability=float(step.works),
            outcome=step.outcome,
        )
        for step in ranked
    ]


def plan_msgs(steps: Iterable[Any]) -> list[messages.PlanStep]:
    """From planning.search.PlanStep."""
    return [
        messages.PlanStep(
            action_id=step.action.id,
            text=step.action.text,
            distance_after=float(step.distance_after),
            works_probability=float(step.works),
            outcome=step.outcome,
        )
        for step in steps
    ]
