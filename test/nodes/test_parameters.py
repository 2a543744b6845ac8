"""Parameters: documented defaults, bounds, and bad values that end nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rclpy.parameter import Parameter

from vljepa_ros.nodes.decoder_node import DecoderNode
from vljepa_ros.nodes.planner_node import PlannerNode
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode
from vljepa_ros.sim.sim_node import SimNode

CONFIG = Path(__file__).resolve().parents[2] / "config" / "planner.yaml"
NODES = [SemanticStateNode, PlannerNode, DecoderNode, SimNode]


@pytest.mark.parametrize("make", NODES)
def test_every_parameter_is_described_and_in_the_params_file_with_its_default(make, launch):
    node = launch(make, autostart=False).node
    listed = yaml.safe_load(CONFIG.read_text())[f"/**/{node.get_name()}"]["ros__parameters"]
    ours = [
        n for n in node._parameters if n not in ("use_sim_time", "start_type_description_service")
    ]
    assert {name: node.get_parameter(name).value for name in ours} == listed
    for name in node._parameters:
        assert node.describe_parameter(name).description, name


def test_every_parameter_of_the_file_has_a_comment():
    lines = CONFIG.read_text().splitlines()
    values = [i for i, line in enumerate(lines) if line.startswith("    ") and "#" not in line]
    for i in values:
        above = lines[i - 1].strip()
        assert above.startswith("#") or lines[i].split(":")[0].strip() in (
            "window", "drawer_lock", "window_lock", "height",  # named by the comment further up
        ), lines[i]  # fmt: skip


def test_a_whole_number_does_for_a_float(launch):
    node = launch(PlannerNode, {"stale_after": 3}, autostart=False).node
    assert node.get_parameter("stale_after").value == 3.0
    assert node.parameters.complaint == ""


def test_a_bad_value_at_start_keeps_the_node_up_until_it_is_put_right(launch):
    spinner = launch(DecoderNode, {"floor": -1.0})
    node = spinner.node
    assert not node.active
    assert node.problem == "configure failed: parameter floor: -1.0; allowed: 0.001 to 2.0"
    spinner.run(lambda: node.set_parameters([Parameter("floor", value=0.2)]))
    spinner.run(node.autostart)
    assert node.active


def test_a_bad_value_at_run_time_is_refused_with_its_reason(launch):
    spinner = launch(SemanticStateNode, autostart=False)

    def put(name, value):
        parameter = [Parameter(name, value=value)]
        (result,) = spinner.run(lambda: spinner.node.set_parameters(parameter))
        return result

    result = put("image_transport", "morse")
    assert not result.successful
    assert result.reason == "parameter image_transport: 'morse'; allowed: raw, compressed"
    result = put("silence_timeout", 0.0)
    assert not result.successful and "silence_timeout" in result.reason
    assert put("silence_timeout", 2.0).successful
