"""What the camera saw and what actions would lead to, as messages."""

from __future__ import annotations

from collections.abc import Sequence

from vljepa_msgs.msg import Outcome, PredictedOutcomes, Readout, SemanticState

from ..planning.vocabulary import Vocabulary
from . import convert
from .perception import Expected, Seen


def state_msg(seen: Seen, vocabulary: Vocabulary) -> SemanticState:
    """The newest window's meaning and one readout for each subject of the vocabulary."""
    model_id = vocabulary.model_id
    msg = SemanticState(
        header=seen.clip.newest.header,
        window_start=convert.to_time(seen.clip.window_start),
        state_id=seen.state_id,
        model_id=model_id,
        embedding=convert.embedding_msg(model_id, seen.meaning),
        change=seen.change,
        contrast=seen.contrast,
        inference_ms=seen.inference_s * 1e3,
    )
    for subject, answer in zip(vocabulary.subjects, seen.answers, strict=True):
        best, confidence = subject.nearest(answer)
        msg.readouts.append(
            Readout(
                subject=subject.id,
                statement=subject.statements[int(best)],
                confidence=float(confidence),
                embedding=convert.embedding_msg(model_id, answer),
            )
        )
    return msg


def outcomes_msg(
    seen: Seen, set_id: str, expected: Sequence[Expected], model_id: str
) -> PredictedOutcomes:
    """What is expected of every candidate of a set, in the state seen."""
    return PredictedOutcomes(
        header=seen.clip.newest.header,
        state_id=seen.state_id,
        candidate_set_id=set_id,
        model_id=model_id,
        outcomes=[
            Outcome(
                action_id=item.action.id,
                works_probability=item.works,
                embedding=convert.embedding_msg(model_id, item.meaning),
                statement=item.statement,
            )
            for item in expected
        ],
    )
