"""Named QoS profiles, and a camera subscription that fits the cameras really there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from .diagnostics import Loss
from .lifecycle import ManagedNode

NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
"""Reliable, keep last 1: only the newest counts."""
STREAM = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
"""Reliable, keep last 10: every message counts."""
SPOKEN = QoSProfile(
    depth=10,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""Reliable, transient local, keep last 10: every line counts, and since the next may be hours away,
whoever comes later and asks for it gets the last ones."""
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""Reliable, transient local, keep last 1: whoever comes later gets the last one."""

RESOLVE_PERIOD_S = 0.5


def camera(reliability: ReliabilityPolicy) -> QoSProfile:
    return QoSProfile(depth=1, reliability=reliability)


class CameraSubscription:
    """Keep last 1; reliable when every publisher is, else best effort.

    Best effort matches every camera, so it is what an unknown one gets; but an image larger than a
    DDS fragment may get lost on the way, so reliable is preferred when all publishers offer it.
    The publishers are looked at again whenever one comes, goes or does not fit (the events
    ``matched`` and ``incompatible_qos``), and now and then for middlewares without these events.
    """

    def __init__(
        self, node: ManagedNode, message_type: type, topic: str, callback: Callable[[Any], None]
    ) -> None:
        self._node = node
        self._type, self._callback = message_type, callback
        self.topic = node.resolve_topic_name(topic)
        self.publishers: tuple[str, ...] = ()
        self.problem = ""
        self.reliability = ReliabilityPolicy.BEST_EFFORT
        self.loss = Loss()
        self._subscription = self._subscribe()
        self._timer = node.create_timer(RESOLVE_PERIOD_S, self.resolve, clock=node.steady_clock)
        self.resolve()

    def resolve(self) -> None:
        """Look at the publishers there are now; subscribe anew when another profile fits."""
        ours, others = [], []
        for info in self._node.get_publishers_info_by_topic(self.topic):
            (ours if info.topic_type == self._type_name else others).append(info)
        self.publishers = tuple(sorted(_name_of(info) for info in ours))
        self._complain(self._problem_with(others))
        if not ours:
            return
        reliable = all(i.qos_profile.reliability == ReliabilityPolicy.RELIABLE for i in ours)
        wanted = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        if wanted != self.reliability:
            self.reliability = wanted
            old, self._subscription = self._subscription, self._subscribe()
            self._node.destroy_subscription(old)
            self._node.get_logger().info(f"{self.topic}: receiving {wanted.name.lower()}")

    def destroy(self) -> None:
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._subscription)

    def values(self) -> dict[str, str]:
        """What /diagnostics shows of the camera."""
        return {
            "camera": ", ".join(self.publishers) or "none",
            "reliability": self.reliability.name.lower(),
            "images lost (%)": f"{100 * self.loss.share:.1f}",
        }

    @property
    def _type_name(self) -> str:
        return "/".join((self._type.__module__.split(".")[0], "msg", self._type.__name__))

    def _problem_with(self, others: list[Any]) -> str:
        if len(self.publishers) > 1:
            return (
                f"{len(self.publishers)} publishers on {self.topic} ({', '.join(self.publishers)});"
                " allowed: one, with a namespace for each camera"
            )
        if others and not self.publishers:
            kind = others[0].topic_type
            transport = {"sensor_msgs/msg/CompressedImage": "compressed"}.get(kind, "raw")
            known = kind in ("sensor_msgs/msg/CompressedImage", "sensor_msgs/msg/Image")
            hint = f"; set image_transport to {transport}" if known else ""
            return f"{self.topic} is published as {kind}; allowed: {self._type_name}{hint}"
        return ""

    def _complain(self, problem: str) -> None:
        if problem and problem != self.problem:
            self._node.get_logger().warning(problem)
        self.problem = problem

    def _received(self, msg: Any) -> None:
        self.loss.arrived()
        self._callback(msg)

    def _subscribe(self) -> Any:
        events = SubscriptionEventCallbacks(
            matched=lambda _: self.resolve(),
            incompatible_qos=lambda _: self.resolve(),
            message_lost=lambda event: self.loss.lost(event.total_count_change),
        )

        def subscribe(events: SubscriptionEventCallbacks | None) -> Any:
            return self._node.create_subscription(
                self._type,
                self.topic,
                self._received,
                camera(self.reliability),
                event_callbacks=events,
            )

        try:
            return subscribe(events)
        except UnsupportedEventTypeError:  # the timer finds the publishers too, only later
            return subscribe(None)


def _name_of(info: Any) -> str:
    """ "/camera/driver"; the name of a publisher's node comes a little later than its topic."""
    if info.node_name.startswith("_NODE_NAME_UNKNOWN"):
        return "unnamed"
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"
