"""A recording through the pipeline, its cuts and the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import av
import numpy as np
import pytest

from test.nodes.fakes import MODEL_ID, ToyModel, picture
from test.recordings.made import image, write_bag, write_video
from vljepa_ros.decoding.alert_rules import Rule
from vljepa_ros.recordings.frames import RecordingError, open_recording
from vljepa_ros.replay.clips import cuts_of, write_cuts
from vljepa_ros.replay.page import Summary, clock, size_in_words, write_page
from vljepa_ros.replay.pipeline import Line, replay
from vljepa_ros.replay.timeline import values_of, write_timeline

SIZE = (32, 48)


def frames(*scenes, fps=10):
    """(lock, drawer, cube, seconds) one after another."""
    return [picture(scene[:3], SIZE) for scene in scenes for _ in range(round(scene[3] * fps))]


@pytest.fixture
def opened(tmp_path):
    """20 s: the drawer opens at 6 s and is closed again at 14 s."""
    return write_video(tmp_path / "opened.mp4", frames((1, 0, 0, 6), (1, 1, 0, 8), (1, 0, 0, 6)))


def run(path, **options):
    return replay(ToyModel(), open_recording(path), **options)


def test_what_the_nodes_would_have_said(opened):
    found = run(opened)
    first, open_, shut = found.lines
    assert first.first and not open_.first
    assert open_.moment == pytest.approx(6.0, abs=0.15) and "open" in open_.text
    assert shut.moment == pytest.approx(14.0, abs=0.15) and "closed" in shut.text
    assert open_.moment < open_.decided < 8.0
    assert found.vocabulary.model_id == MODEL_ID and len(found.stamps) == 200
    assert found.recorded == pytest.approx(19.9, abs=0.05)
    assert found.speed == pytest.approx(found.recorded / found.took)


def test_alerts_watch_along(opened):
    rules = [Rule("the drawer is open for 5 s", id="left"), Rule("the soup is hot")]
    found = run(opened, rules=rules)
    raised, over = found.raised
    assert (raised.id, raised.over, over.over) == ("left", False, True)
    assert raised.since == pytest.approx(6.0, abs=0.15)
    assert len(found.refused) == 1 and "soup" in found.refused[0]


def test_a_bag_is_replayed_like_a_video(tmp_path):
    shots = frames((1, 0, 0, 4), (1, 1, 0, 4))
    path = write_bag(tmp_path / "bag", [
        ("/cam", image(pixels, 1000 + 0.1 * i)) for i, pixels in enumerate(shots)
    ])
    found = run(path)
    assert found.lines[-1].moment == pytest.approx(1004.0, abs=0.15)


def test_of_a_covered_camera_nothing_is_said(tmp_path):
    open_, dark = picture((1, 1, 0), SIZE), np.full((*SIZE, 3), 60, np.uint8)  # reads as closed
    found = run(write_video(tmp_path / "covered.mp4", [open_] * 40 + [dark] * 40 + [open_] * 40))
    assert [line.first for line in found.lines] == [True]


def test_a_bag_of_which_nothing_decodes_is_one_line(tmp_path):
    bad = image(picture((1, 0, 0), SIZE), 1000.0)
    bad.step = 1
    path = write_bag(tmp_path / "bag", [("/cam", bad)])
    with pytest.raises(RecordingError, match="bag' holds no picture that decodes"):
        run(path)


def test_a_clock_that_goes_back_does_not_mix_up_moments(tmp_path):
    shots = frames((1, 0, 0, 4), (1, 1, 0, 4))
    stamps = [50 + 0.1 * i for i in range(40)] + [10 + 0.1 * i for i in range(40)]
    path = write_bag(tmp_path / "bag", [
        ("/cam", image(pixels, stamp)) for pixels, stamp in zip(shots, stamps, strict=True)
    ])
    recording = open_recording(path)
    found = replay(ToyModel(), recording)
    assert (np.diff(found.stamps) > 0).all()
    assert any("time goes back" in line for line in recording.flaws.in_words())
    assert "open" in found.lines[-1].text


def line(moment, decided, text="x", first=False):
    return Line(moment, decided, text, "drawer", 0.9, 0.5, first)


def test_cuts_are_padded_merged_and_never_beyond_the_recording():
    lines = [line(0.5, 1.0, first=True), line(3.0, 4.0), line(6.0, 6.5), line(20.0, 21.0)]
    first, second = cuts_of(lines, 0.0, 21.5, before=1.5, after=1.5)
    assert (first.start, first.end, len(first.lines)) == (1.5, 8.0, 2)
    assert (second.start, second.end) == (18.5, 21.5)
    assert cuts_of(lines[:1], 0.0, 10.0) == []
    with pytest.raises(ValueError, match="padding = -1"):
        cuts_of([], 0, 1, before=-1)


def test_only_the_moments_are_kept_as_videos(opened, tmp_path):
    recording = open_recording(opened)
    cuts = cuts_of(replay(ToyModel(), recording).lines, 0.0, 19.9)
    write_cuts(recording, cuts, tmp_path)
    assert [cut.file for cut in cuts] == ["moment_001.mp4", "moment_002.mp4"]
    for cut in cuts:
        with av.open(str(tmp_path / cut.file)) as film:
            shown = [(f.time, f.to_ndarray(format="rgb24")) for f in film.decode(video=0)]
        assert shown[-1][0] == pytest.approx(cut.seconds, abs=0.15)
        before, after = shown[0][1], shown[-1][1]
        middle = slice(18, 30)  # the drawer's column
        assert abs(before[:, middle].mean() - after[:, middle].mean()) > 60
    assert not list(tmp_path.glob(".unfinished*"))
    assert cuts[0].thumbnail.shape == (*SIZE, 3)


def test_a_picture_that_changes_its_size_is_still_cut(tmp_path):
    shots = [picture((1, int(i >= 40), 0), SIZE if i < 45 else (64, 96)) for i in range(80)]
    path = write_bag(tmp_path / "bag", [
        ("/cam", image(pixels, 1 + 0.1 * i)) for i, pixels in enumerate(shots)
    ])
    recording = open_recording(path)
    cuts = cuts_of(replay(ToyModel(), recording).lines, 1.0, 9.0)
    write_cuts(recording, cuts, tmp_path)
    with av.open(str(tmp_path / cuts[0].file)) as film:
        assert {(f.height, f.width) for f in film.decode(video=0)} == {SIZE}
    assert any("size" in text for text in recording.flaws.in_words())


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_shows_every_moment_and_loads_nothing_from_elsewhere(opened, tmp_path):
    recording = open_recording(opened)
    cuts = cuts_of(replay(ToyModel(), recording).lines, 0.0, 19.9)
    write_cuts(recording, cuts, tmp_path)
    summary = Summary("a <film>.mp4", 19.9, 8.0, 1000, 200, ("1 gap",))
    write_page(cuts, summary, 0.0, tmp_path / "index.html")
    text = (tmp_path / "index.html").read_text()
    page = _Tags()
    page.feed(text)
    assert page.open == []
    videos = [attributes for tag, attributes in page.tags if tag == "video"]
    assert [v["src"] for v in videos] == [cut.file for cut in cuts]
    assert all(v["poster"].startswith("data:image/jpeg;base64,") for v in videos)
    assert "a &lt;film&gt;.mp4" in text and "80% of the storage saved" in text
    assert "1 gap" in text
    assert re.search(r"<time>0:0[56]\.\d</time> The drawer is open now", text)
    assert not re.search(r'(src|href)="(https?:)?//', text)


def test_numbers_in_words():
    assert (clock(83.42), clock(3723.4), clock(0)) == ("1:23.4", "1:02:03.4", "0:00.0")
    assert [size_in_words(n) for n in (12, 12_300, 4_560_000)] == ["12 bytes", "12.3 kB", "4.6 MB"]


def test_a_band_of_the_timeline_says_what_tells_its_values_apart():
    words = {s.id: values_of(s) for s in ToyModel().vocabulary.subjects}
    assert words["lock"] == ["locked", "unlocked"]
    assert words["cube"] == ["on the table", "in the drawer"]


def test_the_timeline_is_a_picture(opened, tmp_path):
    found = run(opened, rules=[Rule("the drawer is open", id="d")])
    write_timeline(found, "opened.mp4", tmp_path / "t.png")
    import cv2

    drawn = cv2.imread(str(tmp_path / "t.png"))
    assert drawn.shape[1] > 1000 and drawn.std() > 10
