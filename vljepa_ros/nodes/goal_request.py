"""Is a request for a goal one that can be taken? The same for set_goal and pursue_goal."""

from __future__ import annotations

from typing import Any

from vljepa_msgs.srv import SetGoal

MAX_TEXT = 500  # characters; the model's own limit
_TEXT, _IMAGE, _EMBEDDING = (
    SetGoal.Request.KIND_TEXT,
    SetGoal.Request.KIND_IMAGE,
    SetGoal.Request.KIND_EMBEDDING,
)


class GoalRequestError(ValueError):
    """A goal request that cannot be taken; one line."""


def check_goal_request(request: Any) -> None:
    """Raise GoalRequestError unless exactly the field named by ``kind`` is filled, and well."""
    if request.kind not in (_TEXT, _IMAGE, _EMBEDDING):
        raise GoalRequestError(
            f"kind: {request.kind}; allowed: {_TEXT} (text), {_EMBEDDING} (embedding)"
        )
    if request.kind == _IMAGE:
        raise GoalRequestError(
            "kind: 2 (image); picture goals are not available yet, allowed: 1, 3"
        )
    given = {
        "text": bool(request.text),
        "image": bool(request.image.data),
        "embedding": bool(request.embedding.data or request.embedding.model_id),
    }
    wanted = "text" if request.kind == _TEXT else "embedding"
    others = [name for name, filled in given.items() if filled and name != wanted]
    if others:
        raise GoalRequestError(f"{others[0]}: given beside {wanted}; allowed: exactly one of them")
    text = request.text.strip()
    if request.kind == _TEXT and not 1 <= len(text) <= MAX_TEXT:
        raise GoalRequestError(f"text: {len(text)} characters; allowed: 1 to {MAX_TEXT}")
    if request.kind == _TEXT and "\x00" in text:
        raise GoalRequestError("text: holds a null character; allowed: words")
