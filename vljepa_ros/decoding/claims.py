"""Questions about several things at once: "what is open?", "is everything closed?", "is the drawer
open and the window closed?", "how many cubes are in the drawer?".

The words that ask ("what", "which cube", "anything") are replaced by each thing's own name; the
sentences that come out are statements, and the model understands them as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..planning.goal import GoalPart
from ..planning.vocabulary import UNSEEN, Subject, Vocabulary
from .question_words import counts
from .segments import Array
from .speak import join_words, sentence

NEAR = 0.85
"""Cosine from which a sentence is taken for a statement, as in `questions`."""
_NOT_PREDICATE = (
    r"(?!(?:the|a|an|it|there|this|that|these|those|your|my|you|he|she|up|going|happening)\b)"
)
_WHICH = re.compile(
    r"^(?:and |so )?(?:what|who|which)(?: of (?:them|these|those|the \w+))?"
    r"(?: (?!is\b|are\b|stands?\b|lies\b|sits\b)(?P<noun>\w+(?: \w+)?))?"
    rf"(?:(?P<s>['’]s)| (?P<verb>is|are|stands?|lies|sits)) {_NOT_PREDICATE}(?P<rest>.+)$",
    re.IGNORECASE,
)
_QUANTIFIED = re.compile(
    r"^(?P<verb>is|are|was|were) (?P<how>anything|something|everything|nothing|"
    r"(?:any|some|every|each|all)(?: of)?(?: the)? (?P<noun>\w+(?: \w+)?))(?: here)? "
    rf"{_NOT_PREDICATE}(?P<rest>.+)$",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(
    r"^(?:and |so )?how many(?: of the)?(?: (?!is\b|are\b)(?P<noun>\w+(?: \w+)?))? "
    r"(?P<verb>is|are|stand|lie|sit) "
    rf"{_NOT_PREDICATE}(?P<rest>.+)$",
    re.IGNORECASE,
)
_OF = re.compile(r"^which(?: one)? of\b", re.IGNORECASE)
_AND = re.compile(r"\b(?:and|both|but|while|as well as)\b", re.IGNORECASE)
_ANYTHING = frozenset("thing one object item of them".split())
_NAME = re.compile(r"^(.+?) (?:is|are)\b")
_WORD = re.compile(r"[a-z]+")
_IS = {"is", "are"}
_COUNT = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Claims:
    """Statements ``items`` (subject, statement id) and ``how`` they are asked for: which, any,
    every, count, or all of several different ones. What is not in sight is left out of `every`."""

    how: str
    items: tuple[tuple[Subject, str], ...]


def claims(
    vocabulary: Vocabulary, text: str, embed: Callable[[list[str]], Array]
) -> Claims | None:
    """The claims that a question puts about each thing, or None when it is no such question.

    Args:
        embed: texts -> unit embeddings (N, D).
    """
    text = text.strip().rstrip("?.! ")
    if _OF.match(text):  # "which of the two is open, the drawer or the window?"
        text = text.split(",")[0]
    for how, pattern in (("which", _WHICH), ("quantified", _QUANTIFIED), ("count", _HOW_MANY)):
        match = pattern.match(text)
        if match is None:
            continue
        if how == "quantified":
            word = match["how"].lower()
            how = "every" if word.startswith(("every", "each", "all")) else "any"
            if word == "nothing":
                return None
        groups = match.groupdict()
        verb = _singular(groups.get("verb") or "is")
        things = _things(vocabulary, groups.get("noun") or "")
        items = _items(things, f"{verb} {match['rest']}", embed)
        if not items or (how == "count" and _counted(vocabulary, items)):
            return None
        return Claims(how, items)
    return None


def joined(
    vocabulary: Vocabulary, text: str, reading: Mapping[str, tuple[float, float, GoalPart]],
    mentioned: float,
) -> Claims | None:
    """The claims of a yes-no question that makes several, one for each thing it speaks of."""
    if not _AND.search(text):
        return None
    best: dict[str, tuple[float, Subject, str]] = {}
    for subject in vocabulary.subjects:
        speaks, sure, part = reading.get(subject.id, (0.0, 0.0, None))
        if part is None or speaks < mentioned or part.statement_id not in subject.statement_ids:
            continue
        # A thing and its lock are asked about apart, two readings of one thing's place are not.
        key = subject.id if subject.id.endswith("_lock") else name_of(subject)
        if key not in best or speaks * sure > best[key][0]:
            best[key] = (speaks * sure, subject, part.statement_id)
    if len(best) < 2:
        return None
    return Claims("all", tuple((subject, name) for _, subject, name in best.values()))


def judge(
    asked: Claims, vocabulary: Vocabulary, answers: Array, temperature: float
) -> tuple[str, float, str]:
    """(the answer in words, its confidence, id of the first statement that holds, of the one thing
    asked about what holds instead, or "") from the answers (S, D) to the vocabulary's queries."""
    ids = [subject.id for subject in vocabulary.subjects]
    held, instead, sure = [], [], []
    for subject, name in asked.items:
        cosines = (subject.embeddings @ answers[ids.index(subject.id)]) / temperature
        weights = np.exp(cosines - cosines.max())
        best = int(weights.argmax())
        sure.append(float(weights[best] / weights.sum()))
        if subject.statement_ids[best] == name:
            held.append((name, subject.statements[best]))
        elif not subject.statement_ids[best].endswith(UNSEEN) or asked.how == "all":
            instead.append(subject.statements[best])
    true = join_words([text for _, text in held])
    other = join_words(list(dict.fromkeys(instead)))
    only = asked.items[0][0].statement_ids[best] if len(asked.items) == 1 else ""
    first = held[0][0] if held else only
    return _in_words(asked.how, len(held), true, other), min(sure), first


def name_of(subject: Subject) -> str:
    """What a subject's statements are about: "the red cube"; "" when they do not say so."""
    match = _NAME.match(subject.statements[0])
    return match[1] if match and not match[1].startswith("there") else ""


def _in_words(how: str, count: int, true: str, other: str) -> str:
    if how in ("every", "all"):
        if not true and not other:
            return "I can see none of them."
        return sentence(f"No, {other}") if other else sentence(f"Yes, {true}")
    if how == "any":
        return sentence(f"Yes, {true}") if true else sentence(f"No, {other}" if other else "No")
    nothing = "None that I can see" if how == "count" else "Nothing that I can see"
    if not true:
        return sentence(f"{nothing}: {other}" if other else nothing)
    number = _COUNT[count] if count < len(_COUNT) else str(count)
    return sentence(f"{number}: {true}" if how == "count" else true)


def _things(vocabulary: Vocabulary, noun: str) -> dict[str, list[Subject]]:
    """Name of a thing -> its lasting subjects, of those that a noun fits."""
    nouns = [{word, word.removesuffix("s")} for word in noun.lower().split()]
    found: dict[str, list[Subject]] = {}
    for i in vocabulary.lasting:
        subject = vocabulary.subjects[i]
        name = name_of(subject)
        own = _ANYTHING | set(name.lower().split())
        fits = all(forms & own for forms in nouns)
        if name and fits:
            found.setdefault(name, []).append(subject)
    return found


def _counted(vocabulary: Vocabulary, items: Sequence[tuple[Subject, str]]) -> bool:
    """Whether a subject that counts says all that is to be counted: "... on the table"."""
    told = {word for subject in vocabulary.subjects if counts(subject)
            for text in subject.statements for word in _WORD.findall(text.lower())}
    return all(
        set(_WORD.findall(_statement(subject, name).removeprefix(name_of(subject)))) <= told | _IS
        for subject, name in items
    )


def _statement(subject: Subject, name: str) -> str:
    return subject.statements[subject.statement_ids.index(name)]


def _items(
    things: Mapping[str, Sequence[Subject]], predicate: str, embed: Callable[[list[str]], Array]
) -> tuple[tuple[Subject, str], ...]:
    """For each thing of which the predicate is one of its statements: which."""
    if not things:
        return ()
    rows = embed([f"{name} {predicate}" for name in things])
    items = []
    for row, subjects in zip(rows, things.values(), strict=True):
        cosine, subject, name = max(
            ((float(c), subject, name) for subject in subjects
             for name, c in zip(subject.statement_ids, subject.embeddings @ row, strict=True)),
            key=lambda item: item[0],
        )
        if cosine >= NEAR and not name.endswith(UNSEEN):
            items.append((subject, name))
    return tuple(items)


def _singular(verb: str) -> str:
    verb = verb.lower()
    return {"are": "is", "was": "is", "were": "is", "stand": "stands", "lie": "lies",
            "sit": "sits"}.get(verb, verb)
