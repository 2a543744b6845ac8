"""vljepa goal: give the planner that is running a goal; reach it, plan it, or only set it."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vljepa_ros.client import GoalHeard, Planner, Progress, Pursuit
    from vljepa_ros.demo.terminal import Terminal

REACHED, NOT_REACHED, UNUSABLE, NOBODY = 0, 1, 2, 3
_LONG_S = 3.0  # a search that takes longer is told of
EXIT_CODES = """exit status:
  0    the goal is met (with --set: in force and understood; with --dry-run: planned or met)
  1    not reached, not understood, out of reach, stopped, or the camera is silent
  2    unusable arguments, or the planner refused the request
  3    nobody answers: no nodes in this namespace and ROS_DOMAIN_ID, or no camera
  130  Ctrl-C; the robot was told to stop
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXIT_CODES
    parser.add_argument("text", metavar="TEXT", nargs="?", help="the goal in words")
    parser.add_argument("--image", metavar="FILE", type=Path,
                        help="the goal as a picture of how things should be, instead of TEXT")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--set", dest="mode", action="store_const", const="set",
                      help="put the goal into force and show the ranking; nothing moves")
    mode.add_argument("--dry-run", dest="mode", action="store_const", const="dry-run",
                      help="plan to the end; nothing moves")
    mode.add_argument("--pursue", dest="mode", action="store_const", const="pursue",
                      help="rank, execute, look again, until it is reached (the default)")
    mode.add_argument("--clear", dest="mode", action="store_const", const="clear",
                      help="forget the goal")
    mode.add_argument("--stop", dest="mode", action="store_const", const="stop",
                      help="end any pursuit and cancel the running action")
    parser.set_defaults(mode="pursue")
    parser.add_argument("--max-actions", metavar="N", type=int, default=0,
                        help="give up after N actions (default: the planner's own limit)")
    parser.add_argument("--time-budget", metavar="S", type=float, default=0.0,
                        help="give up after S seconds (default: the planner's own limit)")
    parser.add_argument("--namespace", metavar="NS", default="", help="of the planner's nodes")
    parser.add_argument("--timeout", metavar="S", type=float, default=10.0,
                        help="seconds to wait for an answer (default: 10)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")


def main(args: argparse.Namespace) -> int:
    try:
        goal = _checked(args)
    except ValueError as error:
        return _fail(args, UNUSABLE, str(error))
    from vljepa_ros.client import Planner, PlannerError, PlannerNotFound
    from vljepa_ros.demo.signals import catch_signals
    from vljepa_ros.demo.terminal import Terminal

    catch_signals()
    terminal = None if args.json else Terminal()
    started = time.monotonic()
    try:
        with Planner(namespace=args.namespace, timeout=args.timeout) as planner:
            try:
                if goal is not None:
                    planner.state()  # it may have been started just now, or the camera be silent
                status, report = _MODES[args.mode](planner, goal, args, terminal)
            except KeyboardInterrupt:
                if terminal and args.mode == "pursue":  # Planner.pursue has cancelled it
                    terminal.interrupted("  stopped     the robot was told to stop")
                raise
    except PlannerNotFound as error:
        return _fail(args, NOBODY, str(error))
    except PlannerError as error:
        return _fail(args, UNUSABLE, str(error))
    if args.json:
        from .as_json import as_json

        seconds = round(time.monotonic() - started, 2)
        shown = args.text or (str(args.image) if args.image else None)
        print(as_json({"mode": args.mode, "goal": shown, **report, "seconds": seconds}))
    return status


def _checked(args: argparse.Namespace) -> Any:
    """The goal: words, a picture, or None for --clear and --stop. Raises ValueError."""
    if args.timeout <= 0:
        raise ValueError(f"--timeout: {args.timeout:g}; allowed: more than 0 seconds")
    for name, value in (("--max-actions", args.max_actions), ("--time-budget", args.time_budget)):
        if not 0 <= value <= 10**6:
            raise ValueError(f"{name}: {value:g}; allowed: 0 to 1000000")
    given = [name for name, value in (("TEXT", args.text), ("--image", args.image)) if value]
    if args.mode in ("clear", "stop"):
        if given:
            raise ValueError(f"{given[0]}: given beside --{args.mode}; allowed: one of them")
        return None
    if len(given) != 1:
        names = " and ".join(given) or "no goal"
        raise ValueError(f"{names} given; allowed: TEXT or --image")
    if args.text:
        if not args.text.strip():
            raise ValueError("TEXT: only blanks; allowed: a goal in words")
        return args.text
    from vljepa_ros.nodes.images import ImageError, read_image_file

    try:
        return read_image_file(args.image)
    except (ImageError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"--image: '{args.image}': {reason}; allowed: a PNG or JPEG") from error


def _fail(args: argparse.Namespace, status: int, problem: str) -> int:
    if args.json:
        from .as_json import as_json

        print(as_json({"mode": args.mode, "goal": args.text, "error": problem}))
    else:
        print(f"vljepa goal: {problem}", file=sys.stderr)
    return status


# -- modes: (planner, goal, args, terminal or None) -> (exit status, report) -----------------------


def _set(planner: Planner, goal: Any, args: Any, terminal: Terminal | None) -> tuple[int, dict]:
    from vljepa_ros.client import Status
    from vljepa_ros.demo.terminal import percent

    answer = planner.set_goal(goal)
    report: dict[str, Any] = {"set": answer}
    if terminal:
        terminal.fact("goal", f"{answer.message}   (confidence {answer.confidence:.2f})")
    if not answer.understood:
        return NOT_REACHED, report
    ranking = planner.ranking(answer.goal_id)
    report = {"set": answer, "ranking": ranking}
    if terminal:
        terminal.fact("status", f"{ranking.status.name}: {ranking.message}")
        for place, action in enumerate(ranking.actions[:5], start=1):
            numbers = f"distance {action.distance_after:.2f}, works {percent(action.works)}"
            terminal.fact(f"{place}", f"{action.text}   ({numbers}): {action.outcome}")
    return (NOT_REACHED if ranking.status == Status.STALE else REACHED), report


def _dry_run(planner: Planner, goal: Any, args: Any, terminal: Terminal | None) -> tuple[int, dict]:
    from vljepa_ros.client import Ending
    from vljepa_ros.demo.terminal import percent

    plan = planner.plan(goal)
    planned = plan.ending in (Ending.PLANNED, Ending.MET)
    if terminal:
        terminal.fact("answer", plan.message, "bold" if planned else "yellow")
        for place, step in enumerate(plan.ranking.plan if plan.ranking else (), start=1):
            words = f"{step.text}   (works {percent(step.works)}): {step.outcome}"
            terminal.fact(f"step {place}", words)
    return (REACHED if planned else NOT_REACHED), {"result": plan}


def _pursue(planner: Planner, goal: Any, args: Any, terminal: Terminal | None) -> tuple[int, dict]:
    shown: set[tuple[str, int]] = set()
    heard: dict[str, GoalHeard] = {}  # of the planner: which is ours tells the ranking
    planner.listen(goal=lambda goal: heard.update({goal.goal_id: goal}))
    waiting = threading.Timer(0.0, lambda: None)

    def understood(ours: GoalHeard | None) -> None:
        if terminal is not None and ours is not None and ours.parts:
            words = f"{' + '.join(ours.parts)}   (confidence {ours.confidence:.2f})"
            terminal.fact("understood", words)

    def on_progress(progress: Progress) -> None:
        nonlocal waiting
        if terminal is None:
            return
        waiting.cancel()
        understood(heard.pop(progress.ranking.goal_id, None))
        if progress.phase == "plan":
            waiting = threading.Timer(_LONG_S, terminal.fact, ("planning", "..."))
            waiting.daemon = True
            waiting.start()
        key = (progress.phase, progress.step)
        if key not in shown and progress.phase == "execute" and progress.ranking.plan:
            shown.add(key)
            plan = progress.ranking.plan
            more = f", then {len(plan) - 1} more" if len(plan) > 1 else ""
            distance = f"distance {progress.ranking.distance:.2f}"
            terminal.fact(f"step {progress.step}", f"{plan[0].text}   ({distance}{more})")

    try:
        result = planner.pursue(
            goal,
            max_actions=args.max_actions,
            time_budget=args.time_budget,
            on_progress=on_progress,
        )
    finally:
        waiting.cancel()
    if terminal:
        understood(heard.pop(result.goal_id, None))
        _show_end(result, terminal)
    return (REACHED if result.met else NOT_REACHED), {"result": result}


def _show_end(result: Pursuit, terminal: Terminal) -> None:
    from vljepa_ros.client import SkillResult

    for executed in result.executed:
        if executed.result != SkillResult.SUCCEEDED:
            words = executed.result.name.lower().replace("_", " ")
            terminal.fact("robot", f"{executed.text}: {words}, {executed.message}", "yellow")
    terminal.fact(result.ending.name, result.message, "bold green" if result.met else "bold red")


def _clear(planner: Planner, goal: Any, args: Any, terminal: Terminal | None) -> tuple[int, dict]:
    return _said(planner.clear_goal(), terminal)


def _stop(planner: Planner, goal: Any, args: Any, terminal: Terminal | None) -> tuple[int, dict]:
    return _said(planner.stop(), terminal)


def _said(message: str, terminal: Terminal | None) -> tuple[int, dict]:
    if terminal:
        terminal.fact("planner", message)
    return REACHED, {"message": message}


_MODES: dict[str, Callable[..., tuple[int, dict]]] = {
    "set": _set,
    "dry-run": _dry_run,
    "pursue": _pursue,
    "clear": _clear,
    "stop": _stop,
}
