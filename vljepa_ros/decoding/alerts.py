"""Conditions in words that are watched on the stream of meanings, with hold and hysteresis.

"tell me when the drawer is left open for a minute" becomes a condition (the drawer is open) and a
hold (60 s); the condition is understood as a goal is, and compared with the readouts of every
state. It works on embeddings alone, so no text need be decoded. An alert is raised once per
occurrence: when the condition has held without a break longer than `BREAK_S`, and again only after
it was clearly over.

Stamps are seconds of camera time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..planning.goal import GoalPart
from ..planning.vocabulary import Vocabulary
from .alert_rules import AlertError, Rule, parse
from .segments import Array

BREAK_S = 1.0
"""A condition may fail this long without being over: a hand before the camera, a misread frame."""
STEADY_S = 0.5
"""Without a hold of its own a condition must be true this long, or one misread frame would do."""
RELEASE = 1.3
"""It is over only at this multiple of its threshold."""
SILENCE_S = 5.0
"""After such a gap in the stream nobody knows what was true meanwhile: the hold starts anew."""
MAX_ALERTS = 100
SURE = 0.7
"""A condition understood with less confidence is refused: nobody checks later what is watched."""


@dataclass(frozen=True)
class Raised:
    """An alert that was raised (or, ``over``, has ended): the condition holds since ``since``."""

    id: str
    text: str
    rule: str
    since: float
    held: float
    confidence: float
    over: bool = False


@dataclass
class Watched:
    """A rule that was understood, and how it stands."""

    rule: Rule
    id: str
    parts: tuple[GoalPart, ...]
    hold: float
    raised: int = 0
    since: float | None = None  # when it became true
    _true_at: float = 0.0  # when it was true last
    _up: bool = False
    _sure: float = field(default=0.0)

    @property
    def condition(self) -> str:
        """As it was understood, in words."""
        return " and ".join(dict.fromkeys(part.text for part in self.parts))

    @property
    def threshold(self) -> float:
        """The loosest of its parts'."""
        return max(self.limit(part) for part in self.parts)

    def limit(self, part: GoalPart) -> float:
        return self.rule.threshold or part.threshold

    def update(self, stamp: float, distance: float, sure: float) -> Raised | None:
        """Take the largest distance of a part, as a multiple of its threshold, and its
        probability."""
        if self.since is not None and stamp < self.since:  # the clock went back
            self.since, self._up = None, False
        if distance < 1.0 or (self.since is not None and distance < RELEASE):
            if self.since is None:
                if distance >= 1.0:
                    return None
                self.since = stamp
            self._true_at, self._sure = stamp, sure
            held = stamp - self.since
            if not self._up and held >= max(self.hold, STEADY_S):
                self._up = True
                self.raised += 1
                return self._event(stamp, over=False)
            return None
        if self.since is None or stamp - self._true_at < BREAK_S:
            return None
        ended = self._event(self._true_at, over=True) if self._up else None
        self.since, self._up = None, False
        return ended

    def forget_hold(self) -> None:
        """Nobody knows what was true meanwhile; what was raised stays raised."""
        if not self._up:
            self.since = None
        else:
            self._true_at = max(self._true_at, self.since or 0.0)

    def _event(self, stamp: float, over: bool) -> Raised:
        since = self.since if self.since is not None else stamp
        held = stamp - since
        words = _sentence(self.condition)
        if over:
            text = f"No longer: {words} It lasted {_in_words(held)}."
        else:
            text = words if self.hold <= 0 else f"{words[:-1]} for {_in_words(self.hold)} now."
        return Raised(self.id, text, self.rule.text, since, held, self._sure, over)


class Alerts:
    """All watched conditions of one vocabulary. Feed it every state; constant memory."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.watched: dict[str, Watched] = {}
        self._rows = {subject.id: i for i, subject in enumerate(vocabulary.subjects)}
        self._stamp: float | None = None

    def check_id(self, rule: Rule) -> None:
        """Raise AlertError when the rule's id is taken, or there are too many."""
        if rule.id in self.watched:
            raise AlertError(f"id: {rule.id!r} is in use; allowed: another one, or none")
        if len(self.watched) >= MAX_ALERTS:
            raise AlertError(f"alerts: {len(self.watched)}; allowed: {MAX_ALERTS} at most")

    def add(
        self, rule: Rule, parts: Sequence[GoalPart], understood: bool = True,
        confidence: float = 1.0,
    ) -> Watched:
        """Watch a rule whose condition (see `parse`) was understood as ``parts``.

        Raises AlertError when it was not understood, or not surely (`SURE`), speaks of an unknown
        subject, or its id is taken; nothing is added then.
        """
        self.check_id(rule)
        condition, told = parse(rule.text)
        if not understood or not parts or confidence < SURE:
            known = ", ".join(self.vocabulary.subjects[i].id for i in self.vocabulary.lasting)
            surely = " surely" if understood and parts else ""
            raise AlertError(
                f"text: {condition!r} is not{surely} understood; allowed: about {known}"
            )
        for part in parts:
            if part.subject not in self._rows:
                raise AlertError(f"text: speaks of {part.subject!r}; allowed: "
                                 f"{', '.join(self._rows)}")
        number = len(self.watched) + 1
        while not rule.id and f"alert_{number}" in self.watched:
            number += 1
        watched = Watched(rule, rule.id or f"alert_{number}", tuple(parts), rule.hold or told)
        self.watched[watched.id] = watched
        return watched

    def remove(self, alert_id: str) -> None:
        """Raises AlertError when there is no such alert."""
        if alert_id not in self.watched:
            known = ", ".join(self.watched) or "none is watched"
            raise AlertError(f"id: {alert_id!r}; allowed: {known}")
        del self.watched[alert_id]

    def update(self, stamp: float, answers: Array) -> list[Raised]:
        """What is raised or over by the state at ``stamp`` with answers (S, D) to the
        vocabulary's queries."""
        if self._stamp is not None and stamp - self._stamp > SILENCE_S:
            for watched in self.watched.values():
                watched.forget_hold()
        self._stamp = stamp
        events = []
        for watched in self.watched.values():
            distance, sure = self._judge(watched, answers)
            event = watched.update(stamp, distance, sure)
            if event is not None:
                events.append(event)
        return events

    def _judge(self, watched: Watched, answers: Array) -> tuple[float, float]:
        """Largest distance of a part relative to its threshold, least probability of a part."""
        distance, sure = 0.0, 1.0
        for part in watched.parts:
            row = answers[self._rows[part.subject]]
            far = 1.0 - float(part.embedding @ row)
            distance = max(distance, far / max(watched.limit(part), 1e-6))
            sure = min(sure, self._probability(part, row))
        return distance, sure

    def _probability(self, part: GoalPart, row: Array) -> float:
        subject = self.vocabulary.subjects[self._rows[part.subject]]
        if part.statement_id not in subject.statement_ids:
            return float(np.clip(part.embedding @ row, 0.0, 1.0))
        cosines = subject.embeddings @ row
        weights = np.exp((cosines - cosines.max()) / 0.07)
        return float(weights[subject.statement_ids.index(part.statement_id)] / weights.sum())


def _in_words(seconds: float) -> str:
    for unit, length in (("hour", 3600.0), ("minute", 60.0)):
        if seconds >= length:
            amount = seconds / length
            return f"{amount:.3g} {unit}{'' if abs(amount - 1) < 0.005 else 's'}"
    return f"{seconds:.2g} second{'' if abs(seconds - 1) < 0.05 else 's'}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
