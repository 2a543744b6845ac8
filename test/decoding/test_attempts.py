"""Pulling at something locked is said once, as what it is; opening something is not."""

from __future__ import annotations

import numpy as np
import pytest

from vljepa_ros.decoding.attempts import AttemptConfig
from vljepa_ros.decoding.voice import Voice
from vljepa_ros.planning.vocabulary import Subject, Vocabulary

D = 32
WORDS = {
    "drawer": {"drawer.closed": "the drawer is closed", "drawer.open": "the drawer is open"},
    "drawer_lock": {
        "drawer_lock.unlocked": "the drawer is unlocked",
        "drawer_lock.locked": "the drawer is locked",
    },
    "activity": {
        "activity.open_drawer": "the robot is opening the drawer",
        "activity.close_drawer": "the robot is closing the drawer",
        "activity.wait": "the robot is at rest",
    },
}


def vocabulary():
    rows = np.linalg.qr(np.random.default_rng(1).normal(size=(D, D)))[0].T
    subjects, used = [], 0
    for name, statements in WORDS.items():
        ids, texts = tuple(statements), tuple(statements.values())
        subjects.append(
            Subject(name, rows[used], ids, texts, rows[used + 1 : used + 1 + len(ids)])
        )
        used += 1 + len(ids)
    return Vocabulary("m", tuple(subjects))


class Show:
    """Plays states to a voice at 5 Hz and keeps what it says."""

    def __init__(self, **options):
        self.voice, self.stamp, self.said = Voice(vocabulary(), **options), 0.0, []

    def __call__(self, seconds, *values):
        for _ in range(round(seconds * 5)):
            self.stamp += 0.2
            rows = np.stack([s.embeddings[v] for s, v in
                             zip(self.voice.vocabulary.subjects, values, strict=True)])
            spoken = self.voice.update(self.stamp, rows)
            if spoken:
                self.said.append(spoken)
        return [s.utterance.text for s in self.said]


CLOSED, OPEN = 0, 1
UNLOCKED, LOCKED = 0, 1
OPENING, CLOSING, REST = 0, 1, 2


def test_a_pull_at_the_locked_drawer_is_said_once_a_bout():
    show = Show()
    show(4, CLOSED, LOCKED, REST)
    show(1, CLOSED, LOCKED, OPENING)
    show(0.4, CLOSED, LOCKED, REST)  # the reading wavers
    texts = show(3, CLOSED, LOCKED, CLOSING)
    pull = "The robot pulls at the drawer, but it is locked."
    assert texts == ["The drawer is closed and the drawer is locked.", pull]
    spoken = show.said[-1]
    assert spoken.utterance.statement == spoken.utterance.previous == "the drawer is locked"
    assert spoken.utterance.subject == "drawer_lock"
    assert spoken.change.moment == pytest.approx(4.2)
    show(2, CLOSED, LOCKED, REST)
    assert show(3, CLOSED, LOCKED, OPENING)[2:] == [pull]


def test_opening_what_is_unlocked_is_told_by_its_result_alone():
    show = Show()
    show(4, CLOSED, UNLOCKED, REST)
    show(1, CLOSED, UNLOCKED, OPENING)
    texts = show(3, OPEN, UNLOCKED, OPENING)
    assert texts[1:] == ["The drawer is open now (it was closed)."]


def test_what_moved_or_was_let_go_at_once_is_no_attempt():
    show = Show()
    show(4, CLOSED, LOCKED, REST)
    show(0.8, CLOSED, LOCKED, OPENING)
    show(2, CLOSED, LOCKED, REST)
    show(0.6, CLOSED, LOCKED, OPENING)
    texts = show(3, OPEN, LOCKED, OPENING)
    assert texts[1:] == ["The drawer is open now (it was closed)."]


def test_a_misread_frame_does_not_end_a_bout():
    show = Show()
    show(4, CLOSED, LOCKED, REST)
    show(0.6, CLOSED, LOCKED, OPENING)
    show(0.2, OPEN, UNLOCKED, OPENING)
    texts = show(1.4, CLOSED, LOCKED, OPENING)
    assert texts[1:] == ["The robot pulls at the drawer, but it is locked."]


def test_a_bout_before_the_camera_went_silent_does_not_count():
    show = Show()
    show(4, CLOSED, LOCKED, REST)
    show(1, CLOSED, LOCKED, OPENING)
    show.stamp += 60.0
    assert len(show(1, CLOSED, LOCKED, OPENING)) == 1
    assert show.voice.signal == 1.0
    assert len(show(1, CLOSED, LOCKED, OPENING)) == 2


def test_the_configuration_names_the_bad_value():
    with pytest.raises(ValueError, match="seconds = -1 .*allowed: 0 to 60"):
        AttemptConfig(seconds=-1)
