"""vljepa goal: modes, exit statuses, JSON, Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from test.nodes.test_planner_node import STORED

ROOT = Path(__file__).resolve().parents[2]
OPEN = "the drawer is open"


def test_a_goal_is_pursued_until_it_is_met(planner, robot, vljepa, namespace):
    done = vljepa("goal", STORED, "--namespace", namespace)
    assert done.status == 0 and robot.state == (1, 0, 1)
    # on a starved machine a plan takes long enough to be told of
    said = [line for line in done.out.splitlines() if "planning" not in line]
    lines = [line.split(maxsplit=2) for line in said]
    assert lines[0][0] == "understood" and "the cube is in the drawer" in said[0]
    assert lines[1][:2] == ["step", "1"] and "press the button" in lines[1][2]
    assert done.out.splitlines()[-1].split() == "MET goal met in 4 actions".split()
    assert "\033" not in done.out, "colours in a pipe"


def test_in_json_there_is_one_object_and_no_more(planner, robot, vljepa, namespace):
    done = vljepa("goal", OPEN, "--json", "--namespace", f"{namespace}/")
    answer = json.loads(done.out)
    assert done.status == 0 and answer["mode"] == "pursue" and answer["goal"] == OPEN
    assert answer["result"]["ending"] == "MET"
    assert [e["result"] for e in answer["result"]["executed"]] == ["SUCCEEDED"] * 2


def test_set_and_dry_run_move_nothing(planner, robot, vljepa, namespace):
    done = vljepa("goal", OPEN, "--set", "--json", "--namespace", namespace)
    answer = json.loads(done.out)
    assert done.status == 0 and answer["set"]["understood"]
    assert answer["ranking"]["status"] == "OK"
    assert answer["ranking"]["actions"][0]["text"] == "press the button"
    done = vljepa("goal", STORED, "--dry-run", "--namespace", namespace)
    assert done.status == 0 and "plan: press the button" in done.out
    assert vljepa("goal", "--clear", "--namespace", namespace).out.split() == [
        "planner", "goal", "cleared",
    ]  # fmt: skip
    assert not robot.started


def test_what_is_not_reached_is_told_by_the_status(planner, robot, vljepa, namespace):
    done = vljepa("goal", "peace on earth", "--namespace", namespace)
    assert done.status == 1 and "NOT_UNDERSTOOD" in done.out
    done = vljepa("goal", STORED, "--max-actions", "1", "--json", "--namespace", namespace)
    assert done.status == 1 and json.loads(done.out)["result"]["ending"] == "MAX_ACTIONS"
    done = vljepa("goal", "x" * 600, "--namespace", namespace)
    assert done.status == 2 and "text: 600 characters; allowed: 1 to" in done.err


def test_nobody_there(vljepa, namespace):
    done = vljepa("goal", OPEN, "--namespace", namespace, "--timeout", "0.2")
    assert done.status == 3 and "is semantic_state_node running" in done.err
    done = vljepa("goal", "--stop", "--namespace", namespace, "--timeout", "0.2")
    assert done.status == 3 and "is planner_node running" in done.err
    done = vljepa("goal", OPEN, "--namespace", namespace, "--timeout", "0.2", "--json")
    assert done.status == 3 and "no semantic_state in 0.2 s" in json.loads(done.out)["error"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "no goal given; allowed: TEXT or --image"),
        (["open", "--image", "x.png"], "TEXT and --image given"),
        (["--stop", "--image", "x.png"], "--image: given beside --stop"),
        (["open", "--timeout", "0"], "--timeout: 0; allowed: more than 0"),
        (["open", "--max-actions", "-1"], "--max-actions: -1; allowed: 0 to"),
        (["--image", "/nowhere.png"], "--image: '/nowhere.png': No such file"),
        ([" "], "TEXT: only blanks"),
        (["open", "--namespace", "a b"], "namespace: 'a b'; allowed: letters"),
    ],
)
def test_arguments_that_cannot_be_used(vljepa, arguments, complaint):
    done = vljepa("goal", *arguments)
    assert done.status == 2 and complaint in done.err and done.err.count("\n") == 1


def test_a_picture_that_is_none_is_refused_before_anybody_is_asked(vljepa, tmp_path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(cv2.imencode(".png", np.zeros((20, 20, 3), np.uint8))[1].tobytes()[:40])
    done = vljepa("goal", "--image", str(cut))
    assert done.status == 2 and "cut.png': data: PNG cut off" in done.err


def test_ctrl_c_stops_the_robot(planner, robot, probe, namespace):
    robot.hold.set()
    command = [sys.executable, "-m", "vljepa_ros.cli.main", "goal", OPEN, "--namespace", namespace]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    probe.wait(lambda: robot.started, "the first action", timeout=30)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in output
    assert robot.cancelled == ["press_button"]
