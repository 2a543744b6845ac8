"""Questions of the `worldmodel` benchmark: two pictures, four candidates, one of which happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from vljepa_ros.planning.protocols import Array
from vljepa_ros.sim.appearance import Appearance

from .environment import Environment, State

OPTIONS = 4
_TRIES = 200


@dataclass(frozen=True)
class Question:
    """`options[0]` is the true sequence of actions."""

    first: Array
    last: Array
    before: State
    after: State
    options: list[list[str]]
    other_light: bool


def ask(
    place: Environment, length: int, rng: np.random.Generator, first_seed: int, other_light: bool
) -> tuple[Question, int]:
    """A question whose true sequence really happened, and how often a skill failed before."""
    failed = 0
    while True:
        state = place.draw_knowable(rng)
        options = draw_options(place, state, length, rng)
        if options is None:
            continue
        place.scene.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
        if place.scene.reset(state, seed=place.random_seed(rng, first_seed)) != state:
            continue
        first = place.look()
        after = place.perform(options[0])
        if after != through(place, state, options[0]):
            failed += 1
            continue
        if other_light:
            place.scene.appearance = Appearance.random(rng)
        return Question(first, place.look(), state, after, options, other_light), failed


def through(place: Environment, state: State, actions: Sequence[str]) -> State:
    """The state after a sequence; what does not work changes nothing."""
    for action in actions:
        state = place.apply(state, action)
    return state


def draw_options(
    place: Environment, state: State, length: int, rng: np.random.Generator
) -> list[list[str]] | None:
    """The true sequence and three others that end elsewhere; None when this draw has none."""
    true: list[str] = []
    now = state
    for _ in range(length):
        action = place.draw_action(now, rng)
        if action is None:
            return None
        true.append(action)
        now = place.apply(now, action)
    if now == state:
        return None
    return _of_one(place, state, true[0], rng) if length == 1 else _of_many(place, state, true, rng)


def _of_one(
    place: Environment, state: State, true: str, rng: np.random.Generator
) -> list[list[str]] | None:
    """Two distractors about the same thing, one (maybe of them) without effect here."""
    same = [a for a in place.actions(state)
            if a != true and place.objects(a) & place.objects(true)]
    idle = [a for a in place.actions(state) if not place.works(state, a)]
    working = [a for a in same if place.works(state, a)]
    pair = _some(working, 2, rng)
    pair += _some([a for a in same if a in idle and a not in pair], 2 - len(pair), rng)
    rest = [a for a in idle if a not in pair]
    if len(pair) < 2 or not rest:
        return None
    options = [[true], *([a] for a in pair), _some(rest, 1, rng)]
    ends = [place.apply(state, a) for (a,) in options]
    return options if ends[0] not in ends[1:] else None


def _of_many(
    place: Environment, state: State, true: list[str], rng: np.random.Generator
) -> list[list[str]] | None:
    """Another order, another action about the same thing, an action without effect."""
    end = through(place, state, true)
    orders = [list(p) for p in permutations(true) if through(place, state, p) != end]
    if not orders:
        return None
    options = [true, orders[rng.integers(len(orders))]]
    for idle in (False, True):
        for _ in range(_TRIES):
            changed = _replaced(place, state, true, idle, rng)
            if changed and changed not in options and through(place, state, changed) != end:
                options.append(changed)
                break
    return options if len(options) == OPTIONS else None


def _replaced(
    place: Environment, state: State, true: list[str], idle: bool, rng: np.random.Generator
) -> list[str] | None:
    """One action of the sequence exchanged for one that works and is about the same thing, or for
    one that has no effect at that moment."""
    i = int(rng.integers(len(true)))
    now = through(place, state, true[:i])
    fitting = [
        a for a in place.actions(state) if a != true[i] and place.works(now, a) != idle
        and (idle or place.objects(a) & place.objects(true[i]))
    ]
    return [*true[:i], *_some(fitting, 1, rng), *true[i + 1 :]] if fitting else None


def _some(options: list[str], count: int, rng: np.random.Generator) -> list[str]:
    chosen = rng.permutation(len(options))[: max(0, count)]
    return [options[i] for i in chosen]
