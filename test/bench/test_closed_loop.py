"""The shipped model in the simulator, closed loop: what a user would try first."""

import numpy as np
import pytest

from vljepa_ros.bench.disturbance import Disturbance
from vljepa_ros.bench.episodes import Episode
from vljepa_ros.bench.planning import MAX_ACTIONS, pursue
from vljepa_ros.bench.worlds import Eyes
from vljepa_ros.planning.search import SearchConfig
from vljepa_ros.sim.symbolic import SymbolicState

LOCKED = SymbolicState("closed", "closed", "locked", "locked", "back_middle")


@pytest.mark.parametrize("text, goal, shortest", [
    ("open the window", {"window": "open"}, 2),
    ("put the cube in the drawer and shut it", {"cube": "drawer", "drawer": "closed"}, 4),
])
def test_a_goal_behind_a_lock_is_met_in_the_true_state(world, place, text, goal, shortest):
    episode = Episode(text, goal, LOCKED, 1_500_000, "")
    eyes = Eyes(world, place, np.random.default_rng(0))
    outcome = pursue(world, eyes.look, place, episode, SearchConfig(), place.candidates())
    assert outcome.success, outcome
    assert shortest <= len(outcome.actions) <= MAX_ACTIONS


def test_a_drawer_shut_behind_its_back_and_a_covered_camera_do_not_keep_it_from_the_goal(
    world, place
):
    goal = {"cube": "drawer", "drawer": "closed"}
    start = SymbolicState("closed", "closed", "unlocked", "unlocked", "front_left")
    episode = Episode("put the cube in the drawer and shut it", goal, start, 1_500_003, "")
    eyes = Eyes(world, place, np.random.default_rng(0))
    trouble = Disturbance(meddle_after=1, unseen=True, covered=range(1, 3), seed=3)
    search = SearchConfig()
    outcome = pursue(world, eyes.look, place, episode, search, place.candidates(), trouble)
    assert outcome.success and trouble.did and outcome.blind_looks == 2, outcome


def test_a_goal_that_holds_is_met_at_once(world, place):
    episode = Episode("the drawer is closed", {"drawer": "closed"}, LOCKED, 1_500_001, "")
    eyes = Eyes(world, place, np.random.default_rng(0))
    outcome = pursue(world, eyes.look, place, episode, SearchConfig(), place.candidates())
    assert outcome.said == "met" and outcome.actions == []


def test_what_no_action_can_reach_is_said(world, place):
    episode = Episode("open the window", {"window": "open"}, LOCKED, 1_500_002, "")
    eyes = Eyes(world, place, np.random.default_rng(0))
    some = [a for a in place.candidates() if a.id not in ("press_right_button", "open_window")]
    outcome = pursue(world, eyes.look, place, episode, SearchConfig(), some)
    assert outcome.said == "out_of_reach" and outcome.actions == []


@pytest.mark.parametrize("text", ["make me a coffee", "bonjour, comment ça va?", "xyzzy"])
def test_what_is_not_understood_is_said(world, text):
    assert not world.understand(text).understood
