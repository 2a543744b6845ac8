"""What a phrase presumes: would it have worked as well, had things stood otherwise before?

Of one event several phrases may be true: who takes the cube out of the drawer also puts it down
somewhere. The more telling one is that which only the true beginning allows. The other beginnings
are imagined: what else might have been done, by the model's own words for activities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from vljepa_ros.planning.protocols import Action, Array
from vljepa_ros.planning.vocabulary import MOMENTARY, Vocabulary

if TYPE_CHECKING:
    from .events import Event

_BATCH = 64
_PAIRS = 2048  # (state, action) pairs imagined at a time: a thousand labels would fill the memory
_WORKS = 0.5


def presumed(
    world: Any, events: Sequence[Event], actions: Sequence[Action], works: Array
) -> Array:
    """(E, P) how much more each action is expected to work where the event began than elsewhere.

    0 for an event that has no elsewhere: nothing changed, or only what has no third value.

    Args:
        works: (E, P) probability that the action works where the event began.
    """
    found = np.zeros_like(works)
    changed = [i for i, event in enumerate(events) if event.changed]
    for start in range(0, len(changed), _BATCH):
        batch = changed[start : start + _BATCH]
        states, owner = _elsewhere(world, [events[i] for i in batch])
        if not len(owner):
            continue
        there = _likely(world, states, actions)
        for k in np.unique(owner):
            i = batch[k]
            found[i] = works[i] * (1.0 - there[owner == k].mean(axis=0))
    return found


def _likely(world: Any, states: Any, actions: Sequence[Action]) -> Array:
    """(N, P) probability that each action works in each state."""
    many = max(1, _PAIRS // len(actions))
    portions = (range(at, min(at + many, len(states))) for at in range(0, len(states), many))
    query = world.vocabulary.queries[:1]
    return np.concatenate([
        world.imagine(states.select(list(portion)), actions, query).works for portion in portions
    ])


def _elsewhere(world: Any, events: Sequence[Event]) -> tuple[Any, Array]:
    """(N states in which a changed subject stands neither as before the event nor as after it,
    (N,) the event of each)."""
    from vljepa_ros.model.world_model import LatentStates

    vocabulary: Vocabulary = world.vocabulary
    doing = [Action(name, text) for subject in vocabulary.subjects if subject.id in MOMENTARY
             for name, text in zip(subject.statement_ids, subject.statements, strict=True)]
    tokens = torch.from_numpy(np.stack([event.tokens for event in events]))
    if not doing:
        return LatentStates(tokens[:0]), np.zeros(0, dtype=int)
    imagined = world.imagine(LatentStates(tokens), doing, vocabulary.queries)
    rows, owner = [], []
    for k, event in enumerate(events):
        for a in np.flatnonzero(imagined.works[k] >= _WORKS):
            if _stands_otherwise(vocabulary, event, imagined.readouts[k, a]):
                rows.append(k * len(doing) + int(a))
                owner.append(k)
    return LatentStates(imagined.states.tokens[rows]), np.array(owner, dtype=int)


def _stands_otherwise(vocabulary: Vocabulary, event: Event, answers: Array) -> bool:
    for i in event.changed:
        now, before, after = vocabulary.subjects[i].nearest(
            np.stack([answers[i], event.before[i], event.after[i]])
        )[0]
        if now not in (before, after):
            return True
    return False
