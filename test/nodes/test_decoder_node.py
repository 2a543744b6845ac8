"""decoder_node speaks once a change, with the frame's stamps."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest
from rclpy.parameter import Parameter
from std_msgs.msg import String

from test.nodes.fakes import MODEL_ID, toy_vocabulary
from test.nodes.ros import Probe
from vljepa_msgs.msg import Readout, SemanticEvent, SemanticState, Vocabulary
from vljepa_ros.decoding.voice import HOLD_CARRIED_S, HOLD_S
from vljepa_ros.nodes import convert, qos
from vljepa_ros.nodes.decoder_node import DecoderNode
from vljepa_ros.nodes.speaking import Speaking

START = 500.0


@pytest.fixture
def stream(launch, probe):
    launch(DecoderNode)
    return _stream_to(probe)


def _stream_to(probe):
    """States of the toy world for the decoder_node that is running."""
    words = toy_vocabulary()
    probe.listen(String, "semantic_text", qos.STREAM)
    probe.listen(SemanticEvent, "semantic_event", qos.STREAM)
    probe.publisher(Vocabulary, "vocabulary", qos.LATCHED).publish(convert.vocabulary_msg(words))
    publisher = probe.publisher(SemanticState, "semantic_state", qos.STREAM)
    probe.wait(lambda: probe.node.count_publishers(probe.name("semantic_event")))
    rng = np.random.default_rng(0)

    class Stream:
        stamp = START

        def show(self, *values, model_id=MODEL_ID, spoil=False, contrast=0.2):
            self.stamp += 0.1
            msg = SemanticState(model_id=model_id, contrast=contrast)
            msg.header.stamp = convert.to_time(self.stamp)
            msg.header.frame_id = "camera_optical"
            for subject, value in zip(words.subjects, values, strict=True):
                row = subject.embeddings[value] + rng.normal(size=subject.query.size) * 0.01
                row = row / np.linalg.norm(row) * (np.nan if spoil else 1)
                readout = Readout(
                    subject=subject.id, embedding=convert.embedding_msg(model_id, row)
                )
                msg.readouts.append(readout)
            publisher.publish(msg)

        def until_spoken(self, *values):
            """Show a state until something is said; the event."""
            events = probe.messages[probe.name("semantic_event")]
            count = len(events)
            for _ in range(100):
                self.show(*values)
                try:
                    probe.wait(lambda: len(events) > count, timeout=0.1)
                    return events[-1]
                except AssertionError:
                    continue
            raise AssertionError("nothing was said")

    return Stream()


def test_it_says_the_scene_once_then_only_what_changed(stream, probe):
    first = stream.until_spoken(0, 0, 0)
    assert first.text == (
        "The drawer is locked, the drawer is closed and the cube is on the table."
    )
    assert first.previous == ""
    for _ in range(20):
        stream.show(0, 0, 0)
    changed_at = stream.stamp + 0.1
    event = stream.until_spoken(1, 0, 0)
    assert event.text == "The drawer is unlocked now (it was locked)."
    assert (event.subject, event.statement) == ("lock", "the drawer is unlocked")
    assert convert.seconds(event.change_time) == pytest.approx(changed_at, abs=0.01)
    assert convert.seconds(event.header.stamp) >= changed_at + 0.3
    assert event.header.frame_id == "camera_optical"
    assert event.embedding.model_id == MODEL_ID and event.confidence > 0.9
    texts = [m.data for m in probe.messages[probe.name("semantic_text")]]
    assert texts == [first.text, event.text]


def test_whoever_comes_later_still_hears_what_was_said(stream, stack, probe):
    said = [stream.until_spoken(*values).text for values in ((0, 0, 0), (1, 0, 0), (1, 1, 0))]
    late, texts = Probe("late"), probe.name("semantic_text")
    stack.callback(late.stop)
    late.listen(String, texts, qos.SPOKEN)
    late.wait(lambda: len(late.messages[texts]) == len(said), "what was said before")
    assert [m.data for m in late.messages[texts]] == said


def test_states_of_another_model_or_broken_ones_are_refused_and_the_next_heard(stream, probe):
    stream.until_spoken(0, 0, 0)
    for _ in range(10):
        stream.show(1, 1, 1, model_id="other")
        stream.show(1, 1, 1, spoil=True)
    event = stream.until_spoken(0, 1, 0)
    assert event.text == "The drawer is open now (it was closed)."


def test_a_covered_camera_says_nothing_and_what_changed_meanwhile_is_told_after_it(stream, probe):
    stream.until_spoken(0, 0, 0)
    for _ in range(30):
        stream.show(1, 1, 1, contrast=0.01)
    stream.stamp += 30.0  # and then no picture at all
    changed_at = stream.stamp + 0.1
    event = stream.until_spoken(0, 1, 0)
    assert event.text == "The drawer is open now (it was closed)."
    assert convert.seconds(event.change_time) == pytest.approx(changed_at, abs=0.01)


def test_another_detector_is_chosen_by_name_and_says_the_same(launch, probe):
    launch(DecoderNode, {"detector": "uniform", "detector_setting": 0.5})
    stream = _stream_to(probe)
    first = stream.until_spoken(0, 0, 0)
    assert convert.seconds(first.change_time) == pytest.approx(START + 0.1)
    event = stream.until_spoken(0, 1, 0)
    assert event.text == "The drawer is open now (it was closed)."


def test_a_generator_that_is_not_there_fails_the_configuration_in_one_line(launch, tmp_path):
    importlib.import_module("vljepa_ros.model.world_model")  # seconds, on a busy machine
    node = launch(
        DecoderNode, {"y_decoder": "generator", "generator_model": str(tmp_path)}
    ).node
    assert not node.active
    assert str(tmp_path) in node.problem and "\n" not in node.problem


def test_an_unknown_detector_is_refused_with_those_there_are(launch):
    spinner = launch(DecoderNode, autostart=False)
    wrong = [Parameter("detector", value="psychic")]
    (result,) = spinner.run(lambda: spinner.node.set_parameters(wrong))
    assert result.reason == (
        "parameter detector: 'psychic'; allowed: adaptive, uniform, pixels, variance, ward"
    )


def test_a_subject_that_is_to_be_silent_but_is_not_there_is_warned_of(launch, probe, capfd):
    launch(DecoderNode, {"silent_subjects": "activity, banana,"})
    stream = _stream_to(probe)
    stream.until_spoken(0, 0, 0)
    logged = capfd.readouterr().err
    assert "silent_subjects: 'banana' not among the model's subjects; allowed: " in logged


def test_how_long_a_change_must_last_follows_from_what_the_model_speaks_of():
    values = {"floor": 0.15, "ceiling": 0.5, "noise_factor": 6.0, "noise_window": 60, "hold": 0.0,
              "hold_frames": 3, "attempt_seconds": 1.2, "y_decoder": "nearest",
              "detector": "adaptive", "detector_setting": 0.0, "patience": 0.0, "gather": 3.0,
              "silent_subjects": "", "min_confidence": 0.5}
    words = toy_vocabulary()
    numbers = tuple(f"there are {n} cubes on the table" for n in ("two", "three"))
    count = replace(words.subjects[0], id="count", statements=numbers)
    counted = replace(words, subjects=(*words.subjects, count))

    def hold(vocabulary, **given):
        return Speaking({**values, **given}).voice(vocabulary).detector.config.hold

    assert hold(words) == HOLD_S and hold(counted) == HOLD_CARRIED_S
    assert hold(counted, hold=0.7) == 0.7
