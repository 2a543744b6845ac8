"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """GOOD needs nothing, NOTE may be meant so, FIX keeps something from working well."""

    GOOD = "good"
    NOTE = "note"
    FIX = "fix"


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it (empty when nothing)."""

    level: Level
    what: str
    found: str
    advice: str = ""


def good(what: str, found: str) -> Finding:
    return Finding(Level.GOOD, what, found)


def note(what: str, found: str, advice: str = "") -> Finding:
    return Finding(Level.NOTE, what, found, advice)


def fix(what: str, found: str, advice: str) -> Finding:
    return Finding(Level.FIX, what, found, advice)
