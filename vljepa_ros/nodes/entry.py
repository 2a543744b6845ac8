"""What the installed executables call: Ctrl-C is silent from the first moment on.

Importing torch, rclpy or MuJoCo takes a second or more, in which Python answers Ctrl-C with a
traceback. So the signals are taken before anything else is imported.
"""

from __future__ import annotations

import importlib
import os
import signal


def _start(module: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    importlib.import_module(module).main()


def semantic_state_node() -> None:
    _start("vljepa_ros.nodes.semantic_state_node")


def planner_node() -> None:
    _start("vljepa_ros.nodes.planner_node")


def decoder_node() -> None:
    _start("vljepa_ros.nodes.decoder_node")


def sim_node() -> None:
    _start("vljepa_ros.sim.sim_node")
