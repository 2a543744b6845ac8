"""What the planner knows of things out of sight, and what it does about what it does not know."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from test.planning.hidden_world import CANDIDATES, HiddenModel, States, goal, step, visible
from vljepa_ros.planning.belief import Belief
from vljepa_ros.planning.look_for import BEAM, DEPTH
from vljepa_ros.planning.pursuit import Pursuit
from vljepa_ros.planning.search import SearchConfig, plan
from vljepa_ros.planning.things import remembered

DARK = 0.01
START = ("open", "off", "left", "right")


class Scene:
    """A true world, its model, and one belief about it over several goals."""

    def __init__(self, truth=START, forgetful=False):
        self.truth, self.model = truth, HiddenModel(forgetful)
        self.belief = Belief(self.model.vocabulary)
        self.done, self.words = [], []

    def pursuit(self, *statements, **options):
        return Pursuit(self.model, self.model.vocabulary, goal(self.model, *statements),
                       CANDIDATES, belief=self.belief, **options)

    def look(self, pursuit, contrast=1.0):
        shown = States([START]) if contrast < 0.05 else self.model.see(self.truth)
        return pursuit.look(shown, contrast)

    def act(self, pursuit, decision):
        before = self.truth
        self.truth = step(self.truth, decision.action.id)
        self.done.append(decision.action.id)
        self.words.append(decision.message)
        pursuit.executed(decision.action.id, "SUCCEEDED" if self.truth != before else "NO_EFFECT")

    def pursue(self, *statements, limit=12):
        pursuit = self.pursuit(*statements)
        for _ in range(limit):
            decision = self.look(pursuit)
            if decision.kind != "act":
                return decision
            self.act(pursuit, decision)
        raise AssertionError(f"no end: {self.done}")

    def see(self):
        """A look without a goal."""
        state = self.model.see(self.truth)
        answers = self.model.read(state, self.model.vocabulary.queries)[0]
        return self.belief.see(self.model, state, answers)

    def believed(self, subject):
        return next(b for b in self.belief.beliefs if b.subject == subject)


@pytest.mark.parametrize("forgetful", [False, True])
def test_a_cube_put_away_behind_a_closed_lid_is_remembered_there(forgetful):
    scene = Scene(forgetful=forgetful)
    scene.pursue("red.box")
    decision = scene.pursue("lid.closed")
    assert decision.kind == "met" and scene.done == ["red_box", "close_lid"]
    assert visible(scene.truth)[2] is None
    for subject in ("red_place", "red_in"):
        believed = scene.believed(subject)
        assert believed.statement_id == "red.box" and believed.remembered
        assert believed.since == 2 and believed.confidence > 0.9
    assert remembered(decision.beliefs) == ("the red cube is in the box",)
    assert not scene.believed("blue_place").remembered
    assert scene.model.told[-1] == "red.box"


@pytest.mark.parametrize("forgetful", [False, True])
def test_the_next_goal_finds_what_the_one_before_put_away(forgetful):
    scene = Scene(forgetful=forgetful)
    scene.pursue("red.box")
    scene.pursue("lid.closed")
    scene.done.clear()
    assert scene.pursue("red.left").kind == "met"
    assert scene.done == ["open_lid", "red_left"] and set(scene.words) == {""}
    assert not scene.believed("red_place").remembered


def test_what_was_never_seen_is_not_invented():
    scene = Scene(("closed", "off", "box", "right"))
    scene.see()
    assert scene.belief.missing("red") and not scene.belief.missing("blue")
    assert scene.model.told == []


def test_memory_gives_way_when_the_lid_is_open_and_the_cube_is_not_there():
    scene = Scene()
    scene.pursue("red.box", "lid.closed")
    scene.truth = ("open", "off", None, "right")  # somebody opened the box and took the cube away
    scene.see()
    assert scene.belief.missing("red")
    assert "the red cube is not in sight" in scene.belief.surprises


def test_memory_gives_way_when_the_cube_is_seen_elsewhere():
    scene = Scene()
    scene.pursue("red.box", "lid.closed")
    scene.truth = ("closed", "off", "left", "right")
    scene.see()
    assert scene.believed("red_place").statement_id == "red.left"
    assert not scene.believed("red_place").remembered


def test_memory_lasts_while_other_things_change():
    scene = Scene()
    scene.pursue("red.box", "lid.closed")
    for truth in (("closed", "on", "box", "right"), ("closed", "on", "box", "left")):
        scene.truth = truth
        scene.see()
        assert scene.believed("red_in").statement_id == "red.box"
    assert scene.believed("red_in").since == 2


def test_a_lid_shut_by_somebody_hides_what_was_seen_in_the_box():
    scene = Scene(("open", "off", "box", "right"))
    scene.see()
    scene.truth = ("closed", "off", "box", "right")
    scene.see()
    assert scene.believed("red_place").statement_id == "red.box"
    assert scene.believed("red_place").remembered


def test_what_vanishes_in_plain_sight_is_not_remembered():
    scene = Scene()
    pursuit = scene.pursuit("lamp.on")
    scene.look(pursuit)
    scene.truth = ("open", "off", None, "right")
    scene.look(pursuit)
    assert scene.belief.missing("red")


def test_a_count_of_things_does_not_explain_why_one_is_hidden():
    scene = Scene()
    scene.look(scene.pursuit("blue.box"))
    assert "count" not in [s.id for s in scene.belief.surroundings]
    assert [s.id for s in scene.belief.surroundings] == ["lid", "lamp"]


def test_subjects_of_one_thing_agree():
    scene = Scene()
    answers = scene.model.read(scene.model.see(START), scene.model.vocabulary.queries)[0]
    box, left = scene.model.embedding("red.box"), scene.model.embedding("red.left")
    answers[2] = 0.75 * box + 0.66 * left  # the place reads "in the box", but barely
    scene.belief.see(scene.model, scene.model.see(START), answers)
    assert scene.believed("red_in").statement_id == "red.table"
    assert scene.believed("red_place").statement_id == "red.left"


# -- looking for what was never in sight -----------------------------------------------------------


def test_it_opens_what_is_closed_to_look_for_what_the_goal_speaks_of():
    scene = Scene(("closed", "off", "box", "right"))
    assert scene.pursue("red.left").kind == "met"
    assert scene.truth[2] == "left" and scene.done == ["open_lid", "red_left"]
    assert scene.words == ["the red cube is not in sight; open lid to look for it", ""]


def test_a_model_that_cannot_be_told_anything_tries_what_it_has_not_looked_under():
    scene = Scene(("closed", "off", "box", "right"))
    scene.model.can_suppose, scene.model.suppose = False, lambda states, statements: states
    assert scene.pursue("red.left").kind == "met" and scene.truth[2] == "left"
    assert scene.done[-1] == "red_left" and "open_lid" in scene.done
    assert not any(action.startswith("blue") for action in scene.done)
    assert len(set(scene.done)) == len(scene.done) <= 3


def test_a_model_that_cannot_be_told_anything_gives_up_too():
    scene = Scene(("closed", "off", None, "right"))
    scene.model.can_suppose, scene.model.suppose = False, lambda states, statements: states
    assert scene.pursue("red.left").kind == "out_of_reach"
    assert sorted(scene.done) == ["open_lid", "switch_lamp"]  # each once


def test_what_was_never_seen_is_not_searched_for_at_full_depth(monkeypatch):
    looked = []

    def spy(*arguments):
        looked.append(arguments[5])
        return plan(*arguments)

    monkeypatch.setattr("vljepa_ros.planning.pursuit.plan", spy)
    scene = Scene(("closed", "off", None, "right"))
    decision = scene.pursue("red.left")
    assert decision.kind == "out_of_reach" and "the red cube is not in sight" in decision.message
    assert looked and all(config.depth == DEPTH and config.beam == BEAM for config in looked)
    looked.clear()
    assert scene.pursue("blue.left").kind == "met"
    assert all(config == SearchConfig() for config in looked)


def test_it_gives_up_when_it_has_looked_everywhere():
    scene = Scene(("closed", "off", None, "right"))
    decision = scene.pursue("red.left")
    assert decision.kind == "out_of_reach"
    assert "the red cube is not in sight" in decision.message
    assert scene.done == ["open_lid"]


def supposed_of_red(scene):
    """The list that the statements about the red cube go to which the model is told from now on."""
    red = scene.model.vocabulary.subject("red_place")
    told, suppose = [], scene.model.suppose

    def spy(states, statements):
        told.extend(red.statement_ids[i] for row in statements
                    for i in range(len(red.statement_ids))
                    if np.array_equal(red.embeddings[i], row))
        return suppose(states, statements)

    scene.model.suppose = spy
    return told


def test_it_is_not_looked_for_where_another_thing_is_seen():
    """The blue cube stands at the right: a red one there would be seen as well."""
    scene = Scene(("closed", "off", None, "right"))
    supposed = supposed_of_red(scene)
    assert scene.pursue("red.left").kind == "out_of_reach"
    assert "red.box" in supposed and "red.right" not in supposed


def test_looking_takes_no_longer_than_a_search_may(monkeypatch):
    """A second goes by with every look at the clock: the box, the last place, is not reached."""
    seconds = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: float(next(seconds)))
    monkeypatch.setattr("vljepa_ros.planning.look_for.time", clock)
    scene = Scene(("closed", "off", "box", "right"))
    supposed = supposed_of_red(scene)
    pursuit = scene.pursuit("red.left", search=SearchConfig(budget_ms=1500.0))
    assert scene.look(pursuit).kind == "out_of_reach" and not scene.done
    assert supposed == ["red.left"]
    assert scene.pursue("red.left").kind == "met"  # without a limit


def test_a_study_cut_short_is_made_up_for():
    """A search that nobody waits for any more may end in the middle of it."""
    scene = Scene()
    imagine, scene.model.imagine = scene.model.imagine, None
    with pytest.raises(TypeError):
        scene.look(scene.pursuit("red.right"))
    scene.model.imagine = imagine
    scene.look(scene.pursuit("red.right"))
    assert "count" not in {s.id for s in scene.belief.surroundings}


def test_it_does_not_look_for_what_the_goal_does_not_need():
    scene = Scene(("closed", "off", "box", "right"))
    assert scene.pursue("blue.left").kind == "met" and scene.done == ["blue_left"]


# -- a useless picture -----------------------------------------------------------------------------


def test_a_covered_camera_changes_no_belief_and_moves_nothing():
    scene = Scene()
    pursuit = scene.pursuit("red.box", "lid.closed")
    first = scene.look(pursuit)
    scene.act(pursuit, first)
    scene.look(pursuit)
    before = scene.belief.reading
    for _ in range(600):  # a minute of pictures
        decision = scene.look(pursuit, contrast=DARK)
        assert decision.kind == "blind" and decision.action is None
        assert decision.message.startswith("the camera sees nothing: its picture has no contrast")
    assert scene.belief.reading == before
    assert scene.look(pursuit).action.id == "close_lid"


def test_what_an_action_did_in_the_dark_is_believed_as_imagined_until_it_is_seen():
    scene = Scene()
    pursuit = scene.pursuit("red.box", "lid.closed")
    scene.act(pursuit, scene.look(pursuit))
    scene.act(pursuit, scene.look(pursuit))
    for _ in range(5):
        assert scene.look(pursuit, contrast=DARK).kind == "blind"
    assert scene.believed("lid").statement_id == "lid.closed" and scene.believed("lid").remembered
    decision = scene.look(pursuit)
    assert decision.kind == "met" and scene.believed("red_place").remembered
    assert not scene.believed("lid").remembered


def test_it_goes_on_from_memory_for_as_many_actions_as_allowed_and_never_says_met_unseen():
    scene = Scene(("closed", "off", "left", "right"))
    pursuit = scene.pursuit("red.box", "lid.closed", blind_actions=2)
    scene.act(pursuit, scene.look(pursuit))
    for expected in ("red_box", "close_lid"):
        decision = scene.look(pursuit, contrast=DARK)
        assert decision.kind == "act" and decision.action.id == expected
        assert "going on from memory" in decision.message
        scene.act(pursuit, decision)
    assert scene.look(pursuit, contrast=DARK).kind == "blind"
    assert scene.look(pursuit).kind == "met"
    assert scene.done == ["open_lid", "red_box", "close_lid"]


def test_a_failure_in_the_dark_leaves_the_belief_as_it_was():
    scene = Scene()
    pursuit = scene.pursuit("red.box", blind_actions=1)
    decision = scene.look(pursuit)
    pursuit.executed(decision.action.id, "FAILED")
    scene.look(pursuit, contrast=DARK)
    assert scene.believed("red_place").statement_id == "red.left"


def test_readings_without_confidence_are_not_believed():
    scene = Scene()
    scene.see()
    pursuit = scene.pursuit("red.box")
    nothing = scene.model.vocabulary.queries  # as far from every statement as can be
    scene.model.read = lambda states, queries: nothing[None]
    decision = scene.look(pursuit)
    assert decision.kind == "blind" and "shows nothing known" in decision.message


def test_a_first_look_at_nothing_is_no_look():
    scene = Scene()
    decision = scene.look(scene.pursuit("red.box", blind_actions=5), contrast=DARK)
    assert decision.kind == "blind" and decision.beliefs == ()


# -- meddling --------------------------------------------------------------------------------------


def test_what_somebody_changed_is_noticed_and_said():
    scene = Scene()
    pursuit = scene.pursuit("red.box", "lid.closed")
    assert scene.look(pursuit).noticed == ""
    pursuit.executed("red_box", "SUCCEEDED")
    scene.truth = ("closed", "off", "left", "right")  # the cube was taken out and the lid shut
    decision = scene.look(pursuit)
    assert decision.action.id == "open_lid"
    assert "the lid is closed" in decision.noticed
    assert "the red cube is on the left" in decision.noticed
    assert pursuit.history[-1].as_imagined is False


def test_what_is_known_to_be_misread_is_not_believed_and_what_is_hidden_stays_remembered():
    scene = Scene(("open", "off", "box", "left"))
    scene.see()
    red = {}

    def shown_after(action, blue):
        [chosen] = [a for a in CANDIDATES if a.id == action]
        scene.belief.intend(scene.model, chosen)
        scene.belief.acted(True)
        lid, lamp, *_ = step(scene.truth, action)
        scene.truth = (lid, lamp, "box", blue)
        scene.see()
        red[action] = scene.believed("red_place")

    shown_after("close_lid", "left")
    shown_after("switch_lamp", "right")
    assert scene.believed("blue_place").statement_id == "blue.right", "once it is believed"
    shown_after("switch_lamp", "left")
    assert scene.believed("blue_place").statement_id == "blue.left"
    shown_after("switch_lamp", "right")
    blue = scene.believed("blue_place")
    assert blue.statement_id == "blue.left" and blue.remembered
    assert scene.belief.doubted == ("the blue cube is on the right",)
    assert red["switch_lamp"] == red["close_lid"] and red["close_lid"].remembered
    assert not scene.believed("lamp").remembered
