"""What the imagination benchmark counts: changed subjects, kinds alike, copy always wrong."""

from vljepa_ros.bench.imagined import DEPTHS, Marks


class Lamps:
    """A world of two red lamps and a door, whose states are dictionaries."""

    def remembered(self, state):
        return dict(state)

    def held_out(self, state):
        return False

    def subject_kind(self, subject):
        return subject.split("_")[0]


START = {"lamp_1": "off", "lamp_2": "off", "door": "shut"}
LATER = {"lamp_1": "on", "lamp_2": "on", "door": "open"}
PASSED = [START] + [LATER] * max(DEPTHS)


def test_a_copy_of_the_old_state_is_wrong_about_all_that_changed():
    marks = Marks(Lamps())
    marks.add("copy", PASSED, [START] * len(PASSED))
    assert marks.balanced("copy", 8)["rate"] == 0.0
    still = [START] * len(PASSED)
    marks.add("still", still, still)
    assert marks.balanced("still", 8)["rate"] is None  # nothing changed: nothing to count


def test_kinds_weigh_the_same_however_often_they_change():
    marks = Marks(Lamps())
    marks.add("ours", PASSED, [START] + [{**LATER, "door": "shut"}] * max(DEPTHS))
    assert {k: r["rate"] for k, r in marks.kinds("ours", 4).items()} == {"lamp": 1.0, "door": 0.0}
    assert marks.balanced("ours", 4) == marks.balanced("ours", 4) | {"rate": 0.5, "n": 3}
    assert marks.whole["ours", 4] == [False]


def test_only_what_differs_from_the_start_counts():
    marks = Marks(Lamps())
    passed = [START] + [{**START, "door": "open"}] * max(DEPTHS)
    marks.add("ours", passed, [START] + [{**LATER, "lamp_1": "off"}] * max(DEPTHS))
    assert set(marks.kinds("ours", 1)) == {"door"}
    assert marks.all["ours", 1].count(False) == 1
