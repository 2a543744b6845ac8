"""The example programs, as a user starts them, against nodes on the toy model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from std_srvs.srv import Trigger

from test.nodes.test_planner_node import actions_file, planner, robot  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
OPEN = "the drawer is open"


def program(name, namespace, *arguments, **parameters):
    ros = ["--ros-args", "-r", f"__ns:={namespace}"]
    for key, value in parameters.items():
        ros += ["-p", f"{key}:={value}"]
    return [sys.executable, f"examples/{name}.py", *arguments, *ros]


def test_the_script_reaches_a_goal(planner, robot, namespace):  # noqa: F811
    command = program("first_goal", namespace, OPEN)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first.startswith(OPEN) and ": OK, plan: press the button" in first
    assert last == "MET: goal met in 2 actions"


def test_the_node_tidies_up_while_its_timer_ticks(planner, robot, probe, namespace):  # noqa: F811
    process = subprocess.Popen(
        program("in_a_node", namespace, goal=OPEN),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        robot.hold.set()
        held = iter(range(15))  # tenths of a second, from when the robot is asked

        def release():
            if robot.started and next(held, None) is None:
                robot.hold.clear()

        probe.probe.node.create_timer(0.1, release)
        answer = probe.call(Trigger, "tidy_up", Trigger.Request(), 60)
        assert answer.success and answer.message == "goal met in 2 actions"
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=20)
    assert output.count("still here") >= 1 and "Traceback" not in output
