"""The demo's own node: gives the goal, and writes down what the other nodes say."""

from __future__ import annotations

import json
import math
import queue
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import String

from vljepa_msgs.action import PursueGoal
from vljepa_msgs.msg import Goal, RankedActions, SemanticEvent, SemanticState

from ..nodes import qos
from ..nodes.convert import seconds
from ..nodes.images import ImageError, decode_image
from ..planning.vocabulary import UNSEEN
from ..sim import environments
from .recording import Execution, Line, Look, Recording, Row
from .robot import RESULT_NAMES, RobotListener

SIMULATOR, PERCEPTION, PLANNER, DECODER = (
    "sim_node", "semantic_state_node", "planner_node", "decoder_node",
)
NODES = (SIMULATOR, PERCEPTION, PLANNER, DECODER)
TRUTH_KEYS = tuple(environments.start_parameters())
ENDINGS = {
    getattr(PursueGoal.Result, name): name
    for name in (
        "UNKNOWN", "MET", "OUT_OF_REACH", "NOT_UNDERSTOOD", "MAX_ACTIONS", "TIME_BUDGET", "STALE",
        "PREEMPTED", "EXECUTION_FAILED", "STOPPED", "PLANNED",
    )
}
_STATUS_NAMES = {
    getattr(RankedActions, name): name
    for name in ("NO_GOAL", "OK", "MET", "OUT_OF_REACH", "NOT_UNDERSTOOD", "STALE")
}
_CAMERA = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)
_JPEG_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 94]


@dataclass(frozen=True)
class Truth:
    """The simulator's true state; ``stamp`` in seconds of camera time."""

    state: dict[str, str]
    moving: bool
    stamp: float


@dataclass(frozen=True)
class Ended:
    """The pursuit is over: a name of PursueGoal's result constants."""

    ending: str
    message: str
    executed: tuple[Any, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Trouble:
    """A node says in its diagnostics that it cannot work."""

    node: str
    message: str


Event = Look | Execution | Line | Ended | Trouble | Goal
"""What the main thread is told. An Execution comes when it begins and again when it has ended."""


class DemoNode(Node):
    """Lives in the executor's thread; the main thread reads ``events`` and ``recording``."""

    def __init__(self, recording: Recording, record_frames: bool) -> None:
        super().__init__("vljepa_demo")
        self.recording = recording
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.truth: Truth | None = None
        self._record_frames = record_frames
        self._seen: set[str] = set()
        self._goal_parts: tuple[Any, ...] = ()
        self._ranked_state = ""
        self._step = 0
        self._early_answer: tuple[str, str] | None = None
        self._pursue = ActionClient(self, PursueGoal, "pursue_goal")
        self.create_subscription(Image, "image", self._on_image, _CAMERA)
        self.create_subscription(String, "sim/truth", self._on_truth, qos.NEWEST)
        self.create_subscription(SemanticState, "semantic_state", self._on_state, qos.NEWEST)
        self.create_subscription(SemanticEvent, "semantic_event", self._on_event, qos.SPOKEN)
        self.create_subscription(Goal, "goal", self._on_goal, qos.LATCHED)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        RobotListener(self, self._on_robot, self._on_answer)

    # -- for the main thread -----------------------------------------------------------------------

    def missing(self) -> list[str]:
        """The nodes that have not shown that they work."""
        ready = set(self._seen)
        if self._pursue.server_is_ready():
            ready.add(PLANNER)
        if self.count_publishers("semantic_text") and self.count_publishers("semantic_event"):
            ready.add(DECODER)
        return [name for name in NODES if name not in ready]

    def pursue(self, goal: str, max_actions: int) -> None:
        """Give the goal; what follows comes as events, an Ended at last."""
        request = PursueGoal.Goal(
            kind=PursueGoal.Goal.KIND_TEXT, text=goal, max_actions=max_actions
        )
        future = self._pursue.send_goal_async(request, feedback_callback=self._on_feedback)
        future.add_done_callback(self._on_accepted)

    # -- pursuit -----------------------------------------------------------------------------------

    def _on_accepted(self, future: Any) -> None:
        handle = future.result()
        if not handle.accepted:
            self.events.put(Ended("UNKNOWN", "the planner refused the goal"))
            return
        handle.get_result_async().add_done_callback(self._on_ended)

    def _on_ended(self, future: Any) -> None:
        result = future.result().result
        self.events.put(
            Ended(
                ENDINGS.get(result.result, "UNKNOWN"),
                result.message,
                tuple(RESULT_NAMES.get(item.result, "UNKNOWN") for item in result.executed),
            )
        )

    def _on_feedback(self, msg: Any) -> None:
        feedback = msg.feedback
        ranking = feedback.ranking
        # Until a look has been planned from, the feedback holds the ranking of the one before.
        if feedback.phase == "plan" and ranking.state_id != self._ranked_state:
            self._ranked_state = ranking.state_id
            if ranking.status == RankedActions.NOT_UNDERSTOOD:  # nothing was measured
                return
            look = look_of(ranking, self.recording.now(), feedback.step)
            self.recording.looks.append(look)
            self.events.put(look)
        if feedback.phase == "execute" and feedback.execution_id and feedback.step != self._step:
            self._step = feedback.step
            self._begin(*((chosen.action_id, chosen.text) for chosen in ranking.plan[:1]))

    def _begin(self, chosen: tuple[str, str] = ("", "")) -> None:
        now = self.recording.now()
        before = self._executing()
        if before is not None:  # its answer was lost; the result of the pursuit will have it
            before.ended = now
        execution = Execution(*chosen, began=now)
        self.recording.executions.append(execution)
        self.events.put(replace(execution))
        if self._early_answer is not None:
            (result, message), self._early_answer = self._early_answer, None
            self._on_answer(result, message)

    def _on_robot(self, progress: float, phase: str) -> None:
        execution = self._executing()
        if execution is not None:
            execution.progress.append((self.recording.now(), progress, phase))

    def _on_answer(self, result: str, message: str) -> None:
        execution = self._executing()
        if execution is None:  # refused at once, and here before the planner's own word of it
            self._early_answer = (result, message)
            return
        execution.result, execution.message = result, message
        execution.ended = self.recording.now()
        self.events.put(replace(execution))

    def _executing(self) -> Execution | None:
        executions = self.recording.executions
        return executions[-1] if executions and executions[-1].ended is None else None

    # -- what is seen and said ---------------------------------------------------------------------

    def _on_image(self, msg: Image) -> None:
        self._seen.add("image")
        if not self._record_frames:
            return
        try:
            pixels = decode_image(msg)
        except ImageError:
            return
        done, jpeg = cv2.imencode(".jpg", pixels[..., ::-1], _JPEG_QUALITY)
        if done:
            self.recording.frames.append((self.recording.now(), jpeg.tobytes()))

    def _on_truth(self, msg: String) -> None:
        values = json.loads(msg.data)
        state = {key: str(values[key]) for key in TRUTH_KEYS if key in values}
        self.truth = Truth(state, bool(values.get("moving")), float(values.get("stamp", math.nan)))
        self._seen.add(SIMULATOR)

    def _on_state(self, msg: SemanticState) -> None:
        self._seen.add(PERCEPTION)
        now = self.recording.now()
        self.recording.changes.append((now, float(msg.change)))
        self.recording.model_id = msg.model_id
        distance = distance_of(self._goal_parts, msg)
        if distance is not None:
            self.recording.distances.append((now, distance))

    def _on_event(self, msg: SemanticEvent) -> None:
        now = self.recording.now()
        # The event names the moment of the change in camera time; here only its age is used.
        age = max(0.0, seconds(msg.header.stamp) - seconds(msg.change_time))
        line = Line(now, max(0.0, now - age), msg.text)
        self.recording.spoken.append(line)
        self.events.put(line)

    def _on_goal(self, msg: Goal) -> None:
        self._goal_parts = tuple(msg.parts)
        if msg.source == Goal.SOURCE_NONE:
            return
        self.recording.understood = tuple(part.text for part in msg.parts)
        self.recording.statements = tuple(part.statement_id for part in msg.parts)
        self.recording.confidence = float(msg.confidence)
        self.recording.threshold = float(min((part.threshold for part in msg.parts), default=0.0))
        self.events.put(msg)

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            if status.level == DiagnosticStatus.ERROR:
                self.events.put(Trouble(status.name.strip("/"), status.message))


def look_of(msg: RankedActions, at: float, step: int) -> Look:
    """A ranking as plain data."""
    return Look(
        at=at,
        step=step,
        status=_STATUS_NAMES.get(msg.status, str(msg.status)),
        message=msg.message,
        distance=float(msg.distance_now),
        rows=tuple(
            Row(a.action_id, a.text, a.distance_after, a.works_probability, a.outcome)
            for a in msg.actions
        ),
        chosen=msg.plan[0].action_id if msg.plan else "",
        plan=tuple(step.text for step in msg.plan),
        planning_ms=float(msg.planning_ms),
        remembered=tuple(dict.fromkeys(
            b.statement for b in msg.beliefs
            if b.remembered and not b.statement_id.endswith(UNSEEN)
        )),
        noticed=msg.noticed,
    )


def distance_of(parts: tuple[Any, ...], state: SemanticState) -> float | None:
    """The goal distance of a state, read from what it says about the subjects of the goal's parts.

    The planner asks the model about the goal itself, at every look; this is nearly the same number
    for every frame, from what is published anyway. None when a part names no known subject.
    """
    answers = {readout.subject: readout.embedding.data for readout in state.readouts}
    total = 0.0
    for part in parts:
        if part.subject not in answers:
            return None
        total += 1.0 - float(np.dot(answers[part.subject], part.embedding.data))
    return total if parts else None
