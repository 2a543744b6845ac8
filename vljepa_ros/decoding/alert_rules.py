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

from .durations import durations

MAX_HOLD_S = 7 * 24 * 3600.0
MAX_TEXT = 500
_SHOWN = 100  # characters of a refused value

_ASKING = re.compile(
    r"^\s*(?:please\s+|could you\s+|can you\s+|i(?: want| need| would like|'d like)\s+)*"
    r"(?:to (?:know|hear|be told|be warned)|"
    r"(?:tell|warn|alert|notify|inform|remind|let|ping|message|text|mail|email|call|beep)\s+"
    r"(?:me|us)(?:\s+know)?|shout|say so|"
    r"(?:raise|give|send|set|sound)\s+(?:me\s+|us\s+)?an?\s+(?:alarm|alert|warning|shout|notice)|"
    r"an?\s+(?:alarm|alert|warning)|watch for|alert|warn)\s*"
    r"(?:please\s+)?(?:when(?:ever)?|if|once|as soon as|the moment|in case|that|"
    r"(?:every|each|any) ?time)?\s+",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:when(?:ever)?|if|once|as soon as|in case|after|(?:every|each|any) ?time)\s+",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"[\s,]+(?:please|say so|(?:then )?(?:tell|warn|alert|notify|ping) (?:me|us)|"
    r"let (?:me|us) know)[\s.!]*$",
    re.IGNORECASE,
)
_LEFT = re.compile(r"\b(is|are|was|were|has been|have been)\s+(?:left|still|standing)\s+",
                   re.IGNORECASE)  # fmt: skip
_FORGOTTEN = re.compile(
    r"\b(?:some(?:one|body)|any(?:one|body)|the robot|he|she|they|we|i) "
    r"(?:forgets?|forgot|has forgotten|have forgotten) to\b",
    re.IGNORECASE,
)
_REFUSED: tuple[tuple[str, str], ...] = (
    (r"^\s*(?:please\s+)?(?:do not|don't|never|stop|no longer)\s+(?:tell|warn|alert|notify|remind)",
     "what is to be said; remove_alert ends an alert"),
    (r"\bor\b", "one condition, or several that hold together ('and'); an alert for each of them"),
    (r"\bbefore\b|\babout to\b|\bgoing to\b", "what can be seen now; nobody knows what comes"),
    (r"\b(?:twice|thrice|\w+ times|hourly|daily|every (?:second|minute|hour|day))\b",
     "a condition without a count; every occurrence is told"),
    (r"\b\d+\s*(?:am|pm|m)\b|\d:\d\d|\bo'clock\b|\b(?:tonight|tomorrow|today|midnight|noon)\b",
     "a condition that is seen, and a time like 'for 90 s' or 'for more than two minutes'"),
)
"""What no condition on the present scene can say, and what can."""


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
        _require(isinstance(self.id, str) and len(self.id) <= 64
                 and (not self.id or self.id.isprintable()), "id", self.id,
                 "at most 64 characters, printable")
        _require(_number(self.threshold) and 0 <= self.threshold <= 2, "threshold", self.threshold,
                 "0 (the model's own) to 2")
        _require(_number(self.hold) and 0 <= self.hold <= MAX_HOLD_S, "hold", self.hold,
                 f"0 to {MAX_HOLD_S:g} s")


def parse(text: str) -> tuple[str, float]:
    """(the bare condition, the hold in seconds or 0) of a request in words.

    Raises AlertError for what a condition on the present scene cannot say: two alternatives, an
    upper limit of time, a time of day, a count, what is going to happen.
    """
    asked = " ".join(text.split())
    spans = durations(asked)
    hold, bare = 0.0, asked
    if spans:
        time = spans[0]
        said = asked[time.start : time.end].strip()
        if len(spans) > 1 or not time.least:
            said = said if len(spans) == 1 else asked[spans[1].start : spans[1].end].strip()
            raise AlertError(f"text: {said!r} in {asked!r}; allowed: one least duration, like "
                             "'for 90 s' or 'for more than two minutes'")
        _require(time.seconds <= MAX_HOLD_S, "hold", said, f"at most {MAX_HOLD_S:g} s")
        hold, bare = time.seconds, f"{asked[: time.start]} {asked[time.end :]}"
    for pattern, allowed in _REFUSED:
        found = re.search(pattern, bare, re.IGNORECASE)
        if found:
            raise AlertError(f"text: {found[0].strip()!r} in {asked!r}; allowed: {allowed}")
    bare = _LEADING.sub("", _ASKING.sub("", _TRAILING.sub("", bare.strip())))
    bare = _FORGOTTEN.sub("nobody did", _LEFT.sub(r"\1 ", bare))
    return " ".join(bare.split()).strip(" ,.!?"), hold


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
        shown = repr(value)
        if len(shown) > _SHOWN:
            shown = f"{len(str(value))} characters ({shown[:20]}'...)"
        raise AlertError(f"{name}: {shown}; allowed: {allowed}")
