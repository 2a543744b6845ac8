"""Who is disturbed, when and how: the same for everybody, and the goal stays within reach."""

import numpy as np

from vljepa_ros.bench.disturbance import Disturbance
from vljepa_ros.sim.meddle import changes
from vljepa_ros.sim.symbolic import SymbolicState, plan_length

START = SymbolicState("open", "closed", "unlocked", "unlocked", "back_left")
GOAL = {"cube": "drawer", "drawer": "closed"}


class World:
    """A true state and nothing else."""

    def __init__(self, state=START):
        self.state = state

    def truth(self):
        return self.state

    def impose(self, state):
        self.state = state
        return state


def meddled(trouble, executed, looked, world):
    trouble.meddle(world, GOAL, executed, looked, changes, lambda s, new, rng: s.impose(new),
                   plan_length)
    return world.state


def test_it_happens_once_at_its_moment_and_changes_how_far_the_goal_is():
    for seed in range(40):
        trouble, world = Disturbance.draw(3, True, False, seed), World()
        assert 1 <= trouble.meddle_after <= 2
        moments = [(k, looked) for k in range(4) for looked in (False, True)]
        states = [meddled(trouble, k, looked, world) for k, looked in moments]
        at = moments.index((trouble.meddle_after, trouble.unseen))
        assert all(s == START for s in states[:at]) and len(set(states[at:])) == 1
        assert plan_length(states[at], GOAL) not in (None, plan_length(START, GOAL))
        assert trouble.longer == plan_length(states[at], GOAL) - plan_length(START, GOAL)


def test_everybody_gets_the_same():
    first = Disturbance.draw(4, True, True, 7)
    again = first.again()
    ends = [meddled(t, first.meddle_after, first.unseen, World()) for t in (first, again)]
    assert ends[0] == ends[1] != START
    pictures = [[t.picture(look, (32, 32)) for look in range(9)] for t in (first, again)]
    for one, two in zip(*pictures, strict=True):
        assert np.array_equal(one, two) if one is not None else two is None
    assert 1 <= sum(picture is not None for picture in pictures[0]) <= 3
    assert pictures[0][0] is None  # the first look is free


def test_without_disturbance_nothing_happens():
    trouble, world = Disturbance.draw(3, False, False, 1), World()
    assert {meddled(trouble, k, False, world) for k in range(9)} == {START}
    assert all(trouble.picture(look, (8, 8)) is None for look in range(9))
