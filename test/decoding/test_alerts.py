"""Alerts on a made-up stream: once per occurrence, hold, hysteresis, breaks, clocks."""

from __future__ import annotations

import numpy as np
import pytest

from test.nodes.fakes import toy_vocabulary
from vljepa_ros.decoding.alert_rules import AlertError, Rule, load_rules, parse
from vljepa_ros.decoding.alerts import Alerts
from vljepa_ros.planning.goal import GoalPart

WORDS = toy_vocabulary()


def part(statement_id):
    subject, i = WORDS.statement(statement_id)
    return GoalPart(subject.statements[i], subject.embeddings[i], subject.id, statement_id)


class Stream:
    """States at 10 Hz; values are those of (lock, drawer, cube)."""

    def __init__(self, text="the drawer is open", parts=("drawer.1",), **rule):
        self.alerts = Alerts(WORDS)
        self.alerts.add(Rule(text, **rule), [part(name) for name in parts])
        self.stamp, self.rng = 100.0, np.random.default_rng(0)

    def show(self, seconds, lock=0, drawer=0, cube=0, noise=0.0, blend=None):
        events = []
        for _ in range(round(seconds * 10)):
            self.stamp += 0.1
            rows = np.stack([s.embeddings[v] for s, v in
                             zip(WORDS.subjects, (lock, drawer, cube), strict=True)])
            if blend is not None:  # the drawer's answer between its two statements
                closed, opened = WORDS.subjects[1].embeddings
                rows[1] = np.cos(blend) * opened + np.sin(blend) * closed
            rows = rows + noise * self.rng.normal(size=rows.shape)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            events += self.alerts.update(self.stamp, rows)
        return events


@pytest.mark.parametrize("text, condition, hold", [
    ("tell me when the drawer is left open for a minute", "the drawer is open", 60),
    ("the drawer is open for 10 s", "the drawer is open", 10),
    ("Let me know if the window has been left open for more than two minutes.",
     "the window has been open", 120),
    ("warn me whenever the cube is gone", "the cube is gone", 0),
    ("alert me as soon as the drawer is locked!", "the drawer is locked", 0),
    ("when the window is closed for at least half an hour", "the window is closed", 1800),
    ("the cube is in the drawer", "the cube is in the drawer", 0),
    ("notify us once the drawer is open for longer than 1.5 minutes", "the drawer is open", 90),
    ("drawer open > 20s", "drawer open", 20),
    ("after the drawer has been open for one minute, tell me", "the drawer has been open", 60),
    ("tell me when the drawer is open for a minute and a half", "the drawer is open", 90),
    ("tell me when the drawer is open for ONE AND A HALF minutes", "the drawer is open", 90),
    ("warn me if the window is left open for 1 min 30 s", "the window is open", 90),
    ("tell me when the drawer is still open after 30 seconds", "the drawer is open", 30),
    ("give me a shout if the drawer is open 20 seconds", "the drawer is open", 20),
    ("I'd like a warning when the window is unlocked", "the window is unlocked", 0),
    ("I want to know when the window is open for thirty-five seconds", "the window is open", 35),
    ("tell me every time the drawer is closed for 3 hours or more", "the drawer is closed", 10800),
    ("if the cube is gone for over a quarter of an hour, say so", "the cube is gone", 900),
    ("tell me when the second drawer is open", "the second drawer is open", 0),
    ("tell me when the drawer is open for a second time", "the drawer is open for a second time",
     0),
    ("tell me if someone forgets to close the drawer", "nobody did close the drawer", 0),
    ("ping me when the drawer is no longer open", "the drawer is no longer open", 0),
])
def test_a_request_is_taken_apart(text, condition, hold):
    assert parse(text) == (condition, hold)


@pytest.mark.parametrize("text, named", [
    ("tell me when the drawer is open or the window is open", "'or'"),
    ("tell me if the drawer is open less than 10 s", "'less than 10 s'"),
    ("tell me if the drawer is open no longer than a minute", "'no longer than a minute'"),
    ("tell me five minutes after the drawer was opened", "'five minutes after'"),
    ("tell me every 10 minutes when the drawer is open", "'every 10 minutes'"),
    ("the drawer is open for 5 s and the window is open for 10 s", "'for 10 s'"),
    ("tell me before the drawer is opened", "'before'"),
    ("tell me when the drawer is open at 5 pm", "'5 pm'"),
    ("tell me when the drawer is opened twice", "'twice'"),
    ("don't tell me when the drawer is open", "\"don't tell\""),
    ("tell me when the drawer is open for 30 days", "hold: 'for 30 days'"),
])
def test_what_no_condition_can_say_is_refused_not_guessed(text, named):
    with pytest.raises(AlertError, match=f"{named}.*; allowed: ") as error:
        parse(text)
    assert "\n" not in str(error.value)


def test_raised_once_after_the_hold_and_ended_once():
    stream = Stream("the drawer is open for 5 seconds")
    assert stream.show(3) == []
    assert stream.show(4.9, drawer=1) == []
    [raised] = stream.show(20, drawer=1)
    assert (raised.over, raised.rule) == (False, "the drawer is open for 5 seconds")
    assert raised.held == pytest.approx(5, abs=0.11) and raised.confidence > 0.9
    assert raised.since == pytest.approx(103.1, abs=0.01)
    assert raised.text == "The drawer is open for 5 seconds now."
    [over] = stream.show(5, drawer=0)
    assert over.over and over.held == pytest.approx(24.8, abs=0.2)
    [again] = stream.show(6, drawer=1)
    assert not again.over
    assert stream.alerts.watched["alert_1"].raised == 2


def test_without_a_hold_one_misread_frame_is_not_enough():
    stream = Stream()
    assert stream.show(0.2, drawer=1) == []
    assert stream.show(2) == []
    assert len(stream.show(1, drawer=1)) == 1


def test_a_short_break_neither_ends_nor_repeats_it_nor_restarts_the_hold():
    stream = Stream("the drawer is open for 5 s")
    stream.show(3, drawer=1)
    assert stream.show(0.5, drawer=0) == []
    assert len(stream.show(2, drawer=1)) == 1
    assert stream.show(0.5, drawer=0) + stream.show(10, drawer=1) == []


def test_hysteresis_a_meaning_at_the_threshold_does_not_flicker():
    stream = Stream(threshold=0.3)
    assert stream.show(5, blend=np.arccos(0.65)) == [], "distance 0.35 is above 0.3"
    assert len(stream.show(2, blend=np.arccos(0.75))) == 1
    assert stream.show(5, blend=np.arccos(0.65)) == [], "0.35 is below 0.3 x 1.3: not over yet"
    [over] = stream.show(3, blend=np.arccos(0.55))
    assert over.over


def test_noise_raises_nothing_and_does_not_break_a_hold():
    stream = Stream("the drawer is open for 30 s")
    assert stream.show(60, noise=0.05) == []
    assert len(stream.show(60, drawer=1, noise=0.05)) == 1


def test_all_parts_must_hold_at_once():
    stream = Stream("the drawer is open and the cube is in the drawer",
                    parts=("drawer.1", "cube.1"))
    assert stream.show(2, drawer=1) == [] and stream.show(2, cube=1) == []
    [raised] = stream.show(2, drawer=1, cube=1)
    assert raised.text == "The drawer is open and the cube is in the drawer."


def test_a_silent_camera_and_a_clock_that_goes_back_start_the_hold_anew():
    stream = Stream("the drawer is open for 5 s")
    stream.show(4, drawer=1)
    stream.stamp += 60
    assert stream.show(4, drawer=1) == [] and len(stream.show(2, drawer=1)) == 1
    stream.show(3)
    stream.show(4, drawer=1)
    stream.stamp -= 50
    assert stream.show(4, drawer=1) == [] and len(stream.show(2, drawer=1)) == 1


def test_what_cannot_be_watched_is_refused_and_nothing_is_added():
    alerts = Alerts(WORDS)
    alerts.add(Rule("the drawer is open", id="a"), [part("drawer.1")])
    with pytest.raises(AlertError, match="'a' is in use"):
        alerts.add(Rule("the drawer is open", id="a"), [part("drawer.1")])
    with pytest.raises(AlertError, match="'the soup is hot' is not understood; allowed: about lo"):
        alerts.add(Rule("tell me when the soup is hot"), [], understood=False)
    with pytest.raises(AlertError, match="'the soup is hot' is not surely understood; allowed:"):
        alerts.add(Rule("tell me when the soup is hot"), [part("drawer.1")], confidence=0.5)
    with pytest.raises(AlertError, match="speaks of 'oven'"):
        alerts.add(Rule("x"), [GoalPart("x", np.ones(32), "oven", "oven.hot")])
    assert list(alerts.watched) == ["a"]
    with pytest.raises(AlertError, match="id: 'b'; allowed: a"):
        alerts.remove("b")
    alerts.remove("a")
    assert not alerts.watched


@pytest.mark.parametrize("fields, name", [
    ({"text": " "}, "text"), ({"text": "x", "threshold": 2.5}, "threshold"),
    ({"text": "x", "hold": -1}, "hold"), ({"text": "x", "hold": float("nan")}, "hold"),
    ({"text": "x", "threshold": "a"}, "threshold"), ({"text": "x", "id": "n" * 65}, "id"),
    ({"text": "x", "id": "a\nb"}, "id"), ({"text": "x" * 100_000}, "text: 100000 characters"),
])
def test_a_bad_rule_names_its_field(fields, name):
    with pytest.raises(AlertError, match=f"^{name}.*; allowed") as error:
        Rule(**fields)
    assert len(str(error.value)) < 200


def test_rules_come_from_yaml(tmp_path):
    path = tmp_path / "alerts.yaml"
    path.write_text("alerts:\n- the drawer is open\n- {id: w, text: the window is open, hold: 3}\n")
    assert load_rules(path) == (Rule("the drawer is open"), Rule("the window is open", "w", 0, 3))
    path.write_text("alerts: []\n")
    assert load_rules(path) == ()


@pytest.mark.parametrize("content, wrong", [
    ("alerts: 3", "allowed: a list"), ("alarms: []", "no list 'alerts'"),
    ("alerts: [{txt: x}]", r"alerts\[0\]"), ("alerts: [{text: x, level: 3}]", "level: unknown"),
    ("alerts: [{text: x, hold: -2}]", r"alerts\[0\].hold: -2"), ("alerts: [", "not YAML"),
    ("alerts: [{text: x, id: a}, {text: y, id: a}]", r"alerts\[1\].id: 'a' twice"),
])
def test_a_bad_file_is_one_line_with_its_place(tmp_path, content, wrong):
    path = tmp_path / "alerts.yaml"
    path.write_text(content)
    with pytest.raises(AlertError, match=wrong) as error:
        load_rules(path)
    assert "\n" not in str(error.value) and "alerts.yaml" in str(error.value)
