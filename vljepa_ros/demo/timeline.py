"""The demo on one time axis: goal distance, change signal, what was said, what was done."""

from __future__ import annotations

import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from .recording import Execution, Recording  # noqa: E402

_WIDTH_IN, _DPI = 14.0, 110
_LETTERS_AN_INCH = 11  # of the small type, with room to spare
_DISTANCE, _LOOK, _CHANGE, _SPOKEN = "#c26a00", "#222222", "#3b6ea8", "#1d7f8c"
_RESULTS = {"SUCCEEDED": "#8fc98c", "NO_EFFECT": "#f0c869", "PRECONDITION": "#f0c869"}
_FAILED = "#e58a82"


def write_timeline(recording: Recording, path: Path) -> None:
    """Draw the timeline as PNG."""
    lines = max(len(recording.spoken), 1)
    heights = [2.6, 1.7, 0.30 * lines + 0.5, 1.1]
    figure, axes = plt.subplots(
        4, 1, sharex=True, figsize=(_WIDTH_IN, sum(heights) + 1.5), dpi=_DPI,
        gridspec_kw={"height_ratios": heights}, layout="constrained",
    )
    end = max(recording.duration, 1.0)
    _distance(axes[0], recording)
    _change(axes[1], recording)
    _spoken(axes[2], recording, end)
    _actions(axes[3], recording, end)
    for axis in axes:
        for execution in recording.executions:
            axis.axvspan(execution.began, _end(execution, end), color="#000000", alpha=0.045, lw=0)
        axis.set_xlim(0, end)
        axis.spines[["top", "right"]].set_visible(False)
    axes[3].set_xlabel("seconds since the goal was given")
    verdict = f"\n{recording.verdict.text}" if recording.verdict else ""
    figure.suptitle(f"“{recording.goal}”{verdict}", fontsize=13)
    figure.savefig(path)
    plt.close(figure)


def _distance(axis: Axes, recording: Recording) -> None:
    if recording.distances:
        times, values = zip(*recording.distances, strict=True)
        axis.plot(times, values, color=_DISTANCE, lw=1.6, label="every frame")
    if recording.looks:
        axis.plot(
            [look.at for look in recording.looks], [look.distance for look in recording.looks],
            "o", color=_LOOK, ms=6, label="the planner's looks", zorder=3, clip_on=False,
        )
    if recording.threshold:
        parts = len(recording.understood)
        axis.axhline(
            recording.threshold, color="#4a9a4a", ls="--", lw=1,
            label="met below this" + (", each part" if parts > 1 else ""),
        )
    axis.set_ylabel("goal distance")
    axis.set_ylim(bottom=0)
    axis.grid(axis="y", alpha=0.25)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper right", fontsize=9, framealpha=0.9)


def _change(axis: Axes, recording: Recording) -> None:
    if recording.changes:
        times, values = zip(*recording.changes, strict=True)
        axis.fill_between(times, values, color=_CHANGE, alpha=0.25, lw=0)
        axis.plot(times, values, color=_CHANGE, lw=1)
    for line in recording.spoken:
        axis.axvline(line.changed, color=_SPOKEN, lw=1, ls=":")
    axis.set_ylabel("change of meaning\nframe to frame")
    axis.set_ylim(bottom=0)
    axis.grid(axis="y", alpha=0.25)


def _spoken(axis: Axes, recording: Recording, end: float) -> None:
    """A row a line, text beside its moment, on the side where there is room."""
    for row, line in enumerate(recording.spoken):
        axis.plot([line.changed, line.at], [row, row], color=_SPOKEN, lw=2, solid_capstyle="round")
        axis.plot(line.at, row, "o", color=_SPOKEN, ms=5)
        right = line.at < 0.55 * end
        room = end - line.at if right else line.changed
        letters = int(room / end * _WIDTH_IN * _LETTERS_AN_INCH)
        axis.annotate(
            textwrap.shorten(line.text, letters, placeholder=" …"),
            (line.at if right else line.changed, row),
            xytext=(7 if right else -7, 0), textcoords="offset points",
            ha="left" if right else "right", va="center", fontsize=9,
        )
    axis.set_ylim(max(len(recording.spoken), 1) - 0.4, -0.6)
    axis.set_yticks([])
    axis.set_ylabel("spoken")
    axis.spines["left"].set_visible(False)


def _actions(axis: Axes, recording: Recording, end: float) -> None:
    for execution in recording.executions:
        began, ended = execution.began, _end(execution, end)
        colour = _RESULTS.get(execution.result, _FAILED)
        axis.broken_barh([(began, ended - began)], (0.1, 0.8), color=colour, ec="#555555", lw=0.6)
        letters = max(8, int((ended - began) / end * _WIDTH_IN * _LETTERS_AN_INCH))
        note = "" if execution.result == "SUCCEEDED" else f" ({execution.result.lower()})"
        text = textwrap.fill(execution.text + note.replace("_", " "), letters)
        axis.text((began + ended) / 2, 0.5, text, ha="center", va="center", fontsize=9)
    axis.set_ylim(0, 1)
    axis.set_yticks([])
    axis.set_ylabel("executed")
    axis.spines["left"].set_visible(False)


def _end(execution: Execution, end: float) -> float:
    return execution.ended if execution.ended is not None else end
