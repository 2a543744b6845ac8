"""The view as lines of text, and a terminal that shows them without flicker."""

from __future__ import annotations

import math
import shutil
import sys
import textwrap
import time
from functools import lru_cache
from typing import TextIO

from ..client.alerts import AlertWatched
from ..client.results import Ranked, Ranking, Status
from ..demo.terminal import Terminal, percent
from .view import FORGET_S, Line, View

_BAR, _SHORT_BAR = 14, 6  # characters
_WIDE = 110  # columns from which there is room for the longer bar beside actions
_NUMBERS = 18  # columns of the ranking beside action, bar and outcome
_LEAST_ACTIONS, _MOST_ACTIONS, _MOST_ROWS = 3, 8, 12
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
    while len(texts) > screen.height - 2 and "" in texts:  # a spoken line before an empty row
        texts.remove("")
    room = max(1, screen.height - 1 - len(texts))
    return texts + [_spoken(line, screen) for line in list(view.spoken)[-room:]]


def _spoken(line: Line, screen: Screen) -> str:
    clock, text = time.strftime("%H:%M:%S", time.localtime(line.at)), clean(line.text)
    if not line.alert:
        return _cut(f"{clock} {screen.terminal.symbols['spoken']} {text}", screen, "cyan")
    words, style = ("ALERT", "bold red") if line.raised else ("over ", "green")
    return _cut(f"{clock} {words} {clean(line.alert)}: {text}", screen, style)


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
        texts.append(_row(name.removesuffix("_node"), clean(message), screen, style))
    if view.watched and now - view.watched_at < FORGET_S:
        texts.append(_alerts(view.watched, screen))
    return texts or [_row("nodes", "none heard yet; vljepa doctor says more", screen, "yellow")]


def _alerts(watched: tuple[AlertWatched, ...], screen: Screen) -> str:
    """How many conditions are watched for, and which of them are true now."""
    now = [f"{clean(a.id)} ({times_raised(a.raised)})" for a in watched if a.holding]
    words = f"; true now: {', '.join(now)}" if now else "; none is true now"
    return _row("alerts", f"{len(watched)} watched{words}", screen, "yellow" if now else "green")


def times_raised(count: int) -> str:
    """How often an alert was raised, in words."""
    return {0: "not raised yet", 1: "raised once"}.get(count, f"raised {count} times")


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
            f"{percent(reading.confidence):>4}  {clean(reading.statement)}",
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
    texts = [_row("goal", clean(view.goal_text) or "none", screen, "bold")]
    words = f"{ranking.status.name}: {clean(ranking.message)}"
    if ranking.status in (Status.OK, Status.MET):
        words = f"distance {ranking.distance:.2f}  {words}"
    texts.append(_row("ranking", words, screen, style))
    return texts + _actions(ranking, screen)


def _actions(ranking: Ranking, screen: Screen) -> list[str]:
    """The best actions. What an action or its outcome needs more than its column goes on below."""
    count = max(_LEAST_ACTIONS, min(_MOST_ACTIONS, screen.height - 24))
    shown = ranking.actions[:count]
    if not shown:
        return []
    distances = [a.plan_distance for a in shown if math.isfinite(a.plan_distance)]
    far = max(distances, default=0.0) or 1.0
    bar = _BAR if screen.terminal.width >= _WIDE else _SHORT_BAR
    free = screen.terminal.width - 1 - _NUMBERS - bar
    longest = max(len("action"), *(len(clean(action.text)) for action in shown))
    outcomes = max(len(clean(action.outcome)) for action in shown)
    width = min(longest, max(free // 2, free - outcomes))
    best = ranking.best
    head = f"  {'action':<{width}}  {'near':<{bar}} after works  outcome"
    rows = [screen.terminal.paint(head, "dim")]
    for i, action in enumerate(shown):
        more = _action(action, action is best, width, free - width, far, bar, screen)
        if i >= _LEAST_ACTIONS and len(rows) + len(more) > _MOST_ROWS:
            break
        rows += more
    return rows


def _action(
    action: Ranked, best: bool, width: int, room: int, far: float, bar: int, screen: Screen
) -> list[str]:
    """A longer bar is a better action: the nearer its best plan ends to the goal."""
    near = 0.0  # no plan that begins with it was found
    if math.isfinite(action.plan_distance):
        near = 1.0 - min(max(action.plan_distance / far, 0.0), 1.0) * 0.95
    cut = screen.terminal.symbols["cut"]
    texts, outcome = (_cell(clean(text), columns, cut)
                      for text, columns in ((action.text, width), (action.outcome, room)))
    mark = screen.terminal.symbols["chosen"] if best else " "
    first = (
        f"{mark} {texts[0]:<{width}}  {_bar(near, screen, bar)} {action.distance_after:>5.2f} "
        f"{percent(action.works):>5}  {outcome[0]}"
    )
    style = "bold" if best else ("dim" if action.works < 0.5 else "")
    rows = [first]
    if len(texts) > 1 or len(outcome) > 1:
        text, words = (cell[1] if len(cell) > 1 else "" for cell in (texts, outcome))
        rows.append(f"  {text:<{width}}  {'':{bar + 12}}  {words}")
    return [_cut(row.rstrip(), screen, style) for row in rows]


@lru_cache(maxsize=512)
def _cell(text: str, width: int, cut: str) -> tuple[str, ...]:
    """One or two lines of a column."""
    if len(text) <= width:
        return (text,)
    pieces = textwrap.wrap(text, max(width, 2))
    if len(pieces) <= 2:
        return tuple(pieces)
    rest = " ".join(pieces[1:])
    return (pieces[0], rest[: width - len(cut)].rstrip() + cut)


def _bar(share: float, screen: Screen, length: int = _BAR) -> str:
    full, empty = ("█", "·") if screen.terminal.symbols["cut"] == "…" else ("#", ".")
    count = round(min(max(share, 0.0), 1.0) * length)
    return full * count + empty * (length - count)


def _row(name: str, text: str, screen: Screen, style: str = "") -> str:
    paint, room = screen.terminal.paint, screen.terminal.width - 18
    return f"{paint(f'{name:<15}', 'dim')} {paint(text[:room], style)}"


def _cut(text: str, screen: Screen, style: str = "") -> str:
    room, mark = screen.terminal.width - 1, screen.terminal.symbols["cut"]
    short = text if len(text) <= room else text[: room - len(mark)] + mark
    return screen.terminal.paint(short, style)


def clean(text: str) -> str:
    """Without line breaks and control characters, which could do anything to the terminal."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
