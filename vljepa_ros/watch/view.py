"""What there is to see of a planner, collected from its topics.

Messages are taken from the middleware and decoded when the screen is drawn, the newest of each: a
camera of 60 Hz costs no more than one of 10. The picture itself is not subscribed to; its rate and
loss are in the diagnostics.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions

from vljepa_msgs.msg import Alert, Goal, RankedActions, SemanticEvent, SemanticState
from vljepa_msgs.srv import ListAlerts

from ..client.alerts import AlertWatched, watched_of
from ..client.results import Ranking, State, ranking_of, state_of
from ..nodes import middleware, qos
from ..nodes.convert import seconds

PERCEPTION = "semantic_state_node"
SPOKEN_LINES = 8
FORGET_S = 5.0
"""What is older counts as gone."""
_TICK_S = 0.1
_ASK_EVERY_S = 2.0
"""How often what is watched for is asked anew; that it was raised or is over comes by itself."""
_OLDEST_S = 86_400.0
"""A stamp older than a day is of another clock: of a simulation, or of a bag."""


@dataclass(frozen=True)
class Report:
    """One node's diagnostics."""

    level: int
    message: str
    values: dict[str, str]
    received: float


class Line(NamedTuple):
    """Something spoken, ``at`` seconds since 1970; with the name of an ``alert`` that it was
    ``raised``, or is over."""

    at: float
    text: str
    alert: str = ""
    raised: bool = False


@dataclass
class View:
    """The newest of everything; times are of time.monotonic()."""

    place: str = "/"
    state: State | None = None
    state_at: float = float("-inf")
    ranking: Ranking | None = None
    ranking_at: float = float("-inf")
    goal_text: str = ""
    reports: dict[str, Report] = field(default_factory=dict)
    watched: tuple[AlertWatched, ...] | None = None
    watched_at: float = float("-inf")
    spoken: deque[Line] = field(default_factory=lambda: deque(maxlen=SPOKEN_LINES))

    @property
    def anything(self) -> bool:
        return self.state is not None or self.ranking is not None or bool(self.reports)

    @property
    def complete(self) -> bool:
        """Everything that a planner tells by itself has been heard."""
        return self.state is not None and self.ranking is not None and PERCEPTION in self.reports

    @property
    def camera(self) -> dict[str, str]:
        """What semantic_state_node says about the camera; empty when it has not for a while."""
        report = self.reports.get(PERCEPTION)
        fresh = report is not None and time.monotonic() - report.received < FORGET_S
        return report.values if report is not None and fresh else {}

    def report(self, at: float) -> dict[str, Any]:
        """The view as plain data; ``at`` seconds since 1970."""
        return {
            "at": at,
            "namespace": self.place,
            "nodes": {
                name: {"level": report.level, "message": report.message, "values": report.values}
                for name, report in self.reports.items()
            },
            "goal": self.goal_text,
            "state": self.state,
            "ranking": self.ranking,
            "spoken": [{"at": line.at, "text": line.text} for line in self.spoken
                       if not line.alert],
            "alerts": [{"at": line.at, "id": line.alert, "raised": line.raised, "text": line.text}
                       for line in self.spoken if line.alert],
            "watched": self.watched,
        }


class Watcher:
    """Listens in one namespace; ``spin`` from the main thread."""

    def __init__(self, namespace: str = "") -> None:
        os.environ.update(middleware.environment())
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(
            "vljepa_watch",
            namespace=namespace.rstrip("/") or None,
            context=self._context,
            enable_rosout=False,
            start_parameter_services=False,
        )
        self.view = View(place=self._node.get_namespace())
        self._state: bytes | None = None
        self._ranking: bytes | None = None
        listen = self._node.create_subscription
        self._subscriptions = [
            listen(SemanticState, "semantic_state", self._on_state, qos.NEWEST, raw=True),
            listen(RankedActions, "ranked_actions", self._on_ranking, qos.NEWEST, raw=True),
            listen(Goal, "goal", self._on_goal, qos.LATCHED),
            listen(SemanticEvent, "semantic_event", self._on_event, qos.SPOKEN),
            listen(Alert, "alert", self._on_alert, qos.STREAM),
            listen(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10),
        ]
        self._alerts = self._node.create_client(ListAlerts, "list_alerts")
        self._asked_at = float("-inf")

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._node.destroy_node()
        self._context.try_shutdown()

    def spin(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Listen for a while, then decode the newest of what came."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not (until and until()):
            time.sleep(min(left, _TICK_S))
            self._take()
            if until is not None:
                self._decode()
        self._decode()

    def complete(self) -> bool:
        """The view is, and who watches for alerts has said for which."""
        return self.view.complete and (
            self.view.watched is not None or not self._alerts.service_is_ready()
        )

    def _take(self) -> None:
        """What has come meanwhile; no executor, whose every turn costs more than all of it."""
        for subscription in self._subscriptions:
            with subscription.handle:
                take = partial(
                    subscription.handle.take_message, subscription.msg_type, subscription.raw
                )
                while (taken := take()) is not None:
                    subscription.callback(taken[0])
        self._ask()

    def _ask(self) -> None:
        """Take what is being watched for, and ask again now and then."""
        now = time.monotonic()
        with self._alerts.handle:
            while (answer := self._alerts.handle.take_response(ListAlerts.Response))[0] is not None:
                self.view.watched = tuple(watched_of(alert) for alert in answer[1].alerts)
                self.view.watched_at = now
        if now - self._asked_at > _ASK_EVERY_S and self._alerts.service_is_ready():
            self._asked_at = now
            with self._alerts.handle:
                self._alerts.handle.send_request(ListAlerts.Request())

    def topics(self, types: tuple[str, ...]) -> list[str]:
        """Topics of these types that somebody publishes."""
        return sorted(
            name
            for name, kinds in self._node.get_topic_names_and_types()
            if set(kinds) & set(types) and self._node.count_publishers(name)
        )

    def _decode(self) -> None:
        view = self.view
        if self._state is not None:
            view.state = state_of(deserialize_message(self._state, SemanticState))
            self._state = None
        if self._ranking is not None:
            view.ranking = ranking_of(deserialize_message(self._ranking, RankedActions))
            self._ranking = None

    def _on_state(self, data: bytes) -> None:
        self._state, self.view.state_at = data, time.monotonic()

    def _on_ranking(self, data: bytes) -> None:
        self._ranking, self.view.ranking_at = data, time.monotonic()

    def _on_goal(self, msg: Goal) -> None:
        self.view.goal_text = msg.text or ("(a picture or an embedding)" if msg.source else "")

    def _on_event(self, msg: SemanticEvent) -> None:
        self.view.spoken.append(Line(said_at(seconds(msg.header.stamp)), msg.text))

    def _on_alert(self, msg: Alert) -> None:
        at = said_at(seconds(msg.header.stamp))
        self.view.spoken.append(Line(at, msg.text, msg.id, msg.raised))
        self._asked_at = float("-inf")  # what is watched for stands otherwise now

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            place, _, name = status.name.rpartition("/")
            if (place or "/") != self.view.place:
                continue
            values = {item.key: item.value for item in status.values}
            level = int.from_bytes(status.level, "little")
            self.view.reports[name] = Report(level, status.message, values, time.monotonic())


def said_at(stamp: float) -> float:
    """Seconds since 1970 for a stamp of camera time: a line may be older than its listener; but a
    camera may have a clock of its own, then it counts as said now."""
    now = time.time()
    return stamp if now - _OLDEST_S < stamp <= now else now
