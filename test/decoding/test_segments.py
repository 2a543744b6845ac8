"""Segments of synthetic streams: noise, drift, flicker, near events, silence, time going back."""

from __future__ import annotations

import numpy as np
import pytest

from vljepa_ros.decoding.segments import SegmentConfig, Segmenter

D = 64
RATE = 10.0


def basis(rng, count):
    """`count` orthonormal directions (count, D)."""
    q, _ = np.linalg.qr(rng.normal(size=(D, count)))
    return q.T


class Stream:
    """Two subjects with three meanings each, seen through noise."""

    def __init__(self, seed=0, noise=0.0):
        self.rng = np.random.default_rng(seed)
        self.meanings = basis(self.rng, 6).reshape(2, 3, D)
        self.noise = noise
        self.stamp = 100.0

    def frame(self, first, second):
        rows = np.stack([self.meanings[0, first], self.meanings[1, second]])
        return self.blur(rows)

    def blur(self, rows):
        rows = rows + self.rng.normal(size=rows.shape) * self.noise / np.sqrt(D)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def play(self, segmenter, seconds, *state):
        changes = []
        for _ in range(round(seconds * RATE)):
            self.stamp += 1 / RATE
            change = segmenter.update(self.stamp, self.frame(*state))
            if change:
                changes.append(change)
        return changes


def test_first_sight_comes_once_and_speaks_of_every_subject():
    stream, segmenter = Stream(), Segmenter()
    (first,) = stream.play(segmenter, 5, 0, 0)
    assert first.first and first.subjects == (0, 1)
    assert first.moment == pytest.approx(100.1)
    assert first.decided - first.moment <= 0.5


@pytest.mark.parametrize("noise", [0.0, 0.3, 0.8])
def test_a_change_is_found_once_with_its_moment_whatever_the_noise(noise):
    stream, segmenter = Stream(1, noise), Segmenter()
    assert len(stream.play(segmenter, 10, 0, 0)) == 1
    changed_at = stream.stamp + 1 / RATE
    (change,) = stream.play(segmenter, 10, 0, 2)
    assert change.subjects == (1,)
    assert change.moment == pytest.approx(changed_at, abs=0.11)
    assert change.decided - change.moment < 1.0
    assert change.distances[0] > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_is_no_change(seed):
    stream, segmenter = Stream(seed, 0.6), Segmenter()
    assert len(stream.play(segmenter, 120, 1, 1)) == 1


def test_noise_that_grows_raises_the_threshold():
    stream, segmenter = Stream(2, 0.05), Segmenter()
    stream.play(segmenter, 10, 0, 0)
    calm = segmenter.thresholds.max()
    stream.noise = 0.6
    assert stream.play(segmenter, 60, 0, 0) == []
    assert segmenter.thresholds.max() > calm


def test_slow_drift_of_light_is_no_change():
    stream, segmenter = Stream(3, 0.1), Segmenter()
    stream.play(segmenter, 5, 0, 0)
    other = basis(np.random.default_rng(9), 1)[0]
    for step in range(600):
        stream.stamp += 0.1
        rows = stream.frame(0, 0) + 0.4 * step / 600 * other
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        assert segmenter.update(stream.stamp, rows) is None


def test_a_flicker_is_no_change():
    stream, segmenter = Stream(4, 0.1), Segmenter()
    stream.play(segmenter, 5, 0, 0)
    for _ in range(10):
        assert stream.play(segmenter, 0.2, 1, 0) == []
        assert stream.play(segmenter, 1, 0, 0) == []


def test_passing_through_a_meaning_reports_only_where_it_comes_to_rest():
    stream, segmenter = Stream(5, 0.1), Segmenter()
    stream.play(segmenter, 5, 0, 0)
    assert stream.play(segmenter, 0.3, 1, 0) == []
    (change,) = stream.play(segmenter, 3, 2, 0)
    assert change.means[0] @ stream.meanings[0, 2] > 0.95


def test_two_near_events_are_both_found():
    stream, segmenter = Stream(6, 0.1), Segmenter()
    stream.play(segmenter, 5, 0, 0)
    changes = stream.play(segmenter, 0.2, 1, 0) + stream.play(segmenter, 3, 1, 1)
    assert [change.subjects for change in changes] == [(0,), (1,)]
    assert changes[1].moment - changes[0].moment == pytest.approx(0.2, abs=0.01)


def test_after_silence_one_frame_does_not_confirm_a_change():
    stream, segmenter = Stream(7), Segmenter()
    stream.play(segmenter, 5, 0, 0)
    stream.stamp += 60
    assert stream.play(segmenter, 0.1, 1, 0) == []
    stream.stamp += 60
    assert stream.play(segmenter, 0.1, 1, 0) == []
    assert len(stream.play(segmenter, 2, 1, 0)) == 1


def test_time_going_back_neither_confirms_nor_forgets():
    stream, segmenter = Stream(8), Segmenter()
    stream.play(segmenter, 5, 0, 0)
    stream.stamp -= 50
    assert stream.play(segmenter, 5, 0, 0) == []
    assert len(stream.play(segmenter, 5, 1, 0)) == 1


def test_non_finite_answers_are_refused_and_change_nothing():
    stream, segmenter = Stream(), Segmenter()
    stream.play(segmenter, 5, 0, 0)
    with pytest.raises(ValueError, match="finite"):
        segmenter.update(stream.stamp + 0.1, np.full((2, D), np.nan))
    assert stream.play(segmenter, 2, 0, 0) == []


def test_the_configuration_names_the_bad_value():
    with pytest.raises(ValueError, match=r"floor = -1 .*allowed: \(0, 2\]"):
        SegmentConfig(floor=-1)
