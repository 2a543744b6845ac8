import pytest

from vljepa_ros.sim.symbolic import (
    ACTIONS,
    PLACES,
    SymbolicState,
    all_states,
    apply,
    best_first_actions,
    goal_holds,
    plan_length,
    shortest_plan,
    works,
)

LOCKED = SymbolicState("closed", "closed", "locked", "locked", "back_middle")


def test_there_are_112_states_and_15_actions():
    assert len(set(all_states())) == 112
    assert len(set(ACTIONS)) == 15
    assert len(PLACES) == 6


@pytest.mark.parametrize(
    ("action", "state", "expected"),
    [
        ("open_drawer", LOCKED, False),
        ("open_drawer", SymbolicState(drawer_lock="unlocked"), True),
        ("open_drawer", SymbolicState(drawer="open"), False),
        ("close_drawer", SymbolicState(drawer="open"), True),
        ("close_drawer", SymbolicState(drawer="open", drawer_lock="locked"), False),
        ("open_window", LOCKED, False),
        ("close_window", SymbolicState(window="open"), True),
        ("put_cube_in_drawer", SymbolicState(), False),
        ("put_cube_in_drawer", SymbolicState(drawer="open"), True),
        ("put_cube_in_drawer", SymbolicState(drawer="open", cube="drawer"), False),
        ("take_cube_out", SymbolicState(drawer="open", cube="drawer"), True),
        ("take_cube_out", SymbolicState(cube="drawer"), False),
        ("place_back_middle", SymbolicState(cube="back_middle"), False),
        ("place_back_left", SymbolicState(cube="back_middle"), True),
        ("place_back_left", SymbolicState(cube="drawer"), False),
        ("place_back_left", SymbolicState(drawer="open", cube="drawer"), True),
        ("place_back_left", SymbolicState(cube="elsewhere"), True),
        ("wait", LOCKED, False),
    ],
)
def test_preconditions(action, state, expected):
    assert works(state, action) is expected
    assert (apply(state, action) != state) is expected


def test_a_button_toggles_its_own_lock_only():
    after = apply(LOCKED, "press_left_button")
    assert after == SymbolicState("closed", "closed", "unlocked", "locked", "back_middle")
    assert apply(after, "press_left_button") == LOCKED


def test_a_locked_drawer_needs_four_actions_to_hold_the_cube():
    goal = {"drawer": "closed", "cube": "drawer"}
    assert plan_length(LOCKED, goal) == 4
    assert best_first_actions(LOCKED, goal) == {"press_left_button"}
    assert shortest_plan(LOCKED, goal) == [
        "press_left_button",
        "open_drawer",
        "put_cube_in_drawer",
        "close_drawer",
    ]


def test_all_first_actions_of_shortest_plans_are_given():
    goal = {"drawer": "open", "window": "open"}
    assert best_first_actions(SymbolicState(), goal) == {"open_drawer", "open_window"}
    in_open_drawer = SymbolicState(drawer="open", cube="drawer")
    assert len(best_first_actions(in_open_drawer, {"cube": "table"})) == 7


def test_every_full_goal_is_within_eight_actions():
    lengths = [
        plan_length(LOCKED, {k: getattr(goal, k) for k in goal.__dataclass_fields__})
        for goal in all_states()
    ]
    assert None not in lengths
    assert max(lengths) <= 8


def test_goals_that_hold_or_cannot_be_reached():
    assert plan_length(LOCKED, {"cube": "table"}) == 0
    assert best_first_actions(LOCKED, {"cube": "table"}) == set()
    assert plan_length(LOCKED, {"cube": "elsewhere"}) is None
    assert shortest_plan(LOCKED, {"cube": "elsewhere"}) is None
    assert plan_length(SymbolicState(cube="elsewhere"), {"cube": "table"}) == 1


@pytest.mark.parametrize("goal", [{"door": "open"}, {"drawer": "ajar"}, {"cube": "floor"}])
def test_a_wrong_goal_is_refused_with_its_key(goal):
    with pytest.raises(ValueError, match=next(iter(goal))):
        goal_holds(LOCKED, goal)


def test_a_wrong_state_or_action_is_refused():
    with pytest.raises(ValueError, match="cube"):
        SymbolicState(cube="table")
    with pytest.raises(ValueError, match="jump"):
        apply(LOCKED, "jump")
