"""The `ask` service's work: a question about the newest state of a Perception."""

from __future__ import annotations

from vljepa_msgs.srv import Ask

from ..decoding.questions import answer_about, understand
from .perception import Perception, Seen


def ask(perception: Perception, seen: Seen | None, request: Ask.Request) -> Ask.Response:
    """Answer a request; runs in the worker's thread. Raises ValueError with one line.

    Args:
        seen: what the camera saw last; None when it saw nothing yet.
    """
    question = understand(perception.model, request.question, request.choices)
    if seen is None:
        raise ValueError("ask: no frame was seen yet; allowed: once the camera delivers")
    found = answer_about(question, perception.vocabulary, seen.answers, seen.contrast)
    return Ask.Response(
        success=True,
        understood=found.understood,
        visible=found.visible,
        answer=found.text,
        confidence=found.confidence,
        subject=found.subject,
        statement_id=found.statement_id,
        scores=list(found.scores),
        header=seen.clip.newest.header,
    )
