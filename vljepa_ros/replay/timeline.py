"""A replay on one time axis: what was read of each subject, the change signal, lines, alerts."""

from __future__ import annotations

import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from vljepa_ros.planning.vocabulary import Subject  # noqa: E402

from .pipeline import Replay  # noqa: E402

_WIDTH_IN, _DPI = 14.0, 110
_LETTERS_AN_INCH = 11
_COLOURS = plt.get_cmap("Set2")
_SPOKEN, _ALERT, _SIGNAL = "#1d7f8c", "#c0392b", "#3b6ea8"


def write_timeline(replay: Replay, title: str, path: Path) -> None:
    """Draw the timeline as PNG; times are seconds since the first frame."""
    lines = max(len(replay.lines), 1)
    subjects = len(replay.vocabulary.subjects)
    alerts = sorted({event.id for event in replay.raised})
    heights = [0.42 * subjects + 0.4, 1.3, 0.30 * lines + 0.4, 0.4 * max(len(alerts), 1) + 0.3]
    figure, axes = plt.subplots(
        4, 1, sharex=True, figsize=(_WIDTH_IN, sum(heights) + 1.3), dpi=_DPI,
        gridspec_kw={"height_ratios": heights}, layout="constrained",
    )
    start = float(replay.stamps.min())
    end = max(float(replay.stamps.max()) - start, 1.0)
    _readings(axes[0], replay, start, end)
    _signal(axes[1], replay, start)
    _lines(axes[2], replay, start, end)
    _alerts(axes[3], replay, alerts, start, end)
    for axis in axes:
        axis.set_xlim(0, end)
        axis.spines[["top", "right"]].set_visible(False)
    axes[3].set_xlabel("seconds since the first frame")
    figure.suptitle(f"{title}\n{replay.recorded:.0f} s, {replay.speed:.1f} times real time",
                    fontsize=12)
    figure.savefig(path)
    plt.close(figure)


def _readings(axis: Axes, replay: Replay, start: float, end: float) -> None:
    """A band a subject, a colour a statement, its words where they fit."""
    for row, subject in enumerate(replay.vocabulary.subjects):
        values = replay.readings[:, row]
        breaks = [0, *(np.flatnonzero(np.diff(values)) + 1), len(values)]
        for first, last in zip(breaks, breaks[1:], strict=False):
            begin = float(replay.stamps[first]) - start
            until = float(replay.stamps[min(last, len(values) - 1)]) - start
            value = int(values[first])
            axis.broken_barh([(begin, max(until - begin, 0.0))], (row + 0.08, 0.84),
                             color=_COLOURS(value % 8), lw=0)
            letters = int((until - begin) / end * _WIDTH_IN * _LETTERS_AN_INCH * 0.8)
            if letters >= 4:
                text = textwrap.shorten(values_of(subject)[value], letters, placeholder="…")
                axis.text((begin + until) / 2, row + 0.5, text, ha="center", va="center",
                          fontsize=7.5)
    names = [subject.id.replace("_", " ") for subject in replay.vocabulary.subjects]
    axis.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=9)
    axis.set_ylim(len(names), 0)


def values_of(subject: Subject) -> list[str]:
    """What a subject's statements differ in: "open", "closed"; its name stands beside the band."""
    rows = [statement.split() for statement in subject.statements]
    shared = 0
    while len(rows) > 1 and all(len(r) > shared + 1 and r[shared] == rows[0][shared] for r in rows):
        shared += 1
    return [" ".join(row[shared:]) for row in rows]


def _signal(axis: Axes, replay: Replay, start: float) -> None:
    times = replay.stamps - start
    signal = np.minimum(replay.signal, 3.0)
    axis.fill_between(times, signal, color=_SIGNAL, alpha=0.25, lw=0)
    axis.plot(times, signal, color=_SIGNAL, lw=1)
    axis.axhline(1.0, color="#555555", lw=0.8, ls="--")
    axis.set_ylabel("change\n(1: begins)")
    axis.set_ylim(0, max(1.2, float(signal.max()) * 1.05))


def _lines(axis: Axes, replay: Replay, start: float, end: float) -> None:
    for row, line in enumerate(replay.lines):
        moment, decided = line.moment - start, line.decided - start
        axis.plot([moment, decided], [row, row], color=_SPOKEN, lw=2, solid_capstyle="round")
        axis.plot(decided, row, "o", color=_SPOKEN, ms=5)
        right = decided < 0.55 * end
        letters = int((end - decided if right else moment) / end * _WIDTH_IN * _LETTERS_AN_INCH)
        axis.annotate(
            textwrap.shorten(line.text, max(letters, 10), placeholder=" …"),
            (decided if right else moment, row), xytext=(7 if right else -7, 0),
            textcoords="offset points", ha="left" if right else "right", va="center", fontsize=9,
        )
    axis.set_ylim(max(len(replay.lines), 1) - 0.4, -0.6)
    axis.set_yticks([])
    axis.set_ylabel("spoken")


def _alerts(axis: Axes, replay: Replay, names: list[str], start: float, end: float) -> None:
    texts = []
    for row, name in enumerate(names):
        events = [event for event in replay.raised if event.id == name]
        ended = {event.since: event.held for event in events if event.over}
        for event in (event for event in events if not event.over):
            since = event.since - start
            held = ended.get(event.since, end - since)
            axis.broken_barh([(since, held)], (row + 0.2, 0.6), color=_ALERT, alpha=0.3, lw=0)
            axis.plot(since + event.held, row + 0.5, "v", color=_ALERT, ms=8)
        texts.append(textwrap.shorten(events[0].rule, 34, placeholder="…"))
    axis.set_yticks(np.arange(len(names)) + 0.5, texts, fontsize=8)
    axis.set_ylim(max(len(names), 1), 0)
    axis.set_ylabel("alerts" if names else "no alerts")
