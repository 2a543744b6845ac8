"""The demo's nodes: each a process of its own, none of which can outlive the demo."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..nodes import middleware

TAIL_LINES = 6
_PR_SET_PDEATHSIG = 1


class NodeDied(RuntimeError):
    """A node ended although nobody asked it to; ``tail`` are the last lines it wrote."""

    def __init__(self, name: str, message: str, tail: Sequence[str]) -> None:
        super().__init__(f"{name} {message}")
        self.name, self.tail = name, tuple(tail)


class Processes:
    """Child processes with a log file each.

    Every child leads a process group (the terminal's Ctrl-C reaches the demo alone, which then
    ends them in order) and is killed by the kernel when the demo dies in any other way. That
    signal comes when the *thread* that started the child ends: start them from the main thread.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self.logs = logs
        self._environment = {**environment, **middleware.environment(environment)}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a command; what it prints goes to logs/<name>.log."""
        libc, parent = ctypes.CDLL(None), os.getpid()

        def die_with_parent() -> None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

        with self.log(name).open("wb") as log:
            self._children[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                process_group=0,
                preexec_fn=die_with_parent,  # noqa: PLW1509  no thread runs yet
            )

    def start_module(self, name: str, module: str, arguments: Sequence[str]) -> None:
        self.start(name, [sys.executable, "-m", module, *arguments])

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def check(self) -> None:
        """Raise NodeDied when a node has ended."""
        for name, child in self._children.items():
            status = child.poll()
            if status is not None:
                how = f"ended with status {status}"
                if status < 0:
                    how = f"was killed by {signal.Signals(-status).name}"
                raise NodeDied(name, how, self.tail(name))

    def tail(self, name: str) -> list[str]:
        """The last lines of a node's log, without empty ones."""
        try:
            text = self.log(name).read_text(errors="replace")
        except OSError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()][-TAIL_LINES:]

    def stop(self, patience: float) -> None:
        """Ask every node to end, kill what is left after ``patience`` seconds. Never raises."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        for child in self._children.values():
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue
        self._signal(signal.SIGKILL)
        for child in self._children.values():
            child.wait()
        self._children.clear()

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children.values():
            if child.poll() is None:
                try:
                    os.killpg(child.pid, number)
                except ProcessLookupError:
                    continue
