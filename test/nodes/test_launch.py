"""The launch file, where `launch_ros` is installed (a ROS distribution)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import yaml

pytest.importorskip("launch_ros", reason="launch_ros comes with a ROS distribution")

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    RegisterEventHandler,
    TimerAction,
)  # noqa: E402
from launch.event_handlers import OnProcessExit, OnProcessIO  # noqa: E402
from launch.events import Shutdown  # noqa: E402
from launch_ros.actions import Node  # noqa: E402

from launch import LaunchContext, LaunchService  # noqa: E402
from vljepa_ros.nodes import middleware  # noqa: E402
from vljepa_ros.nodes.params_file import ParamsFileError  # noqa: E402

LAUNCH = Path(__file__).resolve().parents[2] / "launch"
PLANNER_ARGUMENTS = {
    "image_topic", "image_transport", "params_file", "model", "device", "namespace",
    "actions_file", "log_level", "sim", "env", "autostart", "use_sim_time",
}  # fmt: skip
NODES = ["semantic_state_node", "planner_node", "decoder_node"]


def load(name):
    spec = importlib.util.spec_from_file_location(f"{name}_launch", LAUNCH / f"{name}.launch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def module():
    return load("planner")


def context(module, **given):
    context = LaunchContext()
    for argument in module.arguments():
        argument.execute(context)
    context.launch_configurations.update(given)
    return context


def started(name, **given):
    """What a launch file starts, without starting it: (node, context) in order."""
    context = LaunchContext()
    context.launch_configurations.update(given)
    found = []

    def visit(entity):
        if isinstance(entity, Node):
            if entity.condition is None or entity.condition.evaluate(context):
                entity._perform_substitutions(context)
                found.append(entity)
            return
        for child in entity.visit(context) or ():
            visit(child)

    for entity in load(name).generate_launch_description().entities:
        visit(entity)
    return found, context


def test_every_argument_is_declared_at_the_top_level(module):
    entities = module.generate_launch_description().entities
    names = {entity.name for entity in entities if isinstance(entity, DeclareLaunchArgument)}
    assert names == PLANNER_ARGUMENTS


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("planner", set()),
        ("demo", {"goal"}),
        ("two_robots", {"first", "second"}),
        ("camera", {"camera", "bag"}),
    ],
)
def test_show_args_lists_every_argument_with_a_description(name, more):
    description = load(name).generate_launch_description()
    arguments = {argument.name: argument for argument, _ in _arguments(description)}
    assert set(arguments) == PLANNER_ARGUMENTS | more
    assert all(argument.description for argument in arguments.values())


def _arguments(description):
    return description.get_launch_arguments_with_include_launch_description_actions()


def test_the_simulator_is_started_only_when_asked_for(module):
    names = [node.node_executable for node in module.nodes(context(module))]
    assert names == NODES
    names = [node.node_executable for node in module.nodes(context(module, sim="true"))]
    assert names[-1] == "sim_node"


def given_to(nodes):
    """(executable, {parameter: value}) of each node, of what its launch file sets itself."""
    found = []
    for node in nodes:
        pairs = node._Node__parameters[-1].items()
        found.append(
            (node.node_executable, {key[0].text: yaml.safe_load(v[0].text) for key, v in pairs
                                    if isinstance(v, tuple)})
        )  # fmt: skip
    return found


def test_a_world_brings_its_model_its_actions_and_its_simulator(module):
    def parameters(**given):
        return dict(given_to(module.nodes(context(module, sim="true", **given))))

    brought = parameters(env="workbench")
    assert brought["semantic_state_node"]["model"] == "workbench"
    assert brought["planner_node"]["actions_file"].endswith("config/actions_workbench.yaml")
    assert brought["sim_node"] == {"env": "workbench"}
    own = parameters(env="workbench", model="compact", actions_file="mine.yaml")
    assert own["semantic_state_node"]["model"] == "compact"
    assert own["planner_node"]["actions_file"] == "mine.yaml"
    assert not any(parameters().values())  # the params file decides


def test_both_robots_get_the_world():
    found, _ = started("two_robots", env="workbench")
    worlds = [given for name, given in given_to(found) if name == "sim_node"]
    assert worlds == [{"env": "workbench"}] * 2


def test_a_params_file_for_another_node_is_refused_in_one_line(module, tmp_path):
    path = tmp_path / "camera.yaml"
    path.write_text("camera: {ros__parameters: {rate: 30}}")
    with pytest.raises(ParamsFileError) as caught:
        module.nodes(context(module, params_file=str(path)))
    assert "is for /camera; allowed: /semantic_state_node" in str(caught.value)


@pytest.mark.parametrize("name", ["planner", "demo", "two_robots", "camera"])
def test_every_launch_file_sets_the_dds_profile_and_keeps_the_users(name, monkeypatch):
    variable = middleware.VARIABLE
    monkeypatch.delenv(variable, raising=False)
    _, context = started(name)
    assert context.environment[variable] == str(middleware.profile())
    monkeypatch.setenv(variable, "/my.xml")
    _, context = started(name)
    assert context.environment[variable] == "/my.xml"


def test_two_robots_are_two_stacks_in_two_namespaces():
    found, _ = started("two_robots", first="left/", second="right", sim="false")
    names = [node.node_name for node in found]
    assert names == [f"/left/{n}" for n in NODES] + [f"/right/{n}" for n in NODES]
    found, _ = started("two_robots", namespace="cell", sim="false")
    names = [node.node_name for node in found]
    assert names == [f"/cell/robot{i}/{n}" for i in (1, 2) for n in NODES]


def test_the_demo_starts_the_simulator_and_gives_the_goal_when_there_is_one():
    found, _ = started("demo")
    assert [node.node_executable for node in found] == [*NODES, "sim_node"]
    found, _ = started("demo", goal="it's open", namespace="cell")
    assert found[-1].node_executable == "vljepa"
    found, _ = started("demo", sim="false")
    assert [node.node_executable for node in found] == NODES


def test_a_camera_is_started_with_what_the_planner_needs_to_know(tmp_path):
    found, context = started("camera", camera="compressed")
    assert [node.node_executable for node in found] == NODES
    assert context.launch_configurations["image_transport"] == "compressed"
    assert context.launch_configurations["image_topic"] == "/camera/image_raw/compressed"
    _, context = started("camera", camera="compressed", image_topic="/mine")
    assert context.launch_configurations["image_topic"] == "/mine"
    assert context.launch_configurations["use_sim_time"] == "false"
    _, context = started("camera", camera="compressed", use_sim_time="true")
    assert context.launch_configurations["use_sim_time"] == "true"
    with pytest.raises(ValueError, match="bag: empty; allowed: the folder"):
        started("camera", camera="bag", bag="")


def test_the_nodes_come_up_and_go_down_together(module):
    """Started by launch itself, without a model: two nodes are ready, one says what is missing."""
    said, codes = [], []
    service = LaunchService(noninteractive=True)
    description = module.generate_launch_description()
    service.context.launch_configurations.update(model="/nowhere", namespace="launched")

    def heard(event):
        said.append(event.text.decode())
        text = "".join(said)
        if text.count("ready") == 2 and "configure failed" in text:
            return EmitEvent(event=Shutdown(reason="seen enough"))
        return None

    description.add_action(RegisterEventHandler(OnProcessIO(on_stdout=heard, on_stderr=heard)))
    description.add_action(
        RegisterEventHandler(OnProcessExit(on_exit=lambda event, _: codes.append(event.returncode)))
    )
    description.add_action(TimerAction(period=60.0, actions=[]))
    service.include_launch_description(description)
    assert service.run() == 0
    text = "".join(said)
    assert "'/nowhere'" in text and "Traceback" not in text
    assert codes == [0, 0, 0]
