"""Beam search on a toy world: locks, no-effect actions, merging, determinism."""

import numpy as np
import pytest

from test.nodes.fakes import ACTIONS, ToyModel, ToyStates
from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.protocols import Action
from vljepa_ros.planning.search import SearchConfig, plan

CANDIDATES = [Action(name, text) for name, text in ACTIONS.items()]


def goal_of(model, *statement_ids):
    parts = []
    for statement in statement_ids:
        subject, i = model.vocabulary.statement(statement)
        parts.append(GoalPart(subject.statements[i], subject.embeddings[i], subject.id, statement))
    return Goal(tuple(parts))


def run(state, *statement_ids, actions=CANDIDATES, avoid=frozenset(), **config):
    model = ToyModel()
    goal = goal_of(model, *statement_ids)
    return plan(model, ToyStates([state]), goal, actions, model.vocabulary,
                SearchConfig(**config), avoid)


def ids(found):
    return [step.action.id for step in found.steps]


def test_a_goal_behind_a_lock_takes_the_enabling_actions_first():
    found = run((0, 0, 0), "cube.1", "drawer.0")
    assert found.status == "ok"
    assert ids(found) == ["press_button", "open_drawer", "put_cube", "close_drawer"]
    assert found.ranked[0].action.id == "press_button"


def test_the_same_goal_without_the_lock_starts_with_opening():
    assert ids(run((1, 0, 0), "cube.1"))[0] == "open_drawer"


def test_met_is_said_without_a_plan():
    found = run((1, 1, 1), "cube.1")
    assert found.status == "met" and found.steps == () and found.distance_now < 1e-5


def test_out_of_reach_when_no_action_leads_there():
    found = run((0, 0, 0), "cube.1", actions=[Action("wait", "do nothing")])
    assert found.status == "out_of_reach" and found.steps == ()
    assert len(found.ranked) == 1


def test_a_horizon_too_short_does_not_reach():
    assert run((0, 0, 0), "cube.1", depth=2).status == "out_of_reach"
    assert run((0, 0, 0), "cube.1", depth=3).status == "ok"


def test_every_candidate_is_ranked_and_useless_ones_come_last():
    found = run((0, 0, 0), "drawer.1")
    assert {step.action.id for step in found.ranked} == set(ACTIONS)
    assert found.ranked[0].action.id == "press_button"
    assert found.ranked[-1].works < 0.5


def test_an_avoided_first_action_is_not_chosen():
    found = run((0, 0, 0), "drawer.1", avoid=frozenset({"press_button"}))
    assert found.status == "out_of_reach"


def test_a_costly_action_is_avoided_when_another_does_the_same():
    cheap = [*CANDIDATES, Action("press_button", "press the button gently", cost=-0.0)]
    dear = [Action(a.id, a.text, cost=0.5 if a.id == "press_button" else 0.0) for a in CANDIDATES]
    cost = run((0, 0, 0), "drawer.1", actions=dear).steps[0].plan_distance
    assert cost > run((0, 0, 0), "drawer.1", actions=cheap).steps[0].plan_distance


def test_equal_states_are_merged():
    found = run((0, 0, 0), "cube.1", "drawer.0", "lock.0", depth=10)
    assert found.status == "ok" and len(found.steps) == 5
    # 8 states exist: with merging no depth expands more than all of them.
    assert found.explored <= 8 * len(CANDIDATES) + len(CANDIDATES)


def test_the_same_question_gets_the_same_plan():
    first, second = (run((0, 0, 0), "cube.1", "drawer.0") for _ in range(2))
    assert ids(first) == ids(second)
    assert [s.action.id for s in first.ranked] == [s.action.id for s in second.ranked]


def test_outcomes_are_said_in_words():
    found = run((1, 0, 0), "drawer.1")
    by_id = {step.action.id: step.outcome for step in found.ranked}
    assert by_id["open_drawer"] == "the drawer is open"
    assert by_id["wait"] == "nothing changes"


@pytest.mark.parametrize("field, value", [("depth", 0), ("depth", 99), ("beam", 0),
                                          ("step_cost", -1.0)])
def test_a_bad_configuration_names_field_value_and_range(field, value):
    with pytest.raises(ValueError, match=f"{field} = {value}.*allowed"):
        SearchConfig(**{field: value})


def test_more_than_one_state_is_refused():
    model = ToyModel()
    with pytest.raises(ValueError, match="holds 2 states"):
        plan(model, ToyStates(np.zeros((2, 3))), goal_of(model, "cube.1"), CANDIDATES,
             model.vocabulary, SearchConfig())
