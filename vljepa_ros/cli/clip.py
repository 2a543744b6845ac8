"""vljepa clip: cut only the moments that matter out of a video or bag, with a page to look at.

Exit status: 0 done, 1 nothing happened, 2 unusable arguments or an unreadable recording.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording", type=Path, help="a video, a rosbag2 folder or an MCAP file")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR",
                        help="where the clips and index.html go")
    parser.add_argument("--before", type=float, default=1.5, metavar="S",
                        help="shown before a change (default: 1.5)")
    parser.add_argument("--after", type=float, default=1.5, metavar="S",
                        help="shown after it was noticed (default: 1.5)")
    parser.add_argument("--rate", type=float, default=10.0, metavar="HZ",
                        help="frames a second that are looked at (default: 10)")
    parser.add_argument("--topic", default="", help="the camera's topic in a bag")
    parser.add_argument("--model", type=Path, help="name or folder of the model (default: compact)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(args: argparse.Namespace) -> int:
    try:
        found = _clip(args)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"vljepa clip: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(found))
    else:
        for moment in found["moments"]:
            print(f"{moment['start']:8.1f} to {moment['end']:6.1f} s  {moment['file']}  "
                  f"{' '.join(moment['texts'])}")
        print(found["summary"])
    for line in found["notes"]:
        print(f"note: {line}", file=sys.stderr)
    return 0 if found["moments"] else 1


def _clip(args: argparse.Namespace) -> dict[str, Any]:
    from tqdm import tqdm

    from vljepa_ros.bench.worlds import model_folder
    from vljepa_ros.model.world_model import LatentWorldModel
    from vljepa_ros.recordings.frames import open_recording
    from vljepa_ros.replay.clips import cuts_of, size_of, write_cuts
    from vljepa_ros.replay.page import Summary, clock, saved_in_words, size_in_words, write_page
    from vljepa_ros.replay.pipeline import replay

    cuts_of([], 0.0, 0.0, args.before, args.after)  # is the padding usable?
    if not 0.5 <= args.rate <= 100:
        raise ValueError(f"--rate {args.rate:g}; allowed: 0.5 to 100 Hz")
    recording = open_recording(args.recording, args.topic)
    args.out.mkdir(parents=True, exist_ok=True)
    world = LatentWorldModel.load(model_folder(args.model))
    with tqdm(desc="looking", unit="frame", disable=None, leave=False) as bar:
        run = replay(world, recording, args.rate, tell=lambda _: bar.update())
    start, end = float(run.stamps.min()), float(run.stamps.max())
    cuts = cuts_of(run.lines, start, end, args.before, args.after)
    write_cuts(recording, cuts, args.out)
    cuts = [cut for cut in cuts if cut.file]
    after = sum((args.out / cut.file).stat().st_size for cut in cuts)
    summary = Summary(args.recording.name, end - start, sum(cut.seconds for cut in cuts),
                      size_of(args.recording), after, tuple(recording.flaws.in_words()))
    write_page(cuts, summary, start, args.out / "index.html")
    page = args.out / "index.html"
    words = f"nothing happened in {clock(summary.recorded)}; {page} says so"
    if cuts:
        words = (f"{len(cuts)} moment{'s' * (len(cuts) != 1)}, "
                 f"{clock(summary.kept)} of {clock(summary.recorded)}; "
                 f"{size_in_words(after)} of {size_in_words(summary.bytes_before)}: "
                 f"{saved_in_words(summary)}; look at {page}")
    return {
        "recording": str(args.recording), "model_id": world.model_id,
        "moments": [
            {"start": cut.start - start, "end": cut.end - start, "file": cut.file,
             "texts": [line.text for line in cut.lines]}
            for cut in cuts
        ],
        "bytes_before": summary.bytes_before, "bytes_after": after, "saved": summary.saved,
        "summary": words,
        "notes": list(summary.notes),
    }
