"""Sentence patterns: {a|b|c} is a choice and may be nested, <NAME> inserts a macro."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

_MACRO = re.compile(r"<([A-Z_]+)>")
_INNERMOST = re.compile(r"\{([^{}]*)\}")
MAX_PASSES = 10_000


def expand(pattern: str, rng: np.random.Generator, macros: Mapping[str, str] | None = None) -> str:
    """One random expansion of the pattern, spaces tidied.

    Raises ValueError when a macro is unknown or the braces do not match.
    """
    text = pattern
    for _ in range(MAX_PASSES):
        found = _MACRO.search(text)
        if found is None:
            break
        if not macros or found[1] not in macros:
            raise ValueError(f"macro <{found[1]}> in {pattern!r} is unknown")
        text = text[: found.start()] + macros[found[1]] + text[found.end() :]
    for _ in range(MAX_PASSES):
        found = _INNERMOST.search(text)
        if found is None:
            break
        options = found[1].split("|")
        choice = options[rng.integers(len(options))]
        text = text[: found.start()] + choice + text[found.end() :]
    if "{" in text or "}" in text:
        raise ValueError(f"unbalanced braces in {pattern!r}")
    return re.sub(r"\s+([,.;:?!])", r"\1", " ".join(text.split()))
