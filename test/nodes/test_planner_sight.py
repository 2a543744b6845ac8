"""A covered camera and things out of sight, over ROS: nothing is lost, and the planner says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.parameter import Parameter
from rclpy.task import Future

from test.nodes.fakes import ToyModel, ToyStates, toy_vocabulary
from test.nodes.test_planner_node import (  # noqa: F401  (fixtures)
    STORED,
    P,
    R,
    actions_file,
    planner,
    pursuing,
    robot,
    set_goal,
)
from vljepa_msgs.msg import ActionSequence, SemanticState
from vljepa_msgs.srv import PredictOutcomes, Suppose
from vljepa_ros.nodes import convert, qos
from vljepa_ros.nodes.planner_node import PlannerNode
from vljepa_ros.nodes.remote_world_model import PredictionError, RemoteStates, RemoteWorldModel
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode
from vljepa_ros.nodes.state_store import BELIEVED, StateStore, UnknownState
from vljepa_ros.planning.vocabulary import Thing

NOTHING = "the camera sees nothing: its picture has no contrast"


def test_a_covered_camera_is_said_and_recommends_nothing_until_it_sees_again(
    planner, probe, robot  # noqa: F811
):
    probe.listen(DiagnosticArray, "/diagnostics")
    set_goal(probe, STORED)
    before = probe.first("ranked_actions", lambda m: m.status == R.OK and m.beliefs)
    robot.covered = True
    dark = probe.next("ranked_actions", lambda m: m.status == R.STALE)
    assert dark.message.startswith(NOTHING) and dark.actions == [] and dark.plan == []
    assert [b.statement for b in dark.beliefs] == [b.statement for b in before.beliefs]
    name = planner.get_fully_qualified_name()
    status = probe.next(
        "/diagnostics", lambda m: m.status[0].name == name and NOTHING in m.status[0].message
    )
    assert status.status[0].level == DiagnosticStatus.STALE
    robot.covered = False
    after = probe.next("ranked_actions", lambda m: m.status == R.OK)
    assert [step.action_id for step in after.plan] == [step.action_id for step in before.plan]


def test_a_pursuit_waits_while_the_camera_is_covered_and_goes_on_as_if_nothing_had_been(
    pursuing, probe, robot  # noqa: F811
):
    robot.hold.set()
    handle = pursuing.start(STORED)
    probe.wait(lambda: robot.started == ["press_button"], "the first action")
    robot.covered = True
    robot.hold.clear()
    dark = [
        probe.next("ranked_actions", lambda m: m.status == R.STALE and NOTHING in m.message)
        for _ in range(2)
    ]
    assert robot.started == ["press_button"] and dark[-1].actions == []
    expected = {b.subject: b for b in dark[-1].beliefs}
    assert expected["lock"].statement == "the drawer is unlocked" and expected["lock"].remembered
    robot.covered = False
    _, result = pursuing.end(handle)
    assert result.result == P.MET, result.message
    assert robot.done == ["press_button", "open_drawer", "put_cube", "close_drawer"]


def test_a_camera_covered_for_good_ends_the_pursuit_in_words(
    pursuing, planner, robot  # noqa: F811
):
    planner.set_parameters([Parameter("cover_patience", value=1.0)])
    robot.covered = True
    _, result = pursuing.run(STORED)
    assert result.result == P.STALE and result.message.startswith(NOTHING)
    assert robot.started == []


def test_beliefs_are_published_in_the_order_of_the_vocabulary(planner, probe):  # noqa: F811
    set_goal(probe, STORED)
    ranking = probe.first("ranked_actions", lambda m: m.status == R.OK and m.beliefs)
    assert [b.subject for b in ranking.beliefs] == [s.id for s in toy_vocabulary().subjects]
    lock = ranking.beliefs[0]
    assert (lock.statement_id, lock.remembered, lock.since_look) == ("lock.0", False, 1)
    assert lock.confidence > 0.9


# -- told states -----------------------------------------------------------------------------------


class TellableModel(ToyModel):
    """Believes about the cube what it is told."""

    can_suppose = True

    def suppose(self, states, statements):
        rows = states.rows.copy()
        for statement in statements:
            rows[:, 2] = int(np.argmax(self.vocabulary.subject("cube").embeddings @ statement))
        return ToyStates(rows)


class LocatingModel(ToyModel):
    """Knows a thing that it could locate."""

    can_locate = True

    def __init__(self):
        super().__init__()
        cube = self.vocabulary.subject("cube")
        things = (Thing("cube", cube.query, "cube"),)
        self.vocabulary = replace(self.vocabulary, things=things)


@pytest.fixture
def told(launch, extrinsics, probe, robot):  # noqa: F811
    parameters = {"extrinsics_file": extrinsics}
    launch(SemanticStateNode, parameters, load=lambda path, device: TellableModel())
    probe.listen(SemanticState, "semantic_state", qos.NEWEST)
    return probe.first("semantic_state")


def test_a_state_that_was_told_something_reads_so(told, probe):
    model = TellableModel()
    subject = model.vocabulary.subject("cube")
    request = Suppose.Request(
        state_id=told.state_id,
        statements=[convert.embedding_msg(model.model_id, subject.embeddings[1])],
    )
    answer = probe.call(Suppose, "suppose", request)
    assert answer.success and answer.model_id == model.model_id, answer.message
    seen, believed = (
        probe.call(PredictOutcomes, "predict_outcomes", PredictOutcomes.Request(
            sequences=[ActionSequence(state_id=state_id)],
            queries=[convert.embedding_msg(model.model_id, subject.query)],
        )).results[0].steps[0].readouts
        for state_id in (told.state_id, answer.state_id)
    )
    assert np.argmax(subject.embeddings @ np.array(seen)) == 0
    assert np.argmax(subject.embeddings @ np.array(believed)) == 1


@pytest.mark.parametrize("model", [ToyModel, TellableModel, LocatingModel])
def test_the_planner_knows_what_the_model_behind_the_services_can_do(
    model, launch, extrinsics, actions_file, robot, probe  # noqa: F811
):
    parameters = {"extrinsics_file": extrinsics}
    launch(SemanticStateNode, parameters, load=lambda path, device: model())
    node = launch(PlannerNode, {**parameters, "actions_file": actions_file}).node
    world = probe.wait(lambda: node.world, "the vocabulary")
    assert (world.can_suppose, world.can_locate) == (model.can_suppose, model.can_locate)


def test_what_the_model_cannot_locate_is_not_asked_for():
    world = RemoteWorldModel(None, None, "m", "camera")
    assert not world.can_suppose
    with pytest.raises(PredictionError, match="model m cannot locate things"):
        world.locate(RemoteStates(("s",)), np.ones((1, 3), np.float32))


def test_a_search_that_nobody_waits_for_any_more_asks_nothing_more():
    asked = []

    class Silent:
        srv_name = "predict_outcomes"

        def service_is_ready(self):
            return True

        def call_async(self, request):
            asked.append(request)
            return Future()

        def remove_pending_request(self, future):
            pass

    world = RemoteWorldModel(Silent(), None, "m", "camera", timeout=60.0)

    def search():
        for _ in range(9):
            try:
                world.read(RemoteStates(("s",)), np.ones((1, 3), np.float32))
            except PredictionError as error:
                assert "not wanted any more" in str(error) or "no answer" in str(error)
        return "over"

    assert world.unless(lambda: bool(asked), search) == "over" and len(asked) == 1


@pytest.mark.parametrize("change, message", [
    ({"state_id": "never"}, "state_id: 'never' is not remembered"),
    ({"statements": [convert.embedding_msg("other", np.ones(3))]},
     "statements[0].model_id: 'other'; allowed: 'toy-model'"),
    ({"statements": [convert.embedding_msg("toy-model", np.ones(1))] * 257},
     "statements: 257; allowed: 256 at most"),
])
def test_a_bad_request_to_suppose_is_refused_in_one_line(told, probe, change, message):
    request = Suppose.Request(state_id=told.state_id)
    for name, value in change.items():
        setattr(request, name, value)
    answer = probe.call(Suppose, "suppose", request)
    assert not answer.success and message in answer.message and "\n" not in answer.message


def test_believed_states_outlast_any_number_of_frames_and_imagined_ones():
    store, batch = StateStore(real=4, imagined=8), ToyStates([(1, 0, 1)])
    seen, believed = store.add_real(batch), store.add_believed(batch, 0)
    for _ in range(100):
        store.add_real(batch)
        store.add_imagined(batch, 0)
    assert store.get(believed)[0] is batch
    with pytest.raises(UnknownState):
        store.get(seen)
    for _ in range(BELIEVED):
        store.add_believed(batch, 0)
    with pytest.raises(UnknownState):
        store.get(believed)
