"""vljepa bench NAME: run one benchmark on held-out seeds and print one JSON object."""

from __future__ import annotations

import argparse
import inspect
import sys
import warnings
from importlib import import_module
from pathlib import Path

from vljepa_ros.model.checkpoint import ModelError

NAMES = ("skills", "ranking", "planning", "works", "latency", "reading", "motion", "imagined",
         "plan_speed", "worldmodel", "goalcheck", "refusal", "surface",
         "camera", "decoding", "vqa", "classify", "retrieve", "twin", "hidden")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--seed", type=int, default=0, help="seeds start at a held-out offset")
    parser.add_argument("--first-seed", type=int,
                        help="where seeds start (default: the held-out ones, from 1,000,000 on; "
                             "below: development)")
    parser.add_argument("--episodes", type=int, help="how many (default: the benchmark's own)")
    parser.add_argument("--env", choices=("scene-v0", "workbench"),
                        help="which world (default: scene-v0)")
    parser.add_argument("--goals", type=Path, help="planning, refusal: goals from this YAML file")
    parser.add_argument("--wording", choices=("plain", "held_out"), help="planning: goal wording")
    parser.add_argument("--tasks", action="store_true",
                        help="planning: OGBench's official tasks")
    parser.add_argument("--goal-as", choices=("words", "picture", "pose"),
                        help="planning --tasks: how they are asked for: words (tasks 1, 2, 4, 5; "
                             "the default), picture (all five), pose (1, 2, 3)")
    parser.add_argument("--meddle", action="store_true",
                        help="planning: somebody changes the world once in every episode")
    parser.add_argument("--cover", action="store_true",
                        help="planning: the camera is covered for some looks of every episode")
    parser.add_argument("--rivals", type=int, help="planning: episodes for each rival")
    parser.add_argument("--model", type=Path, help="model folder (default: that of the world)")
    parser.add_argument("--stage1", type=Path,
                        help="classify, retrieve: folder of weights after stage 1, measured apart")
    parser.add_argument("--clips", type=Path,
                        help="classify, retrieve: folder of event clips, made when missing")
    parser.add_argument("--steps", type=int, help="twin: batches of training (default: 1200)")
    parser.add_argument("--data", type=Path, help="twin: folder of training pictures")
    parser.add_argument("--plot", type=Path, help="twin, decoding: the curves as a PNG")
    parser.add_argument("--minutes", type=float, help="decoding: of events, and of stillness")
    parser.add_argument("--gaps", type=float, nargs="+",
                        help="decoding: mean seconds between events, some of 2, 5, 20, 60")
    parser.add_argument("--json", type=Path, help="write the JSON object here as well")


def main(args: argparse.Namespace) -> int:
    from vljepa_ros.bench import report

    # Of every scene that is made: two lines of gymnasium's about the type of its own numbers.
    warnings.filterwarnings("ignore", message=".*precision lowered by casting")
    for name in ("episodes", "steps"):
        value = getattr(args, name)
        if value is not None and value < 1:
            print(f"vljepa bench {args.name}: --{name} {value}; allowed: 1 or more",
                  file=sys.stderr)
            return 2
    module = import_module(f"vljepa_ros.bench.{args.name}")
    wanted = {
        "seed": args.seed, "first_seed": args.first_seed, "episodes": args.episodes,
        "model": args.model, "goals": args.goals,
        "env": args.env, "kind": args.wording, "tasks": args.tasks or None,
        "goal_as": args.goal_as, "rivals": args.rivals,
        "meddle": args.meddle or None, "cover": args.cover or None,
        "stage1": args.stage1, "clips": args.clips,
        "steps": args.steps, "data": args.data, "plot": args.plot,
        "minutes": args.minutes, "gaps": args.gaps,
    }
    known = inspect.signature(module.run).parameters
    given = {k: v for k, v in wanted.items() if v is not None}
    useless = sorted(set(given) - set(known))
    if useless:
        print(f"vljepa bench {args.name}: {_option(useless[0])} is not for this benchmark; "
              f"allowed: {', '.join(_option(p) for p in known if p in wanted)}", file=sys.stderr)
        return 2
    try:
        report.write(module.run(**given), args.json)
    except (ValueError, ModelError) as error:
        print(f"vljepa bench {args.name}: {error}", file=sys.stderr)
        return 2
    return 0


def _option(parameter: str) -> str:
    """How a benchmark's parameter is called on the command line."""
    return "--" + {"kind": "wording"}.get(parameter, parameter).replace("_", "-")
