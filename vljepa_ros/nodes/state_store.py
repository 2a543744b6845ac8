"""Real and imagined states by name, as many as fit.

Belongs to the worker's thread. Real states have a shelf of their own, so that a deep plan cannot
push out the frame it started from, and so have believed states, which neither frames nor plans push
out: while the camera is covered, the last belief must last.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Sequence

from ..planning.protocols import StateBatch

BELIEVED = 256
"""Believed states kept; a planner makes a few for every action."""


class UnknownState(ValueError):
    """A state_id that was never given or has been forgotten."""


class StateStore:
    """Least-recently-used shelves: ``real`` and ``imagined`` states are kept at most."""

    def __init__(self, real: int, imagined: int) -> None:
        self._real: OrderedDict[str, tuple[StateBatch, int]] = OrderedDict()
        self._imagined: OrderedDict[str, tuple[StateBatch, int]] = OrderedDict()
        self._believed: OrderedDict[str, tuple[StateBatch, int]] = OrderedDict()
        self._limits = {"r": real, "i": imagined, "b": BELIEVED}
        self._run = uuid.uuid4().hex[:6]  # a restarted node must not answer to old names
        self._count = 0
        self.newest = ""

    def __len__(self) -> int:
        return len(self._real) + len(self._imagined) + len(self._believed)

    def add_real(self, batch: StateBatch) -> str:
        """Name the single state of a batch; it becomes the newest."""
        self.newest = self._add("r", self._real, batch, 0)
        return self.newest

    def add_imagined(self, batch: StateBatch, row: int) -> str:
        return self._add("i", self._imagined, batch, row)

    def add_believed(self, batch: StateBatch, row: int) -> str:
        return self._add("b", self._believed, batch, row)

    def get(self, state_id: str) -> tuple[StateBatch, int]:
        """The batch a state lives in and its row. Raises UnknownState."""
        for shelf in (self._real, self._imagined, self._believed):
            if state_id in shelf:
                shelf.move_to_end(state_id)
                return shelf[state_id]
        raise UnknownState(
            f"state_id: {state_id!r} is not remembered; allowed: a recent semantic_state's or one "
            "of the latest imagined ones"
        )

    def grouped(self, state_ids: Sequence[str]) -> list[tuple[StateBatch, list[int], list[int]]]:
        """The states batch by batch: (batch, rows in it, positions in ``state_ids``)."""
        groups: dict[int, tuple[StateBatch, list[int], list[int]]] = {}
        for position, state_id in enumerate(state_ids):
            batch, row = self.get(state_id)
            _, rows, positions = groups.setdefault(id(batch), (batch, [], []))
            rows.append(row)
            positions.append(position)
        return list(groups.values())

    def _add(
        self,
        kind: str,
        shelf: OrderedDict[str, tuple[StateBatch, int]],
        batch: StateBatch,
        row: int,
    ) -> str:
        self._count += 1
        state_id = f"{kind}{self._run}-{self._count}"
        shelf[state_id] = (batch, row)
        while len(shelf) > self._limits[kind]:
            shelf.popitem(last=False)
        return state_id
