"""The questions of bench vqa ask about what is true, in both worlds."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from vljepa_ros.bench.vqa_questions import Item, inverted, items, rest_items
from vljepa_ros.decoding.questions import Answer
from vljepa_ros.training.semantics import semantics

SCENE = {
    "drawer": "drawer.open", "window": "window.closed", "drawer_lock": "drawer_lock.locked",
    "window_lock": "window_lock.unlocked", "cube_in": "cube_in.table",
    "cube_place": "cube_place.front_left",
}
WORKBENCH = {
    "drawer": "drawer.open", "window": "window.closed", "drawer_lock": "drawer_lock.locked",
    "window_lock": "window_lock.unlocked", "red_place": "red.front_right", "red_in": "red.table",
    "blue_place": "blue.on_red", "blue_in": "blue.stacked", "white_place": "white.unseen",
    "white_in": "white.unseen", "count": "count.one",
}


@pytest.mark.parametrize("world, truth, wanted", [
    ("scene-v0", SCENE, {"open", "yes_no", "choice", "unknown"}),
    ("workbench", WORKBENCH, {"open", "yes_no", "choice", "count", "hidden", "unknown"}),
])
@pytest.mark.parametrize("wording", ["held_out", "development"])
def test_every_kind_of_question_is_asked_and_the_truth_is_right(world, truth, wanted, wording):
    words = items(SimpleNamespace(name=world, semantics=semantics(world)), wording, seed=0)
    rng = np.random.default_rng(0)
    asked = [item for _ in range(20) for item in rest_items(words, truth, rng)]
    assert {item.kind for item in asked} == wanted
    asked_to_confirm = [item.asked in item.expected for item in asked if item.kind == "yes_no"]
    assert 0.35 < np.mean(asked_to_confirm) < 0.65, "as often yes as no"
    for item in asked:
        assert "{" not in item.text
        if item.kind == "unknown":
            continue
        assert truth[item.subject] in item.expected
        if item.kind == "hidden":
            assert item.right(Answer("", 1.0, visible=False))
            assert not item.right(Answer("", 1.0, statement_id=item.expected[0]))
        elif item.kind == "choice":
            assert item.right(Answer(item.choice_of(truth[item.subject]), 1.0))
            others = [c for s, c in item.answers if s != truth[item.subject]]
            assert not item.right(Answer(others[0], 1.0))


def test_plain_questions_of_the_workbench_ask_about_cubes_too():
    place = SimpleNamespace(name="workbench", semantics=semantics("workbench"))
    asked = list(rest_items(items(place, "plain", 0), WORKBENCH, np.random.default_rng(1)))
    assert {"blue_place", "count"} <= {item.subject for item in asked if item.kind == "yes_no"}


def test_a_yes_no_answer_is_judged_by_its_first_word():
    item = Item("yes_no", "is it open?", "drawer", ("drawer.open",), "drawer.open")
    assert item.right(Answer("Yes, the drawer is open.", 0.9))
    assert not item.right(Answer("No, the drawer is closed.", 0.9))
    assert not item.right(Answer("Yes, the drawer is open.", 0.9, understood=False))


def test_statements_are_turned_into_questions():
    assert inverted("the drawer is open") == "is the drawer open?"
    assert inverted("there are two cubes on the table") == "are there two cubes on the table?"
    assert inverted("nobody moves") == ""
