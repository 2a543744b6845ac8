"""Whether a picture shows anything: a covered lens must not be taken for an empty table.

A trained model reads a black frame as confidently as a good one (0.99 against 1.00 for the shipped
one), so its confidence alone says little; the picture's own contrast says more.
"""

from __future__ import annotations

import numpy as np

from .protocols import Array
from .vocabulary import Vocabulary

CELLS = 16
ENOUGH = 256  # rows and columns looked at
CONTRAST_FLOOR = 0.08
"""Pictures of the simulated scene have 0.17 to 0.35 in any light, covered or noisy ones 0.03."""


def contrast(picture: Array) -> float:
    """Standard deviation, in [0, 0.5], of a picture (H, W, 3) uint8 averaged over a coarse grid.

    Of the colour channels the one with most. The averaging takes out the noise of a dark sensor,
    which a contrast over pixels would count as a rich scene.
    """
    height, width = picture.shape[:2]
    some = picture[:: max(1, height // ENOUGH), :: max(1, width // ENOUGH)]
    cells = _means(_means(some, 0), 1)
    return float(cells.reshape(-1, cells.shape[-1]).std(axis=0).max() / 255.0)


def nothing_seen(
    vocabulary: Vocabulary, answers: Array, contrast: float, floor: float = CONTRAST_FLOOR
) -> str:
    """Why a look is not to be believed, in words; "" when it is.

    Args:
        answers: (S, D) to the vocabulary's queries.
        contrast: of the picture, as :func:`contrast` measures it; infinite when it is unknown.
    """
    if contrast < floor:
        return f"its picture has no contrast ({contrast:.3f} of at least {floor:g})"
    mean = float(np.mean([vocabulary.subjects[i].nearest(answers[i])[1]
                          for i in vocabulary.lasting]))
    if mean < vocabulary.sight_threshold:
        return (f"its picture shows nothing known (confidence {mean:.2f} of at least "
                f"{vocabulary.sight_threshold:g})")
    return ""


def _means(values: Array, axis: int) -> Array:
    """Means over at most CELLS equal stretches of an axis."""
    size = values.shape[axis]
    starts = np.unique(np.linspace(0, size, CELLS, endpoint=False).astype(int))
    sums = np.add.reduceat(values, starts, axis=axis, dtype=np.float64)
    lengths = np.diff(np.append(starts, size))
    return sums / np.expand_dims(lengths, tuple(i for i in range(values.ndim) if i != axis))
