"""vljepa up: the nodes as planner.launch.py starts them, on a machine without ros2 launch."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vljepa_ros.sim import environments

if TYPE_CHECKING:
    from vljepa_ros.demo.processes import Processes
    from vljepa_ros.demo.terminal import Terminal

NODES = {
    "semantic_state_node": "vljepa_ros.nodes.semantic_state_node",
    "planner_node": "vljepa_ros.nodes.planner_node",
    "decoder_node": "vljepa_ros.nodes.decoder_node",
}
SIMULATOR = {"sim_node": "vljepa_ros.sim.sim_node"}
_TICK_S = 0.2
_STOP_S = 5.0
_FAILED = ("configure failed: ", "activate failed: ")


class NodeFailed(RuntimeError):
    """A node said that it cannot start; its own words."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """exit status:
  0    ended by Ctrl-C
  1    a node could not start, or ended by itself; its last words are shown
  2    unusable arguments
"""
    parser.add_argument("--sim", action="store_true", help="also start the simulated robot")
    parser.add_argument("--env", choices=environments.ENVIRONMENTS, default="",
                        help="world that model, actions and simulator are for "
                        "(default: as in the params file)")
    parser.add_argument("--image-topic", metavar="TOPIC", default="", help="topic of the camera")
    parser.add_argument("--compressed", action="store_true",
                        help="the topic is a sensor_msgs/CompressedImage")
    parser.add_argument("--namespace", metavar="NS", default="",
                        help="of all nodes; one for each camera")
    parser.add_argument("--model", metavar="NAME", default="", help="name or folder of the model")
    parser.add_argument("--actions-file", metavar="FILE", default="",
                        help="what the robot can do (default: config/actions.yaml)")
    parser.add_argument("--params-file", metavar="FILE", default="",
                        help="parameters of the nodes (default: config/planner.yaml)")
    parser.add_argument("--logs", metavar="DIR", help="where the nodes' output goes")


def main(args: argparse.Namespace) -> int:
    from vljepa_ros.demo.processes import NodeDied, Processes
    from vljepa_ros.demo.signals import catch_signals
    from vljepa_ros.demo.terminal import Terminal
    from vljepa_ros.nodes.params_file import ParamsFileError, check_params_file
    from vljepa_ros.nodes.share import model_folder, share

    fill_in(args)
    names = {**(SIMULATOR if args.sim else {}), **NODES}
    params = args.params_file or str(share("config/planner.yaml"))
    try:
        check_params_file(params, list(names), args.namespace)
        model_folder(args.model)
    except (ParamsFileError, ValueError) as error:
        print(f"vljepa up: {error}", file=sys.stderr)
        return 2
    os.environ.setdefault("MUJOCO_GL", "egl")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    terminal = Terminal()
    catch_signals()
    logs = Path(args.logs or tempfile.mkdtemp(prefix="vljepa_up_"))
    processes = Processes(logs, {**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        for name, module in names.items():
            processes.start_module(name, module, ros_arguments(args, name, params))
        domain = os.environ.get("ROS_DOMAIN_ID", "0")
        place = f"/{args.namespace.strip('/')}"
        terminal.fact("starting", f"{', '.join(names)} in {place} (ROS domain {domain})")
        terminal.fact("output", f"{logs}/")
        _wait(processes, list(names), terminal, next_commands(args.namespace))
    except NodeDied as death:
        print(f"vljepa up: {death}", *death.tail, sep="\n  ", file=sys.stderr)
        return 1
    except NodeFailed as failure:
        print(f"vljepa up: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        terminal.interrupted("stopping")
        return 0
    finally:
        processes.stop(_STOP_S)


def fill_in(args: argparse.Namespace) -> None:
    """With a world, its model and its actions where none are given."""
    from vljepa_ros.nodes.share import share

    if args.env:
        shipped = environments.SHIPPED[args.env]
        args.model = args.model or shipped.model
        args.actions_file = args.actions_file or str(share(shipped.actions_file))


def ros_arguments(args: argparse.Namespace, name: str, params: str) -> list[str]:
    """What launch would give the node."""
    found = ["--ros-args", "--disable-external-lib-logs", "--params-file", params]
    if args.namespace.strip("/"):
        found += ["-r", f"__ns:=/{args.namespace.strip('/')}"]
    if args.image_topic:
        found += ["-r", f"image:={args.image_topic}"]
    given: dict[str, str] = {}
    if name == "semantic_state_node":
        given = {"model": args.model, "image_transport": "compressed" if args.compressed else ""}
    elif name == "planner_node":
        given = {"actions_file": args.actions_file}
    elif name == "sim_node":
        given = {"env": args.env}
    for key, value in given.items():
        if value:
            found += ["-p", f"{key}:={value}"]
    return found


def next_commands(namespace: str) -> str:
    """What to type in the next terminal, as it works there."""
    program = "vljepa"
    if shutil.which(program) is None and Path(sys.argv[0]).name == program:
        program = sys.argv[0]
    where = f" --namespace {namespace.strip('/')}" if namespace.strip("/") else ""
    return f'now: {program} goal "open the window"{where}, {program} watch{where}'


def _wait(processes: Processes, names: list[str], terminal: Terminal, commands: str) -> None:
    """Say which nodes are ready or have a problem; forever, until a signal or a death.

    Raises NodeFailed when a node cannot start: without it the others wait for nothing.
    """
    said: dict[str, int] = dict.fromkeys(names, 0)
    waiting = set(names)
    while True:
        processes.check()
        for name in names:
            text = processes.log(name).read_text(errors="replace")
            new, said[name] = text[said[name] :].splitlines(), len(text)
            for line in new:
                if line.endswith(": ready"):
                    waiting.discard(name)
                    terminal.fact("ready", name, "green")
                    if not waiting:
                        terminal.fact("", commands)
                elif "[ERROR]" in line or "[WARN]" in line:
                    words = line.split("]: ", 1)[-1]
                    if words.startswith(_FAILED):
                        raise NodeFailed(f"{name}: {words}")
                    terminal.fact(name.removesuffix("_node"), words, "yellow")
        time.sleep(_TICK_S)
