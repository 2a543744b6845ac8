"""Pursuit in closed loop: effects are checked, failures are not repeated blindly."""

from dataclasses import replace

import pytest

from test.nodes.fakes import ACTIONS, ToyModel, ToyStates, toy_step
from test.planning.test_search import goal_of
from vljepa_ros.planning.goal import Goal
from vljepa_ros.planning.plans import UNFINISHED, Plan, SearchConfig, Step
from vljepa_ros.planning.protocols import Action, Region
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


def test_refusals_before_an_action_worked_do_not_count_with_later_ones():
    model = ToyModel()
    pursuit = Pursuit(model, model.vocabulary, goal_of(model, "drawer.1"), CANDIDATES)
    for result in ("FAILED", "FAILED", "SUCCEEDED"):
        assert pursuit.look(ToyStates([(1, 0, 0)])).action.id == "open_drawer"
        pursuit.executed("open_drawer", result)
    assert pursuit.look(ToyStates([(1, 1, 0)])).kind == "met"
    for _ in range(2):  # somebody shut it again, and the scene is another
        assert pursuit.look(ToyStates([(1, 0, 1)])).action.id == "open_drawer"
        pursuit.executed("open_drawer", "FAILED")


def test_what_may_be_in_the_way_is_asked_for_the_action_as_it_was_planned(monkeypatch):
    """A free action needs the target that the search found; what is given up is no help."""
    model, asked = ToyModel(), []
    free = Action("put_there", "put it there", region=Region("cube", (0, 0, 0), ((0, 0, 0),) * 3))
    aimed = replace(free, target=(0.1, 0.0, 0.0))
    pursuit = Pursuit(model, model.vocabulary, goal_of(model, "drawer.1"), [free, *CANDIDATES])
    monkeypatch.setattr(
        "vljepa_ros.planning.pursuit.clear_the_way",
        lambda world, belief, state, refused, actions, *_: asked.append((refused, actions)),
    )
    found = Plan("ok", 1.0, (), (), (Step(aimed, 0.0, 0.0, 1.0, ""),))
    avoid = frozenset({"put_there", "put_cube"})
    assert pursuit._clear_the_way(ToyStates([(1, 0, 0)]), found, {"put_there": 2}, avoid) is None
    [(refused, others)] = asked
    assert refused == aimed
    assert others == [action for action in CANDIDATES if action.id != "put_cube"]


def test_what_is_given_up_is_no_first_step_of_looking_either(monkeypatch):
    model, avoided = ToyModel(), []
    pursuit = Pursuit(model, model.vocabulary, goal_of(model, "cube.1"), CANDIDATES[-1:])
    pursuit._refused["open_drawer"] = 3
    monkeypatch.setattr("vljepa_ros.planning.pursuit.missing_things", lambda *_: ["cube"])
    monkeypatch.setattr("vljepa_ros.planning.pursuit.look_for", lambda *args: avoided.append(args))
    monkeypatch.setattr(pursuit.belief, "in_words", lambda thing: thing)
    assert pursuit.look(ToyStates([(1, 0, 0)])).kind == "out_of_reach"
    assert [args[6] for args in avoided] == [{"open_drawer"}]


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
