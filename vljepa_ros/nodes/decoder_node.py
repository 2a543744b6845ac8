"""Speaks, and only when the meaning changed.

Cuts the stream of semantic_state into segments and puts each new one into words
(:mod:`vljepa_ros.decoding`). Runs no model: the vocabulary comes over its latched topic.
"""

from __future__ import annotations

import time
from typing import Any

from sensor_msgs.msg import Image
from std_msgs.msg import String

from vljepa_msgs.msg import SemanticEvent, SemanticState
from vljepa_msgs.msg import Vocabulary as VocabularyMsg

from ..decoding.alert_rules import load_rules
from ..decoding.voice import Spoken, Voice
from ..planning.protocols import Array
from ..planning.vocabulary import Vocabulary
from . import convert, qos, speaking
from .alerting import AlertDesk
from .diagnostics import OK, STALE, WARN, Latency, Rate, Report
from .images import decode_image
from .lifecycle import ManagedNode, run
from .share import share


class DecoderNode(ManagedNode):
    """Publishes semantic_text and semantic_event."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("decoder_node", **kwargs)
        declare = self.parameters.declare
        speaking.declare(self.parameters)
        declare(
            "stale_after",
            1.5,
            "Seconds without a semantic_state until diagnostics say STALE.",
            between=(0.05, 3600.0),
        )
        declare(
            "alerts_file", "", "Conditions to watch; empty: config/alerts.yaml of this package."
        )
        self._vocabulary: Vocabulary | None = None
        self._voice: Voice | None = None
        self._alerts: AlertDesk | None = None

    def setup(self) -> None:
        self._rules = load_rules(self.parameters["alerts_file"] or share("config/alerts.yaml"))
        self._speaking = speaking.Speaking(self.parameters)

    def start(self) -> None:
        self._vocabulary, self._voice = None, None
        self._states, self._spoken, self._latency = Rate(), Rate(), Latency()
        self._complaint = ""
        self._text_pub = self.own_publisher(String, "semantic_text", qos.SPOKEN)
        self._event_pub = self.own_publisher(SemanticEvent, "semantic_event", qos.SPOKEN)
        self._alerts = AlertDesk(self, self._rules)
        self._image: Image | None = None
        if self._speaking.looks:
            camera = qos.CameraSubscription(self, Image, "image", self._on_image)
            self.own(camera.destroy)
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
        if self._alerts is not None:
            self._alerts.use(self._vocabulary)
        self._voice = None
        try:
            self._voice = self._speaking.voice(self._vocabulary)
        except ValueError as error:
            self._complain(str(error))
            return
        if wrong := self._speaking.misnamed(self._vocabulary):
            self.get_logger().warning(wrong)
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
            if self._alerts is not None:  # on embeddings: whatever is spoken, or nothing
                self._alerts.hear(msg.header, answers)
            spoken = self._voice.update(
                convert.seconds(msg.header.stamp), answers, self._picture(), msg.contrast
            )
        except ValueError as error:
            self._complain(f"semantic_state refused: {error}")
            return
        self._complaint = ""
        self._states.tick()
        if spoken is not None:
            self._publish(msg, spoken)
        self._latency.add(time.monotonic() - received)

    def _picture(self) -> Array | None:
        """The newest picture, for a detector that looks at it."""
        if not self._speaking.looks:
            return None
        if self._image is None:
            raise ValueError(f"no image on {self.resolve_topic_name('image')} yet, which detector "
                             "'pixels' compares")
        return decode_image(self._image)

    def _on_image(self, msg: Image) -> None:
        self._image = msg

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
        signal = self._voice.signal if self._voice is not None else 0.0
        values = {
            "model_id": self.diagnostics.model_id,
            "states (Hz)": f"{self._states.hz:.1f}",
            "spoken": str(self._spoken.count),
            "alerts watched": str(self._alerts.count if self._alerts is not None else 0),
            "change signal": f"{signal:.2f}",
            "last state (s ago)": f"{self._states.age:.1f}",
            **self._latency.values("latency"),
        }
        return level, message, values


def main(args: list[str] | None = None) -> None:
    run(DecoderNode, args)


if __name__ == "__main__":
    main()
