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
    """The cube is asked to be in one place: of two readings of it the surer one counts."""
    cube = [item for item in found if item[1].subject.startswith("cube_")]
    if len(cube) < 2:
        return found
    place = [item for item in cube if item[1].subject == "cube_place"]
    table = [item for item in cube if item[1].statement_id == "cube_in.table"]
    keep = place[0] if place and table else max(cube, key=lambda item: item[0])
    return [item for item in found if item not in cube or item is keep]
