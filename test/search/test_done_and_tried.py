"""One event for one thing done, what a phrase explains of it, and what may have been tried."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from test.recordings.made import write_video
from test.search.fake_world import World, film
from vljepa_ros.planning.vocabulary import Subject, Vocabulary
from vljepa_ros.recordings.frames import open_recording
from vljepa_ros.search.events import Event, _trying, between, scores, whole
from vljepa_ros.search.features import Features, look_through
from vljepa_ros.search.phrase import phrases
from vljepa_ros.search.spans import spans_of
from vljepa_ros.search.trying import tried

D = 16
ROWS = np.linalg.qr(np.random.default_rng(3).normal(size=(D, D)))[0].astype(np.float32)
PLACES = Vocabulary("places", (Subject(
    "cube", ROWS[0], ("cube.left", "cube.middle", "cube.right"), ("left", "middle", "right"),
    ROWS[1:4]),))


def two(name, values, first):
    ids = tuple(f"{name}.{value}" for value in values)
    return Subject(name, ROWS[0], ids, tuple(f"{name} {value}" for value in values),
                   ROWS[first : first + 2])


TABLE = Vocabulary("table", (
    two("drawer", ("open", "closed"), 1), two("window", ("open", "closed"), 3),
    two("drawer_lock", ("locked", "unlocked"), 5), two("window_lock", ("locked", "unlocked"), 7),
))


def carried(rests):
    """A cube goes from left to right in 5 s; on its way, for 1.8 s, it is read in the middle. The
    hand moves all the while, or `rests` for a second there."""
    reading = np.repeat([0, 1, 2], [12, 9, 12])
    motion = np.where((np.arange(33) > 5) & (np.arange(33) < 28), 90.0, 0.0)
    if rests:
        motion[14:19] = 0.0
    return Features(np.arange(33) * 0.2, np.zeros((33, 1, 2), np.float16),
                    PLACES.subjects[0].embeddings[reading][:, None].astype(np.float16),
                    np.zeros((33, D), np.float16), motion.astype(np.float16))


def test_what_is_read_on_its_way_is_no_event_of_its_own():
    features = carried(rests=False)
    [(first, last)] = spans_of(features, PLACES)
    event = between(features, PLACES, first, last)
    assert [int(PLACES.subjects[0].nearest(side[0])[0]) for side in (event.before, event.after)
            ] == [0, 2]
    assert features.motion[first] == 0 and features.motion[last] == 0, "from rest to rest"


def test_where_the_hand_rests_between_there_are_two_events():
    features = carried(rests=True)
    changed = [between(features, PLACES, a, b) for a, b in spans_of(features, PLACES)]
    assert [e.changed for e in changed] == [(0,), (0,)]


def held(*values):
    """Answers that say exactly these values, subject after subject."""
    return np.stack([s.embeddings[v] for s, v in zip(TABLE.subjects, values, strict=True)])


def test_only_what_is_locked_can_be_tried_in_vain():
    none = np.zeros((0, D))
    assert tried(TABLE, held(1, 0, 1, 1), none) == []
    [(verb, meaning)] = tried(TABLE, held(1, 0, 0, 1), none)
    assert verb == "open" and [meaning @ ROWS[1], meaning @ ROWS[2]] == pytest.approx([0.707] * 2,
                                                                                     abs=0.01)
    both = tried(TABLE, held(1, 0, 0, 0), none)
    assert [verb for verb, _ in both] == ["open", "close"]
    assert both[1][1] @ ROWS[3] > 0.7 > 0.1 > abs(both[1][1] @ ROWS[1])


def test_where_two_may_have_been_tried_each_phrase_is_held_to_the_thing_it_is_about():
    attempts = tried(TABLE, held(1, 0, 0, 0), np.zeros((0, D)))
    event = Event(0.0, 1.0, 0.5, np.zeros((1, 2)), held(1, 0, 0, 0), held(1, 0, 0, 0),
                  np.stack([meaning for _, meaning in attempts]), (), True,
                  tuple(verb for verb, _ in attempts))
    drawer, window = ROWS[1:3].sum(0), ROWS[3:5].sum(0)
    opening, closing = (SimpleNamespace(trying=np.array(t)) for t in ([0.9, 0.1], [0.1, 0.9]))
    row = _trying(TABLE, event, [opening, closing, opening, closing],
                  np.stack([drawer, drawer, window, window]))
    assert row[0] > row[1] and row[3] > row[2]
    assert row[0] == pytest.approx(row[3]) == pytest.approx(np.log(0.91) - np.log(2))
    misread = replace(event, trying=(), activity=np.zeros((0, D)))
    assert np.allclose(_trying(TABLE, misread, [opening], drawer[None]), np.log(0.01))
    assert not _trying(PLACES, misread, [opening], drawer[None]).any(), "knows of no locks"


def test_a_phrase_explains_what_happened_or_nothing_of_it(tmp_path):
    world = World()

    def event_of(name, *scenes):
        path = write_video(tmp_path / name, film(*scenes))
        return whole(look_through(world, open_recording(path)), world.vocabulary)

    events = [event_of("drawer.mp4", (0, 1, 3), (1, 1, 3)), event_of("still.mp4", (0, 0, 4))]
    asked = phrases(world, ["someone opens the drawer", "someone closes the drawer",
                            "someone closes the window"])
    done, still = scores(world, events, asked)["explains"]
    assert done == pytest.approx([0.5, -0.5, -1.5], abs=0.05) and not still.any()
