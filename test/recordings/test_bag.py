"""rosbag2 recordings as streams of frames, in MCAP and SQLite."""

from __future__ import annotations

import pytest

from test.recordings.made import compressed, grey, image, text, write_bag
from vljepa_ros.recordings.frames import RecordingError, open_recording, recordings_in


@pytest.mark.parametrize("mcap", [True, False])
@pytest.mark.parametrize("make", [image, compressed])
def test_pictures_come_back_with_their_stamps(tmp_path, mcap, make):
    frames = [("/cam", make(grey(20 * i), 100 + 0.1 * i)) for i in range(6)]
    path = write_bag(tmp_path / "bag", [*frames, ("/chatter", text("hello"))], mcap)
    recording = open_recording(path)
    pictures = list(recording.pictures())
    assert [p.stamp for p in pictures] == pytest.approx([100 + 0.1 * i for i in range(6)])
    assert [int(p.pixels.mean()) for p in pictures] == [20 * i for i in range(6)]
    assert recording.flaws.in_words() == []


def test_a_file_inside_a_bag_folder_can_be_given(tmp_path):
    write_bag(tmp_path / "bag", [("/cam", image(grey(7), 1.0))])
    [file] = (tmp_path / "bag").glob("*.mcap")
    assert len(list(open_recording(file).pictures())) == 1


def test_the_busiest_camera_or_the_one_named(tmp_path):
    few = [("/few", image(grey(1), 1.0))]
    many = [("/many", image(grey(2), 1.0 + i)) for i in range(3)]
    path = write_bag(tmp_path / "bag", few + many)
    assert open_recording(path).topic == "/many"
    assert len(list(open_recording(path, topic="/few").pictures())) == 1
    with pytest.raises(RecordingError, match=r"'/none'; allowed: /few, /many"):
        open_recording(path, topic="/none")


def test_a_bag_without_pictures_is_refused(tmp_path):
    path = write_bag(tmp_path / "bag", [("/chatter", text("hello"))])
    with pytest.raises(RecordingError, match="holds no sensor_msgs/Image"):
        open_recording(path)


def test_a_folder_that_is_no_bag_is_told_from_one(tmp_path):
    with pytest.raises(RecordingError, match="has no metadata.yaml; allowed: a video, a rosbag2"):
        open_recording(tmp_path)


def test_a_bag_cut_in_half_is_one_line(tmp_path):
    path = write_bag(tmp_path / "bag", [("/cam", image(grey(i), 1.0 + i)) for i in range(9)])
    [file] = path.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(RecordingError, match="bag") as error:
        list(open_recording(path).pictures())
    assert "\n" not in str(error.value)


def test_time_going_back_a_new_size_and_a_bad_frame_are_noticed(tmp_path):
    bad = image(grey(5), 3.0)
    bad.step = 7
    frames = [image(grey(1), 1.0), image(grey(2), 2.0), bad, image(grey(3, (16, 16)), 4.0),
              image(grey(4), 0.5), image(grey(4), 0.6)]
    path = write_bag(tmp_path / "bag", [("/cam", frame) for frame in frames])
    recording = open_recording(path)
    stamps = [p.stamp for p in recording.pictures()]
    assert stamps == pytest.approx([1.0, 2.0, 4.0, 0.5, 0.6])
    flaws = recording.flaws
    assert flaws.damaged == 1 and flaws.jumps_back == [0.5]
    assert flaws.sizes == [(48, 32), (16, 16), (48, 32)]
    assert len(flaws.in_words()) == 3


def test_a_folder_lists_bags_once_and_videos_by_suffix(tmp_path):
    write_bag(tmp_path / "deep" / "bag", [("/cam", image(grey(1), 1.0))])
    (tmp_path / "film.mp4").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("")
    found = [p.relative_to(tmp_path).as_posix() for p in recordings_in(tmp_path)]
    assert found == ["deep/bag", "film.mp4"]
    with pytest.raises(RecordingError, match="not a folder"):
        recordings_in(tmp_path / "none")
