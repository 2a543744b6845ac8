"""Free targets: found by CEM, planned for behind what enables them, left out of other goals."""

import numpy as np
import pytest

from test.planning.table_world import LEFT, OPEN, PLACE_AT, REGION, States, TableModel
from vljepa_ros.planning.candidates import Candidate, CandidateError, Frames, check_candidates
from vljepa_ros.planning.cem import CemConfig, minimise
from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.picture_goal import pose_goal
from vljepa_ros.planning.search import SearchConfig, plan
from vljepa_ros.planning.targets import to_point, to_unit

ACTIONS = [OPEN, LEFT, PLACE_AT]


def run(model, state, goal, actions=ACTIONS, **config):
    return plan(model, States([state]), goal, actions, model.vocabulary, SearchConfig(**config))


def spot(model, x, y, tolerance=0.025):
    return pose_goal(model.vocabulary, "ball", np.array([x, y, 1.0]), tolerance)


def test_a_place_in_metres_is_aimed_at():
    model = TableModel()
    found = run(model, (True, -0.1, 0.0), spot(model, 0.13, 0.04))
    assert [s.action.id for s in found.steps] == ["place_at"]
    assert found.steps[0].action.target == pytest.approx((0.13, 0.04, 1.0))
    assert "marked spot" in found.steps[0].outcome


def test_a_target_makes_up_for_where_the_model_expects_the_thing_to_land():
    model = TableModel(bias=(0.06, -0.04))
    found = run(model, (True, -0.1, 0.0), spot(model, 0.1, 0.0))
    assert found.status == "ok"
    landed = np.array(found.steps[0].action.target[:2]) + model.bias
    assert np.linalg.norm(landed - (0.1, 0.0)) < 0.02


def test_what_enables_the_placing_comes_first_and_the_target_is_found_there():
    for bias in ((0.0, 0.0), (0.06, -0.04)):
        model = TableModel(bias=bias)
        found = run(model, (False, None, None), spot(model, 0.1, 0.0))
        assert [s.action.id for s in found.steps] == ["open_lid", "place_at"], bias
        landed = np.array(found.steps[1].action.target[:2]) + model.bias
        assert np.linalg.norm(landed - (0.1, 0.0)) < 0.025


def test_a_thing_already_there_is_met():
    model = TableModel()
    assert run(model, (True, 0.11, 0.01), spot(model, 0.1, 0.0)).status == "met"


def test_a_move_within_a_place_counts_as_change():
    model = TableModel()
    found = run(model, (True, 0.02, 0.0), spot(model, 0.19, 0.05))
    assert found.status == "ok" and len(found.steps) == 1


def test_a_place_outside_the_region_is_out_of_reach():
    model = TableModel()
    found = run(model, (True, -0.1, 0.0), spot(model, 0.5, 0.0))
    assert found.status == "out_of_reach"


def test_goals_in_words_leave_the_template_out():
    model = TableModel()
    subject, i = model.vocabulary.statement("ball_place.left")
    part = GoalPart(subject.statements[i], subject.embeddings[i], subject.id)
    found = run(model, (True, 0.1, 0.0), Goal((part,)))
    assert {s.action.id for s in found.ranked} == {"open_lid", "put_left"}
    assert [s.action.id for s in found.steps] == ["put_left"]


def test_the_same_seed_finds_the_same_target():
    targets = {
        run(TableModel(bias=(0.05, 0.02)), (True, -0.1, 0.0), spot(TableModel(), 0.1, 0.0)
            ).steps[0].action.target
        for _ in range(2)
    }
    assert len(targets) == 1


def test_region_and_unit_box_are_each_others_inverse():
    unit = np.array([0.25, 0.5])
    np.testing.assert_allclose(to_unit(REGION, to_point(REGION, unit)), unit)
    np.testing.assert_allclose(to_unit(REGION, np.array([9.0, 9.0, 9.0])), [1.0, 1.0])


def test_cem_finds_a_minimum_in_the_box_and_stops_early():
    def bowl(points):
        return ((points - (0.8, 0.3)) ** 2).sum(axis=1)

    found = minimise(bowl, np.array([0.5, 0.5]), CemConfig(spread=0.3, iterations=30, enough=4e-3))
    np.testing.assert_allclose(found.point, (0.8, 0.3), atol=0.05)
    assert found.ended == "enough" and found.iterations < 30
    outside = minimise(lambda p: -p.sum(axis=1), np.zeros(2), CemConfig(iterations=30, spread=0.3))
    assert (outside.point <= 1).all() and outside.score == pytest.approx(-2, abs=0.05)


def test_cem_keeps_its_budget_and_gives_up_where_nothing_can_be_used():
    def slow(points):
        import time
        time.sleep(0.01)
        return np.full(len(points), np.inf) if points.sum() < 0 else points.sum(axis=1)

    assert minimise(slow, np.ones(2), CemConfig(iterations=100, budget_ms=1.0)).iterations == 1
    nothing = minimise(lambda p: np.full(len(p), np.inf), np.ones(2), CemConfig())
    assert nothing.iterations == 1 and nothing.score == np.inf


@pytest.mark.parametrize("field, value", [("population", 1), ("elites", 99), ("spread", 0.0)])
def test_a_bad_cem_configuration_is_named(field, value):
    with pytest.raises(ValueError, match=f"cem.{field} = {value}.*allowed"):
        CemConfig(**{field: value})


def test_a_template_is_read_from_a_candidates_parameters():
    box = {"thing": "cube", "box_min": "0.1 0.2 0.3", "box_max": "0.5 0.4 0.3"}
    (action,) = check_candidates([Candidate("p", "p", parameters=box)], Frames("eye", {})).actions
    assert action.region.thing == "cube" and action.region.corner == pytest.approx((0.1, 0.2, 0.3))
    assert np.linalg.norm(action.region.edges, axis=1) == pytest.approx([0.4, 0.2, 0.0])


@pytest.mark.parametrize("wrong, message", [
    ({"box_max": "1 2"}, "parameters.box_max: '1 2'; allowed: 'x y z'"),
    ({"box_max": "0 0 0"}, "box_max: below box_min"),
    ({"box_min": "nan 0 0"}, "box_min.position.x: nan"),
    ({"thing": ""}, "parameters.thing: none"),
    ({"box_frame": "moon"}, "parameters.box_frame_id: 'moon'; allowed: eye"),
])
def test_a_bad_template_is_named(wrong, message):
    box = {"thing": "cube", "box_min": "0.1 0.2 0.3", "box_max": "0.5 0.4 0.3"} | wrong
    with pytest.raises(CandidateError) as caught:
        check_candidates([Candidate("p", "p", parameters=box)], Frames("eye", {}))
    assert message in str(caught.value) and "\n" not in str(caught.value)
