"""semantic_state_node on a toy model, over real topics and services."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Log
from sensor_msgs.msg import CompressedImage, Image

from test.nodes.fakes import ACTIONS, MODEL_ID, ToyModel, picture, toy_vocabulary
from vljepa_msgs.msg import (
    ActionSequence,
    CandidateActionSet,
    Embedding,
    PredictedOutcomes,
    SemanticState,
    Vocabulary,
)
from vljepa_msgs.srv import EncodeGoal, PredictOutcomes
from vljepa_ros.nodes import convert, qos
from vljepa_ros.nodes.images import encode_rgb8
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode
from vljepa_ros.planning.candidates import Candidate

START = 1000.0


def image(state, stamp, **fields):
    msg = encode_rgb8(Image(), picture(state))
    msg.header.stamp = convert.to_time(stamp)
    msg.header.frame_id = "camera_optical"
    for name, value in fields.items():
        setattr(msg, name, value)
    return msg


@pytest.fixture
def model():
    return ToyModel()


@pytest.fixture
def node(launch, model, extrinsics):
    return launch(
        SemanticStateNode,
        {"extrinsics_file": extrinsics, "outcomes_rate": 100.0},
        load=lambda path, device: model,
    )


@pytest.fixture
def camera(probe, node):
    probe.listen(SemanticState, "semantic_state")
    publisher = probe.publisher(Image, "image", qos.camera(qos.ReliabilityPolicy.RELIABLE))
    states = probe.name("semantic_state")
    probe.wait(lambda: probe.node.count_publishers(states), "semantic_state")

    def show(state, stamp, **fields):
        publisher.publish(image(state, stamp, **fields))

    def see(state, stamp):
        """Publish until it was received: DDS may still be matching."""
        sec = convert.to_time(stamp)

        def seen():
            return [m for m in probe.messages[states] if m.header.stamp == sec]

        for _ in range(100):
            show(state, stamp)
            try:
                return probe.wait(seen, "a state", timeout=0.3)[-1]
            except AssertionError:
                continue
        raise AssertionError("no state")

    probe.wait(lambda: node.node._camera.reliability == qos.ReliabilityPolicy.RELIABLE)
    see((0, 0, 0), START - 10)  # from here on nothing is lost
    see.show = show
    return see


def test_a_picture_becomes_a_state_with_its_stamp_and_readouts(camera):
    state = camera((0, 1, 0), START)
    assert state.header.frame_id == "camera_optical"
    assert convert.seconds(state.header.stamp) == START
    assert convert.seconds(state.window_start) == START
    assert state.model_id == MODEL_ID and state.embedding.model_id == MODEL_ID
    assert [readout.statement for readout in state.readouts] == [
        "the drawer is locked",
        "the drawer is open",
        "the cube is on the table",
    ]
    assert all(readout.confidence > 0.9 for readout in state.readouts)
    later = camera((1, 1, 0), START + 0.05)
    assert later.change == pytest.approx(1.0, abs=1e-4)
    assert convert.seconds(later.window_start) == START
    assert later.state_id != state.state_id


def test_time_going_back_starts_a_new_window(camera):
    camera((0, 0, 0), START)
    state = camera((1, 0, 0), START - 500)
    assert convert.seconds(state.window_start) == START - 500


def test_another_resolution_is_served(camera, probe, model):
    camera((0, 0, 0), START)
    msg = encode_rgb8(Image(), picture((1, 1, 1), (90, 120)))
    msg.header.stamp = convert.to_time(START + 0.05)
    probe.publisher(Image, "image").publish(msg)
    state = probe.first("semantic_state", lambda m: m.header.stamp == msg.header.stamp)
    assert state.readouts[2].statement == "the cube is in the drawer"
    assert model.clips[-1].shape == (2, 3, 90, 120)


@pytest.mark.parametrize(
    "fields",
    [{"encoding": "rgb9"}, {"step": 7}, {"height": 0}, {"width": 100000}, {"data": b"1234"}],
)
def test_a_bad_image_is_refused_and_the_next_good_one_served(camera, probe, node, fields):
    probe.listen(DiagnosticArray, "/diagnostics")
    camera((0, 0, 0), START)
    camera.show((0, 0, 0), START + 1, **fields)
    probe.wait(lambda: node.node._counts["bad"])
    assert camera((1, 0, 0), START + 2).readouts[0].statement == "the drawer is unlocked"
    bad = probe.first(
        "/diagnostics",
        lambda m: any(v.key == "images bad" and v.value != "0" for v in m.status[0].values),
    )
    assert bad.status[0].hardware_id == MODEL_ID


def test_a_torn_stream_whose_every_frame_is_bad_in_its_own_way_does_not_flood_the_log(
    camera, probe, node
):
    probe.listen(Log, "/rosout", qos.SPOKEN)
    log = node.node.get_logger()
    camera((0, 0, 0), START)
    began, frames = time.monotonic(), 12
    for i in range(frames):
        camera.show((0, 0, 0), START + 1, data=bytes(i + 1))
        probe.wait(lambda i=i: node.node._counts["bad"] == i + 1, "the bad frame")
    log.info("that was it")
    probe.first("/rosout", lambda m: m.msg == "that was it")
    said = [m.msg for m in probe.messages["/rosout"] if m.name == log.name]
    refused = [line for line in said if "image refused" in line]
    assert 1 <= len(refused) <= 1 + (time.monotonic() - began) / 5.0
    assert "data: 1 bytes" in refused[0]


def test_the_vocabulary_is_latched(camera, probe):
    probe.listen(Vocabulary, "vocabulary", qos.LATCHED)
    words = convert.vocabulary_of(probe.first("vocabulary"))
    assert words.model_id == MODEL_ID
    assert [subject.id for subject in words.subjects] == ["lock", "drawer", "cube"]


def predict(probe, sequences, **fields):
    request = PredictOutcomes.Request(
        actions=[convert.candidate_msg(Candidate(i, text)) for i, text in ACTIONS.items()],
        sequences=[ActionSequence(action_ids=ids) for ids in sequences],
        **fields,
    )
    return probe.call(PredictOutcomes, "predict_outcomes", request)


def test_sequences_are_rolled_out_and_their_states_can_be_gone_on_from(camera, probe, model):
    state = camera((0, 0, 0), START)
    texts = ["the drawer is open", "the cube is in the drawer"]
    answer = predict(
        probe, [["press_button", "open_drawer", "put_cube"], ["put_cube"], []], query_texts=texts
    )
    assert answer.success, answer.message
    assert answer.state_id == state.state_id
    lengths = [len(result.steps) for result in answer.results]
    assert lengths == [3, 1, 1]
    full = answer.results[0].steps
    assert [step.works_probability > 0.5 for step in full] == [True] * 3
    assert answer.results[1].steps[0].works_probability < 0.5
    goal = model.embed_texts(texts)
    rows = np.frombuffer(full[-1].readouts, np.float32).reshape(full[-1].query_count, full[-1].dim)
    assert (rows * goal).sum(axis=1) == pytest.approx([1, 1], abs=1e-5)

    again = predict(probe, [["put_cube"]], state_id=full[1].state_id, last_step_only=True)
    assert again.success and again.results[0].steps[0].works_probability > 0.5


@pytest.mark.parametrize(
    ("sequences", "fields", "message"),
    [
        ([["fly"]], {}, "'fly'; allowed: press_button"),
        ([["wait"]], {"state_id": "nowhere"}, "state_id: 'nowhere' is not remembered"),
        ([], {}, "sequences: 0; allowed: 1 to"),
        ([["wait"] * 40], {}, "40 in a sequence; allowed: 32"),
        ([["wait"]], {"queries": [Embedding(model_id="other")]}, "queries[0].model_id: 'other'"),
    ],
)
def test_a_bad_request_is_refused_in_one_line(camera, probe, sequences, fields, message):
    camera((0, 0, 0), START)
    answer = predict(probe, sequences, **fields)
    assert not answer.success and message in answer.message and "\n" not in answer.message
    assert predict(probe, [["wait"]]).success


def test_what_is_not_expected_to_work_is_not_read(camera, probe):
    camera((0, 0, 0), START)
    drawer = convert.embedding_msg(MODEL_ID, toy_vocabulary().subject("drawer").query)
    answer = predict(probe, [["press_button"], ["open_drawer", "put_cube"], ["wait"]],
                     queries=[drawer], read_above=0.5)
    assert answer.success, answer.message
    pressed, opened, waited = ([*result.steps] for result in answer.results)
    assert pressed[0].state_id and pressed[0].query_count == 1
    for (step,) in (opened, waited):  # the sequence ends with the step that was not read
        assert step.works_probability < 0.5 and not step.state_id and not step.readouts
    assert not predict(probe, [["wait"]], read_above=math.nan).success


def test_goals_are_encoded_understood_or_not(camera, probe):
    def encode(**fields):
        return probe.call(EncodeGoal, "encode_goal", EncodeGoal.Request(**fields))

    good = encode(kind=EncodeGoal.Request.KIND_TEXT, text="the drawer is open")
    assert good.success and good.understood and good.parts[0].statement_id == "drawer.1"
    odd = encode(kind=EncodeGoal.Request.KIND_TEXT, text="peace on earth")
    assert odd.success and not odd.understood
    empty = encode(kind=EncodeGoal.Request.KIND_TEXT)
    assert not empty.success and "empty" in empty.message
    no_picture = encode(kind=EncodeGoal.Request.KIND_IMAGE)
    assert not no_picture.success and "encoding: ''" in no_picture.message


def test_outcomes_of_the_candidates_are_predicted(camera, probe):
    probe.listen(PredictedOutcomes, "predicted_outcomes")
    candidates = CandidateActionSet(candidate_set_id="c1")
    candidates.actions = [convert.candidate_msg(Candidate(i, t)) for i, t in ACTIONS.items()]
    probe.publisher(CandidateActionSet, "candidate_actions", qos.LATCHED).publish(candidates)
    outcomes = None
    for i in range(100):
        state = camera((1, 0, 0), START + 0.05 * i)
        try:
            outcomes = probe.next("predicted_outcomes", timeout=0.2)
            break
        except AssertionError:
            continue
    assert outcomes.candidate_set_id == "c1" and outcomes.model_id == MODEL_ID
    assert outcomes.header.frame_id == state.header.frame_id
    said = {outcome.action_id: outcome.statement for outcome in outcomes.outcomes}
    assert said["open_drawer"] == "the drawer is open"
    assert said["put_cube"] == "nothing changes"


def test_an_answer_comes_at_once_while_the_camera_is_silent(camera, probe):
    camera((0, 0, 0), START)
    for _ in range(3):
        done = threading.Event()
        answer = predict(probe, [["press_button"]])
        done.set()
        assert answer.success


def test_a_slow_model_sees_the_newest_frame_and_drops_the_others(launch, probe, extrinsics):
    model, gate, entered = ToyModel(), threading.Event(), threading.Event()
    encode = model.encode

    def slow(clip):
        entered.set()
        assert gate.wait(10)
        return encode(clip)

    model.encode = slow
    spinner = launch(
        SemanticStateNode, {"extrinsics_file": extrinsics}, load=lambda path, device: model
    )
    probe.listen(SemanticState, "semantic_state")
    publisher = probe.publisher(Image, "image")
    stamp = START
    while not entered.is_set():
        publisher.publish(image((0, 0, 0), stamp))
        entered.wait(0.1)
        stamp += 0.01
    for i in range(20):
        publisher.publish(image((0, 0, 0), stamp + 1 + i))
        probe.wait(lambda i=i: spinner.node._buffer.clip().newest.stamp >= stamp + 1 + i)
    gate.set()
    last = probe.first("semantic_state", lambda m: convert.seconds(m.header.stamp) > stamp + 1)
    assert convert.seconds(last.header.stamp) == pytest.approx(stamp + 20)
    assert spinner.node._worker.dropped >= 19


def test_compressed_images_are_decoded_and_broken_ones_refused(launch, probe, extrinsics):
    import cv2

    launch(
        SemanticStateNode,
        {"extrinsics_file": extrinsics, "image_transport": "compressed"},
        load=lambda path, device: ToyModel(),
    )
    probe.listen(SemanticState, "semantic_state")
    publisher = probe.publisher(CompressedImage, "image")
    jpeg = cv2.imencode(".jpg", picture((1, 0, 1)))[1].tobytes()
    good = CompressedImage(format="rgb8; jpeg compressed bgr8", data=jpeg)
    cut = CompressedImage(format="jpeg", data=jpeg[: len(jpeg) // 2])
    for i in range(100):
        for msg, at in ((cut, START + 2 * i), (good, START + 2 * i + 1)):
            msg.header.stamp = convert.to_time(at)
            publisher.publish(msg)
        try:
            state = probe.first("semantic_state", timeout=0.2)
            break
        except AssertionError:
            continue
    assert state.readouts[2].statement == "the cube is in the drawer"
    assert convert.seconds(state.header.stamp) % 2 == 1  # the good one


@pytest.mark.parametrize("reliability", ["RELIABLE", "BEST_EFFORT"])
def test_a_camera_of_either_reliability_is_received_also_when_it_comes_back_as_the_other(
    camera, probe, node, reliability
):
    camera((0, 0, 0), START)  # a reliable one, as most tests use
    other = probe.name("image")
    policy = getattr(qos.ReliabilityPolicy, reliability)
    publisher = probe.node.create_publisher(Image, other, qos.camera(policy))
    probe.wait(lambda: len(node.node._camera.publishers) == 2, "both cameras")
    probe.wait(lambda: node.node._camera.reliability == policy, reliability)
    for i in range(100):
        publisher.publish(image((0, 0, 1), START + 1 + i))
        try:
            state = probe.next("semantic_state", timeout=0.2)
            break
        except AssertionError:
            continue
    assert state.readouts[2].statement == "the cube is in the drawer"


def test_a_missing_model_fails_in_configure_and_the_node_can_be_configured_again(
    launch, probe, extrinsics
):
    found = []

    def load(path, device):
        if not found:
            raise FileNotFoundError(f"model: {path} does not exist; get it with: vljepa fetch")
        return found[0]

    spinner = launch(
        SemanticStateNode, {"extrinsics_file": extrinsics, "model": "/nowhere"}, load=load
    )
    node = spinner.node
    assert not node.active
    assert node.problem == (
        "configure failed: model: /nowhere does not exist; get it with: vljepa fetch"
    )
    found.append(ToyModel())
    spinner.run(node.autostart)
    assert node.active and not node.problem
