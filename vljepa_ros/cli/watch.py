"""vljepa watch: camera, readouts, ranking, spoken lines and alerts of a running planner, live."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """exit status:
  0    ended by Ctrl-C, or --once showed something
  2    unusable arguments
  3    --once: nothing came from a planner within --timeout
"""
    parser.add_argument("--namespace", metavar="NS", default="", help="of the planner's nodes")
    parser.add_argument("--rate", metavar="HZ", type=float, default=10.0,
                        help="drawings a second, 0.1 to 30 (default: 10; in a pipe at most 1)")
    parser.add_argument("--once", action="store_true", help="show it once and end")
    parser.add_argument("--timeout", metavar="S", type=float, default=10.0,
                        help="--once: seconds to wait for the nodes (default: 10)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def main(args: argparse.Namespace) -> int:
    if not 0.1 <= args.rate <= 30 or not 0 < args.timeout <= 3600:
        print("vljepa watch: --rate and --timeout; allowed: 0.1 to 30 Hz, up to 3600 s",
              file=sys.stderr)
        return 2
    from vljepa_ros.demo.signals import catch_signals
    from vljepa_ros.watch.screen import Screen, lines
    from vljepa_ros.watch.view import Watcher

    catch_signals()
    live = sys.stdout.isatty() and not args.json and not args.once
    period = 1 / (args.rate if live else min(args.rate, 1.0))
    screen = Screen(live)
    with Watcher(args.namespace) as watcher, screen:
        if args.once:
            watcher.spin(args.timeout, until=watcher.complete)
            if not watcher.view.anything:
                print(f"vljepa watch: nothing came from a planner in {args.timeout:g} s; "
                      "vljepa doctor says more", file=sys.stderr)
                return 3
        try:
            while True:
                if not args.once:
                    watcher.spin(period)
                _show(watcher.view, screen, args.json, lines)
                if args.once:
                    return 0
        except KeyboardInterrupt:
            return 0


def _show(view: Any, screen: Any, in_json: bool, lines: Any) -> None:
    if in_json:
        from .as_json import as_json

        print(as_json(view.report(time.time()), indent=None), flush=True)
    else:
        screen.show(lines(view, screen))
