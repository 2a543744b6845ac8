"""The whole command with real nodes and physics; the trained model is replaced by an oracle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .test_processes import gone, wait_for

TEST = Path(__file__).resolve().parents[1]
START_S = 60.0


class Demo:
    """`vljepa demo` as a process in a session of its own."""

    def __init__(self, folder, *arguments):
        self.out = Path(folder)
        # In front of what is there: a sourced ROS distribution is found by it.
        path = os.pathsep.join(filter(None, [str(TEST), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path}
        del environment["ROS_DOMAIN_ID"]  # it finds its own
        self.output = self.out / "output.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo.oracle_demo", "--out", str(self.out), *arguments],
                stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
            )
        self.seen = set()

    def children(self):
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            self.seen |= {int(pid) for pid in path.read_text().split()}
        except FileNotFoundError:
            pass
        return self.seen

    @property
    def text(self):
        return self.output.read_text()

    def wait_for(self, words):
        wait_for(lambda: words in self.text or self.process.poll() is not None, START_S)
        assert words in self.text, self.text
        self.children()

    def end(self, seconds=120.0):
        """Exit status; asserts that nothing is left."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.text
            self.children()
            time.sleep(0.05)
        assert len(self.seen) == 4
        assert all(gone(pid) for pid in self.seen)
        return self.process.returncode


@pytest.fixture
def demo(tmp_path):
    demos = []

    def start(*arguments):
        demos.append(Demo(tmp_path, *arguments))
        return demos[-1]

    yield start
    for one in demos:
        one.process.kill()
        one.process.wait()


@pytest.mark.slow
def test_a_goal_is_met_and_everything_recorded(demo, tmp_path):
    run = demo("--goal", "open the window", "--seed", "3")
    assert run.end() == 0, run.text
    lines = [line.strip() for line in run.text.splitlines() if line.strip()]
    assert lines[-1] == "goal met in 2 actions, confirmed by the simulator's true state"
    assert any("» The window is open now" in line for line in lines)
    assert sum(line.startswith("▸") for line in lines) == 2
    assert "\033[" not in run.text
    report = json.loads((tmp_path / "demo.json").read_text())
    assert report["met"] and report["planner"] == "MET" and report["truth"]["window"] == "open"
    assert [a["id"] for a in report["actions"]] == ["press_right_button", "open_window"]
    assert {a["result"] for a in report["actions"]} == {"SUCCEEDED"}
    assert (tmp_path / "demo.mp4").stat().st_size > 50_000
    assert (tmp_path / "timeline.png").is_file()


@pytest.mark.slow
def test_a_goal_that_is_not_understood_is_said_so(demo, tmp_path):
    (tmp_path / "demo.mp4").write_text("an earlier one")
    run = demo("--goal", "make me a coffee", "--no-video")
    assert run.end() == 1
    assert "goal not understood, nothing was done" in run.text
    report = json.loads((tmp_path / "demo.json").read_text())
    assert report["planner"] == "NOT_UNDERSTOOD" and not report["met"]
    assert not (tmp_path / "demo.mp4").exists() and (tmp_path / "timeline.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["goal", "robot: open the drawer"])
def test_ctrl_c_ends_everything_at_once(demo, moment):
    run = demo()
    run.wait_for(moment)
    wait_for(lambda: len(run.children()) == 4)
    began = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    assert run.end(60.0) == 130
    assert time.monotonic() - began < 30  # 1 s, but killed processes too need a core to end on
    assert run.text.splitlines()[-1] == "stopped; nothing is left running"
    assert "Traceback" not in run.text


@pytest.mark.slow
def test_a_node_that_dies_ends_the_demo_with_its_last_words(demo):
    run = demo()
    run.wait_for("robot: press the left button")
    victim = next(
        pid for pid in run.children()
        if b"vljepa_ros.nodes.planner_node" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(victim, signal.SIGKILL)
    assert run.end(30.0) == 1
    assert "vljepa demo: planner_node was killed by SIGKILL" in run.text
    assert "[planner_node]" in run.text.split("killed by SIGKILL")[1]
