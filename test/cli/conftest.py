"""Commands against nodes on the toy model."""

from __future__ import annotations

import signal
from dataclasses import dataclass

import pytest

from test.nodes.conftest import (  # noqa: F401
    context,
    extrinsics,
    launch,
    namespace,
    probe,
    stack,
)
from test.nodes.test_client import decoder  # noqa: F401
from test.nodes.test_planner_node import actions_file, planner, robot  # noqa: F401
from vljepa_ros.cli.main import main


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote; nothing of it is a terminal."""

    status: int
    out: str
    err: str


@pytest.fixture
def vljepa(capfd):
    """vljepa("goal", "open the window") -> Done, in this process."""

    def vljepa(*arguments):
        before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
        capfd.readouterr()
        try:
            status = main(list(arguments))
        except SystemExit as error:  # argparse
            status = error.code
        finally:
            for number, handler in zip(
                (signal.SIGINT, signal.SIGTERM, signal.SIGHUP), before, strict=True
            ):
                signal.signal(number, handler)
        return Done(status, *capfd.readouterr())

    return vljepa
