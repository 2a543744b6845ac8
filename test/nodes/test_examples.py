"""What is meant to be copied: the skill server, the scripts, the camera list."""

from __future__ import annotations

import importlib.util
import sys
import time
from functools import lru_cache
from pathlib import Path

import pytest
import yaml
from builtin_interfaces.msg import Duration
from diagnostic_msgs.msg import KeyValue
from rclpy.action import ActionClient

from test.nodes.fakes import ACTIONS, ToyModel, toy_step
from test.nodes.ros import Spinner
from test.nodes.test_cameras import START_S, STATE, cameras, shows  # noqa: F401
from test.nodes.test_planner_node import STORED, Pursuing, actions_file, planner  # noqa: F401
from test.nodes.toy_robot import ToyRobot
from vljepa_msgs.action import ExecuteAction, PursueGoal
from vljepa_msgs.msg import CandidateAction, SemanticState
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode

ROOT = Path(__file__).resolve().parents[2]
R = ExecuteAction.Result
CAMERAS = yaml.safe_load((ROOT / "config/cameras.yaml").read_text())


@lru_cache
def example(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class Camera(ToyRobot):
    """The toy robot's camera alone: who carries actions out is the example."""

    def __init__(self, namespace):
        super().__init__(namespace)
        self._server.destroy()


@pytest.fixture
def robot(stack, namespace):
    spinner = Spinner(Camera(namespace))
    stack.callback(spinner.stop)
    return spinner.node


@pytest.fixture
def serve(stack, namespace):
    """serve({name: skill}) -> the example's skill server."""

    def serve(skills):
        server = example("skill_server").SkillServer(skills, namespace=namespace)
        spinner = Spinner(server)
        stack.callback(spinner.stop)
        stack.callback(lambda: spinner.run(server.close))
        return server

    return serve


@pytest.fixture
def execute(stack, probe):
    """execute(id, execution_id, **fields of the action) -> its result; begin(...) -> the handle."""
    client = ActionClient(probe.node, ExecuteAction, probe.name("execute_action"))
    stack.callback(client.destroy)

    def begin(action, name, **fields):
        probe.wait(client.server_is_ready, "execute_action")
        goal = ExecuteAction.Goal(execution_id=name, action=CandidateAction(id=action, **fields))
        return probe.ask(lambda: client.send_goal_async(goal), "acceptance")

    def execute(action, name, **fields):
        handle = begin(action, name, **fields)
        return probe.ask(handle.get_result_async, "the result", 20).result

    execute.begin = begin
    return execute


def test_the_template_carries_a_pursuit_to_its_goal(planner, robot, serve, probe):  # noqa: F811
    def skill(action_id):
        def run(run):
            before = robot.state
            run.progress(0.5, "moving")
            robot.state = toy_step(before, action_id)
            if robot.state == before:
                raise example("skill_server").NothingChanged("nothing moved")
            return "done"

        return run

    serve({action_id: skill(action_id) for action_id in ACTIONS})
    pursuing = Pursuing(probe)
    _, result = pursuing.end(pursuing.start(STORED), timeout=90.0)
    pursuing.client.destroy()
    assert result.result == PursueGoal.Result.MET, result.message
    assert robot.state == (1, 0, 1)
    assert [e.result for e in result.executed] == [R.SUCCEEDED] * 4


def test_the_template_answers_honestly(serve, execute):
    skills = example("skill_server")
    done = []

    def refuse(run):
        raise skills.Refused("the gripper is full")

    def break_down(run):
        raise OSError("no power")

    def slow(run):
        done.append(run.action.id)
        while True:
            run.check()
            time.sleep(0.01)

    def quick(run):
        done.append(run.parameters["grip"])

    serve({"refuse": refuse, "break": break_down, "slow": slow, "quick": quick})
    answers = {
        "refuse": execute("refuse", "1"),
        "break": execute("break", "2"),
        "slow": execute("slow", "3", timeout=Duration(nanosec=200_000_000)),
        "fly": execute("fly", "4"),
        "nameless": execute("quick", ""),
    }
    assert [answer.result for answer in answers.values()] == [
        R.PRECONDITION, R.FAILED, R.TIMEOUT, R.FAILED, R.FAILED,
    ]  # fmt: skip
    assert answers["refuse"].message == "the gripper is full"
    assert answers["break"].message == "OSError: no power"
    assert answers["fly"].message == "skill: 'fly'; allowed: refuse, break, slow, quick"
    assert "execution_id: empty" in answers["nameless"].message
    grip = [KeyValue(key="grip", value="soft")]
    assert execute("by name", "5", skill="quick", parameters=grip).result == R.SUCCEEDED
    assert execute("by name", "5", skill="quick", parameters=grip).result == R.SUCCEEDED
    assert done == ["slow", "soft"], "an execution_id was carried out twice"


def test_the_template_stops_when_told_and_for_a_newer_action(serve, execute, probe):
    started = []

    def endless(run):
        started.append(run.action.id)
        while True:
            run.check()
            time.sleep(0.01)

    serve({"endless": endless, "quick": lambda run: "done"})
    handle = execute.begin("endless", "1")
    probe.wait(lambda: len(started) == 1, "the first")
    probe.ask(handle.cancel_goal_async, "the cancel")
    assert probe.ask(handle.get_result_async, "the end").result.result == R.PREEMPTED
    handle = execute.begin("endless", "2")
    probe.wait(lambda: len(started) == 2, "the second")
    assert execute("quick", "3").result == R.SUCCEEDED
    assert probe.ask(handle.get_result_async, "the end").result.result == R.PREEMPTED


@pytest.mark.parametrize("name", CAMERAS)
def test_every_camera_of_the_list_is_understood(
    cameras,  # noqa: F811
    launch,
    probe,
    extrinsics,
    namespace,
    name,
):
    """Stand-ins that publish as the drivers do: topic, type, encodings, QoS of config/cameras.yaml;
    the remap and the parameters are those that camera.launch.py gives the node."""
    about = CAMERAS[name]
    topic = f"{namespace}{about['topic']}"
    node = launch(
        SemanticStateNode,
        {"extrinsics_file": extrinsics, "image_transport": about["transport"]},
        load=lambda path, device: ToyModel(),
        cli_args=["--ros-args", "-r", f"image:={topic}"],
    ).node
    probe.listen(SemanticState, "semantic_state")
    given = {"size": (640, 480), "reliability": about["reliability"]}
    for number, encoding in enumerate(about["encodings"]):
        state = STATE if number % 2 == 0 else (0, 1, 0)
        cameras(topic, encoding=encoding, state=state, **given)
        probe.next("semantic_state", shows(state), timeout=START_S)
    assert node._camera.topic == topic
    assert node._camera.reliability.name == about["reliability"] and node._counts["bad"] == 0
    cameras(topic)


def test_drivers_have_their_parameters_and_nothing_else_has():
    files = {path.stem for path in (ROOT / "config/cameras").glob("*.yaml")}
    assert files == {name for name, about in CAMERAS.items() if "driver" in about}
    for name in files:
        params = yaml.safe_load((ROOT / f"config/cameras/{name}.yaml").read_text())
        assert list(params) == [f"/**/{CAMERAS[name]['driver']['node']}"]
        assert "ros__parameters" in params[f"/**/{CAMERAS[name]['driver']['node']}"]
