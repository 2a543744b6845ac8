"""The view as lines of text, and a terminal that shows them without flicker."""

from __future__ import annotations

import math
import shutil
import sys
import time
from typing import TextIO

from ..client.results import Ranked, Status
from ..demo.terminal import Terminal, percent
from .view import FORGET_S, View

_BAR = 14  # characters
_GAPS = 5  # empty rows, one for the newest spoken line, and the last row, which stays free
_FEWEST = 3  # readouts that are shown however low the terminal is
_LEVELS = {0: "green", 1: "yellow", 2: "bold red", 3: "yellow"}
_ENTER, _LEAVE = "\033[?1049h\033[?25l", "\033[?25h\033[?1049l"
_HOME, _END_OF_LINE, _BELOW = "\033[H", "\033[K", "\033[J"


class Screen:
    """Live: the terminal's second page, drawn over in place. Else: one block after the other."""

    def __init__(self, live: bool, stream: TextIO | None = None) -> None:
        self.stream = stream if stream is not None else sys.stdout
        self.live = live
        self.terminal = Terminal(self.stream)
        self._shown = False

    def __enter__(self) -> Screen:
        if self.live:
            self.stream.write(_ENTER)
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self.stream.write(_LEAVE)
            self.stream.flush()

    @property
    def height(self) -> int:
        return shutil.get_terminal_size().lines if self.live else 1000

    def show(self, texts: list[str]) -> None:
        if self.live:
            rows = [text + _END_OF_LINE for text in texts[: self.height - 1]]
            self.stream.write(_HOME + "\n".join(rows) + "\n" + _BELOW)
        else:
            self.stream.write(("\n" if self._shown else "") + "\n".join(texts) + "\n")
        self._shown = True
        self.stream.flush()


def lines(view: View, screen: Screen) -> list[str]:
    """The whole view, as wide as the terminal."""
    paint = screen.terminal.paint
    clock = paint(time.strftime("%H:%M:%S"), "dim")
    model = view.state.model_id if view.state is not None else ""
    texts = [f"{paint('vljepa watch', 'bold')}  {view.place}  {paint(model, 'dim')}  {clock}", ""]
    nodes, ranking = _nodes(view, screen), _ranking(view, screen)
    room = screen.height - len(texts) - len(nodes) - len(ranking) - _GAPS
    texts += [*nodes, "", *_readouts(view, screen, room), "", *ranking, ""]
    for at, text in view.spoken:
        moment = time.strftime("%H:%M:%S", time.localtime(at))
        words = f"{moment} {screen.terminal.symbols['spoken']} {_clean(text)}"
        texts.append(_cut(words, screen, "cyan"))
    return texts


def _nodes(view: View, screen: Screen) -> list[str]:
    camera, now = view.camera, time.monotonic()
    texts = []
    if camera:
        facts = (
            f"{camera.get('images (Hz)', '?')} Hz"
            f"  {camera.get('reliability', '').replace('_', ' ')}"
            f"  lost {camera.get('images lost (%)', '?')}%"
            f"  to meaning {camera.get('latency p50 (ms)', '?')} ms"
            f"  from {camera.get('camera', '?')}"
        )
        texts.append(_row("camera", facts, screen))
    for name, report in sorted(view.reports.items()):
        gone = now - report.received > FORGET_S
        message = f"silent for {now - report.received:.0f} s" if gone else report.message
        style = "bold red" if gone else _LEVELS.get(report.level, "yellow")
        texts.append(_row(name.removesuffix("_node"), _clean(message), screen, style))
    return texts or [_row("nodes", "none heard yet; vljepa doctor says more", screen, "yellow")]


def _readouts(view: View, screen: Screen, room: int) -> list[str]:
    """One row a subject; where there is no room for all, the last rows give way to the ranking."""
    if view.state is None:
        return [_row("readouts", "no semantic_state yet", screen, "yellow")]
    if time.monotonic() - view.state_at > FORGET_S:
        return [_row("readouts", "no semantic_state any more", screen, "bold red")]
    readings = view.state.readings
    if len(readings) > room:
        readings = dict(list(readings.items())[: max(_FEWEST, room - 1)])
    left_out = len(view.state.readings) - len(readings)
    width = max((len(name) for name in readings), default=0)
    rows = [
        _cut(
            f"  {name:<{width}}  {_bar(reading.confidence, screen)} "
            f"{percent(reading.confidence):>4}  {_clean(reading.statement)}",
            screen,
            "" if reading.confidence >= 0.5 else "dim",
        )
        for name, reading in readings.items()
    ]
    return [*rows, f"  and {left_out} more"] if left_out else rows


def _ranking(view: View, screen: Screen) -> list[str]:
    ranking = view.ranking
    if ranking is None or time.monotonic() - view.ranking_at > FORGET_S:
        return [_row("ranking", "no ranked_actions", screen, "yellow")]
    style = {Status.OK: "", Status.MET: "bold green"}.get(ranking.status, "yellow")
    texts = [_row("goal", _clean(view.goal_text) or "none", screen, "bold")]
    words = f"{ranking.status.name}: {_clean(ranking.message)}"
    if ranking.status in (Status.OK, Status.MET):
        words = f"distance {ranking.distance:.2f}  {words}"
    texts.append(_row("ranking", words, screen, style))
    shown = ranking.actions[: max(3, min(8, screen.height - 24))]
    width = max((len(action.text) for action in shown), default=0)
    distances = [a.plan_distance for a in shown if math.isfinite(a.plan_distance)]
    far = max(distances, default=0.0) or 1.0
    best = ranking.best
    return texts + [_action(action, action is best, width, far, screen) for action in shown]


def _action(action: Ranked, best: bool, width: int, far: float, screen: Screen) -> str:
    """A longer bar is a better action: the nearer its best plan ends to the goal."""
    mark = screen.terminal.symbols["chosen"] if best else " "
    near = 0.0  # no plan that begins with it was found
    if math.isfinite(action.plan_distance):
        near = 1.0 - min(max(action.plan_distance / far, 0.0), 1.0) * 0.95
    text = (
        f"{mark} {_clean(action.text):<{width}}  {_bar(near, screen)} after "
        f"{action.distance_after:.2f}  works {percent(action.works):>4}  {_clean(action.outcome)}"
    )
    return _cut(text, screen, "bold" if best else ("dim" if action.works < 0.5 else ""))


def _bar(share: float, screen: Screen) -> str:
    full, empty = ("█", "·") if screen.terminal.symbols["cut"] == "…" else ("#", ".")
    count = round(min(max(share, 0.0), 1.0) * _BAR)
    return full * count + empty * (_BAR - count)


def _row(name: str, text: str, screen: Screen, style: str = "") -> str:
    paint, room = screen.terminal.paint, screen.terminal.width - 18
    return f"{paint(f'{name:<15}', 'dim')} {paint(text[:room], style)}"


def _cut(text: str, screen: Screen, style: str = "") -> str:
    room, mark = screen.terminal.width - 1, screen.terminal.symbols["cut"]
    short = text if len(text) <= room else text[: room - len(mark)] + mark
    return screen.terminal.paint(short, style)


def _clean(text: str) -> str:
    """Without line breaks and control characters, which could do anything to the terminal."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
