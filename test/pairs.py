"""For fake worlds: pairs imagined as the product they belong to, and batches of rows that join."""

from __future__ import annotations

import numpy as np

from vljepa_ros.planning.protocols import ImaginedPairs


class ImaginesPairs:
    """``imagine_pairs`` in terms of the fake's own ``imagine`` (and ``locate``)."""

    def imagine_pairs(self, states, actions, pairs, queries, read_above=0.0, things=None):
        pairs = np.asarray(pairs).reshape(-1, 2)
        whole = self.imagine(states, actions, queries)
        works = whole.works[pairs[:, 0], pairs[:, 1]]
        read = np.flatnonzero(works >= read_above)
        kept = whole.states.select(pairs[read, 0] * len(actions) + pairs[read, 1])
        readouts = whole.readouts[pairs[read, 0], pairs[read, 1]]
        count = 0 if things is None else len(things)
        positions = self.locate(kept, things) if count else np.zeros((len(kept), 0, 3), np.float32)
        return ImaginedPairs(works, read, kept, readouts, positions)


class Rows:
    """Batches that keep one entry a state in ``rows``."""

    def join(self, others):
        return type(self)([row for batch in (self, *others) for row in batch.rows])
