"""What the words of a question tell beside its subject: polarity, time, quantity.

English only, and only where a sentence embedding is deaf: "isn't it open?" lies beside "it is
closed", "can you see it?" beside "it is not in sight", "more than two" beside "two".
"""

from __future__ import annotations

import re

from ..planning.vocabulary import UNSEEN, Subject

_CLOSED = re.compile(
    r"(is|are|was|were|does|do|did|has|have|had|can|could|will|would|"
    r"isn't|aren't|hasn't|doesn't)\b",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\bor\b(?! not\b)", re.IGNORECASE)
_NEGATED = re.compile(
    r"^(is|are|was|were|does|do|did|has|have|had|could|would|should)n[’']t\b", re.IGNORECASE
)
_OTHER_TIME = re.compile(
    r"^will\b|\b(?:ago|yesterday|tomorrow|earlier|previously|later|soon|going to|about to)\b|"
    r"\blast (?:time|night|week|month|year|minute|hour)\b|\bbefore\W*$",
    re.IGNORECASE,
)
_NEEDED = re.compile(r"\b(?:need|needs|have|has|got) to\b", re.IGNORECASE)
_SEEING = re.compile(
    r"^(?:is|are) there\b|\b(?:see|spot|visible|in sight|in view|around|present)\b", re.IGNORECASE
)
_HIDDEN = re.compile(
    r"n[’']t\b|\b(?:not|no|never|hidden|missing|absent|gone|invisible|out of (?:sight|view))\b",
    re.IGNORECASE,
)
_NUMBERS = "no one two three four five six seven eight nine ten".split()
_VALUES = {**{word: i for i, word in enumerate(_NUMBERS)}, "zero": 0, "none": 0, "a": 1, "any": 1}
_QUANTITY = re.compile(
    rf"\b(?:how (?:many|much)|number|count|counted|amount|total|quantity|several|more|fewer|less|"
    rf"enough|single|only|{'|'.join(_NUMBERS)}|zero|none|any|n|num|\d+)\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\b(?P<how>more than|over|at least|fewer than|less than|under|at most|up to)\s+"
    rf"(?P<number>\d+|zero|a|{'|'.join(_NUMBERS)})\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"\b({'|'.join(_NUMBERS)})\b")
HOW_MANY = re.compile(r"^(?:and |so )?(?:how many|what is the number of|what number of)\b",
                      re.IGNORECASE)  # fmt: skip


def plain(text: str) -> str:
    """ "isn't the drawer open?" asks whether it is open, as "is the drawer open?" does."""
    return _NEGATED.sub(r"\1", text)


def is_closed(text: str) -> bool:
    """Whether yes or no would be an answer."""
    return bool(_CLOSED.match(text)) and not _EITHER.search(text)


def of_another_time(text: str) -> bool:
    """Whether it asks for what was or will be: a picture shows the present."""
    return bool(_OTHER_TIME.search(text))


def asks_quantity(text: str) -> bool:
    """Whether a word of it asks for a number."""
    return bool(_QUANTITY.search(text.replace("_", " ")))


def counts(subject: Subject) -> dict[str, int]:
    """Statement id -> the number it says, of a subject that counts; else empty."""
    found = {}
    for name, statement in zip(subject.statement_ids, subject.statements, strict=True):
        numbers = _COUNTED.findall(statement.lower())
        if len(numbers) != 1 or not statement.lower().startswith("there "):
            return {}
        found[name] = _VALUES[numbers[0]]
    return found


def meaning_yes(text: str, subject: Subject, asked: str) -> frozenset[str]:
    """The statement ids of a subject that mean yes, when `asked` is the one nearest to the text."""
    compared = _COMPARED.search(text)
    numbers = counts(subject)
    if compared and numbers:
        how, word = compared["how"].lower(), compared["number"].lower()
        limit = int(word) if word.isdigit() else _VALUES[word]
        return frozenset(name for name, count in numbers.items() if _holds(how, count, limit))
    unseen = asked.endswith(UNSEEN) and _SEEING.search(text) and not _HIDDEN.search(text)
    if unseen or _NEEDED.search(text):  # what is needed does not hold yet
        return frozenset(subject.statement_ids) - {asked}
    return frozenset({asked})


def _holds(how: str, count: int, limit: int) -> bool:
    if how in ("more than", "over"):
        return count > limit
    if how == "at least":
        return count >= limit
    return count < limit if how in ("fewer than", "less than", "under") else count <= limit
