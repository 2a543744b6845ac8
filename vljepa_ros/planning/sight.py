"""Whether a picture shows anything: a covered lens must not be taken for an empty table.

A trained model reads a black frame as confidently as a good one (0.99 against 1.00 for the shipped
one), so its confidence alone says little; the picture's own contrast says more.
"""

from __future__ import annotations

import numpy as np

from .looks import cell_means
from .protocols import Array
from .vocabulary import Vocabulary

CELLS = 16
CONTRAST_FLOOR = 0.08
"""Pictures of the simulated scene have 0.17 to 0.35 in any light, covered or noisy ones 0.03."""


def contrast(picture: Array) -> float:
    """Standard deviation, in [0, 0.5], of a picture (H, W, 3) uint8 averaged over a coarse grid.

    Of the colour channels the one with most. The averaging takes out the noise of a dark sensor,
    which a contrast over pixels would count as a rich scene.
    """
    cells = cell_means(picture, CELLS)
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
