"""Colours and places filled into the workbench's patterns, never a held-out pair."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from vljepa_ros.sim.symbolic import PLACES

from .workbench_semantics import COLOURS, HELD_OUT_PLACES

_SLOT = re.compile(r"<(TO_|N_)?(C|D|C1|C2|C3|PLACE|P1|P2|P3)>")


def fill(pattern: str, names: dict[str, str]) -> str:
    """Put colours and places (as macros of place phrases) into a pattern.

    Args:
        names: C, D, C1 ... -> colour; PLACE, P1 ... -> place name.
    """
    def replaced(match: re.Match[str]) -> str:
        kind, slot = match[1] or "", match[2]
        value = names[slot]
        return f"<{kind}{value.upper()}>" if slot[0] == "P" else value

    return _SLOT.sub(replaced, pattern)


def draw_names(rng: np.random.Generator, places: bool = True) -> dict[str, str]:
    """Three colours and three places such that no colour meets its held-out place."""
    while True:
        colours = [str(c) for c in rng.permutation(COLOURS)[:3]]
        spots = [str(p) for p in rng.permutation(list(PLACES))[:3]]
        if not places or not any(HELD_OUT_PLACES[c] in spots for c in colours):
            return dict(zip(("C1", "C2", "C3", "P1", "P2", "P3"), [*colours, *spots], strict=True))


def named_parts(parts: Iterable[str], names: dict[str, str]) -> tuple[str, ...]:
    """C1.on_C2 -> red.on_blue and the like; fixtures' statements stay as they are."""
    out = []
    for part in parts:
        thing, value = part.split(".")
        if thing in names:
            value = names.get(value, f"on_{names[value[3:]]}" if value.startswith("on_") else value)
            thing = names[thing]
        out.append(f"{thing}.{value}")
    return tuple(out)
