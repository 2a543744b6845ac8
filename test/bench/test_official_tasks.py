"""OGBench's own tasks as pictures and as poses: what is asked for, and one of them done."""

from types import SimpleNamespace

import numpy as np
import pytest

from vljepa_ros.bench.episodes import TASKS_AS, Episode, official
from vljepa_ros.bench.planning import MAX_ACTIONS, pursue, run
from vljepa_ros.bench.worlds import Eyes
from vljepa_ros.planning.search import SearchConfig
from vljepa_ros.sim.symbolic import OFFICIAL_GOALS


def test_tasks_take_turns_so_that_a_few_rivals_meet_all_of_them(place):
    for goal_as, tasks in TASKS_AS.items():
        drawn = official(place, 2, np.random.default_rng(0), "plain", goal_as)
        assert [e.task_id for e in drawn] == [*tasks, *tasks]


def test_a_picture_of_a_tasks_goal_asks_for_all_that_its_flag_checks(world, place):
    for episode in official(place, 1, np.random.default_rng(5), "plain", "picture"):
        goal = episode.understand(world)
        assert goal.understood, (episode.group, goal.message)
        state = SimpleNamespace(**OFFICIAL_GOALS[episode.task_id])
        wanted = {f"{k}.{getattr(state, k)}" for k in
                  ("drawer", "window", "drawer_lock", "window_lock")}
        assert wanted <= {p.statement_id for p in goal.parts}, episode.group
        spot = place.scene.task_target(episode.task_id)
        assert len(goal.metric) == (spot is not None)
        if spot is not None:
            true = place.scene.to_optical(np.array([*spot, 0.02]))
            asked = np.array(goal.parts[goal.metric[0]].position)
            assert np.linalg.norm(asked - true) < 0.02, episode.group


def test_a_pose_goal_has_the_fixtures_in_words_and_the_cube_in_metres(world, place):
    episode = official(place, 1, np.random.default_rng(5), "plain", "pose")[2]
    goal = episode.understand(world)
    assert {p.statement_id for p in goal.parts[:-1]} == {
        "drawer.open", "window.closed", "drawer_lock.unlocked", "window_lock.unlocked"
    }
    assert goal.metric == [4] and goal.parts[4].thing == "cube"


def test_the_oracle_puts_the_cube_where_the_flag_wants_it():
    goal = OFFICIAL_GOALS[3]
    scene = SimpleNamespace(truth=lambda: goal, task_target=lambda task: (0.4, 0.15),
                            task_success=False)
    place = SimpleNamespace(scene=scene, best_first_actions=lambda state, goal: set())
    episode = Episode("", goal, None, 0, "task 3", 3)
    assert episode.oracle(place) == "place_at"
    assert episode.oracle_target(place, "place_at") == (0.4, 0.15)
    assert episode.oracle_target(place, "place_front_right") == (0.4, 0.15)
    assert episode.oracle_target(place, "place_back_left") is None
    scene.task_success = True
    assert episode.oracle(place) is None


def test_task_3_is_done_from_its_picture_and_said_to_be(world, place):
    episode = official(place, 1, np.random.default_rng(6), "plain", "picture")[2]
    eyes = Eyes(world, place, np.random.default_rng(0))
    outcome = pursue(world, eyes.look, place, episode, SearchConfig(), place.candidates())
    assert outcome.success and outcome.said == "met", outcome
    assert len(outcome.actions) <= MAX_ACTIONS


def test_what_cannot_be_asked_for_so_is_one_line(place):
    with pytest.raises(ValueError, match="goal_as = 'picture' is for tasks"):
        run(goal_as="picture")
    with pytest.raises(ValueError, match="wording = 'held_out' with goal_as = 'pose'"):
        official(place, 1, np.random.default_rng(0), "held_out", "pose")
