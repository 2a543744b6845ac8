"""The nodes as separate processes, as they are launched: start, work, Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from lifecycle_msgs.srv import ChangeState, GetState
from std_msgs.msg import String

from test.nodes.fakes import ACTIONS
from test.nodes.ros import Spinner
from test.nodes.test_planner_node import STORED, Pursuing
from test.nodes.toy_robot import ToyRobot
from vljepa_msgs.action import PursueGoal
from vljepa_msgs.msg import RankedActions, SemanticState
from vljepa_msgs.srv import SetGoal
from vljepa_ros.nodes import qos

ROOT = Path(__file__).resolve().parents[2]
START_S = 120.0  # three Pythons importing at once on a starved machine were seen to need 40 s
END_S = 15.0


@pytest.fixture
def start(stack, namespace):
    """start(python arguments, **parameters) -> the process, in the test's namespace."""
    processes = []

    def start(*python, **parameters):
        ros = ["--ros-args", "-r", f"__ns:={namespace}"]
        for name, value in parameters.items():
            ros += ["-p", f"{name}:={value}"]
        process = subprocess.Popen(
            [sys.executable, *python, *ros],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            print(process.communicate()[0])  # pytest shows it when the test failed


def interrupt(process, number=signal.SIGINT):
    """Ctrl-C once; what was printed. Fails when it does not end at once and well."""
    process.send_signal(number)
    output, _ = process.communicate(timeout=END_S)
    assert process.returncode == 0, output
    assert "Traceback" not in output, output
    return output


def entry(name):
    return "-c", f"from vljepa_ros.nodes.entry import {name} as main; main()"


def test_three_processes_reach_a_goal_and_end_with_one_ctrl_c_each(
    start, stack, probe, namespace, tmp_path, extrinsics
):
    actions = tmp_path / "actions.yaml"
    items = [{"id": key, "text": text} for key, text in ACTIONS.items()]
    actions.write_text(yaml.safe_dump({"actions": items}))
    processes = [
        start("-m", "test.nodes.toy_semantic_state_node", extrinsics_file=extrinsics),
        start(*entry("planner_node"), actions_file=actions, extrinsics_file=extrinsics),
        start(*entry("decoder_node"), hold=0.1),
    ]
    probe.listen(String, "semantic_text", qos.SPOKEN)
    probe.listen(SemanticState, "semantic_state")
    probe.listen(RankedActions, "ranked_actions")
    robot = Spinner(ToyRobot(namespace))
    stack.callback(robot.stop)
    probe.first("semantic_state", timeout=START_S)
    probe.first("semantic_text", timeout=START_S)
    probe.first("ranked_actions", lambda m: m.status == RankedActions.NO_GOAL, timeout=START_S)
    pursuing = Pursuing(probe)
    _, result = pursuing.run(STORED)
    assert result.result == PursueGoal.Result.MET, result.message
    assert robot.node.state == (1, 0, 1)
    probe.first("semantic_text", lambda m: "the cube is in the drawer now" in m.data.lower())
    pursuing.client.destroy()
    for process, number in zip(
        processes, (signal.SIGINT, signal.SIGTERM, signal.SIGINT), strict=True
    ):
        assert "ready" in interrupt(process, number)


def test_ctrl_c_in_the_middle_of_a_pursuit_stops_the_robot(
    start, stack, probe, namespace, tmp_path, extrinsics
):
    actions = tmp_path / "actions.yaml"
    items = [{"id": key, "text": text} for key, text in ACTIONS.items()]
    actions.write_text(yaml.safe_dump({"actions": items}))
    semantic = start("-m", "test.nodes.toy_semantic_state_node", extrinsics_file=extrinsics)
    planner = start(*entry("planner_node"), actions_file=actions, extrinsics_file=extrinsics)
    robot = Spinner(ToyRobot(namespace))
    stack.callback(robot.stop)
    robot.node.hold.set()
    probe.listen(RankedActions, "ranked_actions")
    probe.first("ranked_actions", lambda m: m.status == RankedActions.NO_GOAL, timeout=START_S)
    pursuing = Pursuing(probe)
    pursuing.start(STORED)
    probe.wait(lambda: robot.node.started, "the first action")
    interrupt(planner)
    probe.wait(lambda: robot.node.cancelled == ["press_button"], "the cancelled action")
    pursuing.client.destroy()
    interrupt(semantic)


def test_ctrl_c_while_starting_is_as_silent(start):
    for name in ("semantic_state_node", "planner_node", "decoder_node", "sim_node"):
        process = start(*entry(name))
        # Python is up once the process has replaced the shell's image; any moment will do.
        while process.poll() is None and not Path(f"/proc/{process.pid}/maps").read_text():
            pass
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=END_S)
        assert "Traceback" not in output


def test_an_external_manager_configures_after_the_model_was_put_right(start, probe):
    """A missing model: one line, the node stays up; autostart false: nothing happens by itself."""
    process = start(*entry("semantic_state_node"), autostart="false", model="/nowhere")

    def state():
        answer = probe.call(GetState, "semantic_state_node/get_state", GetState.Request(), START_S)
        return answer.current_state.label

    assert state() == "unconfigured"
    request = ChangeState.Request()
    request.transition.label = "configure"
    answer = probe.call(ChangeState, "semantic_state_node/change_state", request, START_S)
    assert not answer.success and state() == "unconfigured"
    output = interrupt(process)
    (line,) = [line for line in output.splitlines() if "configure failed" in line]
    assert "'/nowhere'" in line and "vljepa" in line


def test_a_goal_without_a_semantic_node_is_answered_not_waited_for(start, probe):
    planner = start(*entry("planner_node"))
    request = SetGoal.Request(kind=SetGoal.Request.KIND_TEXT, text="open the window")
    answer = probe.call(SetGoal, "set_goal", request, START_S)
    assert not answer.success
    assert answer.message == "no vocabulary yet: is semantic_state_node running?"
    interrupt(planner)
