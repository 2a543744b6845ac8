"""Clips are windows of time, whatever the camera's rate."""

from __future__ import annotations

import numpy as np
import pytest

from vljepa_ros.nodes.clip_buffer import Arrival, ClipBuffer, Frame
from vljepa_ros.nodes.images import ImageError


def frame(stamp, value=0, size=(4, 6), bad=False):
    def decode():
        if bad:
            raise ImageError("data: rubbish")
        return np.full((*size, 3), value, np.uint8)

    return Frame(stamp, None, decode)


@pytest.mark.parametrize("rate", [10, 30, 60, 240])
def test_frames_are_a_stride_apart_at_any_rate(rate):
    buffer = ClipBuffer(4, 0.2)
    for i in range(5 * rate):
        buffer.push(frame(i / rate))
    stamps = [f.stamp for f in buffer.clip().frames]
    np.testing.assert_allclose(np.diff(stamps), 0.2, atol=0.04)
    assert stamps[-1] == pytest.approx(5 - 1 / rate)


def test_a_short_past_is_padded_with_the_oldest_and_a_gap_is_not_bridged():
    buffer = ClipBuffer(4, 0.2)
    buffer.push(frame(10.0))
    assert [f.stamp for f in buffer.clip().frames] == [10.0] * 4
    buffer.push(frame(10.2))
    assert [f.stamp for f in buffer.clip().frames] == [10.0, 10.0, 10.0, 10.2]
    buffer.push(frame(20.0))
    assert buffer.clip().window_start == 20.0


def test_late_frames_are_dropped_and_a_jump_back_starts_anew():
    buffer = ClipBuffer(4, 0.2)
    buffer.push(frame(10.0))
    assert buffer.push(frame(9.9)) is Arrival.LATE
    assert buffer.clip().newest.stamp == 10.0
    assert buffer.push(frame(3.0)) is Arrival.JUMPED_BACK
    assert buffer.clip().window_start == 3.0


def test_bad_frames_and_other_sizes_are_replaced_by_newer_ones():
    buffer = ClipBuffer(3, 0.2)
    buffer.push(frame(0.0, 1, size=(8, 8)))
    buffer.push(frame(0.2, 2, bad=True))
    buffer.push(frame(0.4, 3))
    clip = buffer.clip().stack()
    assert clip.shape == (3, 3, 4, 6) and (clip == 3).all()
    buffer.push(frame(0.6, bad=True))
    with pytest.raises(ImageError, match="rubbish"):
        buffer.clip().stack()


def test_the_buffer_stays_small_under_a_fast_camera():
    buffer = ClipBuffer(4, 0.2)
    for i in range(2000):
        buffer.push(frame(i / 1000))
    assert len(buffer._frames) <= 32
