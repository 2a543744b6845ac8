"""Stretches of a recording in which something may have happened, and how well a phrase fits one.

Signs are put together: what the model sees going on (the answer to "what is the robot doing?"),
what is different afterwards (readouts before and after), whether the phrase, imagined as an action
from the state before, leads to the state after, and whether it tells that state from others. The
weights were chosen on clips of development seeds in wordings of their own (docs/speaking.md has the
figures of each sign alone).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vljepa_ros.planning.protocols import Array
from vljepa_ros.planning.vocabulary import MOMENTARY, Vocabulary

from .features import Features
from .phrase import TRYING, Phrase
from .presumed import presumed
from .trying import guesses, tried

EDGE_ROWS = 2  # rows averaged for what holds before and after
CHANGED = 0.5  # a statement's probability must move by this for its subject to have changed
_SLIGHT = 1.0  # sum of cosine distances up to which a change explained counts only in part
_HALF = 0.5  # explained: neither for nor against
MOVING = 40.0  # grey levels of `Features.motion` from which something moves


@dataclass(frozen=True)
class Weights:
    """How much each sign counts."""

    activity: float = 2.0
    change: float = 1.0
    imagined: float = 3.0
    explains: float = 0.0  # between events, not between phrases: `retrieve` counts it
    outcome: float = 0.5
    trying: float = 1.0
    works: float = 0.25
    presumed: float = 1.5
    holds: float = 2.0
    meanwhile: float = 2.0


@dataclass(frozen=True)
class Event:
    """A stretch from ``start`` to ``end`` (s) whose most telling moment is ``moment``.

    ``tokens`` (K, W) the state before; ``before``, ``after`` (S, D) unit answers; ``activity``
    (A, D) answers of the momentary subjects while something moved; ``changed`` the subjects that
    are different afterwards; ``moving`` whether anything moved at all.
    """

    start: float
    end: float
    moment: float
    tokens: Array
    before: Array
    after: Array
    activity: Array
    changed: tuple[int, ...]
    moving: bool
    trying: tuple[str, ...] = ()  # of a try in vain: of `phrase.TRYING`, for each row of `activity`

    @property
    def outcome(self) -> int:
        """Index in `phrase.OUTCOMES`: done, failed, quiet."""
        return 0 if self.changed else (1 if self.moving else 2)


def whole(features: Features, vocabulary: Vocabulary) -> Event:
    """All rows of a recording as one event."""
    return between(features, vocabulary, 0, len(features) - 1)


def found_in(features: Features, vocabulary: Vocabulary, spans: Array) -> list[Event]:
    """The events of the row spans (E, 2) of a recording."""
    return [between(features, vocabulary, int(first), int(last)) for first, last in spans]


def between(features: Features, vocabulary: Vocabulary, first: int, last: int) -> Event:
    """Rows ``first`` to ``last`` as one event."""
    part = features.rows(first, last)
    answers = part.answers.astype(np.float32)
    before, after = _unit(answers[:EDGE_ROWS].mean(0)), _unit(answers[-EDGE_ROWS:].mean(0))
    changed = changed_subjects(vocabulary, before, after)
    motion = part.motion.astype(np.float32)
    moves = motion >= MOVING
    momentary = [i for i, s in enumerate(vocabulary.subjects) if s.id in MOMENTARY]
    rows = answers[moves] if moves.any() else answers
    activity = _unit(rows[:, momentary].mean(0)) if momentary else np.zeros((0, answers.shape[-1]))
    moment = _moment(part, answers, before, after, changed, moves)
    attempts = tried(vocabulary, before, activity) if moves.any() and not changed else []
    if attempts:
        activity = np.stack([meaning for _, meaning in attempts])
    return Event(
        float(part.stamps[0]), float(part.stamps[-1]), moment,
        part.tokens[: EDGE_ROWS].astype(np.float32)[0], before, after, activity, changed,
        bool(moves.any()), tuple(verb for verb, _ in attempts),
    )


def changed_subjects(vocabulary: Vocabulary, before: Array, after: Array) -> tuple[int, ...]:
    """Lasting subjects whose nearest statement differs and moved clearly."""
    found = []
    for i in vocabulary.lasting:
        subject = vocabulary.subjects[i]
        old, _ = subject.nearest(before[i])
        new, _ = subject.nearest(after[i])
        if old == new:
            continue
        gain = _probabilities(subject.embeddings @ after[i]) - _probabilities(
            subject.embeddings @ before[i]
        )
        if gain[int(new)] >= CHANGED:
            found.append(i)
    return tuple(found)


def scores(
    world: Any, events: Sequence[Event], texts: Sequence[Phrase], weights: Weights | None = None,
    imagine: bool = True,
) -> dict[str, Array]:
    """How well each event fits each phrase: (E, P) by sign, and ``total``, their weighted sum.

    Without ``imagine`` the signs that run the model are left at 0.
    """
    weights = weights or Weights()
    embeddings = np.stack([p.embedding for p in texts])
    outcomes = np.stack([p.outcome for p in texts])
    kind = np.array([e.outcome for e in events])
    signs = {
        "activity": np.stack([_activity(world.vocabulary, e, embeddings) for e in events]),
        "change": np.stack([_change(e, embeddings) for e in events]),
        "outcome": np.log(outcomes.T[kind] + 1e-3),
        "trying": np.stack([_trying(world.vocabulary, e, texts, embeddings) for e in events]),
        "holds": np.array([[_holds(world.vocabulary, e, p) for p in texts] for e in events]),
        "meanwhile": np.array([[_meanwhile(world.vocabulary, e, p) for p in texts]
                               for e in events]),
    }
    nothing = np.zeros((len(events), len(texts)))
    signs["imagined"], signs["works"] = (
        _imagined(world, events, texts) if imagine else (nothing, nothing)
    )
    signs["presumed"] = nothing
    if imagine:
        actions = [phrase.action for phrase in texts]
        signs["presumed"] = presumed(world, events, actions, signs["works"])
    failing = (kind == 1)[:, None]
    # What failed was not to work: of a try in vain, likely success speaks against the phrase.
    signs["works"] = np.where(failing, -signs["works"], np.where(
        (kind == 0)[:, None], signs["works"], 0.0))
    signs["imagined"] = np.where((kind == 0)[:, None], signs["imagined"], 0.0)
    # Of a phrase about a try in vain nothing was to come.
    signs["explains"] = outcomes[:, 0] * (
        _explained(world.vocabulary, events, signs["imagined"]) if imagine else nothing
    )
    signs["total"] = sum(getattr(weights, name) * signs[name] for name in list(signs))
    return signs


def _trying(
    vocabulary: Vocabulary, event: Event, texts: Sequence[Phrase], embeddings: Array
) -> Array:
    """(P,) log-probability that a phrase speaks of trying what is tried in the event with the thing
    that the phrase is about, and that this is the thing: all that may be it are as likely.

    Where the model knows no activities and nothing is locked, nothing was tried: it was misread.
    """
    if not event.trying:
        misread = event.outcome == 1 and guesses(vocabulary)
        return np.full(len(texts), np.log(1e-2) if misread else 0.0)
    about = (event.activity @ embeddings.T).argmax(axis=0)
    ways = [TRYING.index(event.trying[i]) for i in about]
    spoken = [phrase.trying[way] for phrase, way in zip(texts, ways, strict=True)]
    return np.asarray(np.log(np.array(spoken) + 1e-2) - np.log(len(event.trying)))


def _activity(vocabulary: Vocabulary, event: Event, embeddings: Array) -> Array:
    """(P,) largest cosine of what the robot does with each embedding (P, D).

    1 less where the model knows no activities: what it can only guess for a try in vain must not
    count for that event against those in which something was done.
    """
    if not len(event.activity):
        return np.zeros(len(embeddings))
    return np.asarray((event.activity @ embeddings.T).max(axis=0) - guesses(vocabulary))


def _change(event: Event, embeddings: Array) -> Array:
    """(P,) how much nearer to the phrase the changed subjects came."""
    if not event.changed:
        return np.zeros(len(embeddings))
    index = list(event.changed)
    return np.asarray(((event.after - event.before)[index] @ embeddings.T).max(axis=0))


def _meanwhile(vocabulary: Vocabulary, event: Event, phrase: Phrase) -> float:
    """0 when everything holds that must hold during the event, down to -1 a part that does not."""
    ids = [subject.id for subject in vocabulary.subjects]
    total = 0.0
    for part in phrase.meanwhile:
        i = ids.index(part.subject)
        cosine = max(float(event.before[i] @ part.embedding),
                     float(event.after[i] @ part.embedding))
        total -= min(1.0, max(0.0, 1.0 - cosine))
    return total


def _holds(vocabulary: Vocabulary, event: Event, phrase: Phrase) -> float:
    """0 when all holds that a phrase says of what the event left as it was, else down to -1 a
    statement: where the drawer is unlocked, nobody pulled at a locked one.

    0 of an event that changed nothing: what was tried in vain is not true of it.
    """
    if not event.changed:
        return 0.0
    ids = [subject.id for subject in vocabulary.subjects]
    total = 0.0
    for sure, part in phrase.says:
        i = ids.index(part.subject)
        if i not in event.changed:
            total -= sure * min(1.0, max(0.0, 1.0 - float(event.after[i] @ part.embedding)))
    return total


def _imagined(
    world: Any, events: Sequence[Event], texts: Sequence[Phrase]
) -> tuple[Array, Array]:
    """(E, P) minus the distance between the imagined and the true state after, and will-it-work."""
    from vljepa_ros.model.world_model import LatentStates

    queries = world.vocabulary.queries
    lasting = world.vocabulary.lasting
    actions = [phrase.action for phrase in texts]
    fits, works = [], []
    for start in range(0, len(events), 64):
        batch = events[start : start + 64]
        states = LatentStates(torch.from_numpy(np.stack([e.tokens for e in batch])))
        imagined = world.imagine(states, actions, queries)
        after = np.stack([e.after for e in batch])
        cosine = np.einsum("epsd,esd->eps", imagined.readouts, after)[..., lasting]
        fits.append(-(1.0 - cosine).sum(axis=-1))
        works.append(imagined.works)
    return np.concatenate(fits), np.concatenate(works)


def _explained(vocabulary: Vocabulary, events: Sequence[Event], imagined: Array) -> Array:
    """(E, P) how much of the event the phrase, imagined, makes up for: 0.5 all of it, -0.5 no more
    than if nothing had been done, down to -1.5; 0 of an event that changed nothing.

    Where little changed, any phrase that does little fits well (`imagined`): this tells such an
    event from one in which it really happened.
    """
    found = np.zeros_like(imagined)
    for i, event in enumerate(events):
        if event.changed:
            cosine = np.einsum("sd,sd->s", event.before, event.after)[vocabulary.lasting]
            distance = float((1.0 - cosine).sum())
            share = (distance + imagined[i]) / max(distance, _SLIGHT)
            found[i] = np.clip(share, -1.0, 1.0) - _HALF
    return found


def _moment(
    part: Features, answers: Array, before: Array, after: Array, changed: tuple[int, ...],
    moves: Array,
) -> float:
    """When the changed subjects came nearer to after than to before; else the middle of motion."""
    if changed:
        index = list(changed)
        nearer = np.einsum("nsd,sd->n", answers[:, index], (after - before)[index])
        return float(part.stamps[int(np.argmax(nearer > nearer.mean()))])
    rows = np.flatnonzero(moves)
    return float(part.stamps[int(rows[len(rows) // 2])] if len(rows) else part.stamps.mean())


def _unit(rows: Array) -> Array:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-6))


def _probabilities(cosines: Array) -> Array:
    weights = np.exp((cosines - cosines.max()) / 0.07)
    return np.asarray(weights / weights.sum())
