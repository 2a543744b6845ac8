"""Skills on the workbench move what they should, nothing else, and say so when they cannot."""

import numpy as np
import pytest

from vljepa_ros.bench import skills as bench_skills
from vljepa_ros.bench.skills_workbench import FAILURE_KINDS, KINDS, WorkbenchBench
from vljepa_ros.sim.skill_runner import Outcome
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_layout import PLACE_XY
from vljepa_ros.sim.workbench_skills import WorkbenchSkills
from vljepa_ros.sim.workbench_symbolic import ACTIONS, WorkbenchState, apply, failure, works


def state(red="back_left", green="front_middle", blue="back_middle", **fixtures):
    return WorkbenchState(**fixtures, cubes=(("red", red), ("green", green), ("blue", blue)))


TOWER = state(drawer="open", red="on_blue", green="on_red", blue="back_left")


@pytest.fixture(scope="module")
def bench():
    return Workbench(64, 64)


@pytest.fixture(scope="module")
def skills(bench):
    return WorkbenchSkills(bench)


@pytest.mark.parametrize(
    ("start", "action"),
    [
        (state(), "place_red_front_left"),
        (state(drawer="open", red="drawer"), "place_red_back_right"),
        (TOWER, "place_green_front_left"),
        (TOWER, "drawer_green"),
        (state(), "stack_red_on_green"),
        (state(red="on_blue"), "stack_green_on_red"),
        (state(drawer="open", red="drawer", green="on_blue"), "stack_red_on_green"),
        (state(red="elsewhere"), "place_red_back_right"),
        (state(blue="back_left", red="on_blue", green="on_red"), "open_drawer"),
        (TOWER, "close_drawer"),
        (state(blue="back_right", red="on_blue", green="on_red"), "open_window"),
        (TOWER, "press_left_button"),
    ],
)
def test_what_works_has_exactly_its_effect_beside_stacks_and_neighbours(
    bench, skills, start, action
):
    assert works(start, action)
    bench.reset(start, seed=4)
    result = skills.run(action)
    assert result.result is Outcome.SUCCEEDED, result.message
    assert bench.truth() == apply(start, action)
    assert bench.at_rest(0.02) and not bench.moving()


@pytest.mark.parametrize(
    ("start", "action", "outcome", "words"),
    [
        (state(drawer_lock="locked"), "open_drawer", Outcome.NO_EFFECT, "is locked"),
        (state(), "place_red_back_left", Outcome.NO_EFFECT, "already at the back left"),
        (state(), "drawer_red", Outcome.PRECONDITION, "the drawer is closed"),
        (state(drawer="open", red="drawer"), "drawer_blue", Outcome.PRECONDITION, "red cube is in"),
        (state(), "place_red_back_middle", Outcome.PRECONDITION, "another cube stands at"),
        (TOWER, "place_blue_front_left", Outcome.PRECONDITION, "the red cube stands on the blue"),
        (state(red="on_blue"), "stack_green_on_blue", Outcome.PRECONDITION, "red cube stands on"),
        (state(), "stack_red_on_white", Outcome.PRECONDITION, "there is no white cube"),
    ],
)
def test_what_does_not_work_is_shown_and_said_and_changes_nothing(
    bench, skills, start, action, outcome, words
):
    assert failure(start, action)
    bench.reset(start, seed=5)
    before, path = bench.cube_positions(), []
    result = skills.run(action, on_step=lambda phase, step: path.append(bench.effector_pos))
    assert result.result is outcome and words in result.message
    assert bench.truth() == start and bench.at_rest(0.02)
    assert np.abs(bench.cube_positions() - before).max() < 2e-3
    travelled = max(np.linalg.norm(pos - path[0]) for pos in path)
    assert (travelled > 0.05) == (failure(start, action) != "done")


def test_a_target_of_its_own_is_used_and_must_be_free(bench, skills):
    bench.reset(state(), seed=1)
    target = (0.36, 0.13)
    result = skills.run("place_red_back_right", target_xy=target)
    assert result.result is Outcome.SUCCEEDED, result.message
    np.testing.assert_allclose(bench.cube_pos("red")[:2], target, atol=0.015)
    taken = skills.run("place_green_back_right", target_xy=target)
    assert taken.result is Outcome.PRECONDITION


@pytest.mark.parametrize("stop_at", [20, 30, 42, 52, 62])
def test_stopping_leaves_nothing_in_the_hand_and_every_cube_within_reach(bench, skills, stop_at):
    bench.reset(TOWER, seed=2)
    steps = iter(range(1000))
    result = skills.run("place_green_back_right", should_stop=lambda: next(steps) >= stop_at)
    assert result.result is Outcome.PREEMPTED
    assert bench.at_rest(0.02)
    assert "elsewhere" not in dict(bench.truth().cubes).values()
    again = skills.run("place_green_front_right")
    assert again.result is Outcome.SUCCEEDED, again.message


def test_unknown_actions_are_refused(skills):
    with pytest.raises(ValueError, match="stack_red_on_red"):
        skills.run("stack_red_on_red")
    assert set(skills.actions) >= set(ACTIONS)


def test_the_benchmark_draws_what_its_labels_say():
    drawn = WorkbenchBench(seed=0)
    for label in (*KINDS, *FAILURE_KINDS):
        start, action = drawn.draw(label)
        assert works(start, action) == (label in KINDS)
        assert label in KINDS or failure(start, action) == label


@pytest.mark.slow
def test_the_benchmark_counts(monkeypatch):
    monkeypatch.setattr("vljepa_ros.bench.skills_workbench.FAILURE_KINDS", ("under",))
    result = bench_skills.run(
        3, 1, env="workbench", actions=["stack on two"], chains=1, task_episodes=1
    )
    assert set(result["skills"]) == {"stack on two"} and set(result["illegal"]) == {"under"}
    assert result["chains"]["actions"] == 8 and result["goals"]["n"] == 1
    assert result["figure"] in (0.0, 1.0)


def test_neighbouring_places_leave_room_for_the_gripper():
    spots = np.array(list(PLACE_XY.values()))
    gaps = np.abs(spots[:, None] - spots[None]).max(axis=-1)
    assert gaps[~np.eye(len(spots), dtype=bool)].min() >= 0.09
