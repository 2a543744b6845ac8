"""Goals as pictures and as poses: what becomes a part, and which pictures are no goals."""

import numpy as np
import pytest

from test.planning.table_world import TableModel
from vljepa_ros.planning.picture_goal import goal_of_picture, pose_goal

PICTURE = np.kron(np.arange(0, 256, 16).reshape(4, 4), np.ones((8, 8)))[..., None].astype(np.uint8)
PICTURE = np.repeat(PICTURE, 3, axis=-1)


def test_a_picture_asks_for_what_it_shows_in_words_and_in_metres():
    model = TableModel()
    model.picture = (False, -0.12, 0.03)
    goal = goal_of_picture(model, model.vocabulary, PICTURE)
    assert goal.understood and goal.source == "image" and goal.confidence > 0.9
    assert [p.statement_id for p in goal.parts] == [
        "lid.closed", "", "ball_place.left", "ball_in.table",
    ]
    metric = goal.parts[1]
    assert metric.thing == "ball" and metric.position == pytest.approx((-0.12, 0.03, 1.0))


def test_what_is_inside_something_has_no_place_of_its_own():
    model = TableModel()
    model.picture = (True, None, None)
    goal = goal_of_picture(model, model.vocabulary, PICTURE)
    assert [p.statement_id for p in goal.parts] == ["lid.open", "ball_in.box", "ball_in.box"]
    assert not goal.metric


def test_a_model_that_cannot_locate_reads_words_alone():
    model = TableModel()
    model.can_locate = False
    goal = goal_of_picture(model, model.vocabulary, PICTURE)
    assert goal.understood and not goal.metric and len(goal.parts) == 3


def test_a_place_the_model_is_not_sure_of_is_asked_for_in_metres_alone():
    model = TableModel(blur=8.0, sight_threshold=0.0)
    parts = goal_of_picture(model, model.vocabulary, PICTURE).parts
    assert "ball_place.right" not in [p.statement_id for p in parts]
    assert [p.thing for p in parts if p.position is not None] == ["ball"]


@pytest.mark.parametrize("picture, model, why", [
    (np.full((32, 32, 3), 90, np.uint8), TableModel(), "no contrast"),
    (PICTURE, TableModel(blur=50.0), "shows nothing known"),
    (PICTURE, TableModel(blur=0.5, strange_threshold=0.02), "not of a scene this model knows"),
])
def test_a_useless_picture_is_no_goal(picture, model, why):
    goal = goal_of_picture(model, model.vocabulary, picture)
    assert not goal.understood and goal.parts == () and why in goal.message
    assert goal.confidence < 0.6 and "\n" not in goal.message


def test_the_metric_distance_is_the_threshold_at_the_tolerance():
    model = TableModel()
    (part,) = pose_goal(model.vocabulary, "", np.array([0.0, 0.0, 1.0]), 0.04).parts
    off = np.array([[0.0, 0.0, 1.0], [0.02, 0.0, 1.0], [0.04, 0.0, 1.0], [0.1, 0, 1], [9, 0, 1]])
    distances = part.metric_distance(off)
    assert distances[0] == 0.0 and distances[2] == pytest.approx(part.threshold)
    assert (np.diff(distances) > 0).all() and distances[-1] < 2.0


def test_a_goal_in_metres_needs_positions():
    model = TableModel()
    goal = pose_goal(model.vocabulary, "ball", np.array([0.1, 0.0, 1.0]), 0.025)
    answers = np.zeros((1, 1, 16), np.float32)
    with pytest.raises(ValueError, match="positions: none; allowed: one for 'ball'"):
        goal.met(answers)
    assert goal.met(answers, np.array([[[0.11, 0.0, 1.0]]]))[0]
    assert not goal.met(answers, np.array([[[0.14, 0.0, 1.0]]]))[0]


def test_an_unknown_thing_is_named():
    vocabulary = TableModel().vocabulary
    with pytest.raises(ValueError, match="thing: 'lamp'; allowed: ball"):
        pose_goal(vocabulary, "lamp", np.zeros(3), 0.025)
