"""Pursuit in closed loop: effects are checked, failures are not repeated blindly."""

import pytest

from test.nodes.fakes import ACTIONS, ToyModel, ToyStates, toy_step
from test.planning.test_search import goal_of
from vljepa_ros.planning.goal import Goal
from vljepa_ros.planning.plans import UNFINISHED, SearchConfig
from vljepa_ros.planning.protocols import Action
from vljepa_ros.planning.pursuit import Pursuit

CANDIDATES = [Action(name, text) for name, text in ACTIONS.items()]


def pursue(state, statements, stuck=(), max_actions=16, limit=30):
    """Run to the end; actions in `stuck` (a list of ids) fail that often before they work."""
    model = ToyModel()
    pursuit = Pursuit(model, model.vocabulary, goal_of(model, *statements), CANDIDATES,
                      max_actions=max_actions)
    stuck = list(stuck)
    for _ in range(limit):
        decision = pursuit.look(ToyStates([state]))
        if decision.kind != "act":
            return decision, pursuit, state
        name = decision.action.id
        if name in stuck:
            stuck.remove(name)
            pursuit.executed(name, "FAILED")
        else:
            state = toy_step(state, name)
            pursuit.executed(name, "SUCCEEDED")
    raise AssertionError("the pursuit does not end")


def test_it_ends_with_the_goal_met():
    decision, pursuit, state = pursue((0, 0, 0), ["cube.1", "drawer.0"])
    assert decision.kind == "met" and state == (1, 0, 1)
    assert [e.action.id for e in pursuit.history] == [
        "press_button", "open_drawer", "put_cube", "close_drawer",
    ]
    assert all(e.moved and e.as_imagined for e in pursuit.history[:-1])


def test_an_action_that_fails_once_is_tried_again():
    decision, pursuit, _ = pursue((1, 0, 0), ["drawer.1"], stuck=["open_drawer"])
    assert decision.kind == "met"
    assert [e.moved for e in pursuit.history] == [False, True]


def test_an_action_that_never_works_is_given_up():
    decision, pursuit, _ = pursue((1, 0, 0), ["drawer.1"], stuck=["open_drawer"] * 20)
    assert decision.kind == "out_of_reach"
    assert len(pursuit.history) <= 4


def test_a_search_that_time_ended_is_not_called_the_whole_truth():
    model = ToyModel()
    goal = goal_of(model, "cube.1", "drawer.0")
    pursuit = Pursuit(model, model.vocabulary, goal, CANDIDATES, SearchConfig(budget_ms=1e-3))
    decision = pursuit.look(ToyStates([(0, 0, 0)]))
    assert decision.kind == "out_of_reach" and decision.message == UNFINISHED
    nowhere = Pursuit(model, model.vocabulary, goal, CANDIDATES[:1])
    assert nowhere.look(ToyStates([(0, 0, 0)])).message == "no plan reaches the goal from here"


def test_the_number_of_actions_is_bounded():
    decision, pursuit, _ = pursue((0, 0, 0), ["cube.1", "drawer.0"], max_actions=2)
    assert decision.kind == "max_actions" and len(pursuit.history) == 2


def test_a_goal_not_understood_moves_nothing():
    model = ToyModel()
    goal = Goal((), text="make me a coffee", understood=False)
    decision = Pursuit(model, model.vocabulary, goal, CANDIDATES).look(ToyStates([(0, 0, 0)]))
    assert decision.kind == "not_understood" and decision.action is None


def test_somebody_meddling_changes_the_plan():
    model = ToyModel()
    pursuit = Pursuit(model, model.vocabulary, goal_of(model, "cube.1"), CANDIDATES)
    assert pursuit.look(ToyStates([(1, 0, 0)])).action.id == "open_drawer"
    pursuit.executed("open_drawer", "SUCCEEDED")
    # Instead of an open drawer the next look shows it shut and locked.
    assert pursuit.look(ToyStates([(0, 0, 0)])).action.id == "press_button"


def test_an_unknown_action_is_refused():
    model = ToyModel()
    pursuit = Pursuit(model, model.vocabulary, goal_of(model, "cube.1"), CANDIDATES)
    with pytest.raises(ValueError, match="'fly' is not a candidate"):
        pursuit.executed("fly", "SUCCEEDED")
