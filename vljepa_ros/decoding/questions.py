"""Visual question answering: a question in words, the state of a picture, an answer in words.

A question is taken to be about the subject whose own question lies nearest in the shared space, or
about which the goal reader finds that the sentence says something. The predictor is asked that
subject's question, and the nearest true statement is the answer; a yes-no question is compared with
it, given choices are scored by it. The thresholds were measured on the development questions
(training/phrases/dev_questions.yaml); docs/speaking.md has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..planning.goal import GoalPart
from ..planning.sight import nothing_seen
from ..planning.vocabulary import UNSEEN, Subject, Vocabulary
from .claims import NEAR, Claims, claims, joined, judge
from .question_words import (
    HOW_MANY,
    asks_quantity,
    counts,
    is_closed,
    meaning_yes,
    of_another_time,
    plain,
)
from .segments import Array
from .speak import sentence

CANNOT_SEE = "I cannot see that."
NOT_UNDERSTOOD = "I do not know what you mean."
ONLY_NOW = "I only see what is there now"
MAX_CHOICES = 64
MAX_TEXT = 500

MENTIONED = 0.7  # the goal reader's probability that a sentence speaks of a subject
NEAR_QUESTION = 0.64  # cosine to a lasting subject's question from which it is meant
NEAR_NAMED = 0.38  # the same where the subject's own words ("drawer") are in the question
NEAR_UNSAID = 0.9  # the same for a count, where no word of the question asks for a quantity
NEAR_MOMENTARY = 0.9  # the same for what the robot is doing: other small talk comes close to it
NEAR_STATEMENT = NEAR  # cosine from which a yes-no question asks for this very statement
NEAR_CHOICES = 0.8  # mean cosine of the choices to statements from which these are meant
_TEMPERATURE = 0.07
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset("a an the is are be there it on in at of to and or not another".split())
_YES, _NO = frozenset({"yes", "yeah", "true"}), frozenset({"no", "nope", "false"})


class QuestionError(ValueError):
    """A question or choices that cannot be taken at all; one line."""


class Reader(Protocol):
    """What of a world model questions need."""

    vocabulary: Vocabulary

    def embed_texts(self, texts: list[str]) -> Array:
        """Unit embeddings (N, D)."""
        ...

    def read_goals(
        self, texts: list[str]
    ) -> Sequence[Mapping[str, tuple[float, float, GoalPart]]]:
        """Per text: lasting subject -> (speaks of it, confidence, what it says)."""
        ...


@dataclass(frozen=True)
class Question:
    """A question as it was understood.

    ``subject`` None: it speaks of nothing known. ``asked`` is the statement id a yes-no question
    wants confirmed, or ""; ``yes`` are those that mean yes. ``confidence`` says how well the
    question fits its subject. ``likeness`` (C, V) cosines between the choices in the question's
    context and the statements. ``claims``: it asks about several things at once.
    """

    text: str
    subject: Subject | None
    confidence: float
    asked: str = ""
    choices: tuple[str, ...] = ()
    likeness: Array | None = None
    yes: frozenset[str] = frozenset()
    claims: Claims | None = None


@dataclass(frozen=True)
class Answer:
    """``text`` in words; ``confidence`` in [0, 1] of the answer, or of the fit when not understood;
    ``scores`` a probability for each choice."""

    text: str
    confidence: float
    understood: bool = True
    visible: bool = True
    subject: str = ""
    statement_id: str = ""
    scores: tuple[float, ...] = ()


def understand(reader: Reader, text: str, choices: Sequence[str] = ()) -> Question:
    """What a question is about. Raises QuestionError for empty, too long or repeated texts."""
    text = _checked("question", text)
    options = _checked_choices(choices)
    vocabulary = reader.vocabulary
    said = plain(text)
    if not options and (several := claims(vocabulary, said, reader.embed_texts)) is not None:
        return Question(text, several.items[0][0], 1.0, claims=several)
    context = [f"{text.rstrip('?. ')}? {option}" for option in options]
    rows = reader.embed_texts([said, *context])
    reading = reader.read_goals([said])[0]
    subject, fit = _subject(vocabulary, said, rows[0], reading)
    if options:
        told, near = _subject_of_choices(vocabulary, rows[1:])
        if near >= NEAR_CHOICES:
            subject, fit = told, max(near, fit if told is subject else 0.0)
    if subject is None:
        return Question(text, None, fit, choices=options)
    asked = ""
    if is_closed(said) and not of_another_time(said):
        if not options and (several := joined(vocabulary, said, reading, MENTIONED)) is not None:
            return Question(text, several.items[0][0], fit, claims=several)
        subject, asked = _asked(vocabulary, subject, rows[0], reading)
    likeness = rows[1:] @ subject.embeddings.T if options else None
    yes = meaning_yes(said, subject, asked) if asked else frozenset()
    return Question(text, subject, fit, asked, options, likeness, yes)


def answer(
    question: Question, row: Array, temperature: float = _TEMPERATURE
) -> Answer:
    """The answer, from the predictor's reply (D,) to the subject's own question."""
    subject = question.subject
    if subject is None:
        return Answer(NOT_UNDERSTOOD, question.confidence, understood=False)
    cosines = subject.embeddings @ row
    weights = _softmax(cosines / temperature)
    best = int(cosines.argmax())
    confidence = float(weights[best])
    found = Answer(
        sentence(subject.statements[best]), confidence, subject=subject.id,
        statement_id=subject.statement_ids[best],
    )
    if found.statement_id.endswith(UNSEEN) and question.asked != found.statement_id:
        count = len(question.choices)
        even = tuple(1.0 / count for _ in question.choices)
        return replace(found, text=CANNOT_SEE, visible=False, scores=even)
    share = 0.0
    if question.asked:
        share = float(sum(weights[subject.statement_ids.index(name)] for name in question.yes))
    if question.choices:
        scores = _choice_scores(question, weights, share)
        chosen = int(scores.argmax())
        return replace(
            found, text=question.choices[chosen], confidence=float(scores[chosen]),
            scores=tuple(float(score) for score in scores),
        )
    if question.asked:
        yes = found.statement_id in question.yes
        words = "Yes" if yes else "No"
        statement = subject.statements[best]
        sure = share if yes else 1.0 - share
        return replace(found, text=f"{words}, {statement.rstrip('.')}.", confidence=sure)
    if of_another_time(question.text):
        return replace(found, text=f"{ONLY_NOW}: {subject.statements[best].rstrip('.')}.")
    return found


def answer_about(
    question: Question, vocabulary: Vocabulary, answers: Array, contrast: float = float("inf")
) -> Answer:
    """The answer from a state's replies (S, D) to the vocabulary's queries.

    Args:
        contrast: of the picture, see `planning.sight`; too little, and nothing can be seen.
    """
    if question.subject is None:
        return answer(question, np.zeros(answers.shape[-1]))
    if nothing_seen(vocabulary, answers, contrast):
        return Answer(CANNOT_SEE, 1.0, visible=False, subject=question.subject.id)
    if question.claims is not None:
        text, sure, statement = judge(question.claims, vocabulary, answers, _TEMPERATURE)
        return Answer(text, sure, subject=question.subject.id, statement_id=statement)
    ids = [subject.id for subject in vocabulary.subjects]
    return answer(question, answers[ids.index(question.subject.id)])


def _subject(
    vocabulary: Vocabulary, text: str, row: Array,
    reading: Mapping[str, tuple[float, float, GoalPart]],
) -> tuple[Subject | None, float]:
    """The subject a question (D,) is about, or None, and how well it fits."""
    lasting = set(vocabulary.lasting)
    cosines = vocabulary.queries @ row
    words = set(_WORD.findall(text.lower()))
    best, fit = None, 0.0
    how_many, quantity = bool(HOW_MANY.match(text)), asks_quantity(text)
    for i, subject in enumerate(vocabulary.subjects):
        counting = bool(counts(subject))
        if how_many and not counting:
            continue
        near = NEAR_MOMENTARY
        if i in lasting:
            names = own_words(subject)
            near = NEAR_NAMED if names and names <= words else NEAR_QUESTION
            near = NEAR_UNSAID if counting and not quantity else near
        speaks = reading[subject.id][0] if subject.id in reading else 0.0
        reached = max(float(cosines[i]) / near, speaks / MENTIONED if speaks else 0.0)
        # Of several that are spoken of, the one whose own question is nearest.
        score = float(cosines[i]) + (1.0 if reached >= 1.0 else 0.0)
        if best is None or score > best[0]:
            best = (score, subject, reached)
            fit = max(float(cosines[i]), speaks)
    if best is None:
        return None, 0.0
    return (best[1] if best[2] >= 1.0 else None), float(np.clip(fit, 0.0, 1.0))


def own_words(subject: Subject) -> frozenset[str]:
    """The words that all statements about a subject share, common ones left out: {"drawer"}."""
    shared = [set(_WORD.findall(text.lower())) for text in subject.statements]
    return frozenset(set.intersection(*shared) - _COMMON)


def _subject_of_choices(vocabulary: Vocabulary, rows: Array) -> tuple[Subject, float]:
    """The subject whose statements the choices (C, D) come near to and are told apart by."""

    def fit(subject: Subject) -> tuple[float, float]:
        likeness = rows @ subject.embeddings.T
        near = float(likeness.max(axis=1).mean())
        return near + float((likeness - likeness.mean(axis=0)).std()), near

    best = max(vocabulary.subjects, key=lambda subject: fit(subject)[0])
    return best, min(fit(best)[1], 1.0)


def _asked(
    vocabulary: Vocabulary, subject: Subject, row: Array,
    reading: Mapping[str, tuple[float, float, GoalPart]],
) -> tuple[Subject, str]:
    """The statement a yes-no question wants confirmed, with the subject it belongs to."""
    near = [
        (float(cosine), other, i)
        for k, other in enumerate(vocabulary.subjects)
        if (k in vocabulary.lasting) == (subject.id in reading)
        for i, cosine in enumerate(other.embeddings @ row)
    ]
    cosine, other, i = max(near, key=lambda item: item[0])
    if cosine >= NEAR_STATEMENT:
        # The question's own subject first: two subjects may share a statement.
        statement = other.statement_ids[i]
        return (subject if statement in subject.statement_ids else other), statement
    spoken = [(speaks * sure, part) for speaks, sure, part in reading.values()
              if speaks >= MENTIONED]
    if spoken:
        part = max(spoken, key=lambda item: item[0])[1]
        if part.statement_id in subject.statement_ids:
            return subject, part.statement_id
        return vocabulary.subject(part.subject), part.statement_id
    return subject, ""


def _choice_scores(question: Question, weights: Array, share: float) -> Array:
    """(C,) probabilities of the choices given those of the statements (V,)."""
    options = [choice.lower().strip(" .!") for choice in question.choices]
    if question.asked and all(option in _YES | _NO for option in options):
        scores = np.array([share if option in _YES else 1.0 - share for option in options])
        return scores / scores.sum()
    assert question.likeness is not None
    # What all choices share (the question's own words) says nothing about any of them.
    own = question.likeness - question.likeness.mean(axis=1, keepdims=True)
    own = own - own.mean(axis=0, keepdims=True)
    given = np.stack([_softmax(column / _TEMPERATURE) for column in own.T], axis=1)  # (C, V)
    return np.asarray(given @ weights)


def _softmax(logits: Array) -> Array:
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


def _checked(name: str, text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise QuestionError(f"{name} is empty; allowed: 1 to {MAX_TEXT} characters")
    text = " ".join(text.split())
    if len(text) > MAX_TEXT:
        raise QuestionError(f"{name} has {len(text)} characters; allowed: 1 to {MAX_TEXT}")
    return text


def _checked_choices(choices: Sequence[str]) -> tuple[str, ...]:
    found = tuple(_checked(f"choices[{i}]", choice) for i, choice in enumerate(choices))
    if len(found) == 1 or len(found) > MAX_CHOICES:
        raise QuestionError(f"choices: {len(found)}; allowed: none, or 2 to {MAX_CHOICES}")
    seen: set[str] = set()
    for choice in found:
        if choice.lower() in seen:
            raise QuestionError(f"choices: {choice!r} twice; allowed: different answers")
        seen.add(choice.lower())
    return found
