"""The launch file, where `launch_ros` is installed (a ROS distribution)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="launch_ros comes with a ROS distribution")

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    RegisterEventHandler,
    TimerAction,
)  # noqa: E402
from launch.event_handlers import OnProcessExit, OnProcessIO  # noqa: E402
from launch.events import Shutdown  # noqa: E402

from launch import LaunchContext, LaunchService  # noqa: E402

LAUNCH_FILE = Path(__file__).resolve().parents[2] / "launch" / "planner.launch.py"


@pytest.fixture
def module():
    spec = importlib.util.spec_from_file_location("planner_launch", LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def context(module, **given):
    context = LaunchContext()
    for argument in module.arguments():
        argument.execute(context)
    context.launch_configurations.update(given)
    return context


def test_every_argument_is_declared_at_the_top_level(module):
    entities = module.generate_launch_description().entities
    names = {entity.name for entity in entities if isinstance(entity, DeclareLaunchArgument)}
    assert names == {
        "image_topic", "params_file", "model", "device", "namespace", "actions_file", "log_level",
        "sim", "autostart", "use_sim_time",
    }  # fmt: skip


def test_the_simulator_is_started_only_when_asked_for(module):
    names = [node.node_executable for node in module.nodes(context(module))]
    assert names == ["semantic_state_node", "planner_node", "decoder_node"]
    names = [node.node_executable for node in module.nodes(context(module, sim="true"))]
    assert names[-1] == "sim_node"


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
