"""What made an episode hard."""

import pytest

from vljepa_ros.bench.breakdown import asked, blocked_by, breakdown
from vljepa_ros.bench.environment import open_environment
from vljepa_ros.bench.episodes import Episode
from vljepa_ros.sim.workbench_symbolic import WorkbenchState

START = WorkbenchState(
    drawer="closed", window="closed", drawer_lock="locked", window_lock="locked",
    cubes=(("red", "back_left"), ("green", "on_red"), ("blue", "back_right")),
)


@pytest.fixture(scope="module")
def place():
    return open_environment("workbench")


@pytest.mark.parametrize(("goal", "kinds"), [
    ({"window": "open"}, {"locked"}),
    ({"blue_cube": "drawer"}, {"closed"}),
    ({"red_cube": "front_left"}, {"under"}),
    ({"blue_cube": "back_left"}, {"occupied"}),
    ({"blue_cube": "on_red"}, {"covered"}),
    ({"blue_cube": "on_green"}, {"nothing"}),
    ({"window_lock": "unlocked"}, {"nothing"}),
    ({"red_cube": "front_left", "window": "open"}, {"under", "locked"}),
])
def test_what_is_in_the_way(place, goal, kinds):
    assert blocked_by(place, Episode("", goal, START, 0, "")) == kinds


def test_shares_by_length_precondition_and_combination(place):
    goals = [{"red_cube": "front_left"}, {"blue_cube": "on_green"}]
    todo = [Episode("", goal, START, 0, "") for goal in goals]
    assert asked(place, goals[0]) == {"red.front_left"}
    found = breakdown(place, todo, [True, False])
    assert found["by_length"] == {"1 to 4": {**found["by_length"]["1 to 4"], "n": 2, "rate": 0.5}}
    assert found["by_precondition"]["under"]["rate"] == 1.0
    assert found["combinations"]["held out"]["n"] == 1  # red never stood at the front left
    assert breakdown(place, [Episode("", {}, None, 0, "task 1", 1)], [True]) == {}
