"""Speaks, and only when the meaning changed.

Cuts the stream of semantic_state into segments and puts each new one into words
(:mod:`vljepa_ros.decoding`). Runs no model: the vocabulary comes over its latched topic.
"""

from __future__ import annotations

import time
from typing import Any

from std_msgs.msg import String

from vljepa_msgs.msg import SemanticEvent, SemanticState
from vljepa_msgs.msg import Vocabulary as VocabularyMsg

from ..decoding.segments import SegmentConfig
from ..decoding.voice import Spoken, Voice
from ..planning.vocabulary import Vocabulary
from . import convert, qos
from .diagnostics import OK, STALE, WARN, Latency, Rate, Report
from .lifecycle import ManagedNode, run

_SEGMENT_PARAMETERS = ("floor", "ceiling", "noise_factor", "noise_window", "hold", "hold_frames")


class DecoderNode(ManagedNode):
    """Publishes semantic_text and semantic_event."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("decoder_node", **kwargs)
        declare = self.parameters.declare
        declare(
            "floor", 0.15, "Smallest cosine distance that counts as a change.", between=(0.001, 2.0)
        )
        declare("ceiling", 0.5, "Largest threshold that noise can lead to.", between=(0.001, 2.0))
        declare(
            "noise_factor",
            6.0,
            "Robust sigmas of the stream's noise above which a distance counts.",
            between=(0.0, 100.0),
        )
        declare("noise_window", 60, "States the noise is estimated over.", between=(4, 10000))
        declare("hold", 1.2, "Seconds a change must last to be spoken.", between=(0.0, 60.0))
        declare("hold_frames", 3, "States a change must last to be spoken.", between=(1, 1000))
        declare(
            "min_confidence",
            0.5,
            "A statement below this confidence is not spoken.",
            between=(0.0, 1.0),
        )
        declare(
            "stale_after",
            1.5,
            "Seconds without a semantic_state until diagnostics say STALE.",
            between=(0.05, 3600.0),
        )
        declare(
            "silent_subjects", "activity", "Subjects that are not spoken of, separated by commas."
        )
        self._vocabulary: Vocabulary | None = None
        self._voice: Voice | None = None

    def setup(self) -> None:
        self._config = SegmentConfig(
            **{name: self.parameters[name] for name in _SEGMENT_PARAMETERS}
        )

    def start(self) -> None:
        self._vocabulary, self._voice = None, None
        self._states, self._spoken, self._latency = Rate(), Rate(), Latency()
        self._complaint = ""
        self._text_pub = self.own_publisher(String, "semantic_text", qos.STREAM)
        self._event_pub = self.own_publisher(SemanticEvent, "semantic_event", qos.STREAM)
        self.own_subscription(VocabularyMsg, "vocabulary", self._on_vocabulary, qos.LATCHED)
        self.own_subscription(SemanticState, "semantic_state", self._on_state, qos.STREAM)

    def _on_vocabulary(self, msg: VocabularyMsg) -> None:
        if self._vocabulary is not None and self._vocabulary.model_id == msg.model_id:
            return
        try:
            self._vocabulary = convert.vocabulary_of(msg)
        except ValueError as error:
            self._complain(f"vocabulary refused: {error}")
            return
        silent = {name.strip() for name in self.parameters["silent_subjects"].split(",")}
        heard = tuple(s for s in self._vocabulary.subjects if s.id not in silent)
        self._heard = [i for i, s in enumerate(self._vocabulary.subjects) if s.id not in silent]
        self._voice = Voice(
            Vocabulary(msg.model_id, heard), self._config, self.parameters["min_confidence"]
        )
        self.diagnostics.model_id = msg.model_id

    def _on_state(self, msg: SemanticState) -> None:
        received = time.monotonic()
        if self._vocabulary is None or self._voice is None:
            return
        try:
            if msg.model_id != self._vocabulary.model_id:
                raise convert.MessageError(
                    f"model_id: {msg.model_id!r}; allowed: {self._vocabulary.model_id!r}"
                )
            answers = convert.answers_of(msg, self._vocabulary)
            spoken = self._voice.update(convert.seconds(msg.header.stamp), answers[self._heard])
        except ValueError as error:
            self._complain(f"semantic_state refused: {error}")
            return
        self._complaint = ""
        self._states.tick()
        if spoken is not None:
            self._publish(msg, spoken)
        self._latency.add(time.monotonic() - received)

    def _publish(self, msg: SemanticState, spoken: Spoken) -> None:
        said, change = spoken.utterance, spoken.change
        self._text_pub.publish(String(data=said.text))
        self._event_pub.publish(
            SemanticEvent(
                header=msg.header,
                segment_start=convert.to_time(change.moment),
                change_time=convert.to_time(change.moment),
                text=said.text,
                subject=said.subject,
                statement=said.statement,
                previous=said.previous,
                confidence=said.confidence,
                change=said.change,
                embedding=convert.embedding_msg(msg.model_id, said.embedding),
                now_true=list(said.now_true),
            )
        )
        self._spoken.tick()
        self.get_logger().info(said.text)

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            self._complaint = text
            self.get_logger().warning(text)

    def report(self) -> Report:
        level, message = OK, "listening"
        if self._complaint:
            level, message = WARN, self._complaint
        elif self._states.age > self.parameters["stale_after"]:
            level, message = STALE, "no recent semantic_state"
        signal = self._voice.segmenter.signal if self._voice is not None else 0.0
        values = {
            "model_id": self.diagnostics.model_id,
            "states (Hz)": f"{self._states.hz:.1f}",
            "spoken": str(self._spoken.count),
            "change signal": f"{signal:.2f}",
            "last state (s ago)": f"{self._states.age:.1f}",
            **self._latency.values("latency"),
        }
        return level, message, values


def main(args: list[str] | None = None) -> None:
    run(DecoderNode, args)


if __name__ == "__main__":
    main()
