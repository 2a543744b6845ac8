"""The film and the timeline of a recording."""

import itertools
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest

from vljepa_ros.demo.panel import SIZE, Painter
from vljepa_ros.demo.recording import Recording, Verdict
from vljepa_ros.demo.timeline import write_timeline
from vljepa_ros.demo.video import FPS, HOLD_S, write_video

from .examples import recording


def test_a_film_plays_at_the_pace_of_the_recording(tmp_path):
    path = tmp_path / "demo.mp4"
    write_video(recording(2.0), path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == SIZE
        assert float(stream.average_rate) == FPS
    assert len(frames) == int((2.0 + HOLD_S) * FPS)
    reds = [frame[300, 300, 0] for frame in frames]
    assert reds[20] > reds[2] + 60  # the camera goes on
    assert [path] == list(tmp_path.iterdir())


def test_a_film_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def broken(self, moment):
        raise RuntimeError("out of paint")

    monkeypatch.setattr(Painter, "paint", broken)
    with pytest.raises(RuntimeError):
        write_video(recording(1.0), tmp_path / "demo.mp4")
    assert list(tmp_path.iterdir()) == []


def test_panel_shows_what_changes():
    painter = Painter(recording())
    moments = {at: painter.paint(at).copy() for at in (0.1, 1.0, 1.7, 3.0)}
    panels = [picture[:, 700:] for picture in moments.values()]
    for before, after in itertools.pairwise(panels):
        assert np.abs(before.astype(int) - after).max() > 60


def test_panel_of_an_empty_recording_and_of_long_words():
    assert Painter(Recording(goal="x")).paint(0.0).shape == (SIZE[1], SIZE[0], 3)
    long = recording()
    long.goal = "put the cube in the drawer " * 18
    long.looks[0] = replace(
        long.looks[0], rows=tuple(replace(r, text=r.text * 9) for r in long.looks[0].rows)
    )
    long.verdict = Verdict(3.0, False, "goal not met: " + "no plan " * 40)
    picture = Painter(long).paint(3.0)
    assert (picture[:, -20:] == picture[0, 0]).all()  # nothing runs over the edge


@pytest.mark.parametrize("empty", [False, True])
def test_timeline_is_a_picture(tmp_path, empty):
    path = tmp_path / "timeline.png"
    write_timeline(Recording(goal="nothing") if empty else recording(), path)
    picture = cv2.imread(str(path))
    assert picture is not None and picture.shape[1] > 1000
