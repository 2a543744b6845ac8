"""Status 0 needs both: the planner's MET and the simulator's true state."""

import pytest

from vljepa_ros.demo.verdict import judge, wanted_in_words, wanted_state, wrong_parts

WANTED = {"drawer": "closed", "cube": "drawer"}
THERE = {"drawer": "closed", "cube": "drawer", "window": "open", "drawer_lock": "locked"}


def test_met_when_both_say_so():
    met, text = judge("MET", "goal met in 4 actions", 4, THERE, WANTED)
    assert met and text == "goal met in 4 actions, confirmed by the simulator's true state"
    assert judge("MET", "", 1, THERE, WANTED)[1].startswith("goal met in 1 action,")


@pytest.mark.parametrize(
    ("ending", "state", "wanted", "words"),
    [
        ("MET", {**THERE, "drawer": "open"}, WANTED, "but the drawer is open, not closed"),
        ("MET", {**THERE, "cube": "elsewhere"}, WANTED, "but the cube is elsewhere, not drawer"),
        ("MET", None, WANTED, "the simulator does not answer"),
        ("MET", THERE, {}, "no part that can be checked"),
        ("OUT_OF_REACH", THERE, WANTED, "goal not met after 2 actions: no way there"),
        ("NOT_UNDERSTOOD", THERE, {}, "goal not understood, 2 actions done"),
    ],
)
def test_not_met(ending, state, wanted, words):
    met, text = judge(ending, "no way there", 2, state, wanted)
    assert not met and words in text


def test_truth_of_an_understood_goal():
    ids = ("drawer_lock.locked", "cube_in.drawer", "window.open")
    assert wanted_state(ids) == {"drawer_lock": "locked", "cube": "drawer", "window": "open"}
    assert wanted_state(("cube_place.front_left",)) == {"cube": "front_left"}
    assert wanted_state(("window.open", "")) == {}
    assert wrong_parts({"cube": "front_left"}, {"cube": "table"}) == []
    assert wrong_parts({"cube": "drawer"}, {"cube": "table"}) == ["cube is drawer, not table"]


def test_truth_of_a_goal_on_the_workbench():
    wanted = wanted_state(("red.on_blue", "green.table", "white.stacked", "count.two"))
    assert wanted_in_words(wanted) == (
        "red cube on the blue cube, green cube on the table, white cube on another cube, "
        "two cubes on the table"
    )
    state = {"drawer": "open", "red_cube": "on_blue", "green_cube": "back_left",
             "white_cube": "on_red", "blue_cube": "elsewhere"}
    assert wrong_parts(state, wanted) == []
    state |= {"blue_cube": "drawer", "white_cube": "drawer"}
    assert wrong_parts(state, wanted) == [
        "white cube is drawer, not stacked", "number of cubes on the table is 1, not 2"
    ]
    assert wrong_parts({}, {"red_cube": "drawer"}) == ["red cube is unknown, not drawer"]
    assert wanted_state(("red.unseen", "drawer.closed")) == {}


def test_wanted_in_words():
    assert wanted_in_words({"drawer_lock": "locked", "cube": "front_left"}) == (
        "drawer locked, cube at the front left"
    )
    assert wanted_in_words(WANTED) == "drawer closed, cube in the drawer"
