"""vljepa classify: which label fits a video or bag best; the labels are any words.

Exit status: 0 done, 2 unusable arguments or an unreadable recording.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording", type=Path, help="a video, a rosbag2 folder or an MCAP file")
    parser.add_argument("--labels", type=Path, required=True, metavar="FILE",
                        help="one label a line, in any words")
    parser.add_argument("--segments", action="store_true",
                        help="a label for everything that happens, not one for the whole")
    parser.add_argument("--top", type=int, default=3, metavar="K", help="how many (default: 3)")
    parser.add_argument("--topic", default="", help="the camera's topic in a bag")
    parser.add_argument("--model", type=Path, help="name or folder of the model (default: compact)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(args: argparse.Namespace) -> int:
    if args.top < 1:
        print(f"vljepa classify: --top {args.top}; allowed: 1 or more", file=sys.stderr)
        return 2
    try:
        found = _classify(args)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"vljepa classify: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(found))
    else:
        for segment in found["segments"]:
            print(f"{segment['start']:8.1f} to {segment['end']:.1f} s")
            for guess in segment["labels"]:
                print(f"  {100 * guess['probability']:5.1f}%  {guess['label']}")
    for line in found["notes"]:
        print(f"note: {line}", file=sys.stderr)
    return 0


def _classify(args: argparse.Namespace) -> dict[str, Any]:
    from vljepa_ros.bench.worlds import model_folder
    from vljepa_ros.model.world_model import LatentWorldModel
    from vljepa_ros.recordings.frames import open_recording
    from vljepa_ros.search.classify import classify, read_labels
    from vljepa_ros.search.events import found_in, whole
    from vljepa_ros.search.features import look_through
    from vljepa_ros.search.spans import spans_of

    labels, twice = read_labels(args.labels)
    recording = open_recording(args.recording, args.topic)
    world = LatentWorldModel.load(model_folder(args.model))
    features = look_through(world, recording)
    vocabulary = world.vocabulary
    if args.segments:
        events = found_in(features, vocabulary, spans_of(features, vocabulary))
    else:
        events = [whole(features, vocabulary)]
    guesses = classify(world, events, labels)
    notes = [f"label {label!r} was given twice; the first one counts" for label in twice]
    return {
        "recording": str(args.recording), "model_id": world.model_id,
        "segments": [
            {"start": event.start, "end": event.end,
             "labels": [{"label": g.label, "probability": g.probability}
                        for g in found[: args.top]]}
            for event, found in zip(events, guesses, strict=True)
        ],
        "notes": [*notes, *recording.flaws.in_words()],
    }
