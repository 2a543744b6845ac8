"""What is said: only news, in plain words, once."""

from __future__ import annotations

import numpy as np
import pytest

from vljepa_ros.decoding.segments import Change
from vljepa_ros.decoding.speak import Speaker, change_in_words
from vljepa_ros.decoding.voice import Voice
from vljepa_ros.planning.vocabulary import Subject, Vocabulary

D = 32


def vocabulary():
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(D, D)))[0].T.astype(np.float32)
    drawer = Subject(
        "drawer",
        directions[0],
        ("drawer.open", "drawer.closed"),
        ("the drawer is open", "the drawer is closed"),
        directions[1:3],
    )
    cube = Subject(
        "cube",
        directions[3],
        ("cube.drawer", "cube.table"),
        ("the cube is in the drawer", "the cube is on the table"),
        directions[4:6],
    )
    return Vocabulary("m", (drawer, cube))


def rows(words, drawer, cube):
    return np.stack([words.subjects[0].embeddings[drawer], words.subjects[1].embeddings[cube]])


def change(means, *subjects, first=False):
    return Change(subjects, (0.9,) * len(subjects), 1.0, 2.0, np.zeros_like(means), means, first)


def test_first_sight_says_the_whole_scene_then_only_news():
    words = vocabulary()
    speaker = Speaker(words)
    first = speaker.say(change(rows(words, 1, 1), 0, 1, first=True))
    assert first.text == "The drawer is closed and the cube is on the table."
    assert first.previous == ""
    opened = speaker.say(change(rows(words, 0, 1), 0))
    assert opened.text == "The drawer is open now (it was closed)."
    assert (opened.subject, opened.statement) == ("drawer", "the drawer is open")
    assert opened.previous == "the drawer is closed"
    assert opened.now_true == ("the drawer is open", "the cube is on the table")
    assert opened.confidence > 0.9 and opened.change == pytest.approx(0.9)


def test_a_segment_that_reads_like_the_one_before_says_nothing():
    words = vocabulary()
    speaker = Speaker(words)
    speaker.say(change(rows(words, 1, 1), 0, 1, first=True))
    assert speaker.say(change(rows(words, 1, 1), 0)) is None


def test_two_subjects_changing_together_are_one_utterance():
    words = vocabulary()
    speaker = Speaker(words)
    speaker.say(change(rows(words, 0, 1), 0, 1, first=True))
    both = speaker.say(change(rows(words, 1, 0), 1, 0))
    assert both.text == (
        "The cube is in the drawer now (it was on the table). "
        "The drawer is closed now (it was open)."
    )


def test_a_statement_that_two_subjects_share_is_news_once():
    words = vocabulary()
    place = Subject(
        "place",
        words.subjects[1].query,
        ("cube.drawer", "place.left"),
        ("the cube is in the drawer", "the cube is at the left"),
        words.subjects[1].embeddings,
    )
    words = Vocabulary("m", (*words.subjects, place))
    speaker = Speaker(words)

    def means(cube, where):
        return np.stack([*rows(words, 0, cube), place.embeddings[where]])

    speaker.say(change(means(1, 1), 0, 1, 2, first=True))
    together = speaker.say(change(means(0, 0), 2, 1))
    assert together.text == "The cube is in the drawer now (it was at the left)."
    assert speaker.scene() == "The drawer is open and the cube is in the drawer."
    speaker.say(change(means(1, 1), 1, 2))
    speaker.say(change(means(0, 1), 1))
    assert speaker.say(change(means(0, 0), 2)) is None


def test_an_unsure_reading_is_kept_back_and_read_again_later():
    words = vocabulary()
    voice = Voice(words, min_confidence=0.9)
    unsure = rows(words, 1, 1)
    unsure[0] = (words.subjects[0].embeddings[0] + words.subjects[0].embeddings[1]) / np.sqrt(2)
    said = [voice.update(t / 10, unsure) for t in range(20)]
    texts = [item.utterance.text for item in said if item]
    assert texts == ["The cube is on the table."]
    said = [voice.update(2 + t / 10, rows(words, 0, 1)) for t in range(20)]
    texts = [item.utterance.text for item in said if item]
    assert texts == ["The drawer is open."]


@pytest.mark.parametrize(
    ("before", "now", "text"),
    [
        ("the doors are open", "the doors are shut", "The doors are shut now (they were open)."),
        (
            "a cup stands here",
            "a cup lies there",
            "A cup lies there now (before: a cup stands here).",
        ),
        ("the cube is red", "the ball is red", "The ball is red now (before: the cube is red)."),
    ],
)
def test_a_change_in_words(before, now, text):
    assert change_in_words(before, now) == text


def test_answers_of_another_vocabulary_are_refused():
    with pytest.raises(ValueError, match="3 subjects; allowed: 2"):
        Voice(vocabulary()).update(0.0, np.zeros((3, D)))
