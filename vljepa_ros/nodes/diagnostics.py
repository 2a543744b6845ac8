"""Rates, latencies and staleness on /diagnostics, on the steady clock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

PERIOD_S = 1.0
_WINDOW_S = 5.0
_SAMPLES = 256
_LOSS_WINDOW_S = 10.0
_LOSS_SAMPLES = 2048  # a camera of 200 Hz over the window
LOSS_FEWEST = 20
"""Messages sent from which on a share of lost ones means something."""
AGAIN_S = 20.0
"""Between two lines in the log about the same source's silence."""
MUCH_LOSS = 0.05
"""Share of lost images that is worth a warning."""


class Rate:
    """Events per second over the last seconds; may be told by one thread and read by another."""

    def __init__(self) -> None:
        self._ticks: deque[float] = deque(maxlen=_SAMPLES)
        self.count = 0

    def tick(self) -> None:
        self._ticks.append(time.monotonic())
        self.count += 1

    @property
    def hz(self) -> float:
        now = time.monotonic()
        recent = [tick for tick in tuple(self._ticks) if now - tick <= _WINDOW_S]
        return (len(recent) - 1) / (now - recent[0]) if len(recent) > 1 else 0.0

    @property
    def age(self) -> float:
        """Seconds since the last event; infinite before the first."""
        return time.monotonic() - self._ticks[-1] if self._ticks else float("inf")


class Loss:
    """Share of a stream's messages that the middleware lost on the way, over the last seconds.

    What it drops because a newer one came before the executor looked is not lost in this sense.
    """

    def __init__(self) -> None:
        self._arrived: deque[float] = deque(maxlen=_LOSS_SAMPLES)
        self._lost: deque[tuple[float, int]] = deque(maxlen=_LOSS_SAMPLES)
        self.count = 0  # lost in all

    def arrived(self) -> None:
        self._arrived.append(time.monotonic())

    def lost(self, count: int) -> None:
        """The middleware says that ``count`` messages more did not arrive."""
        self._lost.append((time.monotonic(), count))
        self.count += count

    @property
    def share(self) -> float:
        """0 to 1; 0 while fewer than LOSS_FEWEST were sent."""
        since = time.monotonic() - _LOSS_WINDOW_S
        lost = sum(count for at, count in tuple(self._lost) if at >= since)
        sent = lost + sum(at >= since for at in tuple(self._arrived))
        return lost / sent if sent >= LOSS_FEWEST else 0.0


class Latency:
    """Percentiles in milliseconds over the latest samples."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=_SAMPLES)

    def add(self, seconds: float) -> None:
        self._samples.append(seconds * 1e3)

    def percentile(self, percent: float) -> float:
        if not self._samples:
            return 0.0
        ordered = sorted(self._samples)
        return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]

    def values(self, name: str) -> dict[str, str]:
        return {
            f"{name} p50 (ms)": f"{self.percentile(50):.1f}",
            f"{name} p95 (ms)": f"{self.percentile(95):.1f}",
        }


class Outage:
    """Two lines in the log for a source that went silent: when it did, and when it was back.

    One that flickers (a camera as slow as the timeout) is told of every AGAIN_S, not at every turn;
    one that stays away always.
    """

    def __init__(self, logger: Any, lost: str, back: str) -> None:
        self._logger, self._lost, self._back = logger, lost, back
        self._told, self._told_at = False, float("-inf")

    def update(self, silent: bool) -> None:
        """Whether the source is silent now; call it often."""
        now = time.monotonic()
        if silent and not self._told and now - self._told_at > AGAIN_S:
            self._told, self._told_at = True, now
            self._logger.warning(self._lost)
        elif not silent and self._told:
            self._told = False
            self._logger.info(self._back)


Report = tuple[bytes, str, Mapping[str, str]]
OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)


class Diagnostics:
    """Publishes what ``report`` returns (level, message, values) once a second."""

    def __init__(self, node: Node, report: Callable[[], Report]) -> None:
        self._node = node
        self._report = report
        self.model_id = ""
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        # Steady: a paused simulation or a clock set back must not silence the diagnostics.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(PERIOD_S, self.publish, clock=steady)

    def publish(self) -> None:
        level, message, values = self._report()
        status = DiagnosticStatus(
            level=level,
            name=self._node.get_fully_qualified_name(),
            message=message,
            hardware_id=self.model_id,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
