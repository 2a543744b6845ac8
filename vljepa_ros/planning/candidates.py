"""The candidate actions: read from YAML or a message, checked as a whole, seen from the camera.

A list is taken or refused in one piece. Targets are poses in a frame the extrinsics know; the
model gets them as positions in the camera's optical frame (REP-103: z forward, x right, y down).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from transforms3d.affines import compose
from transforms3d.quaternions import quat2mat

from .protocols import Action, Array, Region

MAX_CANDIDATES = 128
MAX_ID = 64
MAX_TEXT = 256
MAX_PARAMETERS = 32
MAX_COST = 10.0  # goal distances are at most 2 a part
MAX_TIMEOUT = 3600.0
_UNIT_TOLERANCE = 0.01
_MAX_METRES = 1000.0


class CandidateError(ValueError):
    """A candidate list or extrinsics file that cannot be used; one line."""


@dataclass(frozen=True)
class Pose:
    """Position in metres, orientation a unit quaternion (x, y, z, w), in frame ``frame_id``."""

    frame_id: str
    position: tuple[float, float, float]
    orientation: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Candidate:
    """One thing the robot could do, as the user lists it; ``timeout`` in seconds, 0 for none."""

    id: str
    text: str
    skill: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    target: Pose | None = None
    cost: float = 0.0
    timeout: float = 0.0


@dataclass(frozen=True)
class Frames:
    """Where the camera is: frame -> (4, 4) transform of its points into the optical frame."""

    optical_frame: str
    to_optical: Mapping[str, Array]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.optical_frame, *self.to_optical)

    def point(self, pose: Pose) -> tuple[float, float, float]:
        """The pose's position in the optical frame. Raises CandidateError for an unknown frame."""
        if pose.frame_id == self.optical_frame:
            return pose.position
        if pose.frame_id not in self.to_optical:
            raise CandidateError(f"frame_id: {pose.frame_id!r}; allowed: {', '.join(self.names)}")
        x, y, z, _ = self.to_optical[pose.frame_id] @ np.array([*pose.position, 1.0])
        return float(x), float(y), float(z)


@dataclass(frozen=True)
class CandidateSet:
    """A checked list. ``set_id`` is a fingerprint of its content: equal lists have equal ids."""

    set_id: str
    candidates: tuple[Candidate, ...]
    actions: tuple[Action, ...]

    def index(self, action_id: str) -> int:
        return [candidate.id for candidate in self.candidates].index(action_id)


def check_candidates(candidates: Sequence[Candidate], frames: Frames) -> CandidateSet:
    """The list as a whole, with targets in the optical frame. Raises CandidateError."""
    if not 1 <= len(candidates) <= MAX_CANDIDATES:
        raise CandidateError(f"actions: {len(candidates)} of them; allowed: 1 to {MAX_CANDIDATES}")
    seen: set[str] = set()
    actions = []
    for place, candidate in enumerate(candidates):
        where = f"actions[{place}]"
        _check_text(f"{where}.id", candidate.id, MAX_ID)
        if candidate.id in seen:
            raise CandidateError(f"{where}.id: {candidate.id!r} a second time; allowed: unique ids")
        seen.add(candidate.id)
        actions.append(_check_candidate(f"{where} ({candidate.id})", candidate, frames))
    return CandidateSet(_fingerprint(candidates), tuple(candidates), tuple(actions))


def load_candidates(path: str | Path, frames: Frames) -> CandidateSet:
    """Read config/actions.yaml: a mapping with ``actions`` and a default ``frame_id``."""
    document = _load_yaml(path, {"actions", "frame_id"})
    items = document.get("actions")
    if not isinstance(items, list):
        raise CandidateError(f"{path}: actions: {_kind(items)}; allowed: a list")
    default_frame = document.get("frame_id", "")
    try:
        candidates = [_from_yaml(i, item, default_frame) for i, item in enumerate(items)]
        return check_candidates(candidates, frames)
    except CandidateError as error:
        raise CandidateError(f"{path}: {error}") from error


def load_frames(path: str | Path) -> Frames:
    """Read config/scene.yaml: the pose of the camera's optical frame in each known frame."""
    document = _load_yaml(path, {"optical_frame", "frames"})
    optical, frames = document.get("optical_frame"), document.get("frames", {})
    if not isinstance(optical, str) or not optical:
        raise CandidateError(f"{path}: optical_frame: {optical!r}; allowed: a frame's name")
    if not isinstance(frames, dict):
        raise CandidateError(f"{path}: frames: {_kind(frames)}; allowed: a mapping")
    to_optical = {}
    for name, pose in frames.items():
        where = f"{path}: frames.{name}"
        camera = _pose_from_yaml(where, pose, str(name))
        _check_pose(where, camera)
        camera_in_frame = compose(camera.position, _rotation(camera.orientation), np.ones(3))
        to_optical[str(name)] = np.linalg.inv(camera_in_frame)
    return Frames(optical, to_optical)


def _check_candidate(where: str, candidate: Candidate, frames: Frames) -> Action:
    _check_text(f"{where}.text", candidate.text, MAX_TEXT)
    if len(candidate.skill) > MAX_TEXT:
        raise CandidateError(
            f"{where}.skill: {len(candidate.skill)} characters; allowed: {MAX_TEXT}"
        )
    if len(candidate.parameters) > MAX_PARAMETERS:
        raise CandidateError(
            f"{where}.parameters: {len(candidate.parameters)}; allowed: {MAX_PARAMETERS}"
        )
    _check_number(f"{where}.cost", candidate.cost, MAX_COST)
    _check_number(f"{where}.timeout", candidate.timeout, MAX_TIMEOUT)
    target = None
    if candidate.target is not None:
        _check_pose(f"{where}.target", candidate.target)
        try:
            target = frames.point(candidate.target)
        except CandidateError as error:
            raise CandidateError(f"{where}.target.{error}") from error
    return Action(
        id=candidate.id,
        text=candidate.text,
        skill=candidate.skill,
        target=target,
        cost=candidate.cost,
        timeout=candidate.timeout,
        parameters=dict(candidate.parameters),
        region=_region(where, candidate, frames),
    )


def _region(where: str, candidate: Candidate, frames: Frames) -> Region | None:
    """The box of a candidate whose target is free: parameters thing, box_min and box_max (metres),
    box_frame (default: the optical frame)."""
    given = candidate.parameters
    if "box_min" not in given and "box_max" not in given:
        return None
    frame = given.get("box_frame", frames.optical_frame)
    corners = []
    for name in ("box_min", "box_max"):
        at = f"{where}.parameters.{name}"
        try:
            x, y, z = (float(value) for value in given.get(name, "").split())
        except ValueError as error:
            raise CandidateError(f"{at}: {given.get(name)!r}; allowed: 'x y z'") from error
        _check_pose(at, Pose(frame, (x, y, z)))
        corners.append((x, y, z))
    low, high = np.array(corners)
    if not (low <= high).all():
        raise CandidateError(f"{where}.parameters.box_max: below box_min; allowed: above or equal")
    if not given.get("thing"):
        raise CandidateError(f"{where}.parameters.thing: none; allowed: what the box is for")
    try:
        ends = [low, *(low + np.eye(3)[i] * (high - low) for i in range(3))]
        corner, *tips = (np.array(frames.point(Pose(frame, tuple(end)))) for end in ends)
    except CandidateError as error:
        raise CandidateError(f"{where}.parameters.box_{error}") from error
    edges = tuple(tuple((tip - corner).tolist()) for tip in tips)
    return Region(given["thing"], tuple(corner.tolist()), edges)  # type: ignore[arg-type]


def _check_text(where: str, text: Any, limit: int) -> None:
    if not isinstance(text, str) or not text.strip():
        raise CandidateError(f"{where}: {text!r}; allowed: 1 to {limit} characters")
    if len(text) > limit or not text.isprintable():
        raise CandidateError(
            f"{where}: {len(text)} characters ({text[:20]!r}...); allowed: 1 to {limit} printable"
        )


def _check_number(where: str, value: float, limit: float) -> None:
    if not math.isfinite(value) or not 0 <= value <= limit:
        raise CandidateError(f"{where}: {value}; allowed: 0 to {limit:g}")


def _check_pose(where: str, pose: Pose) -> None:
    for name, value in zip("xyz", pose.position, strict=True):
        if not math.isfinite(value) or abs(value) > _MAX_METRES:
            raise CandidateError(
                f"{where}.position.{name}: {value}; allowed: -{_MAX_METRES:g} to {_MAX_METRES:g} m"
            )
    norm = math.sqrt(sum(value * value for value in pose.orientation))
    if not abs(norm - 1) <= _UNIT_TOLERANCE:  # also refuses NaN
        raise CandidateError(
            f"{where}.orientation: {list(pose.orientation)} of length {norm:.3g}; "
            "allowed: a unit quaternion (x, y, z, w)"
        )


def _rotation(orientation: tuple[float, float, float, float]) -> Array:
    x, y, z, w = orientation
    return quat2mat([w, x, y, z])


def _fingerprint(candidates: Iterable[Candidate]) -> str:
    rows = [asdict(candidate) for candidate in candidates]
    for row in rows:
        row["cost"] = float(np.float32(row["cost"]))  # as it comes back from a message
    content = json.dumps(rows, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _from_yaml(place: int, item: Any, default_frame: str) -> Candidate:
    where = f"actions[{place}]"
    if not isinstance(item, dict):
        raise CandidateError(f"{where}: {_kind(item)}; allowed: a mapping")
    known = {"id", "text", "skill", "parameters", "target", "cost", "timeout"}
    _check_keys(where, item, known)
    parameters = item.get("parameters", {})
    if not isinstance(parameters, dict):
        raise CandidateError(f"{where}.parameters: {_kind(parameters)}; allowed: a mapping")
    target = item.get("target")
    return Candidate(
        id=item.get("id", ""),
        text=item.get("text", ""),
        skill=str(item.get("skill", "")),
        parameters={str(k): _scalar(f"{where}.parameters.{k}", v) for k, v in parameters.items()},
        target=None
        if target is None
        else _pose_from_yaml(f"{where}.target", target, default_frame),
        cost=_number(f"{where}.cost", item.get("cost", 0.0)),
        timeout=_number(f"{where}.timeout", item.get("timeout", 0.0)),
    )


def _pose_from_yaml(where: str, item: Any, default_frame: str) -> Pose:
    if not isinstance(item, dict):
        raise CandidateError(f"{where}: {_kind(item)}; allowed: position and orientation")
    _check_keys(where, item, {"frame_id", "position", "orientation"})
    x, y, z = _numbers(f"{where}.position", item.get("position"), 3)
    qx, qy, qz, qw = _numbers(f"{where}.orientation", item.get("orientation", [0, 0, 0, 1]), 4)
    return Pose(str(item.get("frame_id", default_frame)), (x, y, z), (qx, qy, qz, qw))


def _scalar(where: str, value: Any) -> str:
    if not isinstance(value, (str, int, float)):
        raise CandidateError(f"{where}: {_kind(value)}; allowed: a word or a number")
    return str(value)


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CandidateError(f"{where}: {value!r}; allowed: a number")
    return float(value)


def _numbers(where: str, value: Any, count: int) -> list[float]:
    if not isinstance(value, list) or len(value) != count:
        raise CandidateError(f"{where}: {value!r}; allowed: {count} numbers")
    return [_number(f"{where}[{i}]", item) for i, item in enumerate(value)]


def _check_keys(where: str, item: Mapping[Any, Any], known: set[str]) -> None:
    for key in item:
        if key not in known:
            raise CandidateError(f"{where}: key {key!r}; allowed: {', '.join(sorted(known))}")


def _load_yaml(path: str | Path, known: set[str]) -> dict[str, Any]:
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise CandidateError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise CandidateError(f"{path}: not YAML ({problem})") from error
    if not isinstance(document, dict):
        raise CandidateError(f"{path}: {_kind(document)}; allowed: a mapping")
    _check_keys(str(path), document, known)
    return document


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
