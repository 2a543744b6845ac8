"""An action that should work is refused again and again: something stands where it is not read.

A thing that the picture is misread for blocks actions that are imagined to work, and going round it
does not help, since nothing else is wrong. So the things in sight are put elsewhere, one after
another, the one whose reading is least sure first: then they are read anew, and out of the way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from .belief import Belief
from .protocols import Action, StateBatch, WorldModel
from .vocabulary import Subject

REFUSALS = 2
"""How often an action must have done nothing, in whatever states, before a thing is suspected."""


@dataclass(frozen=True)
class Clearing:
    """``action`` puts ``thing`` elsewhere."""

    thing: str
    action: Action


def clear_the_way(
    world: WorldModel, belief: Belief, state: StateBatch, refused: Action,
    actions: Sequence[Action], works_threshold: float, tried: Collection[str],
) -> Clearing | None:
    """What to put elsewhere because ``refused`` did nothing, or None when nothing is left to try.

    Args:
        state: the believed state (a batch of one), in which ``refused`` is imagined to work.
        tried: names of things that were suspected before; they are left alone.
    """
    fixed = [action for action in actions if action.region is None]
    suspects = [thing for thing in belief.things if thing not in tried and _in_sight(belief, thing)]
    if not fixed or not suspects:
        return None
    subjects = [_placing(belief, thing) for thing in suspects]
    queries = np.stack([subject.query for subject in subjects])
    imagined = world.imagine(state, [*fixed, refused], queries)
    found: list[tuple[float, float, int, str]] = []
    for i, (thing, subject) in enumerate(zip(suspects, subjects, strict=True)):
        held = belief.of(subject.id)
        after, _ = subject.nearest(imagined.readouts[0, :, i])
        moves = after != subject.statement_ids.index(held.statement_id)
        if moves[-1]:
            continue  # what the refused action itself is to move is not in its way
        usable = np.flatnonzero(moves[:-1] & (imagined.works[0, :-1] >= works_threshold)).tolist()
        for a in usable:
            found.append((held.confidence, -float(imagined.works[0, a]), a, thing))
    if not found:
        return None
    there = imagined.states.select([a for _, _, a, _ in found])
    still = world.imagine(there, [refused], queries[:1]).works[:, 0] >= works_threshold
    useful = [row for row, works in zip(found, still, strict=True) if works]
    if not useful:
        return None
    _, _, best, thing = min(useful)
    return Clearing(thing, fixed[best])


def _in_sight(belief: Belief, thing: str) -> bool:
    held = [belief.of(subject) for subject in belief.about(thing)]
    return not any(b.unseen or b.remembered for b in held)


def _placing(belief: Belief, thing: str) -> Subject:
    """The subject that says most precisely where a thing is."""
    subjects = (belief.vocabulary.subject(s) for s in belief.about(thing))
    return max(subjects, key=lambda s: len(s.statement_ids))
