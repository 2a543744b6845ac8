"""How people type in a hurry: short words, no articles, slips. Colours are left as they are."""

from __future__ import annotations

import random
import re

SHORT = (
    (r"\bdrawer\b", ("drw", "drwr", "drawr", "draw")), (r"\bwindow\b", ("win", "wndw", "windw")),
    (r"\b[Pp]lease\b", ("pls", "plz")), (r" and ", (" & ", " n ", " + ", " and ")),
    (r"\byou\b", ("u",)), (r"\bwith\b", ("w/", "w")), (r"\bmiddle\b", ("mid", "midle")),
    (r"\bunlocked\b", ("unlckd",)), (r"\bclosed\b", ("clsd", "close")),
    (r"\btable\b", ("tbl", "tabel")), (r"\bcube\b", ("cub", "qube")), (r"\bbottom\b", ("btm",)),
    (r"\bthen\b", ("thn", "than")), (r"\btower\b", ("towr",)), (r"\bshould be\b", ("shd be",)),
)
"""What is written -> how it is shortened or misspelt."""


def type_carelessly(text: str, rng: random.Random) -> str:
    """The text with one to three habits of somebody in a hurry."""
    for habit in rng.sample((_lower, _bare, _short, _loose), rng.choice((1, 2, 2, 3))):
        text = habit(text, rng)
    return text


def _lower(text: str, rng: random.Random) -> str:
    text = text.lower()
    return text.upper() if rng.random() < 0.04 else text


def _bare(text: str, rng: random.Random) -> str:
    """Without articles."""
    return re.sub(r"\b(the|an|a) (?=\w\w)", "", text, flags=re.IGNORECASE)


def _short(text: str, rng: random.Random) -> str:
    for pattern, forms in rng.sample(SHORT, 5):
        text = re.sub(pattern, rng.choice(forms), text)
    return text


def _loose(text: str, rng: random.Random) -> str:
    """Commas without a space after them, or none at all; no full stop or question mark."""
    mark = rng.choice((",", " ", " ", " ,", ", "))
    return re.sub(r", ", mark, text).rstrip(".?!")
