"""What is to be watched, in words: "tell me when the drawer is left open for a minute".

A rule is a text with an optional name, threshold and hold; `parse` takes the polite words and the
duration out of it, so that the bare condition can be understood as a goal is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

MAX_HOLD_S = 7 * 24 * 3600.0
MAX_TEXT = 500

_NUMBERS = {
    "a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0,
    "seven": 7.0, "eight": 8.0, "nine": 9.0, "ten": 10.0, "fifteen": 15.0, "twenty": 20.0,
    "thirty": 30.0, "forty": 40.0, "forty-five": 45.0, "sixty": 60.0, "ninety": 90.0,
    "half a": 0.5, "half an": 0.5, "a few": 3.0, "a couple of": 2.0, "several": 5.0,
}
_UNITS = {"second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "hour": 3600.0,
          "h": 3600.0, "day": 86400.0}  # fmt: skip
_WORDS = "|".join(sorted(map(re.escape, _NUMBERS), key=len, reverse=True))
_DURATION = re.compile(
    rf"\b(?:for|longer than|more than|over|at least)\s+"
    rf"(?:(?:longer than|more than|over|at least|about|the last)\s+)*"
    rf"(?P<number>\d+(?:\.\d+)?|{_WORDS})\s*"
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|hours?|h|days?)\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"^\s*(?:please\s+|could you\s+|can you\s+)*"
    r"(?:(?:tell|warn|alert|notify|inform|remind|let|ping)\s+(?:me|us)(?:\s+know)?|shout|say so|"
    r"(?:raise|give|send)\s+(?:me\s+)?an?\s+(?:alarm|alert|warning)|watch for|alert|warn)\s*"
    r"(?:please\s+)?(?:when(?:ever)?|if|once|as soon as|the moment|that)?\s+",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^(?:when(?:ever)?|if|once|as soon as)\s+", re.IGNORECASE)
_LEFT = re.compile(r"\b(is|are|was|were|has been|have been)\s+(?:left|still|standing)\s+",
                   re.IGNORECASE)  # fmt: skip


class AlertError(ValueError):
    """A rule that cannot be taken; one line naming the field, its value and what is allowed."""


@dataclass(frozen=True)
class Rule:
    """What is to be watched, in words.

    ``threshold``: largest distance (1 - cosine) that counts as true, 0 for the model's own;
    ``hold``: seconds, 0 for what the text says.
    """

    text: str
    id: str = ""
    threshold: float = 0.0
    hold: float = 0.0

    def __post_init__(self) -> None:
        _require(isinstance(self.text, str) and 0 < len(self.text.strip()) <= MAX_TEXT,
                 "text", self.text, f"1 to {MAX_TEXT} characters")
        _require(isinstance(self.id, str) and len(self.id) <= 64, "id", self.id,
                 "at most 64 characters")
        _require(_number(self.threshold) and 0 <= self.threshold <= 2, "threshold", self.threshold,
                 "0 (the model's own) to 2")
        _require(_number(self.hold) and 0 <= self.hold <= MAX_HOLD_S, "hold", self.hold,
                 f"0 to {MAX_HOLD_S:g} s")


def parse(text: str) -> tuple[str, float]:
    """(the bare condition, the hold in seconds or 0) of a request in words."""
    hold = 0.0
    found = _DURATION.search(text)
    if found:
        word = found["number"].lower()
        amount = _NUMBERS[word] if word in _NUMBERS else float(word)
        unit = found["unit"].lower()
        hold = amount * _UNITS[unit if unit in _UNITS else unit.rstrip("s")]
        text = text[: found.start()] + " " + text[found.end() :]
    text = _LEADING.sub("", _ASKING.sub("", text.strip()))
    text = _LEFT.sub(r"\1 ", text)
    return " ".join(text.split()).strip(" ,.!?"), hold


def load_rules(path: str | Path) -> tuple[Rule, ...]:
    """The rules of a YAML file (`config/alerts.yaml`). Raises AlertError naming file and entry."""
    try:
        content: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise AlertError(f"alerts file '{path}' cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise AlertError(f"alerts file '{path}' is not YAML: {reason}") from error
    entries = (content or {}).get("alerts") if isinstance(content or {}, dict) else None
    if content and entries is None:
        raise AlertError(f"alerts file '{path}': no list 'alerts'; allowed: alerts: [...]")
    if not isinstance(entries or [], list):
        raise AlertError(f"alerts file '{path}': alerts is {entries!r}; allowed: a list")
    rules: list[Rule] = []
    for i, entry in enumerate(entries or []):
        where = f"alerts file '{path}': alerts[{i}]"
        fields = {"text": entry} if isinstance(entry, str) else entry
        if not isinstance(fields, dict) or "text" not in fields:
            raise AlertError(f"{where} is {entry!r}; allowed: a text, or text, id, threshold, hold")
        unknown = sorted(set(fields) - {"text", "id", "threshold", "hold"})
        if unknown:
            raise AlertError(f"{where}.{unknown[0]}: unknown; allowed: text, id, threshold, hold")
        try:
            rule = Rule(**fields)
        except (AlertError, TypeError) as error:
            raise AlertError(f"{where}.{error}") from error
        if rule.id and rule.id in {r.id for r in rules}:
            raise AlertError(f"{where}.id: {rule.id!r} twice; allowed: different ids")
        rules.append(rule)
    return tuple(rules)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)


def _require(ok: bool, name: str, value: object, allowed: str) -> None:
    if not ok:
        raise AlertError(f"{name}: {value!r}; allowed: {allowed}")
