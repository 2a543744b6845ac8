"""When a pursuit decides: once the scene is at rest after the last action, or seen by nobody.

A scene that does not come to rest, or a camera too slow to show that it did, is taken as it is
after rest_timeout. A covered camera is decided on once (the pursuit may go on from memory), then
waited for until cover_patience has passed; a silent one until camera_patience has.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from ..planning.vocabulary import Vocabulary
from .ranking import View

if TYPE_CHECKING:
    from .planner_node import PlannerNode


class Lookout:
    """What one pursuit was shown since its last action; belongs to the executor's thread."""

    def __init__(self, node: PlannerNode, vocabulary: Vocabulary) -> None:
        self._node, self._rest = node, node.at_rest(vocabulary)
        self.restart(-math.inf)

    def restart(self, since: float) -> None:
        """Wait for what comes after ``since``, in seconds of camera time."""
        self._rest.restart(since)
        self._began = time.monotonic()
        self._at_rest: View | None = None
        self._moving: View | None = None  # the newest that shows something
        self._moving_since = math.inf
        self.dark_over()

    def dark_over(self) -> None:
        self._dark: View | None = None  # the newest that shows nothing
        self._dark_since, self._dark_known = math.inf, False

    def show(self, view: View) -> None:
        """A new semantic state."""
        if not self._rest.fresh(view.window_start, view.stamp):
            return
        if view.nothing_seen:
            self._dark, self._dark_since = view, min(self._dark_since, time.monotonic())
            return
        self.dark_over()
        self._moving, self._moving_since = view, min(self._moving_since, time.monotonic())
        if self._rest.update(view.window_start, view.stamp, view.answers):
            self._at_rest = view

    def decided_in_the_dark(self) -> None:
        """The dark view that was given out needs no second decision."""
        self._dark_known = True

    @property
    def view(self) -> View | None:
        """What to decide from; None: wait on."""
        now, parameters = time.monotonic(), self._node.parameters
        if self._at_rest is not None:
            return self._at_rest
        if self._dark is not None:
            known = self._dark_known or now - self._dark_since <= parameters["stale_after"]
            return None if known else self._dark
        return self._moving if now - self._moving_since > parameters["rest_timeout"] else None

    @property
    def given_up(self) -> str:
        """Why there is no use in waiting any longer; "" while there is."""
        now, parameters = time.monotonic(), self._node.parameters
        patience, cover = parameters["camera_patience"], parameters["cover_patience"]
        if self._dark is not None:
            nothing = f"the camera sees nothing: {self._dark.nothing_seen}, for {cover:g} s"
            return nothing if self._dark_known and now - self._dark_since > cover else ""
        if self._moving is not None or now - self._began <= patience:
            return ""
        if now - self._node.last_state < patience:
            why = "is newer than the end of the last action; are the clocks the same?"
        else:
            why = f"came for {patience:g} s"
        return f"no semantic_state {why}"
