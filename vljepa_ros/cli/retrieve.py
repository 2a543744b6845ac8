"""vljepa retrieve: find a moment in a folder of videos and bags, in words.

The index is brought up to date first: only what is new or changed is read. Exit status: 0 found,
2 unusable arguments.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", help='what is looked for, e.g. "someone opens the drawer"')
    parser.add_argument("folder", type=Path, help="videos and rosbag2 recordings, at any depth")
    parser.add_argument("--top", type=int, default=5, metavar="K", help="how many (default: 5)")
    parser.add_argument("--index", type=Path, metavar="DIR",
                        help="where the index is (default: hidden, inside the folder)")
    parser.add_argument("--no-update", action="store_true", help="search the index as it is")
    parser.add_argument("--model", type=Path, help="name or folder of the model (default: compact)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(args: argparse.Namespace) -> int:
    if args.top < 1:
        print(f"vljepa retrieve: --top {args.top}; allowed: 1 or more", file=sys.stderr)
        return 2
    try:
        found = _retrieve(args)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"vljepa retrieve: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(found))
    else:
        for hit in found["hits"]:
            print(f"{hit['score']:7.2f}  {hit['start']:8.1f} to {hit['end']:.1f} s  {hit['path']}")
    for path, reason in found["skipped"].items():
        print(f"skipped {path}: {reason}", file=sys.stderr)
    return 0


def _retrieve(args: argparse.Namespace) -> dict[str, Any]:
    from dataclasses import asdict

    from tqdm import tqdm

    from vljepa_ros.bench.worlds import model_folder
    from vljepa_ros.model.world_model import LatentWorldModel, checked_text
    from vljepa_ros.recordings.frames import recordings_in
    from vljepa_ros.search.index import Index
    from vljepa_ros.search.retrieve import retrieve

    text = checked_text(args.text, "text")
    recordings_in(args.folder)  # before the model is loaded: is it a folder?
    world = LatentWorldModel.load(model_folder(args.model))
    index = Index(args.folder, world.model_id, args.index)
    skipped = {path: entry.problem for path, entry in index.entries.items() if entry.problem}
    if not args.no_update:
        with tqdm(desc="indexing", unit="file", disable=None, leave=False) as bar:

            def tell(path: str, done: int, count: int) -> None:
                bar.total = count
                bar.set_postfix_str(path, refresh=False)
                bar.update(done - bar.n)

            skipped = index.update(world, tell).skipped
    hits = retrieve(world, index, text, args.top)
    return {"text": text, "model_id": world.model_id, "recordings": len(index.entries),
            "hits": [asdict(hit) for hit in hits], "skipped": skipped}
