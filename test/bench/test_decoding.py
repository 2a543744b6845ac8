"""Event logs, judged lines, CIDEr and curves, on streams small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vljepa_ros.bench import decoding, speech
from vljepa_ros.bench.cider import Decodes, Point, cider, decodes_at, matched
from vljepa_ros.bench.environment import open_environment
from vljepa_ros.bench.streams import Event, Stream, disturb, film, load, save
from vljepa_ros.decoding.detectors import Pixels

OPEN, CLOSED = {"drawer": "drawer.open"}, {"drawer": "drawer.closed"}


def stream(events=(), opened_at=50, frames=100):
    pictures = np.zeros((frames, 16, 16, 3), np.uint8)
    truth = [OPEN if i >= opened_at else CLOSED for i in range(frames)]
    return Stream("test", 5.0, 3, pictures, truth, list(events))


def line(moment, decided, statement, attempt=False, first=False):
    return speech.Line("words", moment, decided, (statement,), attempt, first)


OPENED = Event(10.0, "change", ("drawer.open",), ("drawer.closed",), "open_drawer")
PULLED = Event(4.0, "attempt", ("drawer.closed", "drawer_lock.locked"), (), "open_drawer")


def test_a_line_is_true_by_the_state_when_it_is_said():
    shown = stream([OPENED])
    assert speech.is_true(line(9.5, 10.0, "drawer.open"), shown)
    assert not speech.is_true(line(9.0, 9.9, "drawer.open"), shown)
    assert not speech.is_true(line(3.0, 4.0, "drawer_lock.locked", attempt=True), shown)
    assert speech.is_true(line(3.5, 4.5, "drawer_lock.locked", attempt=True), stream([PULLED]))


def test_events_and_lines_are_matched_once_and_by_what_they_say():
    shown = stream([PULLED, OPENED])
    lines = [
        line(0.4, 1.6, "drawer.closed", first=True),
        line(3.2, 4.4, "drawer_lock.locked", attempt=True),
        line(10.4, 11.6, "drawer.open"),
        line(10.6, 11.8, "drawer.open"),
        line(14.0, 15.2, "drawer.closed"),
    ]
    assert speech.match(lines, shown.events) == ([1, 2], [-1, 0, 1, -1, -1])
    found = speech.judge([shown], [lines])
    assert found["recall"]["rate"] == 1.0 and found["recall_attempts"]["n"] == 1
    assert found["precision"]["rate"] == 0.5
    assert found["false_lines"]["rate"] == pytest.approx(0.2)
    assert found["false_examples"] == ["15.2 s: words"]
    assert found["latency_s"]["p50"] == 1.2


def test_what_happens_as_the_stream_ends_is_left_out():
    late = Event(19.0, "change", ("drawer.open",), ("drawer.closed",), "open_drawer")
    assert speech.judge([stream([late])], [[]])["recall"]["n"] == 0


def test_annotations_take_the_nearest_decode():
    decodes = Decodes([1.0, 6.0], ["early", "late"])
    assert matched(decodes, [(0.0, "a"), (3.4, "b"), (3.6, "c"), (9.0, "d")]) == [
        "early", "early", "late", "late"]
    assert matched(Decodes([], []), [(0.0, "a")]) == [""]


def test_cider_of_right_captions_is_ten_and_of_wrong_ones_less():
    notes = [(0.0, "the drawer is open wide"), (5.0, "the window is shut tight"),
             (9.0, "a red cube lies there")]
    right = Decodes([t for t, _ in notes], [c for _, c in notes])
    wrong = Decodes([0.0, 5.0, 9.0], [notes[1][1], notes[2][1], notes[0][1]])
    assert cider([(right, notes)]) == pytest.approx(10.0)
    assert cider([(wrong, notes)]) < 3.0


def test_decodes_needed_are_read_off_the_curve():
    points = [Point(0, 100, 8.0), Point(0, 10, 4.0), Point(0, 20, 6.0), Point(0, 40, 5.0)]
    assert decodes_at(points, 5.0) == pytest.approx(15.0)
    assert decodes_at(points, 7.0) == pytest.approx(60.0)
    assert decodes_at(points, 3.0) == 10.0
    assert decodes_at(points, 9.0) is None


def test_a_saved_stream_comes_back_with_the_same_noise(tmp_path):
    save(stream([OPENED]), tmp_path / "s")
    first, second = load(tmp_path / "s"), load(tmp_path / "s")
    assert first.events == [OPENED] and first.truth[0] == CLOSED
    assert np.array_equal(first.frames, second.frames) and first.frames.any()
    assert first.truth_at(10.0) == OPEN and first.truth_at(9.9) == CLOSED


def test_a_still_scene_is_disturbed_but_stays_the_scene():
    rng = np.random.default_rng(0)
    picture = rng.integers(60, 180, (4, 4, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    frames = np.repeat(picture[None], 300, axis=0)
    shaken = disturb(frames, rng)
    gains = shaken.mean(axis=(1, 2, 3)) / frames.mean()
    assert gains.min() < 0.93 or gains.max() > 1.07
    assert 0.6 < gains.min() and gains.max() < 1.4
    assert np.abs(shaken[1:].astype(int) - shaken[:-1]).mean() > 1.0


@pytest.mark.slow
def test_a_filmed_stream_logs_what_the_physics_did():
    shown = film(open_environment("scene-v0"), gap=5.0, seconds=25.0, seed=11)
    assert shown.frames.shape == (125, 128, 128, 3) and len(shown.truth) == 125
    changes = [e for e in shown.events if e.kind == "change"]
    assert changes
    for event in changes:
        earlier = [shown.truth_at(event.time - back) for back in (0.4, 1.0, 2.0, 3.0, 4.0)]
        assert any(set(event.before) <= set(truth.values()) for truth in earlier)
        assert set(event.statements) <= set(shown.truth_at(event.time + 0.2).values())
        assert not set(event.before) & set(event.statements)


@pytest.mark.slow
def test_the_whole_run_in_small(tmp_path):
    """Eighteen seconds of events and of stillness, through the shipped model."""
    found = decoding.run(minutes=0.3, folder=tmp_path, gaps=(5.0,), first_seed=500_000,
                         plot=tmp_path / "curves.png")
    assert found["minutes"] == 0.3 and found["episodes"] == 1
    assert (tmp_path / "curves.png").is_file()
    events = found["events_by_gap"]["5"]
    assert events > 0
    for way in ("bank", "bank_paced", "generator"):
        heard = found["lines"][way]
        assert heard["lines"] >= 1 and heard["quiet_streams"] == 1
        assert heard["quiet_minutes"] == 0.3
    dense, sparse = found["curves"]["5"]["uniform"][0], found["curves"]["5"]["uniform"][-1]
    assert dense["decodes"] > sparse["decodes"] >= 1
    assert found["cpu"]["embedding_of_generator"] < 1.0


def test_a_gap_that_is_not_measured_is_refused():
    with pytest.raises(ValueError, match=r"gaps = 7; allowed: 5, 2, 20, 60"):
        decoding.run(gaps=(7,))


def test_pictures_on_the_grid_are_compared_as_the_whole_ones():
    rng = np.random.default_rng(1)
    shown = stream([OPENED])
    shown.frames[:] = rng.integers(0, 255, shown.frames.shape, dtype=np.uint8)
    large = np.repeat(np.repeat(shown.frames, 4, axis=1), 4, axis=2)
    whole = Stream("test", 5.0, 3, large, shown.truth, [OPENED])
    kept = [Pixels(85.0), Pixels(85.0)]
    answers = np.ones((1, 2))
    due = []
    for frame, cells in zip(whole.frames, whole.small().frames, strict=True):
        found = [d.update(0.0, answers, p) for d, p in zip(kept, (frame, cells), strict=True)]
        assert (found[0] is None) == (found[1] is None)
        due.append(found[0] is not None)
    assert 0.1 < np.mean(due) < 0.9
