"""Every detector over one synthetic stream with known change points."""

from __future__ import annotations

import numpy as np
import pytest

from vljepa_ros.decoding.detectors import (
    ONLINE,
    Adaptive,
    Oracle,
    Pixels,
    Uniform,
    Variance,
    Ward,
    make_detector,
)
from vljepa_ros.decoding.segments import SegmentConfig
from vljepa_ros.decoding.ward import ward_starts

D, RATE = 48, 5.0
CHANGES = (6.0, 12.0, 15.0)
END = 24.0


@pytest.fixture
def stream():
    """(stamps, answers (N, 2, D), pictures) of a stream whose meaning changes three times."""
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(D, D)))[0].T
    stamps = np.arange(0, END, 1 / RATE)
    part = np.searchsorted(CHANGES, stamps, side="right")
    rows = np.stack([basis[part], basis[10 + (part >= 2)]], axis=1)
    rows = rows + rng.normal(size=rows.shape) * 0.1 / np.sqrt(D)
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    pictures = np.repeat((40 * part).astype(np.uint8), 32 * 32 * 3).reshape(-1, 32, 32, 3)
    return stamps, rows, pictures


def play(detector, stream):
    found = [detector.update(float(t), a, p) for t, a, p in zip(*stream, strict=True)]
    return [change for change in found if change is not None] + detector.finish()


@pytest.mark.parametrize(
    "detector", [Adaptive(), Pixels(20.0), Ward(END / 4), Oracle(CHANGES)],
    ids=lambda d: type(d).__name__,
)
def test_the_changes_are_found_once_each_where_they_are(detector, stream):
    changes = play(detector, stream)
    assert changes[0].first
    assert [c.moment for c in changes[1:]] == pytest.approx(CHANGES, abs=0.21)
    assert all(c.means.shape == (2, D) for c in changes)
    assert all(c.distances[0] > 0.5 for c in changes[1:])


def test_the_window_variance_finds_them_when_it_falls_again(stream):
    changes = play(Variance(0.05, window=4), stream)
    assert len(changes) == 4
    for change, true in zip(changes[1:], CHANGES, strict=True):
        assert true <= change.moment <= change.decided <= true + 1.0


def test_uniform_decodes_at_its_rate_and_after_silence_once(stream):
    assert len(play(Uniform(2.0), stream)) == 12
    detector = Uniform(1.0)
    answers = stream[1][0]
    times = [0.0, 0.5, 1.0, 60.0, 60.5, 61.0, 3.0, 4.0]
    decoded = [t for t in times if detector.update(t, answers) is not None]
    assert decoded == [0.0, 1.0, 60.0, 61.0, 3.0, 4.0]


def test_patience_joins_changes_and_forgets_what_changed_back(stream):
    changes = play(Adaptive(patience=4.0), stream)
    assert [round(c.decided) for c in changes] == [4, 10, 16]
    last = changes[-1]
    assert set(last.subjects) == {0, 1}
    assert last.moment == pytest.approx(15.0, abs=0.21)
    assert last.means[0] @ stream[1][-1, 0] > 0.95
    stamps, rows, pictures = stream
    back = rows.copy()
    back[(stamps >= 7) & (stamps < 9)] = rows[60]
    back[stamps >= 9] = rows[0]
    back[stamps < 7] = rows[0]
    assert len(play(Adaptive(), (stamps, back, pictures))) == 3
    assert len(play(Adaptive(patience=4.0), (stamps, back, pictures))) == 1


def test_what_follows_from_others_is_told_with_them_and_after_a_while_alone(stream):
    """Row 1 is derived; it changes at 6 s, row 0 at 8 s."""
    stamps, rows, pictures = stream
    rows, later = np.repeat(rows[:1], len(stamps), axis=0), stream[1][-1]
    rows[stamps >= 6.0, 1] = later[1]
    alone = play(Adaptive(gather=3.0, derived=[1]), (stamps, rows, pictures))[1:]
    at_once = play(Adaptive(gather=3.0), (stamps, rows, pictures))[1:]
    assert [c.subjects for c in alone + at_once] == [(1,), (1,)]
    assert alone[0].decided == pytest.approx(at_once[0].decided + 3.0, abs=0.21)
    rows[stamps >= 8.0, 0] = later[0]
    both = play(Adaptive(gather=3.0, derived=[1]), (stamps, rows, pictures))[1:]
    apart = play(Adaptive(), (stamps, rows, pictures))[1:]
    assert len(both) == 1 and set(both[0].subjects) == {0, 1} and len(apart) == 2
    assert both[0].decided == apart[1].decided  # no later than the one it waited for


def test_what_waits_when_a_recording_ends_is_told_and_after_a_silence_it_waits_anew(stream):
    stamps, rows, pictures = stream
    rows, later = np.repeat(rows[:1], len(stamps), axis=0), stream[1][-1]
    was = rows[0].copy()
    rows[stamps >= 6.0, 1] = later[1]
    short = [part[stamps < 8.0] for part in (stamps, rows, pictures)]
    detector = Adaptive(gather=3.0, derived=[1])
    (told,) = play(detector, short)[1:]  # by finish
    assert told.subjects == (1,) and told.decided == pytest.approx(7.8)
    detector = Adaptive(gather=3.0, derived=[1])
    assert [detector.update(float(t), a) for t, a, _ in zip(*short, strict=True)][-1] is None
    again = [detector.update(600.0 + 0.2 * k, was) for k in range(40)]  # meanwhile it changed back
    assert all(change is None for change in again) and detector.finish() == []
    detector = Adaptive(gather=3.0, derived=[1])
    for t, a, _ in zip(*short, strict=True):
        detector.update(float(t), a)
    back = [c for k in range(40) if (c := detector.update(1.0 + 0.2 * k, rows[-1])) is not None]
    assert [c.subjects for c in back] == [(1,)] and back[0].moment <= back[0].decided


def test_a_thing_that_moves_on_while_the_number_changes_is_told_where_it_settles(stream):
    """Row 0 is somewhere else for half a second, meanwhile row 1, derived, changes."""
    stamps, rows, pictures = stream
    rows, via, end = np.repeat(rows[:1], len(stamps), axis=0), stream[1][40], stream[1][-1]
    rows[stamps >= 6.0, 0], rows[stamps >= 6.6, 0] = via[0], end[0]
    rows[stamps >= 6.2, 1] = end[1]
    config = SegmentConfig(hold=0.4)
    (told,) = play(Adaptive(config, gather=3.0, derived=[1]), (stamps, rows, pictures))[1:]
    assert told.means[0] @ end[0] > 0.95 and told.moment == pytest.approx(6.6, abs=0.21)
    assert set(told.subjects) == {0, 1}
    turns = np.flatnonzero(stamps >= 6.6)
    rows[turns[::2], 0], rows[turns[1::2], 0] = end[0], stream[1][65][1]  # never settles
    (told,) = play(Adaptive(config, gather=3.0, derived=[1]), (stamps, rows, pictures))[1:]
    assert told.means[0] @ via[0] > 0.9
    assert told.decided == pytest.approx(6.4 + 3.0, abs=0.21)  # no longer a wait than told


def test_ward_in_blocks_speaks_of_a_block_when_it_is_over(stream):
    detector = Ward(mean_gap=3.0, block=9.0)
    stamps, rows, pictures = stream
    late = [
        t - c.moment for t, a, p in zip(stamps, rows, pictures, strict=True)
        if (c := detector.update(float(t), a, p)) is not None
    ]
    assert late and min(late) >= 0 and max(late) > 6.0
    assert detector.finish()


def test_ward_never_joins_across_time():
    rows = np.array([[0.0], [0.0], [5.0], [5.0], [0.0], [0.0]])
    assert ward_starts(rows, 3) == [0, 2, 4]
    assert ward_starts(rows[:1], 1) == [0]
    with pytest.raises(ValueError, match="count = 7 .*allowed: 1 to 6"):
        ward_starts(rows, 7)


def test_bad_names_and_settings_are_named():
    with pytest.raises(ValueError, match="detector = 'psychic' .*allowed: adaptive"):
        make_detector("psychic")
    with pytest.raises(ValueError, match="period = 0 .*above 0"):
        make_detector("uniform", period=0)
    with pytest.raises(ValueError, match="picture: none"):
        Pixels().update(0.0, np.zeros((1, D)))
    assert set(ONLINE) == {"adaptive", "uniform", "pixels", "variance", "ward"}
