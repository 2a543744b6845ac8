"""vljepa alert: added, listed, removed, listened for; exit statuses, JSON, Ctrl-C."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vljepa_msgs.srv import ListAlerts
from vljepa_ros.cli import alert
from vljepa_ros.client import PlannerNotFound

ROOT = Path(__file__).resolve().parents[2]
OPEN = "the drawer is open"
ASKED = "tell me when the drawer is left open for a minute"


def test_it_says_how_the_condition_was_understood_and_lists_and_removes_it(
    decoder, vljepa, namespace
):
    at = ("--namespace", namespace)
    assert "nothing is watched" in vljepa("alert", "--list", *at).out
    done = vljepa("alert", ASKED, *at)
    assert done.status == 0 and "\033" not in done.out, done.err
    said = [line.split(maxsplit=1) for line in done.out.splitlines()]
    assert said == [
        ["alert", "alert_1"],
        ["condition", f"{OPEN}   (confidence 0.97)"],
        ["hold", "60 s"],
    ]
    done = vljepa("alert", "the cube is in the drawer", "--name", "cube", "--json", *at)
    added = json.loads(done.out)["added"]
    assert done.status == 0 and added["id"] == "cube" and added["hold"] == 0
    done = vljepa("alert", "--list", *at)
    assert done.out.split("\n")[0].split(maxsplit=1) == [
        "alert_1", f"{OPEN} for 60 s   (not true now, not raised yet)",
    ]  # fmt: skip
    listed = json.loads(vljepa("alert", "--list", "--json", *at).out)["alerts"]
    assert [(a["id"], a["text"], a["raised"]) for a in listed] == [
        ("alert_1", ASKED, 0), ("cube", "the cube is in the drawer", 0),
    ]  # fmt: skip
    assert vljepa("alert", "--remove", "cube", *at).out.split() == ["removed", "cube"]
    done = vljepa("alert", "--remove", "cube", *at)
    assert done.status == 1 and "id: 'cube'; allowed: alert_1" in done.err


def test_what_cannot_be_watched_is_refused_with_what_can(decoder, vljepa, namespace):
    done = vljepa("alert", "the soup is hot", "--namespace", namespace)
    assert done.status == 1 and not done.out and done.err.count("\n") == 1
    assert "'the soup is hot' is not understood; allowed: about lock, drawer, cube" in done.err
    done = vljepa("alert", f"{OPEN} twice", "--json", "--namespace", namespace)
    assert done.status == 1
    assert "allowed: a condition without a count" in json.loads(done.out)["error"]


def test_nobody_there(vljepa, namespace):
    at = ("--namespace", namespace, "--timeout", "0.2")
    done = vljepa("alert", OPEN, *at)
    assert done.status == 3 and "is semantic_state_node running" in done.err
    for what in (("--list",), ("--listen",), ("--remove", "a")):
        done = vljepa("alert", *what, *at)
        assert done.status == 3 and "is decoder_node running" in done.err and not done.out
    done = vljepa("alert", "--list", "--json", *at)
    assert done.status == 3 and "list_alerts" in json.loads(done.out)["error"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "nothing to do; allowed: TEXT, --list, --remove NAME, --listen"),
        ([" "], "TEXT: only blanks"),
        ([OPEN, "--list"], "TEXT: given beside --list"),
        ([OPEN, "--remove", "a"], "TEXT: given beside --remove"),
        (["--list", "--name", "a"], "--name: 'a' without TEXT"),
        (["--remove", ""], "--remove: only blanks"),
        ([OPEN, "--timeout", "0"], "--timeout: 0; allowed: more than 0"),
        ([OPEN, "--namespace", "a b"], "namespace: 'a b'; allowed: letters"),
    ],
)
def test_arguments_that_cannot_be_used(vljepa, arguments, complaint):
    done = vljepa("alert", *arguments)
    assert done.status == 2 and complaint in done.err and done.err.count("\n") == 1
    assert vljepa("alert", "--list", "--listen").status == 2


@pytest.mark.parametrize("in_json", [False, True], ids=["words", "json"])
def test_a_listener_tells_of_raised_and_over_until_ctrl_c(
    decoder, robot, probe, namespace, in_json
):
    command = [sys.executable, "-m", "vljepa_ros.cli.main", "alert", OPEN, "--name", "left",
               "--listen", "--namespace", namespace, *["--json"] * in_json]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        added = process.stdout.readline()
        if in_json:
            assert json.loads(added)["added"]["condition"] == OPEN
        else:
            assert added.split() == ["alert", "left"]
            lines = [process.stdout.readline() for _ in range(3)]
            assert lines[2].split()[0] == "listening" and lines[2].rstrip().endswith("left")
        robot.state = (1, 1, 0)
        raised = process.stdout.readline()
        robot.state = (1, 0, 0)
        over = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    if in_json:
        told = [json.loads(line)["alert"] for line in (raised, over)]
        assert [(a["id"], a["raised"], a["rule"]) for a in told] == [
            ("left", True, OPEN), ("left", False, OPEN),
        ]  # fmt: skip
    else:
        assert raised.split(maxsplit=2)[1:] == ["RAISED", "left: The drawer is open.\n"]
        assert over.split()[1:4] == ["over", "left:", "No"] and "\033" not in raised
    assert process.returncode == 130 and not rest
    [rule] = probe.call(ListAlerts, "list_alerts", ListAlerts.Request()).alerts
    assert (rule.id, rule.raised) == ("left", 1), "it is watched on"


def test_a_listener_says_when_nobody_watches_any_more(monkeypatch, capsys):
    monkeypatch.setattr(alert, "_LOOK_S", 0.01)
    gone = PlannerNotFound("nobody offers list_alerts")
    answers = iter([(), (), gone, gone, (), KeyboardInterrupt()])

    class Restarted:
        def alerts(self):
            answer = next(answers)
            if isinstance(answer, BaseException):
                raise answer
            return answer

    with pytest.raises(KeyboardInterrupt):
        alert._listen(Restarted(), None, None, queue.Queue())
    assert capsys.readouterr().err.splitlines() == [
        "vljepa alert: nobody offers list_alerts",
        "vljepa alert: answers again; watched: nothing",
    ]


@pytest.mark.parametrize(
    ("hold", "words"),
    [(0.0, ""), (1.5, "1.5 s"), (60.0, "60 s"), (150.0, "2.5 min"), (7200.0, "2 h")],
)
def test_holds_in_words(hold, words):
    assert alert.in_words(hold) == words
