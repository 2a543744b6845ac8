"""index.html of a folder of cuts: thumbnail, time, text; nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vljepa_ros.planning.protocols import Array

from .clips import Cut

_THUMBNAIL_PX = 480
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 85]
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #67748a; --paper: #f5f6f8; --card: #fff;
  --line: #dfe3ea; --accent: #1d7f8c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #93a0b5; --paper: #12161d;
  --card: #1a202a; --line: #2b3442; --accent: #4fb8c6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { margin: 0 0 .25rem; font-size: 1.6rem; overflow-wrap: anywhere; }
.sum { color: var(--soft); margin: 0 0 1.5rem; }
.sum b { color: var(--ink); }
.strip { position: relative; height: 26px; border-radius: 8px; background: var(--card);
  border: 1px solid var(--line); margin-bottom: 2rem; overflow: hidden; }
.strip a { position: absolute; top: 0; bottom: 0; min-width: 4px; background: var(--accent);
  opacity: .8; }
.strip a:hover, .strip a:focus { opacity: 1; }
.grid { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr));
  margin: 0; padding: 0; list-style: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  overflow: hidden; scroll-margin-top: 1rem; }
.card:target { outline: 3px solid var(--accent); }
.card video { display: block; width: 100%; aspect-ratio: var(--shape); background: #000; }
.card div { padding: .8rem 1rem 1rem; }
.card b, .card time { color: var(--soft); font-size: .85rem; font-weight: 400;
  font-variant-numeric: tabular-nums; }
.card p { margin: .25rem 0 0; }
.card small { color: var(--soft); }
footer { margin-top: 2.5rem; color: var(--soft); font-size: .85rem; }
"""


@dataclass(frozen=True)
class Summary:
    """``recorded`` and ``kept`` seconds; ``bytes_before`` and ``bytes_after``; notes on the
    recording's flaws."""

    title: str
    recorded: float
    kept: float
    bytes_before: int
    bytes_after: int
    notes: tuple[str, ...] = ()

    @property
    def saved(self) -> float:
        """Share of the storage that the cuts save; below 0 when they take more."""
        return 1.0 - self.bytes_after / max(self.bytes_before, 1)


def write_page(cuts: Sequence[Cut], summary: Summary, start: float, path: Path) -> None:
    """Write index.html beside the cuts' files. ``start``: stamp of the first frame, in seconds."""
    length = max(summary.recorded, 1e-6)
    strip = "".join(
        f'<a href="#m{i}" style="left:{100 * (cut.start - start) / length:.2f}%;'
        f'width:{100 * cut.seconds / length:.2f}%" title="{html.escape(_words(cut))}"></a>'
        for i, cut in enumerate(cuts, 1)
    )
    cards = "\n".join(_card(i, cut, start) for i, cut in enumerate(cuts, 1))
    notes = "".join(f"<br>{html.escape(note)}" for note in summary.notes)
    title = html.escape(summary.title)
    body = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{_STYLE}</style></head><body><main>
<h1>{title}</h1>
<p class="sum">{_counted(len(cuts), 'moment')} that matter{'s' if len(cuts) == 1 else ''}:
<b>{clock(summary.kept)}</b> of {clock(summary.recorded)},
{size_in_words(summary.bytes_after)} of {size_in_words(summary.bytes_before)}
({saved_in_words(summary)})</p>
<nav class="strip" aria-label="where in the recording the moments are">{strip}</nav>
<ol class="grid">
{cards}
</ol>
<footer>Times are since the first frame.{notes}</footer>
</main></body></html>
"""
    unfinished = path.with_name(f".unfinished-{path.name}")
    unfinished.write_text(body, encoding="utf-8")
    unfinished.replace(path)


def clock(seconds: float) -> str:
    """ "1:23.4", with hours when there are any."""
    minutes, rest = divmod(max(seconds, 0.0), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def size_in_words(count: int) -> str:
    """ "12.3 MB"."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def saved_in_words(summary: Summary) -> str:
    """ "93% of the storage saved"."""
    if summary.saved < 0:
        return f"{-100 * summary.saved:.0f}% more storage"
    return f"{100 * summary.saved:.0f}% of the storage saved"


def _card(number: int, cut: Cut, start: float) -> str:
    picture = cut.thumbnail
    shape = f"{picture.shape[1]} / {picture.shape[0]}" if picture is not None else "4 / 3"
    poster = f' poster="{_data_url(picture)}"' if picture is not None else ""
    said = "".join(
        f"<p><time>{clock(line.moment - start)}</time> {html.escape(line.text)} "
        f"<small>{100 * line.confidence:.0f}%</small></p>"
        for line in cut.lines
    )
    label = html.escape(_words(cut), quote=True)
    return f"""<li class="card" id="m{number}" style="--shape:{shape}">
<video controls preload="none" playsinline src="{html.escape(cut.file)}"{poster}
 aria-label="{label}"></video>
<div><b>{clock(cut.start - start)} to {clock(cut.end - start)}</b>{said}</div></li>"""


def _words(cut: Cut) -> str:
    return " ".join(line.text for line in cut.lines)


def _data_url(picture: Array) -> str:
    scale = _THUMBNAIL_PX / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), _QUALITY)[1]
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
