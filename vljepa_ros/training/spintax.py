"""Sentence patterns: {a|b|c} is a choice and may be nested, <NAME> inserts a macro."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

import numpy as np

_MACRO = re.compile(r"<([A-Z_]+)>")
_INNERMOST = re.compile(r"\{([^{}]*)\}")
_TOKEN = re.compile(r"([{}|])")
MAX_PASSES = 10_000

Tree = str | list["Tree"] | tuple["Tree", ...]
"""A parsed pattern: text, a sequence (list) or a choice (tuple)."""


def expand(pattern: str, rng: np.random.Generator, macros: Mapping[str, str] | None = None) -> str:
    """One random expansion of the pattern, spaces tidied.

    Raises ValueError when a macro is unknown or the braces do not match.
    """
    text = _insert_macros(pattern, macros)
    for _ in range(MAX_PASSES):
        found = _INNERMOST.search(text)
        if found is None:
            break
        options = found[1].split("|")
        choice = options[rng.integers(len(options))]
        text = text[: found.start()] + choice + text[found.end() :]
    if "{" in text or "}" in text:
        raise ValueError(f"unbalanced braces in {pattern!r}")
    return tidy(text)


def _insert_macros(pattern: str, macros: Mapping[str, str] | None) -> str:
    text = pattern
    for _ in range(MAX_PASSES):
        found = _MACRO.search(text)
        if found is None:
            break
        if not macros or found[1] not in macros:
            raise ValueError(f"macro <{found[1]}> in {pattern!r} is unknown")
        text = text[: found.start()] + macros[found[1]] + text[found.end() :]
    return text


def tidy(text: str) -> str:
    """Single spaces, none before a punctuation mark."""
    return re.sub(r"\s+([,.;:?!])", r"\1", " ".join(text.split()))


def parse(pattern: str, macros: Mapping[str, str] | None = None) -> Tree:
    """A pattern as a tree, for patterns that are drawn often (`draw`); errors as of `expand`."""
    stack: list[list[list[Tree]]] = [[[]]]  # open choices, each with its options so far
    for token in _TOKEN.split(_insert_macros(pattern, macros)):
        if token == "{":
            stack.append([[]])
        elif token == "|" and len(stack) > 1:
            stack[-1].append([])
        elif token == "}":
            if len(stack) == 1:
                raise ValueError(f"unbalanced braces in {pattern!r}")
            options = stack.pop()
            stack[-1][-1].append(tuple(_simple(o) for o in options))
        elif token:
            stack[-1][-1].append(token)
    if len(stack) > 1:
        raise ValueError(f"unbalanced braces in {pattern!r}")
    return _simple(stack[0][0])


def _simple(sequence: list[Tree]) -> Tree:
    return "" if not sequence else sequence[0] if len(sequence) == 1 else sequence


def draw(tree: Tree, rng: random.Random) -> str:
    """One random expansion of a parsed pattern; spaces are not tidied."""
    if isinstance(tree, str):
        return tree
    if isinstance(tree, tuple):
        return draw(tree[int(rng.random() * len(tree))], rng)
    return "".join([draw(part, rng) for part in tree])
