"""The stream of readouts on one side, what is said about it on the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from ..planning.sight import nothing_seen
from ..planning.vocabulary import MOMENTARY, Vocabulary
from .adaptive import Adaptive
from .attempts import Attempt, AttemptConfig, Attempts
from .detectors import Detector
from .question_words import counts
from .segments import Array, Change, SegmentConfig
from .speak import Speaker, Utterance
from .words import Words

HOLD_S = 1.2
"""How long a new meaning must last to be spoken: an arm in front of the cube hides it for up to a
second (development streams: 15% of the lines false at 0.6 s, 8% at 0.8 s, none at 1.2 s)."""
HOLD_CARRIED_S = 1.6
"""The same where several things are carried about, over and onto each other (development streams of
the workbench: 5.2% of the lines false at 1.2 s, 2.3% at 1.6 s)."""
GATHER_S = 3.0
"""How long a change may wait because the number of cubes on the table is changing, or because that
is all that changed: what is lifted, carried and put down is one event."""


@dataclass(frozen=True)
class Spoken:
    """An utterance and the change of meaning that caused it."""

    change: Change
    utterance: Utterance


class Voice:
    """Detector and speaker of one vocabulary.

    Silent subjects, those of the moment (what the robot is doing), and those that another one says
    more about are not spoken of. Indices in a `Spoken`'s change are those of `subjects`.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        config: SegmentConfig | None = None,
        min_confidence: float = 0.5,
        detector: Detector | None = None,
        words: Words | None = None,
        silent: Collection[str] = MOMENTARY,
        attempts: AttemptConfig | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.subjects = spoken_subjects(vocabulary, silent)
        spoken = {s.id for s in self.subjects.subjects}
        self._heard = [i for i, s in enumerate(vocabulary.subjects) if s.id in spoken]
        self.detector = detector or our_detector(self.subjects, config or our_config(vocabulary))
        self.speaker = Speaker(self.subjects, min_confidence, words)
        self._attempts = Attempts(vocabulary, attempts)
        self._waiting: deque[Attempt] = deque()

    @property
    def signal(self) -> float:
        """How near the next change is: 1 where it begins."""
        return max(self.detector.signal, self._attempts.signal)

    def heard(self, answers: Array) -> Array:
        """(..., H, D): of answers (..., S, D) the rows of the subjects that are spoken of."""
        return np.asarray(answers[..., self._heard, :])

    def update(
        self, stamp: float, answers: Array, picture: Array | None = None,
        contrast: float = np.inf,
    ) -> Spoken | None:
        """Take the answers (S, D) to the vocabulary's queries at `stamp` seconds.

        `picture` (H, W, 3) uint8 is needed by detectors that look at it. A frame that shows nothing
        (its `contrast`, or answers that fit nothing: planning.sight) is passed over.
        """
        known = len(self.vocabulary.subjects)
        if np.shape(answers)[:1] != (known,):
            raise ValueError(
                f"answers: {len(answers)} subjects; allowed: {known}, those of the vocabulary"
            )
        rows = np.asarray(answers, dtype=np.float64)
        if np.isfinite(rows).all() and nothing_seen(self.vocabulary, rows, contrast):
            return None
        change = self.detector.update(stamp, self.heard(rows), picture)
        attempt = self._attempts.update(stamp, rows)
        if attempt is not None and self.speaker.started:
            self._waiting.append(attempt)
        if change is None and self.speaker.unsure:
            change = self._look_again(stamp)
        spoken = None if change is None else self._say(change)
        if spoken is None and self._waiting:
            spoken = self._tell(self._waiting.popleft(), rows)
        return spoken

    def finish(self) -> list[Spoken]:
        """The stream has ended: what an offline detector leads to."""
        said = [self._say(change) for change in self.detector.finish()]
        return [spoken for spoken in said if spoken is not None]

    def _say(self, change: Change) -> Spoken | None:
        utterance = self.speaker.say(change)
        return None if utterance is None else Spoken(change, self._whole(utterance))

    def _tell(self, attempt: Attempt, answers: Array) -> Spoken:
        """A failed attempt: nothing changed, `previous` and `statement` are the same."""
        lock = self.vocabulary.subjects[attempt.subject]
        statement = lock.statements[attempt.statement]
        heard = self.detector.means()
        place = (self._heard.index(attempt.subject),) if attempt.subject in self._heard else ()
        utterance = Utterance(
            attempt.text, lock.id, statement, statement, attempt.confidence, 0.0,
            answers[attempt.subject].astype(np.float32), self.speaker.now_true(), (lock.id,),
        )
        change = Change(
            place, (0.0,) * len(place), attempt.began, attempt.stamp, heard, heard
        )
        return Spoken(change, self._whole(utterance))

    def _whole(self, utterance: Utterance) -> Utterance:
        """`now_true` in the order of the whole vocabulary, "" where nothing is said."""
        rows = [""] * len(self.vocabulary.subjects)
        for index, text in zip(self._heard, utterance.now_true, strict=True):
            rows[index] = text
        return replace(utterance, now_true=tuple(rows))

    def _look_again(self, stamp: float) -> Change:
        """A segment too short to be read with confidence grows: its mean is read once more."""
        unsure, means = self.speaker.unsure, self.detector.means()
        return Change(unsure, (0.0,) * len(unsure), stamp, stamp, means, means)


def our_config(vocabulary: Vocabulary) -> SegmentConfig:
    """How readily a change is spoken of, by what a model can read."""
    carried = any(counts(subject) for subject in vocabulary.subjects)
    return SegmentConfig(hold=HOLD_CARRIED_S if carried else HOLD_S)


def our_detector(
    subjects: Vocabulary, config: SegmentConfig, patience: float = 0.0, gather: float = GATHER_S
) -> Adaptive:
    """The change detection of a stream of answers about these subjects."""
    derived = [i for i, subject in enumerate(subjects.subjects) if counts(subject)]
    return Adaptive(config, patience, gather, derived)


def spoken_subjects(vocabulary: Vocabulary, silent: Collection[str] = MOMENTARY) -> Vocabulary:
    """Those of a vocabulary that are spoken of."""
    left_out = {*silent, *MOMENTARY, *coarser(vocabulary)}
    heard = tuple(s for s in vocabulary.subjects if s.id not in left_out)
    return Vocabulary(vocabulary.model_id, heard)


def coarser(vocabulary: Vocabulary) -> set[str]:
    """Ids of subjects that share a statement with one that tells more values apart."""
    found = set()
    for subject in vocabulary.subjects:
        for other in vocabulary.subjects:
            shared = set(subject.statement_ids) & set(other.statement_ids)
            if shared and len(subject.statement_ids) < len(other.statement_ids):
                found.add(subject.id)
    return found
