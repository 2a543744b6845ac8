"""A recording through what the nodes run: clip buffer, perception, voice and alerts.

The same classes as in semantic_state_node and decoder_node, fed from a file instead of topics, as
fast as the machine can.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vljepa_ros.decoding.alert_rules import AlertError, Rule, parse
from vljepa_ros.decoding.alerts import Alerts, Raised
from vljepa_ros.decoding.voice import Voice
from vljepa_ros.nodes.clip_buffer import Arrival, ClipBuffer, Frame
from vljepa_ros.nodes.perception import Perception
from vljepa_ros.nodes.share import share
from vljepa_ros.planning.candidates import load_frames
from vljepa_ros.planning.protocols import Array
from vljepa_ros.planning.vocabulary import Vocabulary
from vljepa_ros.recordings.frames import Recording, RecordingError, onward


@dataclass(frozen=True)
class Line:
    """Something said: at ``decided`` about the ``moment`` (both s of the recording's clock).

    ``first`` is the sight of the scene at the start, which is no change.
    """

    moment: float
    decided: float
    text: str
    subject: str
    confidence: float
    change: float
    first: bool


@dataclass
class Replay:
    """``stamps`` (N,) s; ``readings`` (N, S) indices of statements, ``confidence`` (N, S) theirs;
    ``signal`` (N,) how near the next change is (1: it begins). ``recorded`` and ``took`` seconds of
    the recording and of the work."""

    vocabulary: Vocabulary
    stamps: Array
    readings: Array
    confidence: Array
    signal: Array
    lines: list[Line] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    recorded: float = 0.0
    took: float = 0.0

    @property
    def speed(self) -> float:
        """Recorded seconds a second of work."""
        return self.recorded / max(self.took, 1e-9)


class _Pass:
    """One pass through a recording."""

    def __init__(self, world: Any, rules: Sequence[Rule]) -> None:
        frames = load_frames(share("config/scene.yaml"))
        self.perception = Perception(world, frames, real_states=1, imagined_states=1)
        self.buffer = ClipBuffer(world.clip_frames, world.clip_stride)
        self.vocabulary: Vocabulary = world.vocabulary
        self.voice = Voice(self.vocabulary)
        self.alerts = Alerts(self.vocabulary)
        self.refused: list[str] = []
        for rule in rules:
            try:
                goal = world.understand(parse(rule.text)[0])
                self.alerts.add(rule, goal.parts, goal.understood, goal.confidence)
            except AlertError as error:
                self.refused.append(f"alert {rule.text!r}: {error}")
        self.lines: list[Line] = []
        self.raised: list[Raised] = []
        self.rows: list[tuple[float, Array, Array, float]] = []

    def take(self, stamp: float, pixels: Array) -> None:
        arrival = self.buffer.push(Frame(stamp, None, lambda: pixels))
        if arrival is Arrival.LATE:
            return
        seen = self.perception.see(self.buffer.clip())
        answers = seen.answers
        self.raised += self.alerts.update(stamp, answers)
        spoken = self.voice.update(stamp, answers, contrast=seen.contrast)
        if spoken is not None:
            said, change = spoken.utterance, spoken.change
            self.lines.append(Line(
                change.moment, stamp, said.text, said.subject, said.confidence, said.change,
                change.first,
            ))
        found = [s.nearest(answers[i]) for i, s in enumerate(self.vocabulary.subjects)]
        self.rows.append((stamp, np.array([int(best) for best, _ in found]),
                          np.array([float(sure) for _, sure in found]), self.voice.signal))


def replay(
    world: Any, recording: Recording, rate: float = 10.0, rules: Sequence[Rule] = (),
    tell: Callable[[float], None] | None = None,
) -> Replay:
    """Run a recording through at ``rate`` frames a second of it (0: all frames).

    ``tell`` hears the stamp of every frame. Rules that are not understood are named in ``refused``.
    Raises RecordingError when not one picture decodes.
    """
    run = _Pass(world, rules)
    started = time.monotonic()
    for picture in onward(recording.pictures(rate)):
        run.take(picture.stamp, picture.pixels)
        if tell is not None:
            tell(picture.stamp)
    if not run.rows:
        raise RecordingError(f"'{recording.path}' holds no picture that decodes")
    took = time.monotonic() - started
    stamps = np.array([row[0] for row in run.rows])
    forward = np.diff(stamps)
    return Replay(
        run.vocabulary, stamps, *(np.stack([row[i] for row in run.rows]) for i in (1, 2)),
        np.array([row[3] for row in run.rows]), run.lines, run.raised, run.refused,
        float(forward[forward > 0].sum()), took,
    )
