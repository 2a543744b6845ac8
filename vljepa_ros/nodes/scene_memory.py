"""What planner_node knows of the scene, and whether the camera shows anything, from view to view.

Outlives goals: what was put away under one goal is known under the next. While something is
pursued, the pursuit itself looks; otherwise every new reading of a scene at rest is a look.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from rclpy.task import Future

from ..planning.at_rest import AtRest
from ..planning.belief import Belief
from ..planning.goal import Goal
from ..planning.look_for import missing_things
from ..planning.protocols import WorldModel
from ..planning.things import Believed, remembered
from ..planning.vocabulary import Vocabulary
from .ranking import View
from .remote_world_model import RemoteStates


class SceneMemory:
    """The belief of one model about one scene; belongs to the executor's thread.

    ``belief`` is read and changed in the worker's thread only, but for ``beliefs``.
    """

    def __init__(
        self, world: WorldModel, vocabulary: Vocabulary, rest: AtRest,
        submit: Callable[[Callable[[], Any]], Future],
    ) -> None:
        self.world, self.belief = world, Belief(vocabulary)
        self._rest, self._submit = rest, submit
        self._believed: tuple[int, ...] = ()
        self._dark, self._dark_since = "", math.inf

    @property
    def beliefs(self) -> tuple[Believed, ...]:
        return self.belief.beliefs

    @property
    def in_words(self) -> str:
        """What is believed of things out of sight."""
        return "; ".join(remembered(self.beliefs))

    def missing(self, goal: Goal) -> tuple[str, ...]:
        """What the goal speaks of that was never in sight, in words."""
        return tuple(map(self.belief.in_words, missing_things(self.belief, goal)))

    def sees_nothing(self, patience: float) -> str:
        """Why the camera has been of no use for ``patience`` seconds; "" when it is of use."""
        dark = time.monotonic() - self._dark_since >= patience
        return f"the camera sees nothing: {self._dark}" if dark else ""

    def show(self, view: View, looking: bool) -> Future | None:
        """A new view; ``looking``: it may become a look. Returns the look under way, if any."""
        if view.nothing_seen:
            self._dark_since = min(self._dark_since, time.monotonic())
            self._dark = view.nothing_seen
            return None
        self._dark_since = math.inf
        at_rest = self._rest.update(view.window_start, view.stamp, view.answers)
        if not (looking and at_rest) or view.reading == self._believed:
            return None
        self._believed = view.reading
        states = RemoteStates((view.state_id,))
        return self._submit(lambda: self.belief.see(self.world, states, view.answers))

    def look_anew(self) -> None:
        """Take the next view at rest as a look even if it reads as before."""
        self._believed = ()
