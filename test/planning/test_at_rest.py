"""When a scene counts as at rest after an action."""

from __future__ import annotations

import numpy as np

from test.nodes.fakes import toy_vocabulary
from vljepa_ros.planning.at_rest import AtRest

WORDS = toy_vocabulary()


def answers(*values):
    return np.stack([s.embeddings[v] for s, v in zip(WORDS.subjects, values, strict=True)])


def test_what_was_seen_before_the_end_of_the_action_does_not_count():
    rest = AtRest(WORDS, frames=2)
    rest.restart(10.0)
    assert not rest.update(8.0, 9.0, answers(0, 0, 0))
    assert not rest.update(9.8, 10.2, answers(0, 0, 0))  # the window reaches back
    assert not rest.update(10.1, 10.5, answers(0, 0, 0))
    assert rest.update(10.2, 10.6, answers(0, 0, 0))


def test_a_scene_that_still_changes_is_waited_for():
    rest = AtRest(WORDS, frames=3)
    for i, value in enumerate([0, 1, 0, 1, 1]):
        assert not rest.update(i, i, answers(value, 0, 0))
    assert rest.update(5, 5, answers(1, 0, 0))


def test_motion_without_a_new_reading_is_motion_too():
    rest = AtRest(WORDS, frames=2, tolerance=0.1)
    still, moving = answers(0, 0, 0), answers(0, 0, 0)
    moving[0] = 0.8 * moving[0] + 0.6 * WORDS.subjects[0].query
    assert not rest.update(0, 0, still)
    assert not rest.update(1, 1, moving)
    assert not rest.update(2, 2, still)
    assert rest.update(3, 3, still)
