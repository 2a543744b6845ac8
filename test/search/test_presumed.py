"""Of two phrases that are both true of an event, the one that only its beginning allows counts."""

from __future__ import annotations

import numpy as np
import torch

from vljepa_ros.model.world_model import LatentStates
from vljepa_ros.planning.protocols import Action, Imagined
from vljepa_ros.planning.vocabulary import Subject, Vocabulary
from vljepa_ros.search.events import Event
from vljepa_ros.search.presumed import presumed

PLACES = ("left", "middle", "drawer")
ROWS = np.eye(12, dtype=np.float32)
CUBE = Subject("cube", ROWS[0], tuple(f"cube.{p}" for p in PLACES),
               tuple(f"the cube is at {p}" for p in PLACES), ROWS[1:4])
LAMP = Subject("lamp", ROWS[4], ("lamp.off", "lamp.on"), ("the lamp is off", "the lamp is on"),
               ROWS[5:7])
ACTIVITY = Subject("activity", ROWS[7], ("activity.left", "activity.middle", "activity.switch"),
                   ("putting the cube at left", "putting the cube at middle", "switching the lamp"),
                   ROWS[8:11])


class World:
    """States are (place of the cube, lamp)."""

    vocabulary = Vocabulary("fake", (CUBE, LAMP, ACTIVITY))

    def imagine(self, states, actions, queries):
        rows = states.tokens[:, 0].numpy().astype(int)
        after = np.array([[self._after(row, a.text) for a in actions] for row in rows])
        works = (after != rows[:, None]).any(axis=-1).astype(np.float32)
        answers = np.stack([[self._answers(r) for r in row] for row in after])
        tokens = torch.tensor(after.reshape(-1, 1, 2).astype(np.float32))
        return Imagined(LatentStates(tokens), works, answers[:, :, : len(queries)])

    def _after(self, row, text):
        place, lamp = row
        if "lamp" in text:
            return place, 1 - lamp
        if "take it out" in text:
            return (1 if place == 2 else place), lamp
        return PLACES.index(text.split()[-1]), lamp

    def _answers(self, row):
        return np.stack([CUBE.embeddings[row[0]], LAMP.embeddings[row[1]], ACTIVITY.embeddings[0]])


def event(before, after):
    world = World()
    old, new = world._answers(before), world._answers(after)
    changed = tuple(i for i in (0, 1) if before[i] != after[i])
    return Event(0.0, 1.0, 0.5, np.array([before], np.float32), old, new, old[2:], changed, True)


ACTIONS = [Action("a", "take it out"), Action("b", "put the cube at middle"),
           Action("c", "switch the lamp")]


def signs(*events):
    world = World()
    tokens = torch.from_numpy(np.stack([e.tokens for e in events]))
    works = world.imagine(LatentStates(tokens), ACTIONS, world.vocabulary.queries).works
    return presumed(world, events, ACTIONS, works)


def test_what_works_only_from_the_true_beginning_tells_more():
    [from_drawer] = signs(event((2, 0), (1, 0)))
    assert from_drawer.tolist() == [1.0, 0.0, 0.0]  # from the left place both would have worked
    [from_left] = signs(event((0, 0), (1, 0)))
    assert from_left.tolist() == [0.0, 0.0, 0.0]  # no activity leads to the drawer: no elsewhere


def test_the_model_is_asked_in_portions_and_answers_the_same(monkeypatch):
    events = [event((2, 0), (1, 0)), event((2, 1), (1, 1)), event((2, 0), (0, 0))]
    whole, asked, imagine = signs(*events), [], World.imagine
    monkeypatch.setattr("vljepa_ros.search.presumed._PAIRS", len(ACTIONS))
    monkeypatch.setattr(World, "imagine", lambda self, states, actions, queries: (
        asked.append(len(states)) or imagine(self, states, actions, queries)))
    assert (signs(*events) == whole).all() and whole.any()
    assert asked[0] == asked[1] == len(events) and set(asked[2:]) == {1} and len(asked) > 3


def test_what_has_no_third_value_and_what_did_not_change_presume_nothing():
    assert not signs(event((2, 0), (2, 1)), event((2, 0), (2, 0))).any()


def test_a_model_without_activities_presumes_nothing(monkeypatch):
    monkeypatch.setattr(World, "vocabulary", Vocabulary("fake", (CUBE, LAMP)))
    assert not signs(event((2, 0), (1, 0))).any()
