"""Failed attempts that can be seen: the robot pulls at something locked, and nothing moves.

The state does not change, so change detection is silent; what the robot is doing is read from its
motion (subject ``activity``). A bout of opening or shutting a thing whose lock reads locked is an
attempt, said once a bout. By the ids of the vocabulary: ``activity.open_X`` or ``close_X``, a
subject ``X``, a subject ``X_lock`` with the statement ``X_lock.locked``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..planning.vocabulary import Subject, Vocabulary
from .segments import Array

ACTIVITY = "activity"
_VERBS = ("open", "close")
_TEMPERATURE = 0.07  # as of the readings
_SETTLED = 3  # frames
_UNMOVED = 0.7  # share of a bout's frames in which the thing must read as it stood before


@dataclass(frozen=True)
class AttemptConfig:
    """`seconds` of pulling make an attempt; a bout ends after `pause` seconds without."""

    seconds: float = 1.2
    pause: float = 0.7
    confidence: float = 0.6  # of the activity, and of the locked lock

    def __post_init__(self) -> None:
        for name, low, high in (("seconds", 0, 60), ("pause", 0, 60), ("confidence", 0, 1)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} = {value!r} is not usable; allowed: {low} to {high}")


@dataclass(frozen=True)
class Attempt:
    """`subject` is the index of the lock, `statement` that of "locked" in it; seconds."""

    subject: int
    statement: int
    text: str
    confidence: float
    began: float
    stamp: float


@dataclass
class _Bout:
    """One thing that may be pulled at, and the bout that goes on.

    Sums over the bout: a single misread frame must not end it. `stood` is how the thing stood
    before, once it read so for `_SETTLED` frames in a row.
    """

    thing: int
    lock: int
    locked: int
    activities: list[int]
    stood: int = -1
    run: tuple[int, int] = (-1, 0)  # reading outside bouts, and for how many frames
    began: float | None = None
    seen: float = 0.0
    count: int = 0
    pulling: float = 0.0
    locked_sum: float = 0.0
    unmoved: int = 0
    said: bool = False

    def rest(self, reading: int) -> None:
        """A frame outside any bout."""
        same = reading == self.run[0]
        self.run = (reading, self.run[1] + 1 if same else 1)
        if self.run[1] >= _SETTLED:
            self.stood = reading

    def begin(self, stamp: float) -> None:
        self.began, self.count, self.said = stamp, 0, False
        self.pulling, self.locked_sum, self.unmoved = 0.0, 0.0, 0
        self.run = (-1, 0)

    def add(self, stamp: float, pulling: float, locked: float, reading: int) -> None:
        self.seen, self.count = stamp, self.count + 1
        self.pulling += pulling
        self.locked_sum += locked
        self.unmoved += reading == self.stood


class Attempts:
    """Feed it every frame's answers, in order of time."""

    def __init__(self, vocabulary: Vocabulary, config: AttemptConfig | None = None) -> None:
        self.vocabulary, self.config = vocabulary, config or AttemptConfig()
        self._index = {s.id: i for i, s in enumerate(vocabulary.subjects)}
        self._bouts = self._find() if ACTIVITY in self._index else []
        self._stamp = -np.inf

    def update(self, stamp: float, answers: Array) -> Attempt | None:
        """Take the answers (S, D) of the frame at `stamp` seconds; an attempt just seen."""
        if stamp < self._stamp:  # the clock went back
            for bout in self._bouts:
                bout.began = None
        self._stamp = stamp
        if not self._bouts:
            return None
        activity = self.vocabulary.subjects[self._index[ACTIVITY]]
        doing = _probabilities(activity, answers[self._index[ACTIVITY]])
        found = [self._follow(bout, stamp, answers, doing) for bout in self._bouts]
        return next((attempt for attempt in found if attempt is not None), None)

    @property
    def signal(self) -> float:
        """1 while a bout goes on that may turn out an attempt, else 0."""
        return float(any(
            bout.began is not None and not bout.said
            and bout.locked_sum >= self.config.confidence * bout.count for bout in self._bouts
        ))

    def _follow(
        self, bout: _Bout, stamp: float, answers: Array, doing: Array
    ) -> Attempt | None:
        subjects, config = self.vocabulary.subjects, self.config
        pulling = float(doing[bout.activities].sum())
        reading = int(subjects[bout.thing].nearest(answers[bout.thing])[0])
        if bout.began is not None and stamp - bout.seen > config.pause:
            bout.began = None
        if pulling < config.confidence:
            if bout.began is None:
                bout.rest(reading)
            return None
        if bout.began is None:
            bout.begin(stamp)
        lock = _probabilities(subjects[bout.lock], answers[bout.lock])
        bout.add(stamp, pulling, float(lock[bout.locked]), reading)
        assert bout.began is not None
        lasted = stamp - bout.began >= config.seconds and bout.count >= 3
        shut = bout.locked_sum >= config.confidence * bout.count
        if bout.said or not lasted or not shut or bout.unmoved < _UNMOVED * bout.count:
            return None
        bout.said = True
        text = in_words(subjects[bout.lock].statements[bout.locked])
        return Attempt(
            bout.lock, bout.locked, text, bout.pulling / bout.count, bout.began, stamp
        )

    def _find(self) -> list[_Bout]:
        activities = self.vocabulary.subjects[self._index[ACTIVITY]].statement_ids
        bouts = []
        for thing, i in self._index.items():
            wanted = [f"{ACTIVITY}.{verb}_{thing}" for verb in _VERBS]
            doing = [activities.index(a) for a in wanted if a in activities]
            lock = self._index.get(f"{thing}_lock")
            if not doing or lock is None:
                continue
            ids = self.vocabulary.subjects[lock].statement_ids
            if f"{thing}_lock.locked" in ids:
                bouts.append(_Bout(i, lock, ids.index(f"{thing}_lock.locked"), doing))
        return bouts


def in_words(locked: str) -> str:
    """"the drawer is locked" -> "The robot pulls at the drawer, but it is locked."."""
    thing = locked.split(" is ")[0]
    return f"The robot pulls at {thing}, but it is locked."


def _probabilities(subject: Subject, answer: Array) -> Array:
    """(V,) softmax of the cosines with the subject's statements."""
    logits = (subject.embeddings @ answer) / _TEMPERATURE
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())
