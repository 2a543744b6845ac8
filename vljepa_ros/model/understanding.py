"""Reading a goal sentence twice: as a whole, and clause by clause.

The whole sentence resolves "it" and "both"; in long lists it sometimes overlooks one item, which a
clause on its own still says plainly. A clause adds a subject only when it is very sure of it
(`vljepa bench reading` measures both ways).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from vljepa_ros.planning.goal import GoalPart

MENTIONED = 0.7  # a sentence speaks of a subject from this probability on (development sentences)
CLAUSE_SURE = 0.95  # a clause adds what the whole sentence left out from this confidence on
MAX_CLAUSES = 12
LESS = ("table", "stacked")  # what a place on the table or on a named cube says already
_BREAK = re.compile(r"[,;.:!?]\s+|\s+-\s+|\b(?:and )?then\b|\b\d\)")

Reading = Mapping[str, tuple[float, float, GoalPart]]
"""Subject id -> probability that the text speaks of it, confidence of the value, the value."""


def clauses(text: str) -> list[str]:
    """The clauses of a sentence of at least two words each, at most MAX_CLAUSES."""
    pieces = (piece.strip() for piece in _BREAK.split(text) if piece)
    return [piece for piece in pieces if len(piece.split()) >= 2][:MAX_CLAUSES]


def parts_of(text: str, read: Callable[[list[str]], list[Reading]]) -> list[tuple[float, GoalPart]]:
    """What a sentence asks for, with a confidence each.

    Args:
        read: texts -> one reading a text.
    """
    found: dict[str, tuple[float, GoalPart]] = {}
    for subject, (speaks, confidence, part) in read([text])[0].items():
        if speaks >= MENTIONED:
            found[subject] = (speaks * confidence, part)
    pieces = clauses(text)
    if len(pieces) > 1:
        for reading in read(pieces):
            for subject, (speaks, confidence, part) in reading.items():
                if speaks * confidence >= CLAUSE_SURE:
                    found.setdefault(subject, (speaks * confidence, part))
    return one_place_only(list(found.values()))


def one_place_only(found: list[tuple[float, GoalPart]]) -> list[tuple[float, GoalPart]]:
    """A thing is asked to be in one place: of two readings of it the surer one counts.

    `cube_place` and `cube_in` (`red_place` and `red_in`) speak of one thing. Where the coarse one
    only says less ("on the table", "on another cube"), the place is kept.
    """
    kept = list(found)
    for place in found:
        thing, _, kind = place[1].subject.rpartition("_")
        if kind != "place":
            continue
        for other in found:
            if other[1].subject != f"{thing}_in":
                continue
            says_less = other[1].statement_id.rsplit(".", 1)[-1] in LESS
            drop = other if says_less or place[0] >= other[0] else place
            kept = [item for item in kept if item is not drop]
    return kept
