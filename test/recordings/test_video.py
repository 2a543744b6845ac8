"""Videos as streams of frames: stamps, thinning out, and damaged files."""

from __future__ import annotations

import numpy as np
import pytest

from test.recordings.made import grey, write_video
from vljepa_ros.recordings.frames import RecordingError, open_recording


def test_pixels_and_stamps_come_back(tmp_path):
    path = write_video(tmp_path / "a.mp4", [grey(40 * i) for i in range(5)], fps=5)
    pictures = list(open_recording(path).pictures())
    np.testing.assert_allclose([p.stamp for p in pictures], [0, 0.2, 0.4, 0.6, 0.8], atol=2e-3)
    for i, picture in enumerate(pictures):
        assert picture.pixels.shape == (32, 48, 3)
        assert abs(float(picture.pixels.mean()) - 40 * i) < 6


def test_a_rate_thins_out_evenly(tmp_path):
    path = write_video(tmp_path / "a.mp4", [grey(50)] * 45, fps=15)
    stamps = [p.stamp for p in open_recording(path).pictures(rate=10)]
    assert 29 <= len(stamps) <= 31, "15 Hz thinned to 10 Hz, not to 7.5"


def test_a_gap_and_a_change_of_pace_are_noticed(tmp_path):
    stamps = [*np.arange(10) * 0.1, *(5 + np.arange(10) * 0.02)]
    path = write_video(tmp_path / "a.mp4", [grey(50)] * 20, stamps=stamps)
    recording = open_recording(path)
    assert len(list(recording.pictures())) == 20
    [(at, length)] = recording.flaws.gaps
    assert at == pytest.approx(0.9, abs=0.01) and length == pytest.approx(4.1, abs=0.01)
    assert any("gap" in line for line in recording.flaws.in_words())


def test_a_truncated_video_gives_what_is_left_or_says_why_not(tmp_path):
    path = write_video(tmp_path / "a.mkv", [np.random.default_rng(0).integers(
        0, 255, (64, 64, 3), np.uint8) for _ in range(60)], fps=10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    recording = open_recording(path)
    count = len(list(recording.pictures()))
    assert 5 < count < 55
    assert any("early" in line or "decode" in line for line in recording.flaws.in_words())


def test_a_short_film_cut_short_is_said_too(tmp_path):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (64, 64, 3), dtype=np.uint8) for _ in range(30)]
    whole = write_video(tmp_path / "whole.mkv", noise)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    for path, said in ((whole, 0), (cut, 1)):
        video = open_recording(path)
        list(video.pictures())
        assert len([line for line in video.flaws.in_words() if "ends early" in line]) == said


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 100])
def test_an_unreadable_file_is_one_line_with_its_name(tmp_path, content):
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"broken\.mp4.*cannot be read") as error:
        open_recording(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_topic_for_a_video_are_refused(tmp_path):
    with pytest.raises(RecordingError, match="does not exist"):
        open_recording(tmp_path / "none.mp4")
    path = write_video(tmp_path / "a.mp4", [grey(1)] * 3)
    with pytest.raises(RecordingError, match="topic '/cam' is for bags"):
        open_recording(path, topic="/cam")
