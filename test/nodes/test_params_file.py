"""A params file, a model's name: what is not meant for us is said, not ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from test.nodes.fakes import ToyModel
from vljepa_ros.nodes.decoder_node import DecoderNode
from vljepa_ros.nodes.params_file import ParamsFileError, check_params_file
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode

CONFIG = Path(__file__).resolve().parents[2] / "config"
NODES = ["semantic_state_node", "planner_node"]
VALUE = "{ros__parameters: {depth: 3}}"


@pytest.mark.parametrize(
    ("content", "namespace"),
    [
        (f"planner_node: {VALUE}", ""),
        (f"/planner_node: {VALUE}", "/"),
        (f"/**: {VALUE}", "robot1"),
        (f"/**/planner_node: {VALUE}", "a/b"),
        (f"/robot1/planner_node: {VALUE}", "robot1/"),
        (f"robot1: {{planner_node: {VALUE}}}", "/robot1"),
        (f"/*/planner_node: {VALUE}", "robot1"),
    ],
)
def test_a_file_for_one_of_the_nodes_is_taken(tmp_path, content, namespace):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    check_params_file(path, NODES, namespace)


@pytest.mark.parametrize(
    ("content", "namespace", "complaint"),
    [
        (f"camera: {VALUE}", "", "is for /camera; allowed: /semantic_state_node, /planner_node"),
        (f"/planner_node: {VALUE}", "robot1", "allowed: /robot1/semantic_state_node"),
        (f"/*/planner_node: {VALUE}", "a/b", "is for /*/planner_node"),
        ("frames: {world: 1}", "", "no ros__parameters"),
        ("", "", "no ros__parameters"),
        ("a: [", "", "allowed: a YAML file"),
    ],
)
def test_any_other_is_refused_in_one_line(tmp_path, content, namespace, complaint):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(ParamsFileError) as caught:
        check_params_file(path, NODES, namespace)
    assert complaint in str(caught.value) and "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there():
    with pytest.raises(ParamsFileError, match="No such file"):
        check_params_file("/nowhere.yaml", NODES)
    check_params_file(CONFIG / "planner.yaml", NODES)


def test_an_unknown_model_fails_in_configure_with_those_that_are_known(launch):
    node = launch(SemanticStateNode, {"model": "giant"}, load=lambda path, device: ToyModel()).node
    assert not node.active
    assert node.problem.startswith("configure failed: model: 'giant'; allowed: compact")


def test_a_parameter_that_no_node_has_is_warned_of(launch, capfd):
    node = launch(DecoderNode, {"flor": 0.1}).node
    assert node.active
    assert "parameters given that this node does not have: flor" in capfd.readouterr().err
