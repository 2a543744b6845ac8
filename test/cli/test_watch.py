"""vljepa watch: what it shows, in a pipe, in JSON and live, and what it costs."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from test.nodes.test_semantic_state_node import image
from vljepa_msgs.msg import Alert, AlertRule, Goal, RankedActions, SemanticEvent, SemanticState
from vljepa_msgs.srv import ListAlerts
from vljepa_ros.client.alerts import AlertWatched
from vljepa_ros.client.results import ranking_of, state_of
from vljepa_ros.nodes import convert, qos
from vljepa_ros.watch.screen import Screen, lines
from vljepa_ros.watch.view import Line, Report, View, Watcher

ROOT = Path(__file__).resolve().parents[2]
OPEN = "the drawer is open"
RATE_HZ, DRAWN, LARGEST_SHARE = 10.0, 60, 0.05
DRAWING = b"\033[H"


def test_one_picture_of_a_running_planner(planner, vljepa, namespace, probe):
    vljepa("goal", OPEN, "--set", "--namespace", namespace)
    done = vljepa("watch", "--once", "--namespace", namespace, "--timeout", "20")
    assert done.status == 0 and "\033" not in done.out
    text = " ".join(done.out.split())
    for words in (
        "the drawer is locked", "camera", "reliable lost 0.0%", "OK: plan: press the button",
        "press the button", f"goal {OPEN}",
    ):  # fmt: skip
        assert words in text, (words, done.out)
    done = vljepa("watch", "--once", "--json", "--namespace", namespace, "--timeout", "20")
    shown = json.loads(done.out)
    assert shown["state"]["readings"]["lock"]["statement"] == "the drawer is locked"
    assert shown["ranking"]["status"] == "OK"
    assert shown["nodes"]["semantic_state_node"]["level"] == 0


def test_nobody_there(vljepa, namespace):
    done = vljepa("watch", "--once", "--namespace", namespace, "--timeout", "0.3")
    assert done.status == 3 and "vljepa doctor" in done.err and not done.out
    assert vljepa("watch", "--rate", "1000").status == 2


def test_what_is_gone_is_said_to_be_gone(monkeypatch):
    view = View()
    view.state = None
    text = "\n".join(lines(view, Screen(live=False)))
    assert "no semantic_state yet" in text and "none heard yet" in text and "no ranked" in text


def test_nothing_spoken_can_steer_the_terminal():
    view = View()
    view.spoken.append(Line(0.0, "the drawer\033[2J is\nopen"))
    view.spoken.append(Line(0.0, "the drawer\033[2J is\nopen", "na\033[2Jme", True))
    spoken, alert = [text for text in lines(view, Screen(live=False)) if "drawer" in text]
    assert "\033" not in spoken + alert and "the drawer[2J is open" in spoken
    assert "ALERT na[2Jme: the drawer[2J is open" in alert


def test_alerts_are_told_from_what_is_spoken():
    view = View(watched=(watched("left", True, 2), watched("window", False, 0)))
    view.watched_at = time.monotonic()
    view.spoken.append(Line(0.0, "The drawer is open."))
    view.spoken.append(Line(0.0, "The drawer is open for 1 minute now.", "left", True))
    view.spoken.append(Line(0.0, "No longer: The drawer is open.", "left", False))
    shown = lines(view, Screen(live=False))
    assert [line.split(maxsplit=1)[1] for line in shown[-3:]] == [
        "» The drawer is open.",
        "ALERT left: The drawer is open for 1 minute now.",
        "over  left: No longer: The drawer is open.",
    ]
    (row,) = [line for line in shown if line.startswith("alerts")]
    assert row.split(maxsplit=1)[1] == "2 watched; true now: left (raised 2 times)"
    report = view.report(0.0)
    assert [line["text"] for line in report["spoken"]] == ["The drawer is open."]
    assert [(a["id"], a["raised"]) for a in report["alerts"]] == [("left", True), ("left", False)]
    view.watched_at -= 60
    assert not [line for line in lines(view, Screen(live=False)) if line.startswith("alerts")]


def watched(name, holding, raised):
    return AlertWatched(name, "rule", "the drawer is open", 0.3, 60.0, holding, raised)


def test_a_running_planners_alerts_are_shown(decoder, robot, vljepa, namespace, probe):
    vljepa("alert", OPEN, "--name", "left", "--namespace", namespace)
    done = vljepa("watch", "--once", "--json", "--namespace", namespace, "--timeout", "20")
    (alert,) = json.loads(done.out)["watched"]
    assert (alert["id"], alert["condition"], alert["raised"]) == ("left", OPEN, 0)
    with Watcher(namespace) as watcher:
        heard = watcher.view.spoken
        watcher.spin(20, until=watcher.complete)
        publishers = watcher._node.count_publishers
        watcher.spin(20, until=lambda: publishers(probe.name("alert")))
        robot.state = (1, 1, 0)
        watcher.spin(20, until=lambda: any(line.alert for line in heard))
        robot.state = (1, 0, 0)
        watcher.spin(20, until=lambda: any(line.alert and not line.raised for line in heard))
        told = [(line.alert, line.raised) for line in heard if line.alert]
        assert told == [("left", True), ("left", False)]
        watcher.spin(20, until=lambda: watcher.view.watched[0].raised == 1)
    done = vljepa("watch", "--once", "--namespace", namespace, "--timeout", "20")
    assert "1 watched; none is true now" in done.out


@pytest.mark.parametrize("width", [80, 100, 120])
def test_outcomes_can_be_read_however_wide_the_terminal(monkeypatch, width):
    monkeypatch.setattr(Screen, "height", 40)
    texts = ["put the white cube at the front middle of the table", "open the drawer"]
    outcome = "the white cube is at the front middle of the table"
    ranking = RankedActions(status=RankedActions.OK, actions=[ranked(i) for i in range(9)])
    for i, action in enumerate(ranking.actions):
        action.text, action.outcome = texts[i % 2], outcome
    view = View(ranking=ranking_of(ranking), ranking_at=time.monotonic())
    screen = Screen(live=False)
    screen.terminal.width = width
    shown = lines(view, screen)
    assert max(map(len, shown)) < width
    (head,) = [i for i, line in enumerate(shown) if "outcome" in line]
    column = shown[head].index("outcome")
    rows = shown[head + 1 : -1]
    told = " ".join(line[column:].strip() for line in rows)
    actions = sum("%" in line for line in rows)
    assert told == " ".join([outcome] * actions) and actions >= 5 and len(rows) <= 12
    said = " ".join(line[2 : shown[head].index("near")].strip() for line in rows[:4])
    assert texts[0] in said and texts[1] in said


def test_the_newest_lines_are_shown_where_there_is_room_for_few(monkeypatch):
    monkeypatch.setattr(Screen, "height", 24)
    said = SemanticState(readouts=[image_readout(i) for i in range(17)])
    view = View(state=state_of(said), state_at=time.monotonic())
    view.spoken.extend(Line(0.0, f"line {i}.") for i in range(8))
    shown = lines(view, Screen(live=False))
    assert len(shown) <= 23 and shown[-1].endswith("line 7.")
    ranking = RankedActions(status=RankedActions.OK, actions=[ranked(i) for i in range(9)])
    for action in ranking.actions:
        action.outcome = "the white cube is at the front middle of the table " * 2
    view.ranking, view.ranking_at = ranking_of(ranking), time.monotonic()
    view.reports = {f"node_{i}": Report(0, "well", {}, time.monotonic()) for i in range(6)}
    shown = lines(view, Screen(live=False))
    assert len(shown) <= 23 and shown[-1].endswith("line 7.")
    assert any("action number 2" in line for line in shown)


@pytest.mark.parametrize(("height", "readouts"), [(24, 9), (60, 17), (10, 3)])
def test_a_low_terminal_shows_the_ranking_and_fewer_readouts(monkeypatch, height, readouts):
    monkeypatch.setattr(Screen, "height", height)
    said = SemanticState(readouts=[image_readout(i) for i in range(17)])
    ranking = RankedActions(status=RankedActions.OK, actions=[ranked(i) for i in range(79)])
    view = View(state=state_of(said), ranking=ranking_of(ranking))
    view.state_at = view.ranking_at = time.monotonic()
    shown = lines(view, Screen(live=False))
    assert sum("holds" in line for line in shown) == readouts
    assert any(f"and {17 - readouts} more" in line for line in shown) == (readouts < 17)
    if height >= 24:
        assert any("action number 2" in line for line in shown[: height - 1])


class Talker:
    """Says what a planner of so many subjects and actions says, RATE_HZ times a second."""

    def __init__(self, probe, name, subjects, actions):
        node = probe.node
        self._clock = node.get_clock()
        self._state = SemanticState(model_id="toy", state_id="s")
        self._state.embedding = convert.embedding_msg("toy", [0.0] * 256)
        for i in range(subjects):
            self._state.readouts.append(image_readout(i))
        self._ranking = RankedActions(status=RankedActions.OK, message="plan: wait", goal_id="g")
        self._ranking.actions = [ranked(i) for i in range(actions)]
        make = node.create_publisher
        self._states = make(SemanticState, name("semantic_state"), qos.NEWEST)
        self._rankings = make(RankedActions, name("ranked_actions"), qos.NEWEST)
        self._events = make(SemanticEvent, name("semantic_event"), qos.SPOKEN)
        self._alerts = make(Alert, name("alert"), qos.STREAM)
        rules = [AlertRule(id=f"a{i}", condition="it holds", holding=True) for i in range(3)]
        node.create_service(ListAlerts, name("list_alerts"),
                            lambda request, answer: ListAlerts.Response(alerts=rules))
        make(Goal, name("goal"), qos.LATCHED).publish(Goal(text="wait", source=1))
        node.create_timer(1 / RATE_HZ, self.talk)

    def talk(self):
        self._state.header.stamp = self._clock.now().to_msg()
        self._states.publish(self._state)
        self._rankings.publish(self._ranking)


def image_readout(i):
    from vljepa_msgs.msg import Readout

    return Readout(
        subject=f"subject_{i}",
        statement=f"statement number {i} holds",
        confidence=0.9,
        embedding=convert.embedding_msg("toy", [0.0] * 256),
    )


def ranked(i):
    from vljepa_msgs.msg import RankedAction

    return RankedAction(
        action_id=f"a{i}", text=f"action number {i}", plan_distance=0.1 * i, works_probability=0.9
    )


class Terminal:
    """A process with a terminal of 100 x 40 of its own."""

    def __init__(self, *command):
        self._end, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        # Without env it would get LINES and COLUMNS too, which readline sets behind Python's back.
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=theirs, stdout=theirs, env=dict(os.environ)
        )
        os.close(theirs)

    def read(self, seconds, until=b""):
        """What was written in that time, or until it held ``until``."""
        deadline, found = time.monotonic() + seconds, b""
        while (left := deadline - time.monotonic()) > 0 and not (until and until in found):
            if select.select([self._end], [], [], left)[0]:
                try:
                    found += os.read(self._end, 65536)
                except OSError:  # it ended
                    break
        return found

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
@pytest.mark.parametrize(("subjects", "actions"), [(7, 15), (17, 79)], ids=["scene", "workbench"])
def test_live_it_costs_little_and_leaves_the_terminal_as_it_was(
    probe, namespace, subjects, actions
):
    Talker(probe.probe, probe.name, subjects, actions)
    terminal = Terminal(
        sys.executable, "-m", "vljepa_ros.cli.main", "watch", "--namespace", namespace
    )
    try:
        assert b"statement number 6" in terminal.read(60, until=b"statement number 6")
        terminal.read(1)
        before = terminal.cpu_seconds()
        shown, began = b"", time.monotonic()
        while shown.count(DRAWING) < DRAWN and time.monotonic() - began < 90:
            shown += terminal.read(1)
        # On a busy machine it comes to draw less often: what it would cost at the full rate.
        share = RATE_HZ * (terminal.cpu_seconds() - before) / shown.count(DRAWING)
        assert b"action number 0" in shown
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.read(10, until=b"\033[?1049l").endswith(b"\033[?25h\033[?1049l")
        assert terminal.process.wait(10) == 0
    finally:
        terminal.process.kill()
        terminal.process.wait()
    assert share <= LARGEST_SHARE, f"{100 * share:.1f}% of a core"


def test_the_newest_of_a_fast_stream_is_shown(probe, namespace, context):
    publisher = probe.probe.node.create_publisher(
        SemanticState, probe.name("semantic_state"), qos.NEWEST
    )
    with Watcher(namespace) as watcher:
        probe.wait(publisher.get_subscription_count, "the watcher")
        for i in range(5):
            msg = SemanticState(state_id=str(i), header=image((0, 0, 0), 1000.0).header)
            publisher.publish(msg)
        watcher.spin(10, until=lambda: watcher.view.state and watcher.view.state.state_id == "4")
        assert watcher.view.state.state_id == "4"
