"""decoder_node's alerts over ROS: added in words, raised once, listed, removed; rules of a file."""

from __future__ import annotations

import time

import numpy as np
import pytest

from test.nodes.fakes import MODEL_ID, ToyModel, toy_vocabulary
from vljepa_msgs.msg import Alert, Readout, SemanticState, Vocabulary
from vljepa_msgs.srv import AddAlert, EncodeGoal, ListAlerts, RemoveAlert
from vljepa_ros.nodes import convert, qos
from vljepa_ros.nodes.decoder_node import DecoderNode

WORDS = toy_vocabulary()


@pytest.fixture
def model_node(probe):
    """Stands in for semantic_state_node: understands goals, publishes the vocabulary."""
    model = ToyModel()

    def encode(request, response):
        goal = model.understand(request.text)
        response.success, response.understood = True, goal.understood
        response.confidence = goal.confidence
        response.parts = convert.part_msgs(goal, MODEL_ID)
        return response

    probe.node.create_service(EncodeGoal, probe.name("encode_goal"), encode)
    probe.listen(Alert, "alert", qos.STREAM)
    return probe


@pytest.fixture
def stream(model_node):
    def start(node):
        latched = model_node.publisher(Vocabulary, "vocabulary", qos.LATCHED)
        latched.publish(convert.vocabulary_msg(WORDS))
        publisher = model_node.publisher(SemanticState, "semantic_state", qos.STREAM)
        model_node.wait(lambda: model_node.node.count_publishers(model_node.name("alert")))
        model_node.wait(lambda: node._vocabulary is not None, "the vocabulary")
        sent = []

        def show(stamp, drawer):
            msg = SemanticState(model_id=MODEL_ID)
            msg.header.stamp, msg.header.frame_id = convert.to_time(stamp), "camera_optical"
            for subject, value in zip(WORDS.subjects, (0, drawer, 0), strict=True):
                row = np.asarray(subject.embeddings[value], np.float32)
                msg.readouts.append(Readout(subject=subject.id,
                                            embedding=convert.embedding_msg(MODEL_ID, row)))
            publisher.publish(msg)
            sent.append(stamp)  # no faster than the node hears: it keeps the last ten only
            model_node.wait(lambda: node._states.count >= len(sent), "the state to be heard")

        return show

    return start


def add(probe, text, **fields):
    """add_alert, asked again while the vocabulary is still on its way."""
    for _ in range(50):
        reply = probe.call(AddAlert, "add_alert", AddAlert.Request(text=text, **fields))
        if "vocabulary is not there yet" not in reply.message:
            return reply
    raise AssertionError(reply.message)


def test_a_condition_in_words_is_raised_once_listed_and_removed(launch, model_node, stream):
    show = stream(launch(DecoderNode).node)
    reply = add(model_node, "tell me when the drawer is open for 2 seconds", id="left_open")
    assert reply.success, reply.message
    assert (reply.id, reply.condition, reply.hold.sec) == ("left_open", "the drawer is open", 2)
    stamps = np.arange(100.0, 108.0, 0.25)
    for stamp in stamps:
        show(float(stamp), drawer=1 if stamp >= 101 else 0)
    alert = model_node.first(model_node.name("alert"))
    assert alert.raised and alert.id == "left_open" and alert.held == pytest.approx(2.0)
    assert convert.seconds(alert.since) == pytest.approx(101.0)
    assert convert.seconds(alert.header.stamp) == pytest.approx(103.0)
    assert alert.header.frame_id == "camera_optical"
    for stamp in np.arange(108.0, 112.0, 0.25):
        show(float(stamp), drawer=0)
    over = model_node.first(model_node.name("alert"), lambda m: not m.raised)
    assert over.id == "left_open"
    assert len(model_node.messages[model_node.name("alert")]) == 2, "once per occurrence"
    [rule] = model_node.call(ListAlerts, "list_alerts", ListAlerts.Request()).alerts
    assert (rule.id, rule.raised, rule.holding) == ("left_open", 1, False)
    gone = RemoveAlert.Request(id="left_open")
    assert model_node.call(RemoveAlert, "remove_alert", gone).success
    again = model_node.call(RemoveAlert, "remove_alert", gone)
    assert not again.success and "left_open" in again.message


def test_what_cannot_be_watched_is_refused_in_one_line(launch, model_node, stream):
    stream(launch(DecoderNode).node)
    reply = add(model_node, "tell me when the soup is hot")
    assert not reply.success and "not understood" in reply.message and "\n" not in reply.message
    assert not add(model_node, "").success
    assert not add(model_node, "the drawer is open", threshold=3.0).success
    assert add(model_node, "the drawer is open", id="a").success
    twice = add(model_node, "the drawer is closed", id="a")
    assert not twice.success and "in use" in twice.message
    listed = model_node.call(ListAlerts, "list_alerts", ListAlerts.Request()).alerts
    assert [rule.id for rule in listed] == ["a"]


def test_rules_of_a_file_are_watched_from_the_start(launch, model_node, stream, tmp_path):
    path = tmp_path / "alerts.yaml"
    path.write_text("alerts:\n- the soup is hot\n- {id: d, text: the drawer is open}\n")
    show = stream(launch(DecoderNode, {"alerts_file": str(path)}).node)

    def listed():
        return model_node.call(ListAlerts, "list_alerts", ListAlerts.Request()).alerts

    deadline = time.monotonic() + 10.0  # rules are understood one after another
    while not listed() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [rule.id for rule in listed()] == ["d"]
    for stamp in np.arange(10.0, 12.0, 0.25):
        show(float(stamp), drawer=1)
    assert model_node.first(model_node.name("alert")).id == "d"


def test_no_rule_is_lost_when_the_model_changes_before_it_was_understood(launch, tmp_path):
    path = tmp_path / "alerts.yaml"
    path.write_text("alerts:\n  - text: the drawer is open\n  - text: the drawer is closed\n")
    desk = launch(DecoderNode, {"alerts_file": str(path)}).node._alerts
    desk.use(WORDS)
    desk.use(WORDS)
    assert [rule.text for rule in desk._waiting] == ["the drawer is open", "the drawer is closed"]

    async def understood_too_late(*_):
        desk.use(WORDS)
        goal = ToyModel().understand("the drawer is open")
        return EncodeGoal.Response(success=True, understood=True, confidence=1.0,
                                   parts=convert.part_msgs(goal, MODEL_ID))

    desk._waiter.result = understood_too_late
    with pytest.raises(TimeoutError, match="model was changed"):
        desk._add(desk._waiting[0]).send(None)
    assert len(desk._waiting) == 2 and desk.count == 0


def test_a_bad_file_fails_in_configure_with_its_name(launch, tmp_path):
    path = tmp_path / "alerts.yaml"
    path.write_text("alerts: 3\n")
    spinner = launch(DecoderNode, {"alerts_file": str(path)})
    assert not spinner.node.active
    assert "alerts.yaml" in spinner.node.problem and "allowed: a list" in spinner.node.problem
