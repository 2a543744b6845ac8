"""What the demo prints: one table a step, the decoder's lines as they are spoken, the verdict."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Mapping
from itertools import zip_longest
from typing import TextIO

from .recording import Execution, Line, Look

TOP = 5
_MIN_WIDTH, _MAX_WIDTH, _FILE_WIDTH = 80, 120, 120
_OTHER_COLUMNS = 30  # of the table, beside action and outcome
_OUTCOME_WIDTH = 44  # enough for most outcomes
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_UNICODE = {"chosen": "▸", "spoken": "»", "good": "✓", "bad": "✗", "cut": "…"}
_ASCII = {"chosen": ">", "spoken": ">>", "good": "ok", "bad": "--", "cut": "~"}
_ANSWERS = {
    "SUCCEEDED": "done",
    "NO_EFFECT": "no effect",
    "PRECONDITION": "refused",
    "PREEMPTED": "stopped",
    "TIMEOUT": "took too long",
    "FAILED": "failed",
}


class Terminal:
    """Writes lines to a stream; colours only when that is a terminal."""

    def __init__(self, stream: TextIO | None = None, width: int | None = None) -> None:
        self.stream = stream if stream is not None else sys.stdout
        tty = self.stream.isatty()
        self.colours = tty and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        columns = width or (shutil.get_terminal_size().columns if tty else _FILE_WIDTH)
        self.width = min(max(columns, _MIN_WIDTH), _MAX_WIDTH)
        encoding = (getattr(self.stream, "encoding", None) or "ascii").lower()
        self.symbols = _UNICODE if encoding.startswith("utf") else _ASCII

    def line(self, text: str = "", style: str = "") -> None:
        if self.symbols is _ASCII:
            text = text.encode("ascii", "replace").decode()
        print(self.paint(text, style), file=self.stream, flush=True)

    def paint(self, text: str, style: str) -> str:
        if not self.colours or not style or not text:
            return text
        codes = ";".join(_STYLES[name] for name in style.split())
        return f"\033[{codes}m{text}\033[0m"

    def fact(self, name: str, text: str, style: str = "") -> None:
        """A labelled line; long text goes on below, indented."""
        first, *rest = textwrap.wrap(text, self.width - 14) or [""]
        self.line(f"  {self.paint(f'{name:<10}', 'dim')}  {self.paint(first, style)}")
        for piece in rest:
            self.line(f"  {'':10}  {self.paint(piece, style)}")

    # -- the run -----------------------------------------------------------------------------------

    def look(self, look: Look) -> None:
        """The planner's view of one step."""
        facts = [f"goal distance {look.distance:.2f}"]
        if look.plan:
            actions = f"{len(look.plan)} action{'s' * (len(look.plan) != 1)}"
            facts.append(f"best plan: {actions}, found in {look.planning_ms / 1e3:.2f} s")
        elif look.status == "OUT_OF_REACH":
            facts.append("no plan reaches the goal")
        elif look.status == "MET":
            facts.append("the goal holds")
        elif look.status == "STALE":
            facts = [look.message]
        self.line()
        title = f"step {look.step}" if look.plan else "check"
        self.line(f"  {self.paint(f'{title:<10}', 'bold')}  {'   '.join(facts)}")
        if look.noticed:
            self.fact("noticed", look.noticed, "yellow")
        if look.remembered:
            self.fact("remembers", "; ".join(look.remembered), "cyan")
        if look.plan and look.message and not look.message.startswith("plan:"):
            self.fact("because", look.message, "yellow")
        if look.plan:
            for text, style in table(look, self.width, self.symbols):
                self.line(text, style)

    def spoken(self, line: Line) -> None:
        mark = f"{_clock(line.at)}  {self.symbols['spoken']} "
        indent = " " * (len(mark) + 2)
        for i, piece in enumerate(textwrap.wrap(line.text, self.width - len(indent))):
            self.line(f"  {mark}{piece}" if i == 0 else f"{indent}{piece}", "cyan")

    def executing(self, execution: Execution) -> None:
        self.line(f"  {_clock(execution.began)}  robot: {execution.text}")

    def answer(self, execution: Execution) -> None:
        good = execution.result == "SUCCEEDED"
        words = _ANSWERS.get(execution.result, execution.result.lower() or "no answer")
        ended = execution.ended if execution.ended is not None else execution.began
        message = f": {execution.message}" if execution.message else ""
        self.line(
            f"  {_clock(ended)}  {self.symbols['good' if good else 'bad']} "
            f"{words} in {ended - execution.began:.1f} s{message}",
            "green" if good else "yellow",
        )

    def interrupted(self, text: str) -> None:
        """A line of its own, also where the terminal has just echoed ^C."""
        self.line(f"\r{text}" if self.stream.isatty() else text)


def table(look: Look, width: int, symbols: Mapping[str, str]) -> list[tuple[str, str]]:
    """(line, style) of the best actions; the chosen one is marked, and shown wherever it ranks."""
    rows = list(enumerate(look.rows, start=1))
    shown = rows[:TOP] + [row for row in rows[TOP:] if row[1].action_id == look.chosen]
    if not shown:
        return []
    free = width - _OTHER_COLUMNS
    action = max(len("action"), *(len(row.text) for _, row in shown))
    action = min(action, max(free // 2, free - _OUTCOME_WIDTH))
    outcome = free - action

    header = f"{'action':<{action - 8}}  {'distance after':>14}  {'works':>5}   predicted outcome"
    lines = [(f"{'rank':>10}  {header}", "dim")]
    for rank, row in shown:
        chosen = row.action_id == look.chosen
        style = "bold" if chosen else ("dim" if row.works < 0.5 else "")
        mark = symbols["chosen"] if chosen else " "
        texts = _in_cell(row.text, action, symbols["cut"])
        words = _in_cell(row.outcome, outcome, symbols["cut"])
        numbers = f"{row.distance_after:>6.2f}  {percent(row.works):>5}"
        for text, word in zip_longest(texts, words, fillvalue=""):
            lead = f"    {mark} {rank:>4}" if numbers else ""
            line = f"{lead:<10}  {text:<{action}}  {numbers:<13}   {word}"
            lines.append((line.rstrip(), style))
            numbers = ""
    return lines


def _in_cell(text: str, width: int, cut: str) -> list[str]:
    """At most two lines of a table's cell."""
    lines = textwrap.wrap(text, width) or [""]
    if len(lines) > 2:
        lines = [lines[0], _cut(" ".join(lines[1:]), width, cut)]
    return lines


def percent(share: float) -> str:
    """ "98%"; never 0% or 100% unless it is that exactly."""
    rounded = round(share * 100)
    if rounded == 100 and share < 1:
        rounded = 99
    if rounded == 0 and share > 0:
        return "<1%"
    return f"{rounded}%"


def state_in_words(state: Mapping[str, str]) -> str:
    """ "drawer closed and locked, window closed and locked, cube at the front left"."""
    words = [f"{name} {state[name]} and {state[f'{name}_lock']}" for name in ("drawer", "window")]
    cubes = [key for key in state if key.endswith("cube")]
    return ", ".join([*words, *(f"{key.replace('_', ' ')} {where_in_words(state[key])}"
                                for key in cubes)])  # fmt: skip


def where_in_words(where: str) -> str:
    """Where a cube is: "in the drawer", "at the front left", "on the blue cube"."""
    if where.startswith("on_"):
        return f"on the {where.removeprefix('on_')} cube"
    known = {
        "drawer": "in the drawer",
        "table": "on the table",
        "stacked": "on another cube",
        "elsewhere": "out of place",
    }
    return known.get(where, f"at the {where.replace('_', ' ')}")


def _cut(text: str, width: int, mark: str) -> str:
    return text if len(text) <= width else text[: max(0, width - len(mark))].rstrip() + mark


def _clock(at: float) -> str:
    whole = max(0, int(at))
    return f"{whole // 60}:{whole % 60:02d}"
