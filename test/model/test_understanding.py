"""Reading a sentence as a whole and by its clauses, without a network."""

import numpy as np
import pytest

from vljepa_ros.model.understanding import clauses, one_place_only, parts_of
from vljepa_ros.planning.goal import GoalPart


def part(subject, statement):
    return GoalPart(statement, np.ones(2), subject, statement)


@pytest.mark.parametrize(("place", "inside", "left"), [
    ((0.8, "cube_place.back_left"), (0.99, "cube_in.table"), {"cube_place.back_left"}),
    ((0.8, "red.on_blue"), (0.99, "red.stacked"), {"red.on_blue"}),
    ((0.8, "red.back_left"), (0.99, "red.drawer"), {"red.drawer"}),
    ((0.99, "red.back_left"), (0.8, "red.drawer"), {"red.back_left"}),
])
def test_a_thing_is_asked_to_be_in_one_place(place, inside, left):
    name = place[1].split(".")[0].removesuffix("_place")
    found = [(place[0], part(f"{name}_place", place[1])),
             (inside[0], part(f"{name}_in", inside[1])),
             (0.9, part("drawer", "drawer.closed"))]
    kept = {p.statement_id for _, p in one_place_only(found)}
    assert kept == {*left, "drawer.closed"}


def test_two_cubes_do_not_disturb_each_other():
    found = [(0.9, part("red_place", "red.on_blue")), (0.9, part("blue_in", "blue.drawer"))]
    assert one_place_only(found) == found


def test_a_clause_adds_only_what_it_is_sure_of():
    def read(texts):
        return [{
            "drawer": (0.99 if "drawer" in t else 0.1, 0.99, part("drawer", "drawer.closed")),
            "window": (0.8 if t == "shut the window" else 0.1, 0.99,
                       part("window", "window.closed")),
        } for t in texts]

    found = {p.subject for _, p in parts_of("shut the drawer; shut the window", read)}
    assert found == {"drawer"}
    assert clauses("open the drawer, then shut it") == ["open the drawer", "shut it"]
