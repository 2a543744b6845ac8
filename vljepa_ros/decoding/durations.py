"""Durations in words: "for a minute and a half", "longer than 1 min 30 s", "after ten seconds"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VAGUE = {
    "a": 1.0, "an": 1.0, "half a": 0.5, "half an": 0.5, "a quarter of a": 0.25,
    "a quarter of an": 0.25, "three quarters of a": 0.75, "three quarters of an": 0.75,
    "a couple of": 2.0, "a few": 3.0, "several": 5.0,
}  # fmt: skip
_UNITS = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0,
          "hr": 3600.0, "hour": 3600.0, "day": 86400.0, "week": 604800.0}  # fmt: skip
_FRACTIONS = {"half": 0.5, "quarter": 0.25}


def _any(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_NUMBER = (
    rf"(?:\d+(?:\.\d+)?|(?:{_any(_TENS)})(?:[- ](?:{_any(_ONES[1:10])}))?|{_any(_ONES)}"
    rf"|{_any(list(_VAGUE))})"
)
_AMOUNT = (
    rf"(?P<number>{_NUMBER})(?: and a (?P<more>half))?(?:(?<=\d)|[\s-]+)\s*"
    rf"(?P<unit>(?:{_any(list(_UNITS)[1:])})s?|s)\b(?: and a (?P<rest>half|quarter)\b)?"
)
_PLAIN = re.sub(r"\?P<\w+>", "?:", _AMOUNT)
_AT_LEAST = [
    "for", "longer than", "more than", "over", "at least", "after", "beyond", "exceeding", "since",
    "about", "around", "the last", "the past", "another", ">", ">=", "≥",
]
_AT_MOST = [
    "less than", "shorter than", "fewer than", "under", "at most", "no more than", "no longer than",
    "not more than", "not longer than", "within", "up to", "below", "every", "in", "until", "<",
    "<=", "≤",
]
_AMOUNTS = rf"{_PLAIN}(?:\s*(?:,|and)?\s*{_PLAIN})*"
_DURATION = re.compile(
    rf"(?P<lead>(?:(?<![\w'])(?:{_any(_AT_LEAST + _AT_MOST)})\s*)*)"
    rf"(?<![\w'])(?P<amounts>{_AMOUNTS})"
    r"(?!\s+time\b)(?:\s+(?:or (?:more|longer)|straight|in a row|at a stretch|at a time|on end|"
    r"long|already|now)\b)?(?P<then>\s+(?:ago|later|after|before|past|from now)\b)?",
    re.IGNORECASE,
)
_MOST = re.compile(rf"(?<![\w'])(?:{_any(_AT_MOST)})(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Duration:
    """``seconds`` said by ``text[start:end]``; ``least`` False: a limit from above, or a delay."""

    seconds: float
    start: int
    end: int
    least: bool


def durations(text: str) -> list[Duration]:
    """Every duration of a text, in order. "a second drawer" is none: "a" needs a word before it."""
    found = []
    for match in _DURATION.finditer(text):
        if not match["lead"] and re.match(r"an?\b", match["amounts"], re.IGNORECASE):
            continue
        seconds = sum(_seconds(part) for part in re.finditer(_AMOUNT, match["amounts"], re.I))
        least = not match["then"] and not _MOST.search(match["lead"])
        found.append(Duration(seconds, match.start(), match.end(), least))
    return found


def _seconds(match: re.Match[str]) -> float:
    unit = match["unit"].lower()
    each = _UNITS[unit if unit in _UNITS else unit[:-1]]
    amount = _number(match["number"].lower()) + _FRACTIONS.get((match["more"] or "").lower(), 0.0)
    return each * (amount + _FRACTIONS.get((match["rest"] or "").lower(), 0.0))


def _number(words: str) -> float:
    if words in _VAGUE:
        return _VAGUE[words]
    if words[0].isdigit():
        return float(words)
    return float(sum(
        10 * (_TENS.index(word) + 2) if word in _TENS else _ONES.index(word)
        for word in words.replace("-", " ").split()
    ))
