"""What the commands on recordings and pictures do with what they cannot use: one line, status 2."""

from __future__ import annotations

import pytest

from test.recordings.made import grey, text, write_bag, write_video
from vljepa_ros.cli.main import main


@pytest.fixture
def files(tmp_path):
    write_video(tmp_path / "film.mp4", [grey(50)] * 5)
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "labels.txt").write_text("open the drawer\nclose it\n")
    (tmp_path / "alerts.yaml").write_text("alerts: 3\n")
    write_bag(tmp_path / "talk", [("/chatter", text("hello"))])
    return tmp_path


@pytest.mark.parametrize("line, wrong", [
    ("classify broken.mp4 --labels labels.txt", "broken.mp4' cannot be read"),
    ("classify film.mp4 --labels empty.txt", "holds 0 labels"),
    ("classify film.mp4 --labels none.txt", "none.txt' cannot be read"),
    ("classify film.mp4 --labels labels.txt --top 0", "--top 0; allowed: 1 or more"),
    ("classify none.mp4 --labels labels.txt", "none.mp4' does not exist"),
    ("retrieve x none", "none' is not a folder"),
    ("retrieve x . --top 0", "--top 0"),
    ("clip broken.mp4 --out cut", "cannot be read"),
    ("clip film.mp4 --out cut --before -1", "padding = -1"),
    ("clip film.mp4 --out cut --rate 0", "--rate 0; allowed: 0.5 to 100"),
    ("clip talk --out cut", "holds no sensor_msgs/Image"),
    ("replay talk", "holds no sensor_msgs/Image"),
    ("replay film.mp4 --topic /cam", "is for bags"),
    ("replay film.mp4 --alerts alerts.yaml", "allowed: a list"),
    ("ask where? --image none.png", "none.png' does not exist"),
    ("ask where? --image film.mp4", "no picture that decodes"),
    ("ask where? --timeout 0", "--timeout 0"),
])
def test_what_cannot_be_used_is_one_line(files, monkeypatch, capsys, line, wrong):
    monkeypatch.chdir(files)
    assert main(line.split()) == 2
    error = capsys.readouterr().err.strip()
    assert wrong in error and "\n" not in error, error
    assert not (files / "cut").exists(), "nothing is left of what could not be done"


def test_an_empty_phrase_is_refused(files, monkeypatch, capsys):
    monkeypatch.chdir(files)
    assert main(["retrieve", " ", "."]) == 2
    assert "text is empty" in capsys.readouterr().err
