"""Our change detection: segments of every subject, and changes that are told together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from .segments import Array, Change, SegmentConfig, Segmenter


class Adaptive(Segmenter):
    """Ours (:class:`Segmenter`); a change may wait for others, to be decoded with them.

    It waits `patience` seconds in any case, and up to `gather` seconds while nothing but `derived`
    subjects (rows of the answers) changed, which is news together with what it follows from, or
    while one of these is changing. What changed back meanwhile is not decoded at all; a silence or
    a clock that goes back makes it wait anew.
    """

    def __init__(
        self, config: SegmentConfig | None = None, patience: float = 0.0, gather: float = 0.0,
        derived: Collection[int] = (),
    ) -> None:
        super().__init__(config)
        for name, seconds in (("patience", patience), ("gather", gather)):
            if not seconds >= 0:
                raise ValueError(f"{name} = {seconds!r} is not usable; allowed: 0 or more")
        self.patience, self.gather, self.derived = patience, gather, frozenset(derived)
        self._waiting: Change | None = None
        self._since = 0.0

    def update(self, stamp: float, answers: Array, picture: Array | None = None) -> Change | None:
        silence = not 0 <= stamp - self._stamp <= max(self.gather, self.patience)
        change = super().update(stamp, answers)
        if silence or self._waiting is None:
            self._since = stamp
        if change is not None:
            self._waiting = change if self._waiting is None else join(self._waiting, change)
        ready, waited = self._waiting, stamp - self._since
        if ready is None or 0 <= waited < self.patience:
            return None
        unsettled = self.derived.issuperset(ready.subjects) or self.pending(
            self.derived.union(ready.subjects))
        if unsettled and 0 <= waited < self.gather:
            return None
        return self._release(stamp)

    def finish(self) -> list[Change]:
        last = self._release(self._stamp)
        return [] if last is None else [last]

    def _release(self, stamp: float) -> Change | None:
        """What waits, unless it is no news any more."""
        ready, self._waiting = self._waiting, None
        if ready is None or not is_news(ready, self.config):
            return None
        return replace(ready, moment=min(ready.moment, stamp), decided=stamp)


def join(earlier: Change, later: Change) -> Change:
    """Two changes decoded as one: from before the first to after the second, which began last."""
    before = later.before.copy()
    before[list(earlier.subjects)] = earlier.before[list(earlier.subjects)]
    subjects = list(dict.fromkeys((*later.subjects, *earlier.subjects)))
    distances = 1.0 - (before * later.means).sum(axis=1)
    subjects.sort(key=lambda i: -distances[i])
    return Change(
        tuple(subjects), tuple(float(distances[i]) for i in subjects),
        max(earlier.moment, later.moment), later.decided, before, later.means,
        earlier.first or later.first,
    )


def is_news(change: Change, config: SegmentConfig) -> bool:
    """Whether anything is different after all."""
    return change.first or max(change.distances, default=0.0) > config.floor
