"""Ward clustering with a temporal constraint: only neighbours in time may join.

The offline reference of selective decoding (VL-JEPA, arXiv 2512.10942): a stream is cut into N
segments of least variance.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import diags_array

from .segments import Array


def ward_starts(rows: Array, count: int) -> list[int]:
    """First frame of each of `count` segments of rows (N, C), in order."""
    return cut(len(rows), ward_tree(rows), count)


def ward_tree(rows: Array) -> Array:
    """All N - 1 merges (N - 1, 2) of rows (N, C), cheapest first; merge i makes node N + i."""
    from sklearn.cluster import AgglomerativeClustering  # half a second to import

    if len(rows) < 2:
        return np.zeros((0, 2), dtype=int)
    ones = np.ones(len(rows) - 1)
    chain = diags_array([ones, ones], offsets=[-1, 1]).tocsr()
    clustering = AgglomerativeClustering(
        n_clusters=1, linkage="ward", connectivity=chain, compute_full_tree=True
    )
    return np.asarray(clustering.fit(rows).children_)


def cut(frames: int, tree: Array, count: int) -> list[int]:
    """First frame of each of `count` segments after the cheapest merges of a tree."""
    if not 1 <= count <= frames:
        raise ValueError(f"count = {count!r} is not usable; allowed: 1 to {frames}, the frames")
    first = list(range(frames))  # of every node its first frame
    starts = set(range(frames))
    for a, b in tree[: frames - count]:
        starts.discard(max(first[a], first[b]))
        first.append(min(first[a], first[b]))
    return sorted(starts)
