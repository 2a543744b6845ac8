"""Looking for a thing that the goal speaks of and that was never in sight.

Nothing tells the planner where things hide. A model that can be told things is asked: suppose it
were there, what would have to be done first? Where the thing could be handled at once it would be
in sight; where something else comes first (a lid to open), that is done, and looked again.
For other models the planner brings about, one after another, what it has not yet looked under, the
nearest first and where the model expects to see more. Nothing is tried for ever.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .belief import Belief
from .goal import Goal, GoalPart
from .plans import Plan, SearchConfig
from .protocols import Action, StateBatch, WorldModel
from .search import plan
from .things import value_of
from .vocabulary import UNSEEN, Subject

DEPTH, BEAM = 3, 8
FIRST = (2, DEPTH)  # short ways are looked for first, in all places: finding none takes long
TRIES = 3  # steps spent on bringing one statement about
WORTH = 0.05  # fall of "not in sight" in imagination that counts as seeing more


@dataclass(frozen=True)
class LookFor:
    """``way``: the first of its steps helps to find ``thing``; ``toward`` names what it is for, and
    ``steps`` of it are for looking."""

    thing: str
    toward: str
    way: Plan
    steps: int
    gain: float = 0.0


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


def narrowed(config: SearchConfig, belief: Belief, goal: Goal) -> SearchConfig:
    """A short search where something the goal speaks of is missing: what nobody knows the place of
    cannot be moved in imagination, and finding that out at full depth takes half a minute."""
    if not missing_things(belief, goal):
        return config
    return _short(config)


def _short(config: SearchConfig) -> SearchConfig:
    return replace(config, depth=min(DEPTH, config.depth), beam=min(BEAM, config.beam))


def look_for(
    world: WorldModel, belief: Belief, state: StateBatch, goal: Goal, actions: Sequence[Action],
    config: SearchConfig, avoid: frozenset[str], tried: Mapping[tuple[str, str], int],
) -> LookFor | None:
    """The next place to look, or None when nothing is missing or all was looked under.

    Args:
        avoid: ids of actions that must not come first (they just failed here).
        tried: (thing, what it was for) -> how many steps went into it already.

    All of it takes no longer than one search may (``config.budget_ms``).
    """
    ends = time.perf_counter() + config.budget_ms / 1e3 if config.budget_ms else math.inf
    find = _suppose_it_there if world.can_suppose else _change_something
    depths = [d for d in FIRST if world.can_suppose and d < config.depth] + [config.depth]
    narrow = replace(config, beam=min(BEAM, config.beam))
    spent = {thing: frozenset(s for (t, s), n in tried.items() if t == thing and n >= TRIES)
             for thing in belief.things}
    found: list[LookFor] = []
    for depth in depths:
        reach = replace(narrow, depth=depth)
        found = [
            item for thing in missing_things(belief, goal) for item in find(
                world, belief, state, goal, actions, reach, avoid, thing, spent[thing], ends)
        ]
        if found or time.perf_counter() >= ends:
            break
    promising = [item for item in found if item.gain >= WORTH] or found
    return min(promising, key=lambda item: (len(item.way.steps), -item.gain), default=None)


def _suppose_it_there(
    world: WorldModel, belief: Belief, state: StateBatch, goal: Goal, actions: Sequence[Action],
    config: SearchConfig, avoid: frozenset[str], thing: str, spent: frozenset[str], ends: float,
) -> Iterator[LookFor]:
    """For every place where it could be but not be handled: the way to the goal from there, unless
    one that was found is shorter: it would be chosen, and finding no other takes long."""
    vocabulary = belief.vocabulary
    subject = max((vocabulary.subject(s) for s in belief.about(thing)),
                  key=lambda s: len(s.statement_ids))
    aimed = [action for action in actions if action.region is None]
    open_to_view = _places_in_sight(belief, thing)
    hidden = [s.endswith(UNSEEN) for s in subject.statement_ids]
    for row, statement_id in enumerate(subject.statement_ids):
        if hidden[row] or statement_id in spent:
            continue
        if statement_id.split(".", 1)[-1] in open_to_view:
            continue
        if time.perf_counter() >= ends:
            return
        there = world.suppose(state, subject.embeddings[row : row + 1])
        imagined = world.imagine(there, aimed, subject.query[None])
        at, _ = subject.nearest(imagined.readouts[0, :, 0])
        handled = (imagined.works[0] >= config.works_threshold) & (at != row)
        if any(not hidden[at[a]] for a in np.flatnonzero(handled)):
            continue
        way = plan(world, there, goal, actions, vocabulary, _until(config, ends), avoid)
        if way.status == "ok":
            acts = [step.action for step in way.steps]
            steps = _before_it_moves(world, there, acts, subject, row)
            if steps:
                yield LookFor(thing, statement_id, way, steps)
                if len(acts) == 1:
                    return
                config = replace(config, depth=len(acts) - 1)


def _until(config: SearchConfig, ends: float) -> SearchConfig:
    """With what is left of the time for looking (`ends` on the performance counter)."""
    if math.isinf(ends):
        return config
    return replace(config, budget_ms=max(1.0, (ends - time.perf_counter()) * 1e3))


def _places_in_sight(belief: Belief, thing: str) -> set[str]:
    """Where other things are seen: what were there as well would be seen."""
    others = [belief.of(s) for name in belief.things if name != thing for s in belief.about(name)]
    return {value_of(b) for b in others if not b.unseen and not b.remembered}


def _before_it_moves(
    world: WorldModel, state: StateBatch, actions: Sequence[Action], subject: Subject, row: int
) -> int:
    """How many of the actions come before the one that is imagined to move the thing."""
    for count, action in enumerate(actions):
        imagined = world.imagine(state, [action], subject.query[None])
        at = int(subject.nearest(imagined.readouts[0, 0, 0])[0])
        if at != row and not subject.statement_ids[at].endswith(UNSEEN):
            return count
        state = imagined.states
    return len(actions)


def _change_something(
    world: WorldModel, belief: Belief, state: StateBatch, goal: Goal, actions: Sequence[Action],
    config: SearchConfig, avoid: frozenset[str], thing: str, spent: frozenset[str], ends: float,
) -> Iterator[LookFor]:
    """For every statement about the surroundings not looked under yet: the way to make it true."""
    narrow = _short(config)
    vocabulary, looked = belief.vocabulary, belief.looked(thing) | spent
    for subject in belief.surroundings:
        for row, statement_id in enumerate(subject.statement_ids):
            if statement_id in looked:
                continue
            part = GoalPart(subject.statements[row], subject.embeddings[row], subject.id,
                            statement_id, vocabulary.met_threshold)
            if time.perf_counter() >= ends:
                return
            reach = _until(narrow, ends)
            way = plan(world, state, Goal((part,)), actions, vocabulary, reach, avoid)
            if way.status != "ok":
                continue
            gain = _gain(world, belief, state, thing, [s.action for s in way.steps])
            if gain is not None:
                yield LookFor(thing, statement_id, way, len(way.steps), gain)


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
