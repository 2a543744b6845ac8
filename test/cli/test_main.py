"""The console command itself: names, and what it says to those that are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vljepa_ros.cli.main import COMMANDS
from vljepa_ros.nodes.names import checked_namespace

ROOT = Path(__file__).resolve().parents[2]


def test_a_command_that_is_none_is_refused_in_one_line_with_what_was_meant(vljepa):
    done = vljepa("explian", "open the window")
    assert done.status == 2 and done.err.count("\n") == 1
    assert "no command 'explian'; did you mean explain?" in done.err
    assert all(name in vljepa("xyzzy").err for name in COMMANDS)


def test_a_pipe_that_is_closed_early_is_no_error():
    command = f"{sys.executable} -m vljepa_ros.cli.main completion bash | true"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("text", ["", "/", "robot2", "/robot2/", "cell/robot_2", "/cell/arm"])
def test_namespaces_that_a_node_can_be_in(text):
    assert checked_namespace(text) == text.rstrip("/")


@pytest.mark.parametrize("text", ["a b", "2nd", "/cell//arm", "cell-1", "a/2", "küche", "a\n"])
def test_namespaces_that_none_can_be_in(text):
    with pytest.raises(ValueError, match="namespace: .*; allowed: letters"):
        checked_namespace(text)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["planning", "--episodes", "0"], "--episodes 0; allowed: 1 or more"),
        (["works", "--wording", "held_out"], "--wording is not for this benchmark; allowed: --"),
    ],
)
def test_a_benchmark_refuses_what_it_cannot_use_in_one_line(vljepa, arguments, complaint):
    done = vljepa("bench", *arguments)
    assert done.status == 2 and complaint in done.err and done.err.count("\n") == 1
