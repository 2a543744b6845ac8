"""The simulated robot over ROS: camera, honest results, preemption, at most once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.action import ActionClient
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

from test.nodes.ros import Probe
from vljepa_msgs.action import ExecuteAction
from vljepa_msgs.msg import CandidateAction
from vljepa_ros.nodes.convert import seconds, to_duration
from vljepa_ros.nodes.images import decode_image

ROOT = Path(__file__).resolve().parents[2]
R = ExecuteAction.Result
START_S = 120.0


class Robot:
    """The simulator's process and a client of its topics and actions."""

    def __init__(self, namespace="/simtest", **parameters):
        self.namespace = namespace
        ros = ["--ros-args", "-r", f"__ns:={namespace}"]
        for name, value in parameters.items():
            ros += ["-p", f"{name}:={value}"]
        code = "from vljepa_ros.nodes.entry import sim_node as main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *ros],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.probe = Probe()
        for kind, name in ((Image, "image"), (CameraInfo, "camera_info"), (String, "sim/truth")):
            self.probe.listen(kind, f"{namespace}/{name}")
        self.client = ActionClient(self.probe.node, ExecuteAction, f"{namespace}/execute_action")
        self.probe.wait(self.client.server_is_ready, "execute_action", START_S)
        self.feedback = []

    def start(self, skill, execution_id, timeout=0.0):
        action = CandidateAction(id=skill, timeout=to_duration(timeout))
        goal = ExecuteAction.Goal(execution_id=execution_id, action=action)
        return self.probe.ask(
            lambda: self.client.send_goal_async(goal, lambda m: self.feedback.append(m.feedback)),
            "acceptance",
        )

    def end(self, handle):
        return self.probe.ask(handle.get_result_async, "the skill's end", 60.0).result

    def run(self, skill, execution_id, timeout=0.0):
        return self.end(self.start(skill, execution_id, timeout))

    def truth(self):
        """The true state from now on."""
        return json.loads(self.probe.next(f"{self.namespace}/sim/truth").data)

    def stop(self):
        self.client.destroy()
        self.probe.stop()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        output, _ = self.process.communicate(timeout=10)
        return output


@pytest.fixture(scope="module")
def robot():
    if not rclpy.ok():  # another module of this process may have been here
        rclpy.init()
    robot = Robot(
        drawer_lock="locked", window="open", cube="front_left", real_time_factor=0, seed=3
    )
    yield robot
    output = robot.stop()
    assert robot.process.returncode == 0 and "Traceback" not in output, output


def test_it_starts_as_it_was_told(robot):
    truth = robot.truth()
    told = {"drawer_lock": "locked", "window": "open", "cube": "front_left", "drawer": "closed"}
    assert truth.items() >= told.items()


def test_the_camera_is_stamped_framed_and_calibrated(robot):
    image = robot.probe.next("/simtest/image")
    pixels = decode_image(image)
    assert pixels.shape == (256, 256, 3) and pixels.std() > 10
    assert image.header.frame_id == "front_camera_optical_frame"
    now = robot.probe.node.get_clock().now().nanoseconds * 1e-9
    assert 0 <= now - seconds(image.header.stamp) < 1
    info = robot.probe.first("/simtest/camera_info", lambda m: m.header.stamp == image.header.stamp)
    assert info.header.frame_id == image.header.frame_id and info.width == 256
    assert info.k[0] == info.k[4] > 0 and info.k[2] == 128


def test_a_locked_drawer_stays_shut_and_that_is_said(robot):
    result = robot.run("open_drawer", "locked")
    assert result.result in (R.NO_EFFECT, R.PRECONDITION) and "locked" in result.message
    assert robot.truth()["drawer"] == "closed"


def test_a_skill_moves_the_world_with_feedback_and_the_camera_running(robot):
    before = len(robot.probe.messages["/simtest/image"])
    robot.feedback.clear()
    result = robot.run("press_left_button", "press")
    assert result.result == R.SUCCEEDED, result.message
    assert robot.truth()["drawer_lock"] == "unlocked"
    assert len(robot.probe.messages["/simtest/image"]) > before + 1
    assert {item.execution_id for item in robot.feedback} == {"press"}
    assert all(0 <= item.progress <= 1 and item.phase for item in robot.feedback)


def test_an_execution_id_is_carried_out_at_most_once(robot):
    again = robot.run("press_left_button", "press")
    assert again.result == R.SUCCEEDED
    assert robot.truth()["drawer_lock"] == "unlocked"  # pressed once, not twice


def test_a_new_action_preempts_and_a_client_may_cancel(robot):
    old = robot.start("open_drawer", "old")
    new = robot.start("press_right_button", "new")
    assert robot.end(old).result == R.PREEMPTED
    assert robot.end(new).result == R.SUCCEEDED
    handle = robot.start("put_cube_in_drawer", "cancelled")
    robot.probe.ask(handle.cancel_goal_async, "the cancelling")
    assert robot.end(handle).result == R.PREEMPTED
    assert robot.run("wait", "after").result == R.SUCCEEDED


@pytest.mark.parametrize(
    ("skill", "execution_id", "message"),
    [
        ("fly", "a", "action.skill: 'fly'; allowed: press_left_button"),
        ("wait", "", "execution_id: empty; allowed: a name"),
        ("wait", "never", "action.timeout: -3 s; allowed: 0 (the robot's own) or more"),
    ],
)
def test_a_bad_request_fails_in_one_line_and_the_next_is_served(
    robot, skill, execution_id, message
):
    result = robot.run(skill, execution_id, timeout=-3.0 if execution_id == "never" else 0.0)
    assert result.result == R.FAILED and message in result.message
    assert np.isfinite(robot.truth()["stamp"])


@pytest.fixture
def workbench(robot):  # after `robot`, which starts rclpy
    bench = Robot(
        "/benchtest", env="workbench", red_cube="back_left", blue_cube="on_red",
        white_cube="front_right", drawer="open", real_time_factor=0, seed=3,
        width=64, height=64, camera_rate=2.0,  # physics are what is tested
    )  # fmt: skip
    yield bench
    output = bench.stop()
    assert bench.process.returncode == 0 and "Traceback" not in output, output


def test_the_workbench_stacks_and_says_what_is_in_the_way(workbench):
    truth = workbench.truth()
    told = {"red_cube": "back_left", "blue_cube": "on_red", "white_cube": "front_right"}
    assert truth.items() >= told.items() and "green_cube" not in truth
    result = workbench.run("drawer_red", "covered")
    assert result.result == R.PRECONDITION
    assert result.message == "the blue cube stands on the red cube"
    result = workbench.run("stack_blue_on_white", "stack")
    assert result.result == R.SUCCEEDED, result.message
    assert workbench.truth()["blue_cube"] == "on_white"
    assert "there is no green cube" in workbench.run("drawer_green", "absent").message
    assert "allowed" in workbench.run("put_cube_in_drawer", "scene").message


def test_it_can_be_deactivated_and_taken_up_again(robot):
    for number in (
        Transition.TRANSITION_DEACTIVATE,
        Transition.TRANSITION_CLEANUP,
        Transition.TRANSITION_CONFIGURE,
        Transition.TRANSITION_ACTIVATE,
    ):
        request = ChangeState.Request(transition=Transition(id=number))
        service = f"{robot.namespace}/sim_node/change_state"
        answer = robot.probe.call(ChangeState, service, request, START_S)
        assert answer.success, number
    assert robot.probe.next(f"{robot.namespace}/image").width
