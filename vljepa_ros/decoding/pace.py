"""How often to look: a stream of thoughts needs no embedding of every frame.

Where nothing seems to change a look now and then is enough; as soon as the detector's signal rises
every frame is embedded until the change is decided. A picture in which no cell moved is looked at
more rarely still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..planning.vocabulary import Vocabulary
from .detectors import CELLS, coarse
from .segments import Array
from .voice import Voice


@dataclass(frozen=True)
class PaceConfig:
    """Seconds between two looks: ``calm`` while nothing seems to change, ``still`` while the
    picture stands still as well (no cell further than ``still_levels`` grey levels from the one
    embedded last). From ``alert`` of the detector's signal on every frame is looked at."""

    calm: float = 0.4
    still: float = 1.0
    still_levels: float = 3.0
    alert: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.calm <= self.still:
            raise ValueError(f"calm = {self.calm!r} is not usable; allowed: 0 to still "
                             f"({self.still!r})")


class Pace:
    """Says of every frame whether it is to be embedded. Constant memory."""

    def __init__(self, config: PaceConfig | None = None) -> None:
        self.config = config or PaceConfig()
        self._stamp = -np.inf
        self._cells: Array | None = None

    def due(self, stamp: float, picture: Array | Callable[[], Array], signal: float) -> bool:
        """Whether to embed the frame at `stamp` seconds.

        Args:
            picture: (H, W, 3) uint8, or what gives it; asked only when it can matter.
            signal: of the detector after the last look; 1 is where a change begins.
        """
        since = stamp - self._stamp
        if 0 <= since < self.config.calm - 1e-6 and signal < self.config.alert:
            return False
        pixels = picture() if callable(picture) else picture
        cells = coarse(pixels) if min(pixels.shape[:2]) >= CELLS else None
        if self._cells is not None and cells is not None:
            moved = float(np.abs(cells - self._cells).max()) > self.config.still_levels
            calm = signal < self.config.alert and not moved
            if calm and 0 <= since < self.config.still - 1e-6:
                return False
        self._stamp, self._cells = stamp, cells
        return True


class PacedEye:
    """Says of a live stream's frames which are to be embedded, by what was read in the others.

    Whoever embeds asks `due` of every frame and tells what it `saw` in those that were.
    """

    def __init__(self, vocabulary: Vocabulary, config: PaceConfig | None = None) -> None:
        self._voice, self._pace = Voice(vocabulary), Pace(config)
        self.passed_over = 0
        """How many frames were not due so far."""

    def due(self, stamp: float, picture: Callable[[], Array]) -> bool:
        """Whether to embed the frame at `stamp` seconds; `picture` gives (H, W, 3) uint8."""
        if self._pace.due(stamp, picture, self._voice.signal):
            return True
        self.passed_over += 1
        return False

    def saw(self, stamp: float, answers: Array, contrast: float) -> None:
        """Take the answers (S, D) to the vocabulary's queries, and the picture's contrast."""
        self._voice.update(stamp, answers, contrast=contrast)
