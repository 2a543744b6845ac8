"""The alerts of decoder_node: services to change them, and a topic they are raised on.

decoder_node holds no weights: what a condition means is asked of the service encode_goal. Rules
from the file wait until the model's node is there, and are understood anew for another model.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from std_msgs.msg import Header

from vljepa_msgs.msg import Alert, AlertRule
from vljepa_msgs.srv import AddAlert, EncodeGoal, ListAlerts, RemoveAlert

from ..decoding.alert_rules import AlertError, Rule, parse
from ..decoding.alerts import Alerts, Raised
from ..planning.protocols import Array
from ..planning.vocabulary import Vocabulary
from . import convert, qos
from .lifecycle import ManagedNode, in_one_line
from .waiting import Waiter

ANSWER_S = 5.0
"""Longest to wait for encode_goal."""
_LOOK_EVERY_S = 0.2
_ASK_AGAIN_S = 2.0


class AlertDesk:
    """Lives from activation to deactivation of its node."""

    def __init__(self, node: ManagedNode, rules: Sequence[Rule]) -> None:
        self._node = node
        self._alerts: Alerts | None = None
        self._waiting = list(rules)  # not understood yet
        self._asking, self._again = False, 0.0
        self._waiter = Waiter(node, node.steady_clock, node.awaiting)
        node.own(self._waiter.close)
        self._client = node.own_client(EncodeGoal, "encode_goal")
        self._publisher = node.own_publisher(Alert, "alert", qos.STREAM)
        node.own_service(AddAlert, "add_alert", self._on_add)
        node.own_service(RemoveAlert, "remove_alert", self._on_remove)
        node.own_service(ListAlerts, "list_alerts", self._on_list)
        node.own_timer(_LOOK_EVERY_S, self._look)

    @property
    def count(self) -> int:
        """How many conditions are being watched."""
        return len(self._alerts.watched) if self._alerts is not None else 0

    def use(self, vocabulary: Vocabulary) -> None:
        """A model's vocabulary is there: what was watched is understood anew."""
        watched = self._alerts.watched.values() if self._alerts is not None else ()
        self._waiting = [*(_named(w.rule, w.id) for w in watched), *self._waiting]
        self._alerts = Alerts(vocabulary)

    def hear(self, header: Header, answers: Array) -> None:
        """A state with answers (S, D) to the vocabulary's queries."""
        if self._alerts is None:
            return
        for event in self._alerts.update(convert.seconds(header.stamp), answers):
            self._publisher.publish(_alert_msg(header, event))
            self._node.get_logger().warning(f"alert {event.id}: {event.text}")

    # -- rules of the file -------------------------------------------------------------------------

    async def _look(self) -> None:
        """Understand one waiting rule when the model's node can be asked."""
        ready = self._alerts is not None and self._waiting and not self._asking
        if not ready or not self._client.service_is_ready() or time.monotonic() < self._again:
            return
        self._asking = True
        rule = self._waiting[0]
        try:
            watched, _ = await self._add(rule)
            self._node.get_logger().info(
                f"alert {watched.id}: watching for {watched.condition!r}, {watched.hold:g} s"
            )
        except TimeoutError:
            self._again = time.monotonic() + _ASK_AGAIN_S
            return
        except ValueError as error:
            self._node.get_logger().error(f"alert {rule.text!r} refused: {in_one_line(error)}")
        finally:
            self._asking = False
        if self._waiting and self._waiting[0] is rule:
            self._waiting.pop(0)

    async def _add(self, rule: Rule) -> Any:
        """(what is watched now, confidence). Raises AlertError, TimeoutError."""
        alerts = self._alerts
        if alerts is None:
            raise AlertError("alerts: the model's vocabulary is not there yet; allowed: later")
        alerts.check_id(rule)
        condition, _ = parse(rule.text)
        request = EncodeGoal.Request(kind=EncodeGoal.Request.KIND_TEXT, text=condition)
        reply = await self._waiter.result(
            self._client.call_async(request), ANSWER_S, "encode_goal"
        )
        if self._alerts is not alerts:
            raise TimeoutError("the model was changed meanwhile; ask again")
        if not reply.success:
            raise AlertError(reply.message)
        width = alerts.vocabulary.queries.shape[1]
        parts = convert.parts_of(reply.parts, alerts.vocabulary.model_id, width)
        confidence = float(reply.confidence)
        return alerts.add(rule, parts, reply.understood, confidence), confidence

    # -- services ----------------------------------------------------------------------------------

    async def _on_add(
        self, request: AddAlert.Request, response: AddAlert.Response
    ) -> AddAlert.Response:
        try:
            rule = Rule(request.text, request.id, _rounded(request.threshold),
                        convert.seconds(request.hold))
            watched, confidence = await self._add(rule)
        except (ValueError, TimeoutError) as error:
            response.success, response.message = False, in_one_line(error)
            return response
        response.success, response.id = True, watched.id
        response.condition, response.confidence = watched.condition, confidence
        response.hold = convert.to_duration(watched.hold)
        return response

    def _on_remove(
        self, request: RemoveAlert.Request, response: RemoveAlert.Response
    ) -> RemoveAlert.Response:
        before = len(self._waiting)
        self._waiting = [rule for rule in self._waiting if not request.id or rule.id != request.id]
        response.success = len(self._waiting) < before
        try:
            if not response.success:
                (self._alerts or _none_watched()).remove(request.id)
                response.success = True
        except AlertError as error:
            response.message = in_one_line(error)
        return response

    def _on_list(
        self, request: ListAlerts.Request, response: ListAlerts.Response
    ) -> ListAlerts.Response:
        watched = self._alerts.watched.values() if self._alerts is not None else ()
        response.alerts = [
            AlertRule(
                id=w.id, text=w.rule.text, condition=w.condition, threshold=w.threshold,
                hold=convert.to_duration(w.hold), holding=w.since is not None, raised=w.raised,
            )
            for w in watched
        ]
        return response


def _alert_msg(header: Header, event: Raised) -> Alert:
    return Alert(
        header=header, id=event.id, raised=not event.over, text=event.text, rule=event.rule,
        since=convert.to_time(event.since), held=event.held, confidence=event.confidence,
    )


def _named(rule: Rule, name: str) -> Rule:
    return Rule(rule.text, name, rule.threshold, rule.hold)


def _none_watched() -> Alerts:
    raise AlertError("id: nothing is watched yet; allowed: ids of list_alerts")


def _rounded(value: float) -> float:
    """A float32 field as it was meant: 0.3, not 0.30000001192092896."""
    return float(f"{value:.6g}")


