"""What a demo leaves behind: demo.mp4, timeline.png, demo.json."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from .recording import Recording

VIDEO, TIMELINE, REPORT = "demo.mp4", "timeline.png", "demo.json"


def clear(out: Path) -> None:
    """Remove what an earlier demo left, so that nothing of it is taken for this one's."""
    for name in (VIDEO, TIMELINE, REPORT):
        (out / name).unlink(missing_ok=True)


def write_pictures(recording: Recording, out: Path) -> list[str]:
    """Film (when frames were recorded) and timeline; returns the names of the files."""
    # Imported here: matplotlib takes a second that the start of the demo need not wait for.
    from .timeline import write_timeline
    from .video import write_video

    if recording.frames:
        write_video(recording, out / VIDEO)
    write_timeline(recording, out / TIMELINE)
    return [VIDEO, TIMELINE] if recording.frames else [TIMELINE]


def write_report(recording: Recording, facts: dict[str, Any], out: Path) -> str:
    """demo.json: the recording's summary and ``facts``; returns the name of the file."""
    report = json_value({**recording.summary(), **facts})
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (out / REPORT).write_text(text + "\n", encoding="utf-8")
    return REPORT


def json_value(value: Any) -> Any:
    """The same without NaN and infinity, which JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    return value


def shown(path: Path) -> str:
    """Relative to here when it is below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
