"""vljepa demo: simulator and nodes as processes, a goal in words, a video of it all."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from vljepa_ros.demo.options import GOALS
    from vljepa_ros.sim.environments import ENVIRONMENTS

    goals = "; ".join(f"{env}: {goal}" for env, (goal, _) in GOALS.items())
    parser.add_argument("--env", choices=ENVIRONMENTS, default="scene-v0",
                        help="one cube, or the workbench with three (default: scene-v0)")
    parser.add_argument("--goal", metavar="TEXT",
                        help=f"what is to be reached, in words (default: {goals})")
    parser.add_argument("--start", metavar="KEY=VALUE,...", default="",
                        help="keys: drawer, window, drawer_lock, window_lock, cube, on the "
                        "workbench red_cube, green_cube, ... (default: all closed and locked, "
                        "cubes on the table)")
    parser.add_argument("--seed", metavar="N", default="0", help="seed of the scene (default: 0)")
    parser.add_argument("--out", metavar="DIR", default="demo_output",
                        help="where video, timeline and logs go (default: demo_output)")
    parser.add_argument("--max-actions", metavar="N", default="16",
                        help="give up after this many actions (default: 16)")
    parser.add_argument("--no-video", action="store_true", help="record no film")
    parser.add_argument("--model", metavar="DIR",
                        help="name or folder of the model (default: the world's)")


def main(args: argparse.Namespace) -> int:
    from vljepa_ros.demo.options import OptionError, check_options
    from vljepa_ros.demo.session import run
    from vljepa_ros.demo.terminal import Terminal

    try:
        options = check_options(
            env=args.env,
            goal=args.goal,
            start=args.start,
            seed=args.seed,
            out=args.out,
            max_actions=args.max_actions,
            video=not args.no_video,
            model=args.model,
        )
    except OptionError as error:
        print(f"vljepa demo: {error}", file=sys.stderr)
        return 2
    return run(options, Terminal())
