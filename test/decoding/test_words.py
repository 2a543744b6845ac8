"""Written words are spoken only when they say what they were written from."""

from __future__ import annotations

import numpy as np
import pytest

from test.decoding.test_attempts import vocabulary
from vljepa_ros.decoding.pace import Pace, PaceConfig, PacedEye
from vljepa_ros.decoding.voice import Voice, coarser, spoken_subjects
from vljepa_ros.decoding.words import WrittenPhrase
from vljepa_ros.planning.vocabulary import Subject, Vocabulary


class Writer:
    """A generator that writes what it is told, and the embedding of known statements."""

    def __init__(self, words, *texts):
        self.known = {t: e for s in words.subjects
                      for t, e in zip(s.statements, s.embeddings, strict=True)}
        self.texts = list(texts)

    def write(self, means):
        return [(text, 0.9) for text in self.texts[: len(means)]]

    def embed(self, texts):
        return np.stack([self.known[text] for text in texts])


def test_a_text_that_says_something_else_has_no_confidence():
    words = vocabulary()
    drawer = words.subjects[0]
    writer = Writer(words, "the drawer is closed", "the drawer is open", "the drawer is locked")
    phrases = WrittenPhrase(words, writer.write, writer.embed)
    means = np.stack([drawer.embeddings[0]] * 3)
    true, opposite, other = phrases.read([0, 0, 0], means)
    assert true.text == "the drawer is closed" and true.confidence == pytest.approx(0.9, abs=0.01)
    assert opposite.confidence == other.confidence == 0.0
    assert phrases.refused == 2


def test_a_voice_with_a_lying_generator_says_nothing_false():
    words = vocabulary()
    subjects = spoken_subjects(words)
    writer = Writer(words, "the drawer is open", "the drawer is locked")
    voice = Voice(words, words=WrittenPhrase(subjects, writer.write, writer.embed))
    rows = np.stack([s.embeddings[v] for s, v in zip(words.subjects, (0, 1, 2), strict=True)])
    said = [voice.update(0.2 * i, rows) for i in range(20)]
    assert [s.utterance.text for s in said if s] == ["The drawer is locked."]


def test_a_subject_that_another_tells_more_of_is_silent():
    words = vocabulary()
    extra = np.eye(32)[:4]
    ids = ("cube_place.left", "cube_place.right", "cube_in.drawer")
    fine = Subject("cube_place", extra[1], ids, ("c", "d", "b"), extra[:3])
    coarse = Subject("cube_in", extra[0], ("cube_in.table", ids[2]), ("a", "b"), extra[:2])
    whole = Vocabulary("m", (*words.subjects, coarse, fine))
    assert coarser(whole) == {"cube_in"}
    assert [s.id for s in spoken_subjects(whole).subjects] == ["drawer", "drawer_lock",
                                                               "cube_place"]


def test_the_pace_follows_what_happens():
    picture = np.full((64, 64, 3), 100, np.uint8)
    pace = Pace(PaceConfig(calm=0.4, still=1.0))

    def looks(start, signal, change=0):
        moving = [np.clip(picture + change * (i % 2), 0, 255).astype(np.uint8) for i in range(20)]
        return sum(pace.due(start + 0.1 * i, moving[i], signal) for i in range(20))

    assert looks(0.0, 0.0) == 2  # still: once a second
    assert looks(10.0, 0.0, change=40) >= 4
    assert looks(20.0, 0.9) == 20  # a change is near: every frame
    with pytest.raises(ValueError, match="calm = 2"):
        PaceConfig(calm=2.0)


def test_a_live_stream_is_looked_at_by_what_was_read():
    from test.nodes.fakes import toy_vocabulary

    words = toy_vocabulary()
    eye = PacedEye(words)
    closed, opened = (np.full((64, 64, 3), level, np.uint8) for level in (100, 180))

    def looks(start, state, picture, seconds=3.0):
        """Seconds at which it looked, at 20 Hz."""
        rows = np.stack([s.embeddings[v] for s, v in zip(words.subjects, state, strict=True)])
        found = []
        for i in range(round(20 * seconds)):
            stamp = start + 0.05 * i
            if eye.due(stamp, lambda: picture):
                eye.saw(stamp, rows, 1e3)
                found.append(stamp - start)
        return found

    assert looks(0.0, (0, 0, 0), closed, 2.0)  # the first segment has to last before it is said
    still = looks(2.0, (0, 0, 0), closed)
    assert 3 <= len(still) <= 4
    change = looks(5.0, (0, 1, 0), opened)
    assert change[0] <= 0.4 and len(change) >= 20  # every frame until the change is decided
    assert len(looks(8.0, (0, 1, 0), opened)) <= 4
    tiny = np.zeros((8, 8, 3), np.uint8)  # too small to compare: looked at when calm allows
    assert len(looks(11.0, (0, 1, 0), tiny, 2.0)) >= 4
    assert eye.passed_over > 150
