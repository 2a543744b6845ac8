"""Actions whose target is free: where to put a thing so that the imagined outcome meets the goal.

A candidate with a region (:class:`.protocols.Region`) is a template, such as "put the cube at the
marked spot". For a goal that places its thing in metres, CEM finds the target in the region by the
latent distance of the imagined outcome; for any other goal the template is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .cem import CemConfig, minimise
from .goal import Goal, GoalPart
from .imagination import Judge
from .protocols import Action, Array, Region, StateBatch

WORTH = 0.03
"""Goal distance by which another target must be better than the goal's own position: what the model
reads of imagined places is not exact, and CEM would follow its errors."""


def split(actions: Sequence[Action], goal: Goal) -> tuple[list[Action], list[Action]]:
    """(Actions as they are, free ones aimed at the goal's own positions)."""
    fixed = [action for action in actions if action.region is None]
    aimed = []
    for action in actions:
        part = part_for(action, goal)
        if action.region is not None and part is not None:
            assert part.position is not None
            unit = to_unit(action.region, np.array(part.position))
            aimed.append(replace(action, target=_xyz(to_point(action.region, unit))))
    return fixed, aimed


def part_for(action: Action, goal: Goal) -> GoalPart | None:
    """The metric part of a goal that a free action could meet."""
    if action.region is None:
        return None
    return next(
        (p for p in goal.parts if p.position is not None and p.thing == action.region.thing), None
    )


def improve(
    judge: Judge, state: StateBatch, action: Action, works_threshold: float, config: CemConfig
) -> Action | None:
    """The free action with a better target for this state (a batch of one), or None.

    None: it does not work here, or its target is already as good as any.
    """
    region = action.region
    assert region is not None and action.target is not None

    def score(points: Array) -> Array:
        drawn = [
            replace(action, id=f"{action.id}_{i}", target=_xyz(to_point(region, point)))
            for i, point in enumerate(points)
        ]
        pairs = np.stack((np.zeros(len(drawn), int), np.arange(len(drawn))), axis=1)
        imagined, judged = judge.imagine(state, drawn, pairs, works_threshold)
        scores = np.full(len(drawn), np.inf)
        scores[imagined.read] = judged.distances
        return scores

    start = to_unit(region, np.array(action.target))
    before = float(score(start[None])[0])
    if before <= config.enough:
        return None
    found = minimise(score, start, config)
    if not np.isfinite(found.score) or found.score > before - WORTH:
        return None
    return replace(action, target=_xyz(to_point(region, found.point)))


def to_point(region: Region, unit: Array) -> Array:
    """(..., d) in the unit box -> (..., 3) metres, optical frame."""
    return np.asarray(region.corner) + unit @ _edges(region)


def to_unit(region: Region, point: Array) -> Array:
    """(3,) metres, optical frame -> the nearest point of the unit box, (d,)."""
    edges = _edges(region)
    offset = np.asarray(point) - np.asarray(region.corner)
    return np.clip(offset @ edges.T / (edges**2).sum(axis=1), 0.0, 1.0)


def _edges(region: Region) -> Array:
    """(d, 3): the edges of the region that have a length; they are perpendicular."""
    edges = np.array(region.edges, dtype=float)
    return edges[np.linalg.norm(edges, axis=1) > 1e-6]


def _xyz(point: Array) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in point)
    return x, y, z
