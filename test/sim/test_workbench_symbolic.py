import time
from collections import Counter

import numpy as np
import pytest

from vljepa_ros.sim.workbench_symbolic import (
    ACTIONS,
    COLOURS,
    FAILURES,
    FIXTURES,
    HELD_OUT_COMBINATIONS,
    WorkbenchState,
    actions_for,
    apply,
    best_first_actions,
    check_goal,
    failure,
    goal_holds,
    has_held_out,
    is_held_out,
    plan_length,
    random_state,
    shortest_plan,
    works,
)


def bench(red="back_left", green="front_middle", blue="back_middle", **fixtures):
    return WorkbenchState(**fixtures, cubes=(("red", red), ("green", green), ("blue", blue)))


def full_goal(state):
    cubes = {f"{colour}_cube": where for colour, where in state.cubes}
    return cubes | {name: getattr(state, name) for name in FIXTURES}


def test_there_are_79_actions_and_34_for_three_colours():
    assert len(ACTIONS) == len(set(ACTIONS)) == 79
    mine = actions_for(("white", "red", "blue"))
    assert len(mine) == 34 and set(mine) < set(ACTIONS)
    assert "stack_red_on_white" in mine and "drawer_green" not in mine


@pytest.mark.parametrize(
    ("state", "action", "kind"),
    [
        (bench(drawer_lock="locked"), "open_drawer", "locked"),
        (bench(window="open"), "open_window", "done"),
        (bench(), "drawer_red", "closed"),
        (bench(red="drawer"), "place_red_back_right", "closed"),
        (bench(red="drawer"), "drawer_red", "done"),
        (bench(red="drawer"), "stack_green_on_red", "closed"),
        (bench(red="drawer", drawer="open"), "stack_green_on_red", "occupied"),
        (bench(red="drawer", drawer="open"), "drawer_blue", "occupied"),
        (bench(), "place_red_back_middle", "occupied"),
        (bench(red="on_blue"), "place_red_back_middle", "occupied"),
        (bench(red="on_blue"), "stack_green_on_blue", "covered"),
        (bench(red="on_blue"), "stack_red_on_blue", "done"),
        (bench(red="on_blue"), "stack_blue_on_red", "under"),
        (bench(red="on_blue"), "place_blue_front_left", "under"),
        (bench(red="elsewhere"), "stack_green_on_red", "occupied"),
        (bench(), "place_white_back_right", "absent"),
        (bench(), "stack_red_on_white", "absent"),
        (bench(), "place_red_back_left", "done"),
    ],
)
def test_what_does_not_work_says_why_and_changes_nothing(state, action, kind):
    assert failure(state, action) == kind
    assert not works(state, action)
    assert apply(state, action) == state


@pytest.mark.parametrize(
    ("state", "action", "expected"),
    [
        (bench(), "press_left_button", bench(drawer_lock="locked")),
        (bench(window_lock="locked"), "press_right_button", bench()),
        (bench(), "open_drawer", bench(drawer="open")),
        (bench(drawer="open"), "drawer_red", bench(drawer="open", red="drawer")),
        (bench(drawer="open", red="drawer"), "place_red_back_left", bench(drawer="open")),
        (bench(), "stack_red_on_blue", bench(red="on_blue")),
        (bench(red="on_blue"), "stack_green_on_red", bench(red="on_blue", green="on_red")),
        (bench(red="on_blue"), "place_red_back_left", bench()),
        (bench(red="elsewhere"), "place_red_back_left", bench()),
    ],
)
def test_what_works_changes_exactly_that(state, action, expected):
    assert failure(state, action) is None
    assert works(state, action)
    assert apply(state, action) == expected


def test_waiting_changes_nothing_and_does_not_fail():
    assert failure(bench(), "wait") is None
    assert not works(bench(), "wait")
    assert apply(bench(), "wait") == bench()


@pytest.mark.parametrize(
    "cubes",
    [
        (("red", "back_left"), ("red", "drawer"), ("blue", "front_left")),
        (("red", "back_left"), ("blue", "front_left")),
        (("red", "back_left"), ("pink", "drawer"), ("blue", "front_left")),
        (("red", "shelf"), ("green", "drawer"), ("blue", "front_left")),
        (("red", "on_white"), ("green", "drawer"), ("blue", "front_left")),
        (("red", "on_blue"), ("green", "drawer"), ("blue", "on_red")),
        (("red", "on_blue"), ("green", "on_blue"), ("blue", "front_left")),
        (("red", "back_left"), ("green", "back_left"), ("blue", "front_left")),
    ],
)
def test_impossible_arrangements_are_refused(cubes):
    with pytest.raises(ValueError, match=r"cube|colour"):
        WorkbenchState(cubes=cubes)


def test_the_order_in_which_cubes_are_given_does_not_matter():
    cubes = (("white", "drawer"), ("red", "back_left"), ("blue", "on_red"))
    assert WorkbenchState(cubes=cubes) == WorkbenchState(cubes=cubes[::-1])


def test_unknown_actions_and_goals_are_refused():
    with pytest.raises(ValueError, match="stack_red_on_red"):
        works(bench(), "stack_red_on_red")
    with pytest.raises(ValueError, match="red_cube is 'on_red'"):
        check_goal({"red_cube": "on_red"})
    with pytest.raises(ValueError, match="pink_cube"):
        goal_holds(bench(), {"pink_cube": "drawer"})


def test_goals_hold_part_by_part():
    state = bench(red="on_blue", drawer="open")
    assert goal_holds(state, {"red_cube": "on_blue", "green_cube": "table", "drawer": "open"})
    assert not goal_holds(state, {"red_cube": "table"})
    assert not goal_holds(state, {"white_cube": "table"})


def test_plans_reach_their_goals_and_no_shorter_ones_exist():
    rng = np.random.default_rng(3)
    for _ in range(8):
        state = random_state(rng, allow_held_out=True)
        goal = full_goal(random_state(rng, allow_held_out=True, colours=state.colours))
        plan = shortest_plan(state, goal)
        assert plan is not None and len(plan) == plan_length(state, goal)
        best = best_first_actions(state, goal)
        for action in best:
            assert plan_length(apply(state, action), goal) == len(plan) - 1
        for action in (a for a in actions_for(state.colours) if works(state, a) and a not in best):
            assert plan_length(apply(state, action), goal) >= len(plan)
        for action in plan:
            assert works(state, action)
            state = apply(state, action)
        assert goal_holds(state, goal)


def test_a_known_plan():
    start = bench(red="drawer", blue="on_green", drawer_lock="locked")
    goal = {"green_cube": "drawer", "drawer": "closed"}
    plan = shortest_plan(start, goal)
    assert plan is not None and plan[:2] == ["press_left_button", "open_drawer"]
    assert plan[-2:] == ["drawer_green", "close_drawer"] and len(plan) == 6
    assert best_first_actions(start, goal) >= {"press_left_button"}
    assert best_first_actions(start, {"white_cube": "drawer"}) == set()
    assert plan_length(start, {"white_cube": "drawer"}) is None
    assert plan_length(start, {"blue_cube": "on_green"}) == 0


def test_long_plans_take_well_under_a_second():
    start = bench(red="on_blue", green="on_red", drawer_lock="locked", window_lock="locked")
    goal = {
        "blue_cube": "on_green", "red_cube": "drawer", "drawer": "closed", "window": "open",
        "drawer_lock": "locked",
    }  # fmt: skip
    began = time.process_time()
    length = plan_length(start, goal)
    assert length is not None and length >= 8
    assert time.process_time() - began < 2.0


def test_random_states_are_balanced_and_keep_out_what_is_held_out():
    rng = np.random.default_rng(0)
    states = [random_state(rng, allow_held_out=False) for _ in range(2000)]
    assert not any(has_held_out(state) for state in states)
    assert any(has_held_out(random_state(rng, allow_held_out=True)) for _ in range(50))
    for name in FIXTURES:
        share = np.mean([getattr(state, name) in ("open", "locked") for state in states])
        assert 0.45 < share < 0.55
    colours = Counter(colour for state in states for colour in state.colours)
    assert min(colours[c] for c in COLOURS) > 0.9 * 1000
    towers = [s for s in states if len({s.base(c) for c in s.colours}) == 1]
    stacked = [s for s in states if any(s.top_of(c) for c in s.colours)]
    drawer = [s for s in states if s.at("drawer")]
    for some, least in ((towers, 0.1), (stacked, 0.35), (drawer, 0.25)):
        assert len(some) / len(states) > least
    kinds = {failure(state, action) for state in states[:200] for action in ACTIONS}
    assert kinds == {*FAILURES, None}


def test_elsewhere_appears_when_asked_for_and_never_under_a_cube():
    rng = np.random.default_rng(0)
    states = [random_state(rng, allow_held_out=True, elsewhere=0.5) for _ in range(300)]
    lying = [(s, c) for s in states for c, w in s.cubes if w == "elsewhere"]
    assert len(lying) > 80
    assert all(state.top_of(colour) is None for state, colour in lying)


def test_held_out_actions_are_named():
    assert is_held_out("place_red_front_left")
    assert not is_held_out("place_red_front_right") and not is_held_out("wait")
    assert sum(is_held_out(action) for action in ACTIONS) == len(HELD_OUT_COMBINATIONS)
