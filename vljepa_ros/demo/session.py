"""One demo from start to end: nodes up, goal in words, robot at work, verdict, files.

The main thread starts the nodes (see :mod:`.processes`), reads events and prints; the executor's
thread only receives.
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from ..nodes.share import share
from ..sim.environments import SHIPPED, state_parts
from .domain import claim_domain
from .files import clear, shown, write_pictures, write_report
from .options import Options
from .processes import NodeDied, Processes
from .recording import Execution, Line, Look, Recording, Verdict
from .signals import Signalled, catch_signals, signals_held
from .terminal import Terminal, state_in_words
from .verdict import judge, wanted_in_words, wanted_state

if TYPE_CHECKING:
    from .client import DemoNode, Ended, Truth

STARTUP_S = 180.0
"""Longest the nodes may take to be ready, on a busy machine with cold caches."""
FIRST_WORDS_S = 3.0
"""Longest to wait for the decoder to describe the scene before the goal is given."""
PURSUIT_S = 900.0
TRUTH_S = 3.0
"""Longest to wait for the simulator's true state, with nothing moving, after the pursuit."""
_TICK_S = 0.1
_STOP_S = 4.0  # a node's own limit for putting its things away is 3 s
_ABORT_S = 1.0

MODULES = {
    "sim_node": "vljepa_ros.sim.sim_node",
    "semantic_state_node": "vljepa_ros.nodes.semantic_state_node",
    "planner_node": "vljepa_ros.nodes.planner_node",
    "decoder_node": "vljepa_ros.nodes.decoder_node",
}


class DemoError(RuntimeError):
    """The demo cannot go on; ``tail`` are the last lines of the node it is about."""

    def __init__(self, message: str, tail: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.tail = tuple(tail)


def run(options: Options, terminal: Terminal) -> int:
    """Exit status: 0 goal met as planner and simulator say, 1 not met, 130 ended by Ctrl-C."""
    catch_signals()
    started = time.monotonic()
    session = Session(options, terminal)
    try:
        return session.run(started)
    except (RuntimeError, OSError) as error:
        terminal.line(f"vljepa demo: {error}", "red")
        for line in error.tail if isinstance(error, (NodeDied, DemoError)) else ():
            terminal.line(f"    {line}", "dim")
        return 1
    except Signalled as signalled:
        with signals_held():
            session.close(_ABORT_S)
        terminal.interrupted("stopped; nothing is left running")
        return 128 + signalled.number
    finally:
        with signals_held():
            session.close(_ABORT_S)


class Session:
    """The processes, the ROS node and the recording of one demo."""

    def __init__(self, options: Options, terminal: Terminal) -> None:
        self.options, self.terminal = options, terminal
        self.recording = Recording(goal=options.goal)
        self._stack = ExitStack()
        self._processes: Processes | None = None
        self._node: DemoNode | None = None
        self._seconds: dict[str, float] = {}

    def run(self, started: float) -> int:
        terminal, options = self.terminal, self.options
        terminal.line()
        terminal.line(f"  {terminal.paint('vljepa demo', 'bold')}")
        terminal.fact("start", state_in_words(state_parts(options.start)))
        terminal.fact("goal", options.goal, "bold")
        clear(options.out)
        self._start_nodes()
        self._wait_until_ready(started)
        ended, wanted = self._pursue()
        truth = self._truth()
        met = self._judge(ended, truth, wanted)
        self.close(_STOP_S)
        self._write(ended, truth, wanted, met)
        verdict = self.recording.verdict
        terminal.line()
        if verdict is not None:
            terminal.line(f"  {verdict.text}", "bold green" if met else "bold red")
        terminal.line()
        return 0 if met else 1

    def close(self, patience: float) -> None:
        """End the nodes and our own part of ROS. Safe to call twice."""
        if self._processes is not None:
            self._processes.stop(patience)
            self._processes = None
        self._stack.close()
        self._node = None

    # -- start -------------------------------------------------------------------------------------

    def _start_nodes(self) -> None:
        environment = os.environ
        if "ROS_DOMAIN_ID" not in environment:
            domain, lock = claim_domain()
            self._stack.callback(lock.close)
            environment["ROS_DOMAIN_ID"] = str(domain)
            environment.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        environment.setdefault("MUJOCO_GL", "egl")
        environment.setdefault("HF_HUB_OFFLINE", "1")
        environment["PYTHONUNBUFFERED"] = "1"
        self._processes = Processes(self.options.out / "logs", environment)
        for name, module in MODULES.items():
            self._processes.start_module(name, module, self._arguments(name))

    def _arguments(self, name: str) -> list[str]:
        given: dict[str, object] = {}
        options = self.options
        if name == "sim_node":
            given = {**state_parts(options.start), "seed": options.seed, "env": options.env}
        elif name == "semantic_state_node":
            given = {"model": options.model}
        elif name == "planner_node":
            given = {"actions_file": share(SHIPPED[options.env].actions_file)}
        # What a node prints is in our log file: rcl's own, in ~/.ros/log, would be a second one.
        arguments = ["--ros-args", "--disable-external-lib-logs"]
        arguments += ["--params-file", str(share("config/planner.yaml"))]
        for key, value in given.items():
            arguments += ["-p", f"{key}:={value}"]
        return arguments

    def _wait_until_ready(self, started: float) -> None:
        node = self._join_ros()
        deadline = started + STARTUP_S
        early: list[object] = []  # said before the line below is printed
        while missing := node.missing():
            early.append(self._next_event(startup=True))
            if time.monotonic() > deadline:
                name = missing[0]
                tail = self._processes.tail(name) if self._processes else []
                raise DemoError(f"{name} is not ready after {STARTUP_S:g} s", tail)
        self._seconds["startup"] = time.monotonic() - started
        domain = os.environ.get("ROS_DOMAIN_ID", "0")
        self.terminal.fact(
            "ready", f"{self._seconds['startup']:.1f} s: {', '.join(MODULES)} (ROS domain {domain})"
        )
        for event in early:
            self._print(event)
        described = time.monotonic() + FIRST_WORDS_S
        while not self.recording.spoken and time.monotonic() < described:
            self._print(self._next_event(startup=True))

    def _join_ros(self) -> DemoNode:
        """Our own node. Imported here: the other processes start while this one imports."""
        from .client import DemoNode
        from .spinning import spinning

        make = partial(DemoNode, self.recording, record_frames=self.options.video)
        self._node = self._stack.enter_context(spinning(make))
        return self._node

    # -- run ---------------------------------------------------------------------------------------

    def _pursue(self) -> tuple[Ended, dict[str, str]]:
        """Give the goal and print what happens until the pursuit is over."""
        from .client import Ended

        node = self._node
        assert node is not None
        self.recording.start()
        node.pursue(self.options.goal, self.options.max_actions)
        deadline = time.monotonic() + PURSUIT_S
        while time.monotonic() < deadline:
            event = self._next_event()
            self._print(event)
            if isinstance(event, Ended):
                self._fill_in(event)
                self._seconds["run"] = self.recording.now()
                wanted = self.options.expected or wanted_state(self.recording.statements)
                return event, wanted
        raise DemoError(f"the planner did not come to an end in {PURSUIT_S:g} s")

    def _next_event(self, startup: bool = False) -> object | None:
        """Wait for one event; None after a tick. Raises NodeDied and DemoError."""
        from .client import Trouble

        node, processes = self._node, self._processes
        assert node is not None and processes is not None
        try:
            event = node.events.get(timeout=_TICK_S)
        except queue.Empty:
            processes.check()
            return None
        if startup and isinstance(event, Trouble) and event.node in MODULES:
            raise DemoError(f"{event.node}: {event.message}")
        return event

    def _print(self, event: object) -> None:
        from vljepa_msgs.msg import Goal

        terminal = self.terminal
        if isinstance(event, Look):
            terminal.look(event)
        elif isinstance(event, Line):
            terminal.spoken(event)
        elif isinstance(event, Execution):
            terminal.answer(event) if event.ended is not None else terminal.executing(event)
        elif isinstance(event, Goal) and event.parts:
            parts = " + ".join(part.text for part in event.parts)
            terminal.line()
            terminal.fact("understood", f"{parts}   (confidence {event.confidence:.2f})")

    def _fill_in(self, ended: Ended) -> None:
        """Answers of the robot that did not come by themselves stand in the planner's result."""
        now = self.recording.now()
        for execution, result in zip(self.recording.executions, ended.executed, strict=False):
            execution.result = execution.result or result
            execution.ended = execution.ended if execution.ended is not None else now

    # -- verdict -----------------------------------------------------------------------------------

    def _truth(self) -> Truth | None:
        """The simulator's true state from now on, with nothing moving if that can be had."""
        node = self._node
        assert node is not None
        before = node.truth
        deadline = time.monotonic() + TRUTH_S
        while time.monotonic() < deadline:
            if node.truth is not before and node.truth is not None and not node.truth.moving:
                break
            self._print(self._next_event())
        return node.truth

    def _judge(self, ended: Ended, truth: Truth | None, wanted: dict[str, str]) -> bool:
        """Print what planner and simulator say, and set the recording's verdict."""
        terminal, recording = self.terminal, self.recording
        said_met = ended.ending == "MET"
        message = "the goal holds" if said_met else ended.message or ended.ending.lower()
        terminal.line()
        terminal.fact("planner", message, "green" if said_met else "yellow")
        if truth is not None:
            terminal.fact("simulator", f"true state: {state_in_words(truth.state)}")
        if said_met and wanted:
            source = "" if self.options.expected else ", as the goal was understood"
            terminal.fact("checked", f"{wanted_in_words(wanted)}{source}")
        state = truth.state if truth is not None else None
        count = len(recording.executions)
        met, text = judge(ended.ending, ended.message, count, state, wanted)
        recording.verdict = Verdict(recording.now(), met, text)
        return met

    def _write(
        self, ended: Ended, truth: Truth | None, wanted: dict[str, str], met: bool
    ) -> None:
        options, recording, out = self.options, self.recording, self.options.out
        began = time.monotonic()
        self.terminal.line()
        if recording.frames:
            self.terminal.fact("writing", "film and timeline ...", "dim")
        written = write_pictures(recording, out)
        self._seconds["writing"] = time.monotonic() - began
        facts = {
            "env": options.env,
            "start": state_parts(options.start),
            "seed": options.seed,
            "planner": ended.ending,
            "planner_message": ended.message,
            "expected": wanted,
            "truth": truth.state if truth is not None else None,
            "met": met,
            "verdict": recording.verdict.text if recording.verdict else "",
            "seconds": {name: round(value, 2) for name, value in self._seconds.items()},
        }
        written.append(write_report(recording, facts, out))
        self.terminal.fact("files", f"{shown(out)}/: {', '.join(written)}, logs/")
