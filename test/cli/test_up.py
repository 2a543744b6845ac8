"""vljepa up: what the nodes are started with, and how it ends."""

from __future__ import annotations

import argparse

import pytest

from vljepa_ros.cli import up


def parsed(*given):
    parser = argparse.ArgumentParser()
    up.add_arguments(parser)
    return parser.parse_args(given)


def test_nodes_get_what_launch_would_give_them():
    args = parsed("--namespace", "cell/", "--image-topic", "/front/image", "--compressed")
    words = " ".join(up.ros_arguments(args, "semantic_state_node", "p.yaml"))
    assert "--params-file p.yaml -r __ns:=/cell -r image:=/front/image" in words
    assert words.endswith("-p image_transport:=compressed")
    args = parsed("--actions-file", "mine.yaml", "--model", "compact")
    words = " ".join(up.ros_arguments(args, "planner_node", "p.yaml"))
    assert words.endswith("--params-file p.yaml -p actions_file:=mine.yaml") and "__ns" not in words


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--params-file", "config/scene.yaml"], "no ros__parameters"),
        (["--params-file", "/nowhere.yaml"], "No such file"),
        (["--model", "giant"], "model: 'giant'; allowed: compact"),
    ],
)
def test_arguments_that_cannot_be_used(vljepa, arguments, complaint):
    done = vljepa("up", *arguments)
    assert done.status == 2 and complaint in done.err and done.err.count("\n") == 1


def test_a_node_that_ends_by_itself_is_reported(vljepa, monkeypatch, tmp_path):
    monkeypatch.setattr(up, "NODES", {"planner_node": "vljepa_ros.no_such_module"})
    done = vljepa("up", "--logs", str(tmp_path))
    assert done.status == 1 and "planner_node ended with status 1" in done.err
    assert "No module named vljepa_ros.no_such_module" in done.err
