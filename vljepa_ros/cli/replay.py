"""vljepa replay: what the nodes would have said of a recording, faster than it happened.

Exit status: 0 done, 2 unusable arguments or an unreadable recording.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording", type=Path, help="a rosbag2 folder, an MCAP file or a video")
    parser.add_argument("--timeline", type=Path, metavar="PNG",
                        help="where the picture goes (default: NAME_timeline.png here)")
    parser.add_argument("--alerts", type=Path, metavar="FILE",
                        help="conditions to watch, as in config/alerts.yaml (default: that)")
    parser.add_argument("--rate", type=float, default=10.0, metavar="HZ",
                        help="frames a second that are looked at (default: 10)")
    parser.add_argument("--topic", default="", help="the camera's topic in a bag")
    parser.add_argument("--model", type=Path, help="name or folder of the model (default: compact)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(args: argparse.Namespace) -> int:
    try:
        found = _replay(args)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"vljepa replay: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(found))
    else:
        for event in found["events"]:
            mark = "!" if event["kind"] == "alert" else " "
            print(f"{event['moment']:8.1f} s {mark} {event['text']}")
        print(f"{found['seconds']:.1f} s in {found['took_s']:.1f} s: {found['speed']:.1f} times "
              f"real time; timeline in {found['timeline']}")
    for line in found["notes"]:
        print(f"note: {line}", file=sys.stderr)
    return 0


def _replay(args: argparse.Namespace) -> dict[str, Any]:
    from tqdm import tqdm

    from vljepa_ros.bench.worlds import model_folder
    from vljepa_ros.decoding.alert_rules import load_rules
    from vljepa_ros.model.world_model import LatentWorldModel
    from vljepa_ros.nodes.share import share
    from vljepa_ros.recordings.frames import open_recording
    from vljepa_ros.replay.pipeline import replay
    from vljepa_ros.replay.timeline import write_timeline

    if not 0.5 <= args.rate <= 100:
        raise ValueError(f"--rate {args.rate:g}; allowed: 0.5 to 100 Hz")
    rules = load_rules(args.alerts or share("config/alerts.yaml"))
    recording = open_recording(args.recording, args.topic)
    world = LatentWorldModel.load(model_folder(args.model))
    with tqdm(desc="replaying", unit="frame", disable=None, leave=False) as bar:
        run = replay(world, recording, args.rate, rules, lambda _: bar.update())
    path = args.timeline or Path(f"{args.recording.stem}_timeline.png")
    write_timeline(run, args.recording.name, path)
    start = float(run.stamps.min())
    events = [
        {"kind": "first sight" if line.first else "change", "moment": line.moment - start,
         "decided": line.decided - start, "text": line.text, "subject": line.subject,
         "confidence": line.confidence}
        for line in run.lines
    ] + [
        {"kind": "alert over" if event.over else "alert", "moment": at - start,
         "decided": at - start, "text": event.text, "id": event.id,
         "confidence": event.confidence}
        for event in run.raised for at in (event.since + event.held,)
    ]
    events.sort(key=lambda event: event["moment"])
    return {
        "recording": str(args.recording), "model_id": world.model_id, "frames": len(run.stamps),
        "seconds": run.recorded, "took_s": run.took, "speed": run.speed, "events": events,
        "timeline": str(path), "notes": [*run.refused, *recording.flaws.in_words()],
    }
