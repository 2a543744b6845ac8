"""Words for a change of meaning: what changed, and what is now true.

The words come from a Y-decoder (:mod:`.words`), once a segment, from its mean embedding; no frame
is decoded on its own. A segment that reads like the one before says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..planning.vocabulary import Vocabulary
from .segments import Array, Change
from .words import NearestPhrase, Phrase, Words

_COPULAS = {"is": "it was", "are": "they were"}


@dataclass(frozen=True)
class Utterance:
    """What is said about a change.

    ``subject`` changed most: ``statement`` is now true of it, ``previous`` was ("" at first sight).
    ``now_true`` holds a statement a subject; ``confidence`` in [0, 1] and ``change`` (cosine
    distance) are the subject's; ``embedding`` (D,) is the mean meaning it was read from;
    ``subjects`` are all that are news. Of a failed attempt ``previous`` equals ``statement``.
    """

    text: str
    subject: str
    statement: str
    previous: str
    confidence: float
    change: float
    embedding: Array
    now_true: tuple[str, ...]
    subjects: tuple[str, ...] = ()


class Speaker:
    """Remembers what was said last, so that nothing is said twice."""

    def __init__(
        self, vocabulary: Vocabulary, min_confidence: float = 0.5, words: Words | None = None
    ) -> None:
        if not 0 <= min_confidence <= 1:
            raise ValueError(f"min_confidence = {min_confidence!r} is not usable; allowed: 0 to 1")
        self.vocabulary = vocabulary
        self.min_confidence = min_confidence
        self.words = words or NearestPhrase(vocabulary)
        self._said: dict[int, Phrase] = {}  # subject index -> what is held true of it
        self._unsure: set[int] = set()

    @property
    def unsure(self) -> tuple[int, ...]:
        """Subjects whose segment could not be read with confidence yet."""
        return tuple(sorted(self._unsure))

    @property
    def started(self) -> bool:
        """Whether anything was said yet."""
        return bool(self._said)

    def say(self, change: Change) -> Utterance | None:
        """The words for a change, or None when the meaning is as it was or cannot be read."""
        order = [*change.subjects, *sorted(self._unsure - set(change.subjects))]
        news: list[tuple[int, Phrase | None]] = []  # subject, what was said before
        first = not self._said
        read = self.words.read(order, change.means[order])
        for index, phrase in zip(order, read, strict=True):
            if phrase.confidence < self.min_confidence:
                self._unsure.add(index)
                continue
            self._unsure.discard(index)
            before = self._said.get(index)
            if before is not None and phrase.statement == before.statement:
                continue
            told = phrase.text in self.now_true()
            self._said[index] = phrase
            if first or not told:  # two subjects may share a statement: it is news once
                news.append((index, before))
        if not news:
            return None
        top, before = news[0]
        text = self.scene() if first else " ".join(self._news(*item) for item in news)
        position = change.subjects.index(top) if top in change.subjects else None
        return Utterance(
            text=text,
            subject=self.vocabulary.subjects[top].id,
            statement=self._said[top].text,
            previous="" if before is None else before.text,
            confidence=self._said[top].confidence,
            change=change.distances[position] if position is not None else 0.0,
            embedding=change.means[top].astype(np.float32),
            now_true=self.now_true(),
            subjects=tuple(self.vocabulary.subjects[index].id for index, _ in news),
        )

    def now_true(self) -> tuple[str, ...]:
        """The statement held true of each subject, in the vocabulary's order; "" when unsure."""
        return tuple(
            self._said[i].text if i in self._said else ""
            for i in range(len(self.vocabulary.subjects))
        )

    def scene(self) -> str:
        """The whole scene in one sentence."""
        return sentence(join_words([text for text in dict.fromkeys(self.now_true()) if text]))

    def _news(self, index: int, before: Phrase | None) -> str:
        now = self._said[index].text
        return sentence(now) if before is None else change_in_words(before.text, now)


def change_in_words(before: str, now: str) -> str:
    """ "The drawer is open now (it was closed)." for "the drawer is closed", "the drawer is open".

    Statements that do not share their words up to "is" or "are" are put side by side.
    """
    old, new = before.rstrip(". ").split(), now.rstrip(". ").split()
    for copula, pronoun in _COPULAS.items():
        if copula not in old or copula not in new:
            continue
        split = new.index(copula) + 1
        if old[:split] == new[:split]:
            was = " ".join(old[split:])
            return sentence(f"{' '.join(new)} now ({pronoun} {was})")
    return sentence(f"{' '.join(new)} now (before: {' '.join(old)})")


def join_words(statements: list[str]) -> str:
    """ "a, b and c"."""
    if len(statements) < 2:
        return "".join(statements)
    return f"{', '.join(statements[:-1])} and {statements[-1]}"


def sentence(text: str) -> str:
    """With a capital letter and one full stop."""
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""
