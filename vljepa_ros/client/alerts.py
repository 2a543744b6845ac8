"""Alerts as the client tells of them: added, watched, heard; as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..nodes.convert import seconds


@dataclass(frozen=True)
class AlertAdded:
    """A condition that is watched from now on: the ``condition`` as it was understood, how long it
    must ``hold`` (seconds, 0: at once), the ``confidence`` (0 to 1) that it was understood."""

    id: str
    condition: str
    hold: float
    confidence: float


@dataclass(frozen=True)
class AlertWatched:
    """A condition that is being watched: ``text`` as it was given, ``condition`` as understood,
    ``threshold`` (1 - cosine, 0 to 2), ``hold`` in seconds; whether it is true now (``holding``,
    however long), and how often it was ``raised``."""

    id: str
    text: str
    condition: str
    threshold: float
    hold: float
    holding: bool
    raised: int


@dataclass(frozen=True)
class AlertHeard:
    """An alert was ``raised``, or (not ``raised``) is over. ``stamp`` and ``since``: camera time in
    seconds, of the frame that decided and of the moment the condition became true; ``held``:
    seconds; ``rule``: the condition as it was given."""

    stamp: float
    id: str
    raised: bool
    text: str
    rule: str
    since: float
    held: float
    confidence: float


def added_of(answer: Any) -> AlertAdded:
    """From AddAlert's response."""
    return AlertAdded(
        answer.id, answer.condition, seconds(answer.hold), float(answer.confidence)
    )


def watched_of(msg: Any) -> AlertWatched:
    """From AlertRule."""
    return AlertWatched(
        msg.id,
        msg.text,
        msg.condition,
        float(msg.threshold),
        seconds(msg.hold),
        msg.holding,
        int(msg.raised),
    )


def alert_of(msg: Any) -> AlertHeard:
    """From Alert."""
    return AlertHeard(
        seconds(msg.header.stamp),
        msg.id,
        msg.raised,
        msg.text,
        msg.rule,
        seconds(msg.since),
        float(msg.held),
        float(msg.confidence),
    )
