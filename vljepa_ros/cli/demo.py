"""vljepa demo: simulator and nodes as processes, a goal in words, a video of it all."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from vljepa_ros.demo.options import DEFAULT_GOAL

    parser.add_argument("--goal", metavar="TEXT", default=DEFAULT_GOAL,
                        help=f"what is to be reached, in words (default: {DEFAULT_GOAL})")
    parser.add_argument("--start", metavar="KEY=VALUE,...", default="",
                        help="keys: drawer, window, drawer_lock, window_lock, cube "
                        "(default: all closed and locked, the cube on the table)")
    parser.add_argument("--seed", metavar="N", default="0", help="seed of the scene (default: 0)")
    parser.add_argument("--out", metavar="DIR", default="demo_output",
                        help="where video, timeline and logs go (default: demo_output)")
    parser.add_argument("--max-actions", metavar="N", default="16",
                        help="give up after this many actions (default: 16)")
    parser.add_argument("--no-video", action="store_true", help="record no film")
    parser.add_argument("--model", metavar="DIR", help="model folder (default: models/compact)")


def main(args: argparse.Namespace) -> int:
    from vljepa_ros.demo.options import OptionError, check_options
    from vljepa_ros.demo.session import run
    from vljepa_ros.demo.terminal import Terminal

    try:
        options = check_options(
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
