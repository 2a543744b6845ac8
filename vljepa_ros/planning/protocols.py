"""What planning owes a world model and what a world model owes planning.

planning/ never imports a network. It sees a world model only through :class:`WorldModel`; the
in-process model (``vljepa_ros.model.world_model``) and the one behind the ROS service
``predict_outcomes`` (``vljepa_ros.nodes.remote_world_model``) are two implementations of it.

Shapes: N states, A actions, Q queries, D the width of the shared embedding space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

Array = np.ndarray


Point = tuple[float, float, float]


@dataclass(frozen=True)
class Region:
    """A box in the camera's optical frame: a corner and three perpendicular edges (3,), metres.

    ``thing``: id of what may be put anywhere in it.
    """

    thing: str
    corner: Point
    edges: tuple[Point, Point, Point]


@dataclass(frozen=True)
class Action:
    """One thing the robot could do.

    ``target`` is a position (3,) in metres in the camera's optical frame (REP-103), or None.
    With a ``region`` the target is free and found by planning (:mod:`.targets`).
    ``cost`` is added to the plan's step cost; 0 is neutral.
    """

    id: str
    text: str
    skill: str = ""
    target: Point | None = None
    cost: float = 0.0
    timeout: float = 30.0
    parameters: dict[str, str] = field(default_factory=dict)
    region: Region | None = None


@dataclass(frozen=True)
class Imagined:
    """States reached in imagination: every given state under every given action.

    ``states`` is an opaque batch of N*A states, row-major (state, action); ``works`` (N, A) the
    probability that the action changes the world as it is meant to; ``readouts`` (N, A, Q, D)
    the unit answers of the imagined states to the queries.
    """

    states: StateBatch
    works: Array
    readouts: Array


@dataclass(frozen=True)
class ImaginedPairs:
    """States reached from chosen (state, action) pairs; only those likely to be reached are read.

    ``works`` (P,) for every pair; ``read`` (K,) int, the pairs that were read, in order;
    ``states`` K imagined states; ``readouts`` (K, Q, D); ``positions`` (K, T, 3) of the things
    asked for, metres, optical frame.
    """

    works: Array
    read: Array
    states: StateBatch
    readouts: Array
    positions: Array


class StateBatch(Protocol):
    """An opaque batch of state tokens: the planner carries it about and never looks inside."""

    def __len__(self) -> int: ...

    def select(self, indices: Sequence[int]) -> StateBatch: ...

    def join(self, others: Sequence[Any]) -> StateBatch:
        """This batch followed by others of its kind."""
        ...


@runtime_checkable
class WorldModel(Protocol):
    """Encode an observation, roll states forward under actions, read states against queries."""

    model_id: str
    can_suppose: bool
    can_locate: bool

    def encode(self, clip: Array) -> StateBatch:
        """One state from a clip (T, 3, H, W) uint8, oldest frame first."""
        ...

    def read(self, states: StateBatch, queries: Array) -> Array:
        """Unit answers (N, Q, D) float32 to unit queries (Q, D)."""
        ...

    def imagine(self, states: StateBatch, actions: Sequence[Action], queries: Array) -> Imagined:
        """Every state under every action, read against the queries in the same call."""
        ...

    def suppose(self, states: StateBatch, statements: Array) -> StateBatch:
        """The states in which statements (S, D) about things out of sight are taken as true.

        The states themselves where the model cannot (`can_suppose` is False).
        """
        ...

    def locate(self, states: StateBatch, things: Array) -> Array:
        """(N, T, 3) metres in the camera's optical frame, for the things asked about (T, D).

        Raises RuntimeError where the model cannot (`can_locate` is False).
        """
        ...

    def imagine_pairs(
        self, states: StateBatch, actions: Sequence[Action], pairs: Array, queries: Array,
        read_above: float = 0.0, things: Array | None = None,
    ) -> ImaginedPairs:
        """The (state, action) pairs (P, 2) alone.

        A pair whose action works with a probability below ``read_above`` is not read.
        """
        ...
