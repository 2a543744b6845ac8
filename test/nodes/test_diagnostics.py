"""What the nodes tell about how they fare."""

from __future__ import annotations

import pytest

from vljepa_ros.nodes import diagnostics
from vljepa_ros.nodes.diagnostics import AGAIN_S, Outage


class Log:
    def __init__(self):
        self.lines = []
        self.info = self.warning = self.lines.append


@pytest.fixture
def clock(monkeypatch):
    """Moves on a tenth of a second whenever it is looked at."""
    ticks = iter(range(10**6))
    monkeypatch.setattr(diagnostics.time, "monotonic", lambda: next(ticks) / 10)


def test_a_source_that_goes_and_comes_is_told_of_once_each(clock):
    log = Log()
    outage = Outage(log, "gone", "back")
    for silent in (False, True, True, False, False):
        outage.update(silent)
    assert log.lines == ["gone", "back"]


def test_one_that_flickers_does_not_flood_the_log_and_one_that_stays_away_is_never_missed(clock):
    log = Log()
    outage = Outage(log, "gone", "back")
    seconds = 3 * AGAIN_S
    for i in range(int(seconds * 10)):
        outage.update(i % 2 == 0)
    assert log.lines == ["gone", "back"] * 3
    for _ in range(int(AGAIN_S * 10) + 1):
        outage.update(True)
    assert log.lines[6:] == ["gone"]
