"""Is a request for a goal one that can be taken? The same for set_goal and pursue_goal."""

from __future__ import annotations

import math
from typing import Any

from vljepa_msgs.srv import SetGoal

from .images import ImageError, check_image

MAX_TEXT = 500  # characters; the model's own limit
MAX_METRES = 100.0
MAX_TOLERANCE_M = 1.0
_KINDS = {
    SetGoal.Request.KIND_TEXT: "text",
    SetGoal.Request.KIND_IMAGE: "image",
    SetGoal.Request.KIND_EMBEDDING: "embedding",
    SetGoal.Request.KIND_POSE: "target",
}


class GoalRequestError(ValueError):
    """A goal request that cannot be taken; one line."""


def check_goal_request(request: Any) -> None:
    """Raise GoalRequestError unless exactly the field named by ``kind`` is filled, and well."""
    if request.kind not in _KINDS:
        allowed = ", ".join(f"{kind} ({name})" for kind, name in _KINDS.items())
        raise GoalRequestError(f"kind: {request.kind}; allowed: {allowed}")
    image = request.image
    given = {
        "text": bool(request.text),
        "image": bool(image.data or image.encoding or image.height or image.width),
        "embedding": bool(request.embedding.data or request.embedding.model_id),
        "target": bool(request.target.header.frame_id),
    }
    wanted = _KINDS[request.kind]
    others = [name for name, filled in given.items() if filled and name != wanted]
    if others:
        raise GoalRequestError(f"{others[0]}: given beside {wanted}; allowed: exactly one of them")
    if wanted == "text":
        _check_text(request.text.strip())
    elif wanted == "image":
        _check_picture(image)
    elif wanted == "target":
        _check_target(request)


def _check_text(text: str) -> None:
    if not 1 <= len(text) <= MAX_TEXT:
        raise GoalRequestError(f"text: {len(text)} characters; allowed: 1 to {MAX_TEXT}")
    if "\x00" in text:
        raise GoalRequestError("text: holds a null character; allowed: words")


def _check_picture(image: Any) -> None:
    try:
        check_image(image)
    except ImageError as error:
        raise GoalRequestError(f"image.{error}") from error


def _check_target(request: Any) -> None:
    if not request.target.header.frame_id:
        raise GoalRequestError("target.header.frame_id: empty; allowed: a frame's name")
    for axis in "xyz":
        value = getattr(request.target.pose.position, axis)
        if not math.isfinite(value) or abs(value) > MAX_METRES:
            raise GoalRequestError(
                f"target.pose.position.{axis}: {value}; allowed: -{MAX_METRES:g} to "
                f"{MAX_METRES:g} m"
            )
    if not 0 <= request.tolerance_m <= MAX_TOLERANCE_M:  # also refuses NaN
        raise GoalRequestError(
            f"tolerance_m: {request.tolerance_m}; allowed: 0 to {MAX_TOLERANCE_M:g}"
        )
