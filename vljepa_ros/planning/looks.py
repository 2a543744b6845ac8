"""Whether a picture is of the model's own scene at all: upside down, cut out of one, of another.

A network answers about any picture, and nearly as confidently as about its own. But the camera
stands where it stands: pictures of the scene differ from one another in few ways (light, drawer,
window, arm, cubes), which a handful of principal components of small pictures hold. What they leave
over of a picture of anything else is about twice as much (Shyu et al., A novel anomaly detection
scheme based on principal component classifier, 2003).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .protocols import Array

SIDE = 8  # cells of a thumbnail along a side
DIRECTIONS = 12
QUANTILE, MARGIN = 0.99, 1.3
"""The limit is MARGIN times what QUANTILE of the held-out pictures leave over: no picture of 150 of
each world left more than 1.2 times that over, and none of another scene less than 1.9 times."""
ENOUGH = 256  # rows and columns looked at


@dataclass(frozen=True)
class Looks:
    """Small pictures of one scene: their mean (D,), in which orthonormal directions (K, D) they
    differ, and how much more than that (``limit``) is another scene. D = SIDE * SIDE."""

    mean: Array
    directions: Array
    limit: float

    def __post_init__(self) -> None:
        size = SIDE * SIDE
        if self.mean.shape != (size,) or self.directions.ndim != 2 or (
            self.directions.shape[1] != size
        ):
            raise ValueError(f"looks: mean {self.mean.shape}, directions {self.directions.shape}; "
                             f"allowed: ({size},), (K, {size})")
        if not self.limit > 0:
            raise ValueError(f"looks: limit = {self.limit}; allowed: above 0")

    def left_over(self, picture: Array) -> float:
        """What the scene's directions leave over of a picture (H, W, 3) uint8, a length."""
        return float(self._left_over(thumbnail(picture)[None])[0])

    def _left_over(self, small: Array) -> Array:
        off = small - self.mean
        return np.asarray(np.linalg.norm(off - off @ self.directions.T @ self.directions, axis=1))

    def to_dict(self) -> dict[str, Any]:
        """For a YAML file: rows of numbers as text."""
        return {"limit": round(self.limit, 4), "mean": _text(self.mean),
                "directions": [_text(row) for row in self.directions]}

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Looks:
        """What `to_dict` wrote. Raises ValueError, KeyError or TypeError when it is not that."""
        rows = [np.array(row.split(), dtype=float) for row in (given["mean"], *given["directions"])]
        return cls(rows[0], np.stack(rows[1:]), float(given["limit"]))

    @classmethod
    def fit(cls, pictures: Array, others: Array) -> Looks:
        """From pictures (N, H, W, 3) uint8 of the scene; the limit from other ones of it."""
        small = np.stack([thumbnail(picture) for picture in pictures])
        mean = small.mean(axis=0)
        _, _, rows = np.linalg.svd(small - mean, full_matrices=False)
        found = cls(mean, rows[:DIRECTIONS], 1.0)
        left = found._left_over(np.stack([thumbnail(picture) for picture in others]))
        return cls(mean, rows[:DIRECTIONS], float(np.quantile(left, QUANTILE)) * MARGIN)


def _text(row: Array) -> str:
    return " ".join(f"{value:.4f}" for value in row)


def thumbnail(picture: Array) -> Array:
    """(SIDE * SIDE,) of a picture (H, W, 3) uint8: grey, with mean 0 and standard deviation 1."""
    small = cell_means(picture, SIDE).mean(axis=-1).ravel()
    small = np.pad(small, (0, SIDE * SIDE - len(small)), mode="edge")  # fewer pixels than cells
    return np.asarray((small - small.mean()) / (small.std() + 1e-3))


def cell_means(picture: Array, cells: int) -> Array:
    """(at most cells, at most cells, C): a picture (H, W, C) averaged over a grid."""
    height, width = picture.shape[:2]
    some = picture[:: max(1, height // ENOUGH), :: max(1, width // ENOUGH)]
    return _means(_means(some, 0, cells), 1, cells)


def _means(values: Array, axis: int, cells: int) -> Array:
    """Means over at most ``cells`` equal stretches of an axis."""
    size = values.shape[axis]
    starts = np.unique(np.linspace(0, size, cells, endpoint=False).astype(int))
    sums = np.add.reduceat(values, starts, axis=axis, dtype=np.float64)
    lengths = np.diff(np.append(starts, size))
    return sums / np.expand_dims(lengths, tuple(i for i in range(values.ndim) if i != axis))
