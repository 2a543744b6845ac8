"""Goals of scene-v0 from clauses, and those to refuse: what they mean is what they are labelled."""

import re
from collections import defaultdict

import pytest

from vljepa_ros.model.y_encoder import CONTRADICTORY, FINE, UNRELATED
from vljepa_ros.sim.symbolic import PLACES
from vljepa_ros.training.phrases import Sentence, bare, held_out_sentences
from vljepa_ros.training.refusals import THINGS
from vljepa_ros.training.scene_compounds import CUBE, TABLE, both, meaning, parts_of
from vljepa_ros.training.scene_phrases import SceneSampler
from vljepa_ros.training.scene_semantics import SCENE

MARKUP = re.compile(r"[{}\[\]@]|<[A-Z_]+>")


@pytest.fixture(scope="module")
def sampler():
    return SceneSampler(5)


def excluded(parts):
    """Whether two of the parts are different values of one subject."""
    return any(a != b and a in values and b in values
               for values in SCENE.subjects.values() for a in parts for b in parts)


@pytest.mark.parametrize("key, place, means, parts", [
    ("drawer=open window_lock=locked", "", {"drawer": {"open"}, "window_lock": {"locked"}},
     ("drawer.open", "window_lock.locked")),
    ("cube=table", "", {"cube": TABLE}, ("cube_in.table",)),
    ("cube=not_table", "", {"cube": {"drawer"}}, ("cube_in.drawer",)),
    ("cube=PLACE", "back_left", {"cube": {"back_left"}}, ("cube_place.back_left",)),
    ("cube=ROW", "middle", {"cube": {"back_middle", "front_middle"}}, None),
    ("cube=not_PLACE", "back_left", {"cube": CUBE - {"back_left"}}, None),
])
def test_what_a_clause_allows(key, place, means, parts):
    assert meaning(key, place) == means
    assert parts_of(meaning(key, place)) == parts


def test_two_clauses_allow_what_both_allow():
    row, side = meaning("cube=ROW", "back"), meaning("cube=ROW", "left")
    assert parts_of(both(row, side)) == ("cube_place.back_left",)
    assert parts_of(both(row, meaning("cube=drawer"))) is None
    assert both(row, meaning("window=open")) == {**row, "window": {"open"}}


def test_composed_goals_hold_together_and_speak_of_every_part(sampler):
    seen = set()
    for _ in range(1500):
        goal = sampler.composed()
        assert goal.doubt == FINE and goal.parts
        assert not MARKUP.search(goal.text), goal.text
        assert not excluded(goal.parts), goal
        words = goal.text.lower()
        for part in goal.parts:
            seen.add(part)
            thing = part.split(".")[0].split("_")[0]
            names = {"drawer": r"dr|everything|nothing|\bboth\b|\btwo\b|lock",
                     "window": r"wi?n|everything|nothing|\bboth\b|\btwo\b|lock|air|draught",
                     "cube": r"cub|block|brick|box|red|qub|table|tbl|tabel|drw|dra"}[thing]
            assert re.search(names, words), goal
    assert seen >= {s for s in SCENE.statements if not s.startswith("activity")}


def test_the_clause_against_leaves_no_value(sampler):
    compounds = sampler.compounds
    for place in (*PLACES, "drawer"):
        whole = {"cube": frozenset({place}), "window": frozenset({"open"})}
        for _ in range(40):
            against = compounds._against(whole)
            assert not all(both(whole, against.means).values()), against


def test_a_sequence_asks_for_its_last_step(sampler):
    plain = 0
    for _ in range(1000):
        text, parts = sampler.compounds.sequence()
        for thing in ("drawer", "window"):
            last = {"open": text.rfind(f"open the {thing}"), "closed": max(
                text.rfind(f"close the {thing}"), text.rfind(f"shut the {thing}"))}
            if len(re.findall(thing, text)) == 2 and min(last.values()) >= 0:
                plain += 1
                assert f"{thing}.{max(last, key=last.get)}" in parts, text
    assert plain > 3


def test_an_exchanged_name_is_gone_and_the_goal_is_refused(sampler):
    refusals = sampler.refusals
    goal = Sentence("put the little cube in the drawer", parts=("cube_in.drawer",))
    seen = set()
    for _ in range(200):
        found = refusals.exchanged(goal)
        assert found.doubt == UNRELATED and found.parts == ()
        assert found.text != goal.text
        gone = [thing for thing, name in THINGS.items()
                if re.search(name, goal.text) and not re.search(name, found.text)]
        seen.update(gone)
        assert gone or re.search(r"cube|block|brick|drawer", found.text), found.text
    assert seen >= {"cube", "drawer"}


def test_only_what_a_goal_is_about_is_exchanged(sampler):
    goal = Sentence("leave the drawer alone and open the window", parts=("window.open",))
    for _ in range(50):
        assert "leave the drawer alone" in sampler.refusals.exchanged(goal).text
    assert sampler.refusals.exchanged(Sentence("open it", parts=("window.open",))) is None


def test_neighbours_ask_for_statements_that_hold_together(sampler):
    for kind in ("fine", "aside"):
        for text, parts in sampler.refusals.goals[kind]:
            assert "@F" not in text and not excluded(parts)
            assert all(part in SCENE.index for part in parts), text


def test_talk_around_a_goal_changes_nothing_of_what_it_asks(sampler):
    goal = Sentence("Lock the window.", parts=("window_lock.locked",), doubt=FINE)
    found = [sampler.refusals.chatty(goal) for _ in range(100)]
    assert all((row.parts, row.doubt) == (goal.parts, goal.doubt) for row in found)
    assert all(re.search(r"(^|\W)lock the window(\W|$)", row.text, re.I) for row in found)
    assert len({row.text for row in found}) > 50


def test_no_sentence_is_fine_and_refused_and_none_is_held_out(sampler):
    refusals = sampler.refusals
    doubts = defaultdict(set)
    kinds = (sampler.composed, sampler.clashing, refusals.contradictory, refusals.absent,
             refusals.mixed, sampler.exchanged, refusals.elsewhere, sampler.chatty,
             lambda: refusals.neighbour("fine"), lambda: refusals.neighbour("aside"))
    for drawn in kinds:
        for _ in range(300):
            row = drawn()
            assert not MARKUP.search(row.text), row.text
            doubts[bare(row.text)].add(row.doubt)
    assert all(len(found) == 1 for found in doubts.values())
    assert not held_out_sentences() & set(doubts)
    assert {d for found in doubts.values() for d in found} == {FINE, CONTRADICTORY, UNRELATED}
