"""The console command vljepa; every subcommand imports only what it needs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module

from vljepa_ros.nodes.names import checked_namespace

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("vljepa_ros.cli.demo", "simulator and nodes, a goal in words, a video of it all"),
    "doctor": ("vljepa_ros.cli.doctor", "what is missing or wrong here, and what to do about it"),
    "up": ("vljepa_ros.cli.up", "start the nodes and keep them, without ros2 launch"),
    "goal": ("vljepa_ros.cli.goal", "give the running planner a goal in words"),
    "watch": ("vljepa_ros.cli.watch", "the running planner, live in the terminal"),
    "alert": ("vljepa_ros.cli.alert", "be told when a condition in words holds"),
    "ask": ("vljepa_ros.cli.ask", "a question about a picture or the running camera"),
    "explain": ("vljepa_ros.cli.explain", "a picture of why the planner would do what it would do"),
    "classify": ("vljepa_ros.cli.classify", "which label fits a video best, any labels"),
    "retrieve": ("vljepa_ros.cli.retrieve", "find a moment in a folder of recordings, in words"),
    "clip": ("vljepa_ros.cli.clip", "cut the moments that matter out of a recording"),
    "replay": ("vljepa_ros.cli.replay", "the whole pipeline on a recording, faster than real time"),
    "models": ("vljepa_ros.cli.models", "the models that are here, with their fingerprints"),
    "train": ("vljepa_ros.training.run", "train a model, resumable"),
    "bench": ("vljepa_ros.cli.bench", "the benchmarks; one JSON object each"),
    "completion": ("vljepa_ros.cli.completion", "completion of this command for a shell"),
}
"""Name -> module with add_arguments(parser) and main(args) -> exit status, and its help line."""

_ABOUT = "A ROS 2 planner that acts on meaning. First: vljepa doctor, then vljepa up --sim."


def main(argv: list[str] | None = None) -> int:
    """Run a subcommand. Exit status: 0 done, 1 not reached or failed, 2 unusable arguments."""
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:  # also while the command's modules are still being loaded
        return 130
    except BrokenPipeError:  # whoever read our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="vljepa", description=_ABOUT)
    parser.add_argument("--version", action="version", version=_version())
    sub = parser.add_subparsers(dest="command", metavar="COMMAND")
    if "--ros-args" in given:  # for rclpy, which reads them from sys.argv itself
        given = given[: given.index("--ros-args")]
    if given and not given[0].startswith("-") and given[0] not in COMMANDS:
        like = get_close_matches(given[0], COMMANDS, 1)
        meant = f"; did you mean {like[0]}?" if like else ""
        print(f"vljepa: no command {given[0]!r}{meant} (allowed: {', '.join(COMMANDS)})",
              file=sys.stderr)
        return 2
    for name, (module, words) in COMMANDS.items():
        child = sub.add_parser(name, help=words, description=words)
        if given[:1] == [name]:
            import_module(module).add_arguments(child)
    args = parser.parse_args(given)
    if args.command is None:
        parser.print_help()
        return 2
    try:
        checked_namespace(getattr(args, "namespace", ""))
    except ValueError as error:
        print(f"vljepa {args.command}: {error}", file=sys.stderr)
        return 2
    run: Callable[[argparse.Namespace], int] = import_module(COMMANDS[args.command][0]).main
    status = run(args)
    sys.stdout.flush()
    return status


def _version() -> str:
    from vljepa_ros import __version__

    return f"vljepa {__version__}"


if __name__ == "__main__":
    sys.exit(main())
