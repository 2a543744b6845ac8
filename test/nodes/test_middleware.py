"""The DDS profile: who gets it, who keeps their own, and that Fast DDS can read it."""

from __future__ import annotations

import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from vljepa_ros.nodes import middleware
from vljepa_ros.nodes.diagnostics import LOSS_FEWEST, Loss


def test_our_profile_is_set_where_the_user_has_none():
    given = middleware.environment({"HOME": "/"})
    assert list(given) == ["FASTRTPS_DEFAULT_PROFILES_FILE"]
    root = ElementTree.parse(given["FASTRTPS_DEFAULT_PROFILES_FILE"]).getroot()
    (size,) = (e.text for e in root.iter() if e.tag.endswith("segment_size"))
    assert int(size) == 16 * 1024 * 1024


@pytest.mark.parametrize("name", middleware.VARIABLES)
def test_the_users_own_profile_is_kept(name):
    assert middleware.environment({name: "/my.xml"}) == {}
    assert middleware.profile_in_force({name: "/my.xml"}) == "/my.xml"


def test_fast_dds_reads_the_profile_without_a_word():
    code = "import rclpy; rclpy.init(); rclpy.create_node('reader'); print('up')"
    environment = {**os.environ, **middleware.environment({})}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "up" and done.stderr == ""


def test_a_share_of_lost_messages_needs_enough_of_them():
    loss = Loss()
    loss.lost(5)
    assert loss.share == 0.0 and loss.count == 5
    for _ in range(LOSS_FEWEST):
        loss.arrived()
    assert loss.share == pytest.approx(5 / (5 + LOSS_FEWEST))
