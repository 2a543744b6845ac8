"""Looking for a thing that the goal speaks of and that was never in sight.

Nothing tells the planner where things hide. It brings about, one after another, what it has not
yet looked under (every statement about something else than a thing), the nearest first and where
the model expects to see more, and never the same one again for the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .belief import Belief
from .goal import Goal, GoalPart
from .protocols import Action, StateBatch, WorldModel
from .search import Plan, SearchConfig, plan
from .vocabulary import UNSEEN

DEPTH, BEAM = 3, 8
TRIES = 3  # steps spent on bringing one statement about
WORTH = 0.05  # fall of "not in sight" in imagination that counts as seeing more


@dataclass(frozen=True)
class LookFor:
    """``way`` brings about ``statement_id`` (``statement`` in words), to look for ``thing``."""

    thing: str
    statement_id: str
    statement: str
    way: Plan
    gain: float


def missing_things(belief: Belief, goal: Goal) -> list[str]:
    """The things the goal speaks of that are out of sight and of which nothing is remembered.

    A part speaks of the thing its statement begins with ("red" in "red.drawer") and of one that it
    ends with ("red" in "blue.on_red").
    """
    wanted = [part.statement_id for part in goal.parts]
    return [
        thing for thing in belief.things
        if belief.missing(thing)
        and any(w.startswith(f"{thing}.") or w.endswith(f"_{thing}") for w in wanted)
    ]


def look_for(
    world: WorldModel, belief: Belief, state: StateBatch, goal: Goal, actions: Sequence[Action],
    config: SearchConfig, avoid: frozenset[str], tried: Mapping[tuple[str, str], int],
) -> LookFor | None:
    """The next place to look, or None when nothing is missing or all was looked under.

    Args:
        avoid: ids of actions that must not come first (they just failed here).
        tried: (thing, statement id) -> how many steps went into it already.
    """
    narrow = replace(config, depth=min(DEPTH, config.depth), beam=min(BEAM, config.beam))
    vocabulary, found = belief.vocabulary, []
    for thing in missing_things(belief, goal):
        looked = belief.looked(thing)
        for subject in belief.surroundings:
            for row, statement_id in enumerate(subject.statement_ids):
                if statement_id in looked or tried.get((thing, statement_id), 0) >= TRIES:
                    continue
                part = GoalPart(subject.statements[row], subject.embeddings[row], subject.id,
                                statement_id, vocabulary.met_threshold)
                way = plan(world, state, Goal((part,)), actions, vocabulary, narrow, avoid)
                if way.status != "ok":
                    continue
                gain = _gain(world, belief, state, thing, [s.action for s in way.steps])
                if gain is not None:
                    found.append(LookFor(thing, statement_id, part.text, way, gain))
    promising = [item for item in found if item.gain >= WORTH] or found
    return min(promising, key=lambda item: (len(item.way.steps), -item.gain), default=None)


def _gain(
    world: WorldModel, belief: Belief, state: StateBatch, thing: str, actions: Sequence[Action]
) -> float | None:
    """How much less sure the model is, after the actions, that the thing is not in sight.

    None when the actions would move other things about.
    """
    vocabulary = belief.vocabulary
    sought = belief.about(thing)
    others = [i for name in belief.things if name != thing
              for i, s in enumerate(vocabulary.subjects) if s.id in belief.about(name)]
    at = [i for i, s in enumerate(vocabulary.subjects) if s.id in sought]
    answers = world.read(state, vocabulary.queries)[0]
    before, first = vocabulary.readings(answers)[others], _unseen(belief, answers, at)
    for action in actions:
        imagined = world.imagine(state, [action], vocabulary.queries)
        state, answers = imagined.states, imagined.readouts[0, 0]
    if not np.array_equal(vocabulary.readings(answers)[others], before):
        return None
    return first - _unseen(belief, answers, at)


def _unseen(belief: Belief, answers: np.ndarray, at: Sequence[int]) -> float:
    """Mean confidence, over the subjects ``at``, that their thing is not in sight."""
    shares = []
    for i in at:
        subject = belief.vocabulary.subjects[i]
        row = next(r for r, s in enumerate(subject.statement_ids) if s.endswith(UNSEEN))
        weights = np.exp((subject.embeddings @ answers[i]) / 0.07)
        shares.append(float(weights[row] / weights.sum()))
    return float(np.mean(shares))
