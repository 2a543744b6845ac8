"""Y-decoders: from a subject's meaning to words, each with a confidence.

The nearest phrase of the vocabulary cannot invent anything. The generator writes its own words;
what contradicts the embedding it was written from is given confidence 0 and is not spoken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..planning.vocabulary import Vocabulary
from .segments import Array

AGREEMENT = 0.5
"""Least cosine of a written text, embedded again, with the meaning it was written from. Statements
about one subject and answers about another lie below, right ones above 0.7."""


@dataclass(frozen=True)
class Phrase:
    """Words for one subject: the nearest `statement` (an index), `text`, confidence in [0, 1]."""

    statement: int
    text: str
    confidence: float


class Words(Protocol):
    """What the speaker asks of a Y-decoder."""

    def read(self, subjects: Sequence[int], means: Array) -> list[Phrase]:
        """A phrase for each of `subjects`, indices of the vocabulary, from unit means (B, D)."""
        ...


class NearestPhrase:
    """The nearest statement of the vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def read(self, subjects: Sequence[int], means: Array) -> list[Phrase]:
        found = []
        for index, mean in zip(subjects, means, strict=True):
            subject = self.vocabulary.subjects[index]
            best, confidence = subject.nearest(mean)
            found.append(Phrase(int(best), subject.statements[int(best)], float(confidence)))
        return found


class WrittenPhrase:
    """A generator's sentence, checked against the meaning it was written from.

    Args:
        write: unit means (B, D) -> (text, probability) each.
        embed: texts -> unit embeddings (B, D) of the same model.
    """

    def __init__(
        self, vocabulary: Vocabulary, write: Callable[[Array], list[tuple[str, float]]],
        embed: Callable[[list[str]], Array], agreement: float = AGREEMENT,
    ) -> None:
        self.vocabulary, self.write, self.embed = vocabulary, write, embed
        self.agreement = agreement
        self.refused = 0
        """How many texts contradicted their own embedding so far."""

    def read(self, subjects: Sequence[int], means: Array) -> list[Phrase]:
        if not len(subjects):
            return []
        means = np.asarray(means, dtype=np.float32)
        written = self.write(means)
        again = self.embed([text or "nothing" for text, _ in written])
        found = []
        for index, mean, (text, likely), vector in zip(
            subjects, means, written, again, strict=True
        ):
            subject = self.vocabulary.subjects[index]
            wanted, sure = subject.nearest(mean)
            says, _ = subject.nearest(vector)
            agrees = bool(text) and says == wanted and float(vector @ mean) >= self.agreement
            self.refused += not agrees
            confidence = likely * float(sure) if agrees else 0.0
            found.append(Phrase(int(wanted), text, confidence))
        return found
