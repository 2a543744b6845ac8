"""A goal as a picture: the scene as it should be, read subject by subject.

Every lasting subject becomes a part, as it is read; what is out of sight asks for nothing. Where a
thing stands, the model's own estimate in metres becomes a metric part. A picture that shows nothing
known is not understood: a goal nobody asked for is worse than none.
"""

from __future__ import annotations

import numpy as np

from .goal import TOLERANCE_M, Goal, GoalPart
from .protocols import Array, StateBatch, WorldModel
from .sight import contrast, nothing_seen
from .vocabulary import UNSEEN, Subject, Thing, Vocabulary

SURE = 0.8
"""Confidence from which a place named in words is asked for beside the place in metres: a thing
between two places reads as either."""


def goal_of_picture(world: WorldModel, vocabulary: Vocabulary, picture: Array) -> Goal:
    """The goal that a picture (H, W, 3) uint8 RGB shows; ``understood`` is False for a useless one.

    Raises ValueError, from the model, for an array that is not a picture.
    """
    states = world.encode(np.ascontiguousarray(picture.transpose(2, 0, 1))[None])
    answers = world.read(states, vocabulary.queries)[0]
    why, confidence = _useless(vocabulary, answers, picture)
    if why:
        return Goal((), source="image", understood=False, confidence=confidence, message=why)
    parts: list[GoalPart] = []
    positions = _positions(world, vocabulary, states)
    for i in vocabulary.lasting:
        subject = vocabulary.subjects[i]
        nearest, sure = subject.nearest(answers[i])
        row = int(nearest)
        statement = subject.statement_ids[row]
        if statement.endswith(UNSEEN):
            continue
        thing = next((t for t in vocabulary.things if t.subject == subject.id), None)
        if thing is not None and len(positions) and _stands_alone(vocabulary, subject, statement):
            at = positions[vocabulary.things.index(thing)]
            parts.append(place_part(vocabulary, thing, at))
            if sure < SURE:
                continue
        parts.append(
            GoalPart(subject.statements[row], subject.embeddings[row], subject.id,
                     statement, vocabulary.met_threshold)
        )
    text = " and ".join(part.text for part in parts)
    return Goal(tuple(parts), text=text, source="image", confidence=confidence)


def place_part(
    vocabulary: Vocabulary, thing: Thing, position: Array, tolerance_m: float = TOLERANCE_M
) -> GoalPart:
    """The metric part that asks for a thing at a position (3,) in metres, optical frame."""
    x, y, z = (float(value) for value in position)
    return GoalPart(
        text=f"the {name_of(thing)} is at the marked spot",
        embedding=thing.query,
        subject=thing.subject,
        threshold=vocabulary.met_threshold,
        thing=thing.id,
        position=(x, y, z),
        tolerance_m=tolerance_m,
    )


def name_of(thing: Thing) -> str:
    """How a thing is called: 'cube', or 'red cube' for the thing 'red'."""
    return thing.id if thing.id == "cube" else f"{thing.id} cube"


def pose_goal(vocabulary: Vocabulary, thing_id: str, position: Array, tolerance_m: float) -> Goal:
    """The goal that a thing is at a position (3,), metres, optical frame.

    ``thing_id`` may be empty where there is only one thing. Raises ValueError.
    """
    known = {thing.id: thing for thing in vocabulary.things}
    if not known:
        raise ValueError(
            f"kind: a pose; model {vocabulary.model_id} locates nothing in metres, allowed: goals "
            "in words, pictures, embeddings"
        )
    if not thing_id and len(known) == 1:
        thing_id = next(iter(known))
    if thing_id not in known:
        raise ValueError(f"thing: {thing_id!r}; allowed: {', '.join(known)}")
    part = place_part(vocabulary, known[thing_id], position, tolerance_m)
    return Goal((part,), text=part.text, source="pose")


def _useless(vocabulary: Vocabulary, answers: Array, picture: Array) -> tuple[str, float]:
    """Why a picture cannot be a goal, in words ("" when it can), and the confidence in it."""
    lasting = [(vocabulary.subjects[i], answers[i]) for i in vocabulary.lasting]
    confidence = float(np.mean([subject.nearest(answer)[1] for subject, answer in lasting]))
    if why := nothing_seen(vocabulary, answers, contrast(picture)):
        return f"the picture says nothing: {why}", min(confidence, vocabulary.sight_threshold) / 2
    off, limit = strangeness(vocabulary, answers), vocabulary.strange_threshold
    if off > limit:
        return (f"the picture is not of a scene this model knows (its meanings are {off:.3f} off, "
                f"at most {limit:g})"), confidence * limit / off / 2
    looks = vocabulary.looks
    if looks is not None and (left := looks.left_over(picture)) > looks.limit:
        return (f"the picture does not look like the scene this model knows ({left:.2f} off, at "
                f"most {looks.limit:.2f}): turned, cut or of something else"
                ), confidence * looks.limit / left / 2
    return "", confidence


def strangeness(vocabulary: Vocabulary, answers: Array) -> float:
    """Mean cosine distance between a picture's answers (S, D) and the statements read from them.

    An answer that lies between the statements means none of them, however sure the choice is.
    """
    distances = [
        1.0 - (vocabulary.subjects[i].embeddings @ answers[i]).max() for i in vocabulary.lasting
    ]
    return float(np.mean(distances))


def _positions(world: WorldModel, vocabulary: Vocabulary, states: StateBatch) -> Array:
    """(T, 3) of the vocabulary's things; empty where the model cannot locate."""
    if not vocabulary.things or not world.can_locate:
        return np.zeros((0, 3), np.float32)
    queries = np.stack([thing.query for thing in vocabulary.things])
    return world.locate(states, queries)[0]


def _stands_alone(vocabulary: Vocabulary, subject: Subject, statement: str) -> bool:
    """Whether a statement names a place of the thing's own on the table.

    That a thing is inside something is said by several subjects with one statement; that it stands
    on another thing ends with the other's name.
    """
    shared = sum(statement in other.statement_ids for other in vocabulary.subjects) > 1
    on_other = any(
        statement.endswith(f"_{thing.id}") and thing.subject != subject.id
        for thing in vocabulary.things
    )
    return not shared and not on_other
