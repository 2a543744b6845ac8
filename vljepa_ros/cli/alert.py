"""vljepa alert: have the running nodes watch for a condition in words; list, remove, listen."""

from __future__ import annotations

import argparse
import queue
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vljepa_ros.client import AlertHeard, Planner
    from vljepa_ros.demo.terminal import Terminal

DONE, REFUSED, UNUSABLE, NOBODY = 0, 1, 2, 3
_LOOK_S = 10.0  # how often a listener looks whether anybody still watches
EXIT_CODES = """examples:
  vljepa alert "tell me when the drawer is left open for a minute"
  vljepa alert "the window is open" --name window --listen
  vljepa alert --list

An alert is watched by decoder_node until it is removed or the node ends, also when this command has
ended. Alerts for good: config/alerts.yaml.

exit status:
  0    added, removed or listed
  1    refused: not understood, no condition that can be watched, a name in use or unknown
  2    unusable arguments
  3    nobody answers: no nodes in this namespace and ROS_DOMAIN_ID, or no camera
  130  Ctrl-C, which is how --listen ends; what was added is watched on
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXIT_CODES
    parser.add_argument("text", metavar="TEXT", nargs="?",
                        help="the condition in words, and how long it must hold; added")
    parser.add_argument("--name", metavar="NAME", default="",
                        help="of the alert that is added (default: the node chooses one)")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--list", action="store_true", help="what is being watched")
    mode.add_argument("--remove", metavar="NAME", help="stop watching for one")
    mode.add_argument("--listen", action="store_true",
                      help="a line whenever an alert is raised or over, until Ctrl-C; with TEXT "
                      "that is added first")
    parser.add_argument("--namespace", metavar="NS", default="", help="of the running nodes")
    parser.add_argument("--timeout", metavar="S", type=float, default=10.0,
                        help="seconds to wait for an answer (default: 10)")
    parser.add_argument("--json", action="store_true",
                        help="print JSON: one object, with --listen one a line")


def main(args: argparse.Namespace) -> int:
    try:
        _check(args)
    except ValueError as error:
        return _fail(args, UNUSABLE, str(error))
    from vljepa_ros.client import Planner, PlannerError, PlannerNotFound
    from vljepa_ros.demo.signals import catch_signals
    from vljepa_ros.demo.terminal import Terminal

    catch_signals()
    terminal = None if args.json else Terminal()
    try:
        with Planner(namespace=args.namespace, timeout=args.timeout) as planner:
            heard: queue.Queue[AlertHeard] = queue.Queue()
            if args.listen:
                planner.listen(alert=heard.put)  # before it is added: it may hold already
            if args.text:
                with Planner(namespace=args.namespace, timeout=args.timeout) as looking:
                    looking.state()  # it may have been started just now, or the camera be silent
                _add(planner, args, terminal)
            elif args.remove is not None:
                planner.remove_alert(args.remove)
                _tell(args, terminal, {"removed": args.remove}, [("removed", args.remove)])
            elif args.list:
                _list(planner, args, terminal)
            if args.listen:
                _listen(planner, args, terminal, heard)
    except PlannerNotFound as error:
        return _fail(args, NOBODY, str(error))
    except PlannerError as error:
        return _fail(args, REFUSED, str(error))
    return DONE


def _check(args: argparse.Namespace) -> None:
    """Raises ValueError for arguments that do not go together."""
    if not 0 < args.timeout <= 3600:
        raise ValueError(f"--timeout: {args.timeout:g}; allowed: more than 0, up to 3600 s")
    only = "--list" if args.list else "--remove" if args.remove is not None else ""
    if args.text is not None:
        if only:
            raise ValueError(f"TEXT: given beside {only}; allowed: one of them")
        if not args.text.strip():
            raise ValueError("TEXT: only blanks; allowed: a condition in words")
    elif args.name:
        raise ValueError(f"--name: {args.name!r} without TEXT; allowed: with the TEXT that is "
                         "added")
    elif not only and not args.listen:
        raise ValueError("nothing to do; allowed: TEXT, --list, --remove NAME, --listen")
    if args.remove is not None and not args.remove.strip():
        raise ValueError("--remove: only blanks; allowed: a name that --list shows")


def _add(planner: Planner, args: Any, terminal: Terminal | None) -> None:
    added = planner.add_alert(args.text, name=args.name)
    sure = f"{added.condition}   (confidence {added.confidence:.2f})"
    hold = in_words(added.hold)
    facts = [("alert", added.id), ("condition", sure), ("hold", hold or "none: told at once")]
    _tell(args, terminal, {"added": added}, facts)


def _list(planner: Planner, args: Any, terminal: Terminal | None) -> None:
    from vljepa_ros.watch.screen import times_raised

    watched = planner.alerts()
    facts = []
    width = max((len(alert.id) for alert in watched), default=0)
    for alert in watched:
        hold = f" for {in_words(alert.hold)}" if alert.hold > 0 else ""
        now = "true now" if alert.holding else "not true now"
        words = f"{alert.condition}{hold}   ({now}, {times_raised(alert.raised)})"
        facts.append((f"{alert.id:<{width}}", words))
    _tell(args, terminal, {"alerts": watched}, facts or [("alerts", "nothing is watched")])


def _listen(planner: Planner, args: Any, terminal: Terminal | None, heard: Any) -> None:
    """Never returns. Says so on stderr when nobody watches any more, and when it is taken up."""
    from vljepa_ros.client import PlannerNotFound

    watched, there = planner.alerts(), True
    if terminal:
        names = ", ".join(alert.id for alert in watched) or "nothing yet"
        terminal.fact("listening", f"Ctrl-C ends it; watched: {names}")
    while True:
        try:
            _show(args, terminal, heard.get(timeout=_LOOK_S))
            continue
        except queue.Empty:
            pass
        before = there
        try:
            names, there = ", ".join(alert.id for alert in planner.alerts()) or "nothing", True
        except PlannerNotFound as error:
            names, there = str(error), False
        if there != before:
            words = f"answers again; watched: {names}" if there else names
            print(f"vljepa alert: {words}", file=sys.stderr, flush=True)


def _show(args: Any, terminal: Terminal | None, alert: AlertHeard) -> None:
    from vljepa_ros.watch.screen import clean
    from vljepa_ros.watch.view import said_at

    at = said_at(alert.stamp)
    if terminal is None:
        from .as_json import as_json

        print(as_json({"at": at, "alert": alert}, indent=None), flush=True)
        return
    clock = time.strftime("%H:%M:%S", time.localtime(at))
    word, style = ("RAISED", "bold red") if alert.raised else ("over  ", "green")
    terminal.line(f"  {clock}  {word}  {clean(alert.id)}: {clean(alert.text)}", style)


def in_words(hold: float) -> str:
    """Seconds as "60 s", "2.5 min", "3 h"; empty for none."""
    if hold <= 0:
        return ""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if hold >= 2 * length:
            return f"{hold / length:.3g} {unit}"
    return f"{hold:.3g} s"


def _tell(
    args: Any, terminal: Terminal | None, report: dict[str, Any], facts: list[tuple[str, str]]
) -> None:
    if terminal is None:
        from .as_json import as_json

        print(as_json(report, indent=None if args.listen else 1), flush=True)
        return
    for name, words in facts:
        terminal.fact(name, words)


def _fail(args: argparse.Namespace, status: int, problem: str) -> int:
    if args.json:
        from .as_json import as_json

        print(as_json({"error": problem}, indent=None if args.listen else 1))
    else:
        print(f"vljepa alert: {problem}", file=sys.stderr)
    return status
