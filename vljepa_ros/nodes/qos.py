"""Named QoS profiles, and a camera subscription that fits the cameras really there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from .lifecycle import ManagedNode

NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
"""Reliable, keep last 1: only the newest counts."""
STREAM = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
"""Reliable, keep last 10: every message counts."""
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
    DDS fragment mostly gets lost on the way, so reliable is preferred when all publishers offer it.
    The publishers are looked at again and again: one that appears later, or comes back with another
    profile, is received all the same.
    """

    def __init__(
        self, node: ManagedNode, message_type: type, topic: str, callback: Callable[[Any], None]
    ) -> None:
        self._node = node
        self._type, self._callback = message_type, callback
        self.topic = node.resolve_topic_name(topic)
        self.publishers = 0
        self.reliability = ReliabilityPolicy.BEST_EFFORT
        self._subscription = self._subscribe()
        self._timer = node.create_timer(RESOLVE_PERIOD_S, self.resolve, clock=node.steady_clock)
        self.resolve()

    def resolve(self) -> None:
        """Look at the publishers there are now; subscribe anew when another profile fits."""
        offered = [
            info.qos_profile.reliability
            for info in self._node.get_publishers_info_by_topic(self.topic)
        ]
        self.publishers = len(offered)
        if not offered:
            return
        reliable = all(policy == ReliabilityPolicy.RELIABLE for policy in offered)
        wanted = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        if wanted != self.reliability:
            self.reliability = wanted
            old, self._subscription = self._subscription, self._subscribe()
            self._node.destroy_subscription(old)
            self._node.get_logger().info(f"{self.topic}: receiving {wanted.name.lower()}")

    def destroy(self) -> None:
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._subscription)

    def _subscribe(self) -> Any:
        return self._node.create_subscription(
            self._type, self.topic, self._callback, camera(self.reliability)
        )
