"""vljepa up: what the nodes are started with, and how it ends."""

from __future__ import annotations

import argparse

import pytest
import yaml

from vljepa_ros.cli import up
from vljepa_ros.nodes.share import model_folder, share
from vljepa_ros.sim import environments


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


def test_a_world_brings_its_model_its_actions_and_its_simulator():
    args = parsed("--sim", "--env", "workbench")
    up.fill_in(args)

    def words(name):
        return " ".join(up.ros_arguments(args, name, "p.yaml"))

    assert words("semantic_state_node").endswith("-p model:=workbench")
    assert words("planner_node").endswith("/config/actions_workbench.yaml")
    assert words("sim_node").endswith("-p env:=workbench")
    args = parsed("--env", "workbench", "--model", "compact", "--actions-file", "mine.yaml")
    up.fill_in(args)
    assert (args.model, args.actions_file) == ("compact", "mine.yaml")
    args = parsed("--sim")
    up.fill_in(args)
    assert all("-p" not in up.ros_arguments(args, name, "p.yaml") for name in up.NODES)
    assert "-p" not in up.ros_arguments(args, "sim_node", "p.yaml")


@pytest.mark.parametrize("env", environments.ENVIRONMENTS)
def test_what_a_world_brings_is_there_and_the_robot_can_do_it(env):
    shipped = environments.SHIPPED[env]
    listed = yaml.safe_load(share(shipped.actions_file).read_text())["actions"]
    assert {action["skill"] for action in listed} <= set(environments.actions(env))
    assert yaml.safe_load((model_folder(shipped.model) / "model.yaml").read_text())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--params-file", "config/scene.yaml"], "no ros__parameters"),
        (["--params-file", "/nowhere.yaml"], "No such file"),
        (["--model", "giant"], "model: 'giant'; allowed: compact"),
        (["--namespace", "1st cell"], "namespace: '1st cell'; allowed: letters"),
    ],
)
def test_arguments_that_cannot_be_used(vljepa, arguments, complaint):
    done = vljepa("up", *arguments)
    assert done.status == 2 and complaint in done.err and done.err.count("\n") == 1


def test_what_it_says_to_type_next_works_as_it_stands(monkeypatch):
    monkeypatch.setattr(up.shutil, "which", lambda name: "/usr/bin/vljepa")
    assert up.next_commands("") == 'now: vljepa goal "open the window", vljepa watch'
    monkeypatch.setattr(up.shutil, "which", lambda name: None)
    monkeypatch.setattr(up.sys, "argv", [".venv/bin/vljepa", "up"])
    words = up.next_commands("cell/")
    assert words.startswith('now: .venv/bin/vljepa goal "open the window" --namespace cell, ')
    assert words.endswith(".venv/bin/vljepa watch --namespace cell")


def test_a_node_that_ends_by_itself_is_reported(vljepa, monkeypatch, tmp_path):
    monkeypatch.setattr(up, "NODES", {"planner_node": "vljepa_ros.no_such_module"})
    done = vljepa("up", "--logs", str(tmp_path))
    assert done.status == 1 and "planner_node ended with status 1" in done.err
    assert "No module named vljepa_ros.no_such_module" in done.err


def test_a_node_that_cannot_start_ends_it_with_its_words(vljepa, monkeypatch, tmp_path):
    monkeypatch.setattr(up, "NODES", {"planner_node": up.NODES["planner_node"]})
    monkeypatch.setenv("ROS_DOMAIN_ID", "58")
    done = vljepa("up", "--logs", str(tmp_path), "--actions-file", "/nowhere.yaml")
    assert done.status == 1 and done.err.count("\n") == 1
    assert "planner_node: configure failed: /nowhere.yaml: cannot be read" in done.err
