"""The stream of readouts on one side, what is said about it on the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..planning.vocabulary import Vocabulary
from .segments import Array, Change, SegmentConfig, Segmenter
from .speak import Speaker, Utterance


@dataclass(frozen=True)
class Spoken:
    """An utterance and the change of meaning that caused it."""

    change: Change
    utterance: Utterance


class Voice:
    """Segmenter and speaker of one vocabulary."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        config: SegmentConfig | None = None,
        min_confidence: float = 0.5,
    ) -> None:
        self.segmenter = Segmenter(config)
        self.speaker = Speaker(vocabulary, min_confidence)

    def update(self, stamp: float, answers: Array) -> Spoken | None:
        """Take the answers (S, D) to the vocabulary's queries at ``stamp`` seconds."""
        subjects = len(self.speaker.vocabulary.subjects)
        if np.shape(answers)[:1] != (subjects,):
            raise ValueError(
                f"answers: {len(answers)} subjects; allowed: {subjects}, those of the vocabulary"
            )
        change = self.segmenter.update(stamp, answers)
        if change is None and self.speaker.unsure:
            change = self._look_again(stamp)
        if change is None:
            return None
        utterance = self.speaker.say(change)
        return None if utterance is None else Spoken(change, utterance)

    def _look_again(self, stamp: float) -> Change:
        """A segment too short to be read with confidence grows: its mean is read once more."""
        unsure, means = self.speaker.unsure, self.segmenter.means()
        return Change(unsure, (0.0,) * len(unsure), stamp, stamp, means, means)
