"""vljepa explain GOAL: draw why the planner would do what it would do."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

ENVIRONMENTS = ("scene-v0", "workbench")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """exit status:
  0    there is a plan, or the goal is met already
  1    out of reach, or not understood
  2    unusable arguments
"""
    parser.add_argument("goal", help="the goal in words, or the path of a picture of it")
    parser.add_argument("--image", type=Path, help="a picture of the scene as it is")
    parser.add_argument("--env", choices=ENVIRONMENTS, default="scene-v0",
                        help="without --image: a random start of this simulated world")
    parser.add_argument("--seed", type=int, default=0, help="which start")
    parser.add_argument("--actions", type=Path, help="candidate list (default: the world's)")
    parser.add_argument("--model", type=Path,
                        help="name or folder of the model (default: the world's)")
    parser.add_argument("--depth", type=int, default=8,
                        help="actions to look ahead, 1 to 16 (default: 8)")
    parser.add_argument("--beam", type=int, default=24,
                        help="imagined states kept at each depth, 1 to 512 (default: 24)")
    parser.add_argument("--budget-ms", type=float, default=0.0,
                        help="milliseconds for the search (default: 0, no limit)")
    parser.add_argument("--out", type=Path, default=Path("explain.png"),
                        help="where the picture goes (default: explain.png here)")
    parser.add_argument("--json", action="store_true", help="print the decision as JSON")


def main(args: argparse.Namespace) -> int:
    """Exit status: 0 plan or met, 1 out of reach or not understood, 2 unusable arguments."""
    from vljepa_ros.model.checkpoint import ModelError

    try:
        return _explain(args)
    except (ValueError, OSError, ModelError) as error:
        print(f"vljepa explain: {error}", file=sys.stderr)
        return 2


def _explain(args: argparse.Namespace) -> int:
    from vljepa_ros.bench.spots import config, read_picture
    from vljepa_ros.bench.worlds import model_folder
    from vljepa_ros.model.world_model import LatentWorldModel, checked_text
    from vljepa_ros.planning.belief import Belief
    from vljepa_ros.planning.candidates import load_candidates, load_frames
    from vljepa_ros.planning.look_for import missing_things, narrowed
    from vljepa_ros.planning.picture_goal import goal_of_picture
    from vljepa_ros.planning.search import SearchConfig, plan

    from .decision_picture import draw

    # What costs little to look at first: simulator and model take seconds.
    if args.seed < 0:
        raise ValueError(f"--seed {args.seed}; allowed: 0 or more")
    settings = SearchConfig(
        depth=args.depth, beam=args.beam, budget_ms=args.budget_ms, keep_tree=True
    )
    wanted = checked_text(args.goal, "goal")
    goal_picture = None
    if Path(wanted).suffix.lower() in (".png", ".jpg", ".jpeg"):
        goal_picture = read_picture(Path(wanted))
    frames = load_frames(config("scene.yaml"))
    name = "actions_workbench.yaml" if args.env == "workbench" else "actions.yaml"
    actions = load_candidates(args.actions or config(name), frames).actions
    picture = read_picture(args.image) if args.image else None
    world = LatentWorldModel.load(model_folder(args.model, args.env))
    if not args.json:
        print(f"model: {world.model_id}", flush=True)
    if goal_picture is None:
        goal = world.understand(wanted)
    else:
        goal = goal_of_picture(world, world.vocabulary, goal_picture)
    if not goal.understood:
        if args.json:
            print(json.dumps({"goal": args.goal, "status": "not_understood",
                              "message": goal.message}))
        else:
            print(f"not understood: {goal.message or args.goal}", file=sys.stderr)
        return 1
    if picture is None:
        picture = simulated(args.env, args.seed)
    settings = replace(settings, works_threshold=world.vocabulary.works_threshold)
    state = world.encode(picture.transpose(2, 0, 1)[None])
    belief = Belief(world.vocabulary)
    belief.see(world, state, world.read(state, world.vocabulary.queries)[0])
    absent = [belief.in_words(thing) for thing in missing_things(belief, goal)]
    settings = narrowed(settings, belief, goal)
    if not args.json:
        shorter = ", since the goal speaks of what is not in sight" if absent else ""
        print(f"searching, {settings.depth} actions deep{shorter}", flush=True)
    found = plan(world, state, goal, actions, world.vocabulary, settings)
    assert found.tree is not None
    understood = " and ".join(part.text for part in goal.parts)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    draw(found.tree, found, f"goal: {understood}", args.out, picture)
    if args.json:
        report = {**as_json(found, understood), "not_in_sight": absent}
        print(json.dumps(report, indent=1))
    else:
        if not args.image:
            print(f"scene: a random start of {args.env} (--seed {args.seed}); "
                  "--image FILE takes a picture of yours")
        print(in_words(found, understood, absent))
        print(f"picture: {args.out}")
    return 0 if found.status in ("ok", "met") else 1


def in_words(found: Any, goal: str, absent: Sequence[str] = ()) -> str:
    """The decision in a few lines; ``absent``: what the goal speaks of and nobody sees."""
    status = "; ".join([found.status.replace("_", " "), *absent])
    lines = [f"goal: {goal}", f"status: {status}"]
    lines += [
        f"{i}. {step.action.text} -> {step.outcome} (works {step.works:.2f}, distance "
        f"{step.distance_after:.2f})"
        for i, step in enumerate(found.steps, 1)
    ]
    return "\n".join(lines)


def as_json(found: Any, goal: str) -> dict[str, Any]:
    """The decision and every imagined state as one JSON-able object."""
    return {
        "goal": goal,
        "status": found.status,
        "complete": found.complete,
        "distance_now": round(found.distance_now, 4),
        "planning_ms": round(found.planning_ms, 1),
        "explored": found.explored,
        "plan": [
            {"action": s.action.id, "text": s.action.text, "outcome": s.outcome,
             "works": round(s.works, 4), "distance_after": round(s.distance_after, 4),
             "target": s.action.target}
            for s in found.steps
        ],
        "tree": [asdict(node) for node in found.tree.nodes],
    }


def simulated(env: str, seed: int) -> np.ndarray:
    """The picture of a random start of a simulated world."""
    from vljepa_ros.sim import environments

    scene, _ = environments.make(env, 256, 256)
    scene.reset(None, seed=seed)
    return scene.render()
