"""What a voice said about a stream, judged by the stream's true event log and states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vljepa_ros.decoding.pace import Pace
from vljepa_ros.decoding.voice import Spoken, Voice
from vljepa_ros.planning.protocols import Array
from vljepa_ros.planning.sight import contrast
from vljepa_ros.planning.vocabulary import Vocabulary

from .report import share
from .streams import Event, Stream

END_S = 2.0  # before a stream ends, what happens cannot be heard any more: left out
NEAR_S = 1.0  # a line belongs to an event when its moment of change is this near


@dataclass(frozen=True)
class Line:
    """Something that was said: `statements` are the ids it claims, one for each subject of news;
    an attempt claims that something failed."""

    text: str
    moment: float
    decided: float
    statements: tuple[str, ...]
    attempt: bool
    first: bool


def listen(
    voice: Voice, stream: Stream, answers: Array, meaning: Callable[[str, str], str],
    pace: Pace | None = None,
) -> list[Line]:
    """Everything a voice says about a stream's answers (N, S, D).

    Args:
        meaning: (subject id, text) -> statement id that the text says.
        pace: which frames are looked at; all without one.
    """
    said: list[Spoken] = []
    for i, stamp in enumerate(stream.stamps):
        frame = stream.frames[i]
        if pace is not None and not pace.due(float(stamp), frame, voice.signal):
            continue
        spoken = voice.update(float(stamp), answers[i], frame, contrast(frame))
        if spoken is not None:
            said.append(spoken)
    said += voice.finish()
    lines = []
    for spoken in said:
        now = dict(zip((s.id for s in voice.vocabulary.subjects), spoken.utterance.now_true,
                       strict=True))
        attempt = spoken.utterance.previous == spoken.utterance.statement
        if attempt:  # claims what it says itself
            now[spoken.utterance.subject] = spoken.utterance.statement
        claims = tuple(meaning(s, now[s]) for s in spoken.utterance.subjects if now[s])
        change = spoken.change
        lines.append(Line(spoken.utterance.text, change.moment, change.decided, claims, attempt,
                          change.first))
    return lines


def nearest_meaning(
    vocabulary: Vocabulary, embed: Callable[[list[str]], Array]
) -> Callable[[str, str], str]:
    """The statement a text says: by its words where they are canonical, else the nearest one."""

    def meaning(subject_id: str, text: str) -> str:
        subject = vocabulary.subject(subject_id)
        if text in subject.statements:
            return subject.statement_ids[subject.statements.index(text)]
        vector = embed([text])[0]
        rows = [(s.statement_ids[i], float(s.embeddings[i] @ vector))
                for s in vocabulary.subjects for i in range(len(s.statements))]
        return max(rows, key=lambda row: row[1])[0]

    return meaning


def is_true(line: Line, stream: Stream) -> bool:
    """Whether a line is true of the simulator's state when it is said.

    An attempt is true when one was going on within `NEAR_S` of it.
    """
    if line.attempt:
        return any(
            e.kind == "attempt" and line.moment - NEAR_S <= e.time <= line.decided + NEAR_S
            and set(line.statements) <= set(e.statements)
            for e in stream.events
        )
    return set(line.statements) <= set(stream.truth_at(line.decided).values())


def match(lines: list[Line], events: list[Event]) -> tuple[list[int], list[int]]:
    """(line of every event or -1, event of every line or -1), each used once, nearest first.

    A line fits an event of its kind that made true what it claims, or some of it, within `NEAR_S`.
    """
    pairs = []
    for i, event in enumerate(events):
        for j, line in enumerate(lines):
            if line.first or line.attempt != (event.kind == "attempt"):
                continue
            off = abs(line.moment - event.time)
            if line.attempt:  # seen while it goes on, from the reach to the let-go
                inside = line.moment - NEAR_S <= event.time <= line.decided + NEAR_S
                off = 0.0 if inside else off
            if off <= NEAR_S and set(line.statements) & set(event.statements):
                pairs.append((off, i, j))
    of_event, of_line = [-1] * len(events), [-1] * len(lines)
    for _, i, j in sorted(pairs):
        if of_event[i] < 0 and of_line[j] < 0:
            of_event[i], of_line[j] = j, i
    return of_event, of_line


def judge(streams: list[Stream], said: list[list[Line]], examples: int = 8) -> dict[str, Any]:
    """Recall and precision of events, false lines with examples, latency."""
    found: dict[str, list[bool]] = {"change": [], "attempt": []}
    precise: dict[str, list[bool]] = {"change": [], "attempt": []}
    true, false, latency, missed = [], [], [], []
    for stream, lines in zip(streams, said, strict=True):
        until = stream.seconds - END_S
        events = [event for event in stream.events if event.time < until]
        lines = [line for line in lines if line.moment < until]
        of_event, of_line = match(lines, events)
        for event, j in zip(events, of_event, strict=True):
            found[event.kind].append(j >= 0)
            if j < 0:
                missed.append(f"{event.kind} {event.action} at {event.time:.1f} s")
        for line, i in zip(lines, of_line, strict=True):
            if not line.first:
                precise["attempt" if line.attempt else "change"].append(i >= 0)
            true.append(is_true(line, stream))
            if not true[-1]:
                false.append(f"{line.decided:.1f} s: {line.text}")
            if not line.first and not line.attempt:
                latency.append(line.decided - line.moment)
    return {
        "events": len(found["change"]) + len(found["attempt"]),
        "lines": len(true),
        "recall": share(found["change"] + found["attempt"]),
        "recall_changes": share(found["change"]),
        "recall_attempts": share(found["attempt"]),
        "precision": share(precise["change"] + precise["attempt"]),
        "precision_attempts": share(precise["attempt"]),
        "false_lines": share([not flag for flag in true]),
        "false_examples": false[:examples],
        "missed_examples": missed[:examples],
        "latency_s": {
            "p50": round(float(np.median(latency)), 2) if latency else None,
            "p95": round(float(np.quantile(latency, 0.95)), 2) if latency else None,
        },
    }
