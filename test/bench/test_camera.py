"""A 640 x 480 camera at 30 Hz between two processes, with the shipped DDS profile."""

from __future__ import annotations

import os

import pytest
from rclpy.utilities import get_rmw_implementation_identifier

from vljepa_ros.bench.camera import measure

FRAMES = 60


@pytest.mark.skipif(
    get_rmw_implementation_identifier() != "rmw_fastrtps_cpp", reason="the profile is Fast DDS's"
)
@pytest.mark.slow
def test_the_profile_keeps_the_frames_that_stock_settings_lose(capsys):
    shipped = measure("raw_best_effort", FRAMES, 0, os.environ, with_profile=True)
    stock = measure("raw_best_effort", FRAMES, 0, os.environ, with_profile=False)
    with capsys.disabled():
        print(f"\nlost of {FRAMES}: {shipped['lost']} with the profile, {stock['lost']} without")
    assert shipped["lost_percent"] < 2
    assert shipped["received"] > FRAMES / 2  # the rest is the machine's, not the middleware's
    assert stock["lost_percent"] > 2, "nothing was lost without the profile: is it still needed?"
