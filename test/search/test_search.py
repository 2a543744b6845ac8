"""Phrases, events, the index on disk and what is found in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from test.recordings.made import grey, image, text, write_bag, write_video
from test.search.fake_world import World, film, picture
from vljepa_ros.recordings.frames import RecordingError, open_recording
from vljepa_ros.search.classify import LabelError, classify, read_labels
from vljepa_ros.search.events import scores, whole
from vljepa_ros.search.features import look_through, motion_in
from vljepa_ros.search.index import Index, SearchIndexError
from vljepa_ros.search.phrase import OUTCOMES, phrases
from vljepa_ros.search.retrieve import retrieve
from vljepa_ros.search.spans import spans_of


@pytest.fixture
def folder(tmp_path):
    """Three videos: the drawer opens at 3 s; the window opens at 2 s; nothing happens."""
    place = tmp_path / "films"
    place.mkdir()
    write_video(place / "drawer.mp4", film((0, 1, 3), (1, 1, 3)))
    write_video(place / "window.mp4", film((0, 0, 2), (0, 1, 3)))
    write_video(place / "still.mp4", film((0, 0, 4)))
    return place


def event_of(path, world):
    return whole(look_through(world, open_recording(path)), world.vocabulary)


def test_features_have_a_row_for_every_look(folder):
    features = look_through(World(), open_recording(folder / "drawer.mp4"))
    assert len(features) == 30 and features.answers.shape == (30, 3, 16)
    assert features.stamps[-1] == pytest.approx(5.8, abs=0.05)
    assert features.tokens.dtype == np.float16


def test_a_change_of_light_is_no_motion():
    clip = np.stack([picture(0, 1).transpose(2, 0, 1)] * 2)
    lit = clip.copy()
    lit[1] += 20
    moved = clip.copy()
    moved[1, :, :8, :8] = 255
    assert motion_in(clip) == 0 and motion_in(lit) < 1 < 100 < motion_in(moved)


def test_an_event_knows_what_changed_and_when(folder):
    event = event_of(folder / "drawer.mp4", World())
    assert event.changed == (0,) and event.moment == pytest.approx(3.0, abs=0.25)
    assert OUTCOMES[event.outcome] == "done"
    assert OUTCOMES[event_of(folder / "still.mp4", World()).outcome] == "quiet"


def test_labels_are_told_apart(folder):
    world = World()
    labels = ["someone opens the drawer", "someone closes the drawer", "someone opens the window",
              "the arm tries to open the drawer in vain", "everything is at rest"]
    events = [event_of(folder / f"{name}.mp4", world) for name in ("drawer", "window", "still")]
    guesses = classify(world, events, labels)
    assert [g[0].label for g in guesses] == [labels[0], labels[2], labels[4]]
    assert all(sum(g.probability for g in row) == pytest.approx(1) for row in guesses)


def test_what_a_phrase_says_of_what_did_not_change_must_hold(folder):
    world = World()
    event = event_of(folder / "window.mp4", world)  # the drawer stays closed, the window opens
    asked = phrases(world, ["the window opens", "open the drawer", "the drawer is closed"])
    assert [part.statement_id for _, part in asked[1].says] == ["drawer.open"]
    [row] = scores(world, [event], asked)["holds"]
    assert row[0] == 0 and row[1] == pytest.approx(-0.98, abs=0.02) and row[2] > -0.02
    still = event_of(folder / "still.mp4", world)
    assert not scores(world, [still], asked)["holds"].any()


def test_what_must_hold_meanwhile_is_taken_apart():
    one, two = phrases(World(), ["someone opens the drawer while the window is open",
                                 "someone opens the drawer with a smile"])
    assert one.action.text == "someone opens the drawer"
    assert [part.statement_id for part in one.meanwhile] == ["window.open"]
    assert two.action.text == "someone opens the drawer with a smile" and not two.meanwhile


def test_spans_separate_what_happens_one_after_another(tmp_path):
    path = write_video(tmp_path / "a.mp4", film((0, 0, 4), (1, 0, 4), (1, 1, 4)))
    world = World()
    features = look_through(world, open_recording(path))
    spans = spans_of(features, world.vocabulary)
    happened = [(features.stamps[a], features.stamps[b]) for a, b in spans
                if whole(features.rows(a, b), world.vocabulary).changed]
    assert len(happened) == 2
    for (start, end), moment in zip(happened, (4.0, 8.0), strict=True):
        assert start < moment < end and end - start < 3.0


def test_the_moment_is_found_not_only_the_file(folder):
    world = World()
    index = Index(folder, world.model_id)
    index.update(world)
    best, *_ = retrieve(world, index, "someone opens the drawer")
    assert best.path == "drawer.mp4" and best.start <= 3.0 <= best.end
    assert 0.8 <= best.end - best.start <= 2.0
    assert retrieve(world, index, "someone opens the window")[0].path == "window.mp4"


def test_a_short_list_finds_the_same(folder, monkeypatch):
    world = World()
    index = Index(folder, world.model_id)
    index.update(world)
    everything = retrieve(world, index, "someone opens the drawer")
    monkeypatch.setattr("vljepa_ros.search.retrieve.SHORTLIST", 2)
    short = retrieve(world, index, "someone opens the drawer")
    first, best = short[0], everything[0]
    assert (first.path, first.start, first.end) == (best.path, best.start, best.end)
    assert first.score == pytest.approx(best.score) and len(short) == len(everything)
    assert short[2].score < short[1].score - 100


def test_only_what_is_new_or_changed_is_read_again(folder):
    world = World()
    first = Index(folder, world.model_id).update(world)
    assert sorted(first.added) == ["drawer.mp4", "still.mp4", "window.mp4"]
    world.encoded = 0
    again = Index(folder, world.model_id).update(world)
    assert len(again.kept) == 3 and not again.added and world.encoded == 0
    (folder / "still.mp4").unlink()
    write_video(folder / "drawer.mp4", film((0, 0, 1), (1, 0, 1)))
    changed = Index(folder, world.model_id).update(world)
    assert changed.added == ["drawer.mp4"] and changed.removed == ["still.mp4"]
    assert world.encoded == 10
    kept = {e.key for e in Index(folder, world.model_id).entries.values()}
    assert {p.name for p in index_folders(folder)} == kept, "nothing is left of what is gone"


def test_another_models_index_is_not_used(folder):
    world = World()
    Index(folder, world.model_id).update(world)
    assert Index(folder, "other-model").entries == {}


def test_a_bad_recording_is_skipped_and_named(folder):
    (folder / "broken.mp4").write_bytes(b"not a film")
    write_bag(folder / "bag", [("/chatter", text("no pictures here"))])
    write_bag(folder / "good_bag", [("/cam", image(grey(9), 1.0 + 0.1 * i)) for i in range(5)])
    world = World()
    done = Index(folder, world.model_id).update(world)
    assert set(done.skipped) == {"broken.mp4", "bag"} and "good_bag" in done.added
    assert "cannot be read" in done.skipped["broken.mp4"]
    world.encoded = 0
    Index(folder, world.model_id).update(world)
    assert world.encoded == 0, "what could not be read is not tried again until it changes"


def test_whatever_is_wrong_with_one_recording_the_others_are_indexed(folder, monkeypatch):
    (folder / "nowhere.mp4").symlink_to(folder / "gone.mp4")
    bad = image(grey(9), 1.0)
    bad.step = 1  # no picture of this bag decodes
    write_bag(folder / "bad_bag", [("/cam", bad)])
    world = World()
    see = world.encode_many

    def encode_many(clips):
        if clips[0].shape[-1] == 16:
            raise ValueError("clip has\n9x9 pixels")
        return see(clips)

    monkeypatch.setattr(world, "encode_many", encode_many)
    write_video(folder / "narrow.mp4", [np.zeros((32, 16, 3), np.uint8)] * 5)
    done = Index(folder, world.model_id).update(world)
    assert set(done.added) == {"drawer.mp4", "window.mp4", "still.mp4"}
    assert set(done.skipped) == {"nowhere.mp4", "bad_bag", "narrow.mp4"}
    assert "does not exist" in done.skipped["nowhere.mp4"]
    assert "no picture that decodes" in done.skipped["bad_bag"]
    assert done.skipped["narrow.mp4"].endswith("clip has 9x9 pixels")


def index_folders(folder):
    return [p for p in (folder / ".vljepa_index").iterdir() if p.is_dir()]


_KILLED = """
import sys, time
from pathlib import Path
from test.search.fake_world import World
from vljepa_ros.search.index import Index
world = World()
def tell(path, done, count):
    print(done, flush=True)
    if done == 2:
        time.sleep(60)
Index(Path(sys.argv[1]), world.model_id).update(world, tell)
"""


def test_a_killed_update_loses_nothing_that_was_done(folder):
    process = subprocess.Popen([sys.executable, "-c", _KILLED, str(folder)],
                               stdout=subprocess.PIPE, text=True, cwd=os.getcwd())
    for line in process.stdout:
        if line.strip() == "2":
            break
    world = World()
    with pytest.raises(SearchIndexError, match="another process"):
        Index(folder, world.model_id).update(world)
    process.kill()
    process.wait()
    (folder / ".vljepa_index" / ".unfinished-xyz").mkdir()
    index = Index(folder, world.model_id)
    assert len(index.entries) == 2 and len(list(index.events(world.vocabulary))) >= 2
    done = index.update(world)
    assert len(done.kept) == 2 and len(done.added) == 1
    assert not (folder / ".vljepa_index" / ".unfinished-xyz").exists()


def test_a_damaged_index_says_what_to_do(folder):
    world = World()
    Index(folder, world.model_id).update(world)
    manifest = folder / ".vljepa_index" / "manifest.json"
    content = json.loads(manifest.read_text())
    manifest.write_text("{")
    with pytest.raises(SearchIndexError, match="delete"):
        Index(folder, world.model_id)
    manifest.write_text(json.dumps(content))
    (index_folders(folder)[0] / "answers.npy").write_bytes(b"")
    with pytest.raises(SearchIndexError, match="damaged"):
        list(Index(folder, world.model_id).events(world.vocabulary))


def test_a_missing_folder_and_an_empty_one_are_said(tmp_path):
    world = World()
    with pytest.raises(RecordingError, match="not a folder"):
        Index(tmp_path / "none", world.model_id).update(world)
    index = Index(tmp_path, world.model_id)
    index.update(world)
    with pytest.raises(ValueError, match="no recording is indexed"):
        retrieve(world, index, "someone opens the drawer")


def test_labels_are_read_repeats_named(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("# what may happen\nopen the drawer\n\nshut it  # fast\nOpen the drawer\n")
    assert read_labels(path) == (["open the drawer", "shut it"], ["Open the drawer"])


def test_a_label_file_of_an_editor_that_marks_utf8_is_read(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes("\ufeffopen it\r\nclose it\r\nOpen it\r\n".encode())
    assert read_labels(path) == (["open it", "close it"], ["Open it"])


@pytest.mark.parametrize("content, wrong", [
    (b"", "holds 0 labels"), (b"# nothing\n\n", "holds 0 labels"), (b"one\nONE\n", "holds 1"),
    (b"\xff\xfe\x00", "not UTF-8"), (None, "cannot be read"),
])
def test_a_bad_label_file_is_one_line(tmp_path, content, wrong):
    path = tmp_path / "labels.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LabelError, match=wrong) as error:
        read_labels(path)
    assert "\n" not in str(error.value)
