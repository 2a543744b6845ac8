"""Polarity, time and quantity of questions, and questions about several things at once."""

from __future__ import annotations

import numpy as np
import pytest

from vljepa_ros.decoding.question_words import (
    asks_quantity,
    counts,
    is_closed,
    meaning_yes,
    of_another_time,
    plain,
)
from vljepa_ros.decoding.questions import CANNOT_SEE, NOT_UNDERSTOOD, answer_about, understand
from vljepa_ros.planning.goal import GoalPart
from vljepa_ros.planning.vocabulary import Subject, Vocabulary

D = 32
ROWS = np.linalg.qr(np.random.default_rng(1).normal(size=(D, D)))[0].astype(np.float32)


def subject(index, name, ids, statements):
    rows = ROWS[index * 5 : index * 5 + 5]
    return Subject(name, rows[0], ids, statements, rows[1 : 1 + len(ids)])


DRAWER = subject(0, "drawer", ("drawer.closed", "drawer.open"),
                 ("the drawer is closed", "the drawer is open"))
WINDOW = subject(1, "window", ("window.closed", "window.open"),
                 ("the window is closed", "the window is open"))
RED = subject(2, "red_place", ("red.left", "red.drawer", "red.unseen"),
              ("the red cube is on the left", "the red cube is in the drawer",
               "the red cube is not in sight"))
BLUE = subject(3, "blue_place", ("blue.left", "blue.drawer", "blue.unseen"),
               ("the blue cube is on the left", "the blue cube is in the drawer",
                "the blue cube is not in sight"))
COUNT = subject(4, "count", ("count.one", "count.two", "count.three"),
                ("there is one cube on the table", "there are two cubes on the table",
                 "there are three cubes on the table"))
SUBJECTS = (DRAWER, WINDOW, RED, BLUE, COUNT)
FREE = ROWS[30]


class Reader:
    """A sentence is its statement when it says the same words, deaf to "not" and to number."""

    vocabulary = Vocabulary("toy", SUBJECTS)

    def embed_texts(self, texts):
        return np.stack([self._row(text.lower()) for text in texts])

    def read_goals(self, texts):
        return [{s.id: self._reading(s, text.lower()) for s in SUBJECTS} for text in texts]

    def _reading(self, about, text):
        if about is COUNT and "cubes" in text:
            i = next((k for k, word in enumerate(("one", "two", "three")) if word in text), -1)
            return (0.99 if i >= 0 else 0.01), 0.9, GoalPart(
                about.statements[i], about.embeddings[i], about.id, about.statement_ids[i])
        own = {"drawer": "drawer", "window": "window", "red_place": "red", "blue_place": "blue"}
        if own.get(about.id, "\0") not in text or (about is DRAWER and "cube" in text):
            return 0.01, 0.9, GoalPart(about.statements[0], about.embeddings[0], about.id,
                                       about.statement_ids[0])
        after = text[text.index(own[about.id]) :]
        if not any(v in after for _, v in self._values(about)):
            after += " closed left"
        i = min((after.find(v), k) for k, v in self._values(about) if v in after)[1]
        return 0.99, 0.9, GoalPart(about.statements[i], about.embeddings[i], about.id,
                                   about.statement_ids[i])

    @staticmethod
    def _values(about):
        if about in (DRAWER, WINDOW):
            return (0, "closed"), (1, "open")
        return (0, "left"), (1, "drawer")

    def _row(self, text):
        if "cup" in text or "dog" in text:
            return FREE
        if "cubes" in text or "how many" in text or text.startswith("where is everything"):
            for i, word in enumerate(("one", "two", "three")):
                if f" {word} " in text:
                    return COUNT.embeddings[i]
            return COUNT.query
        for about, name in ((RED, "red"), (BLUE, "blue"), (WINDOW, "window"), (DRAWER, "drawer")):
            if name in text:
                if about in (RED, BLUE) and ("there" in text or "see" in text or "sight" in text):
                    return about.embeddings[2]
                for i, word in self._values(about):
                    if word in text:
                        return about.embeddings[i]
                return about.query
        return FREE


def ask(text, drawer=0, window=0, red=0, blue=0, count=1, choices=()):
    rows = np.stack([s.embeddings[v] for s, v in
                     zip(SUBJECTS, (drawer, window, red, blue, count), strict=True)])
    return answer_about(understand(Reader(), text, choices), Reader.vocabulary, rows)


@pytest.mark.parametrize("text, state, answer", [
    ("isn't the drawer open?", {"drawer": 1}, "Yes, the drawer is open."),
    ("isn't the drawer open?", {"drawer": 0}, "No, the drawer is closed."),
    ("is there a red cube?", {"red": 0}, "Yes, the red cube is on the left."),
    ("is there a red cube?", {"red": 2}, "No, the red cube is not in sight."),
    ("can you see the blue cube?", {"blue": 1}, "Yes, the blue cube is in the drawer."),
    ("is the blue cube out of sight?", {"blue": 2}, "Yes, the blue cube is not in sight."),
    ("is the blue cube out of sight?", {"blue": 0}, "No, the blue cube is on the left."),
    ("does someone need to open the drawer?", {"drawer": 0}, "Yes, the drawer is closed."),
    ("does someone need to open the drawer?", {"drawer": 1}, "No, the drawer is open."),
    ("was the drawer open a minute ago?", {"drawer": 1},
     "I only see what is there now: the drawer is open."),
    ("will the drawer open?", {"drawer": 0},
     "I only see what is there now: the drawer is closed."),
    ("are there more than two cubes?", {"count": 1}, "No, there are two cubes on the table."),
    ("are there more than two cubes?", {"count": 2}, "Yes, there are three cubes on the table."),
    ("are there at most two cubes?", {"count": 0}, "Yes, there is one cube on the table."),
    ("how many cubes are on the table?", {"count": 2}, "There are three cubes on the table."),
    ("where is the cup?", {}, NOT_UNDERSTOOD),
    ("where is the blue cube?", {"blue": 2}, CANNOT_SEE),
])
def test_the_words_around_a_subject_count(text, state, answer):
    assert ask(text, **state).text == answer


@pytest.mark.parametrize("text, state, answer", [
    ("what is open?", {"drawer": 1}, "The drawer is open."),
    ("which of the two is open, the drawer or the window?", {"drawer": 1, "window": 1},
     "The drawer is open and the window is open."),
    ("what's open?", {},
     "Nothing that I can see: the drawer is closed and the window is closed."),
    ("which cube is in the drawer?", {"red": 0, "blue": 1}, "The blue cube is in the drawer."),
    ("what is in the drawer?", {"red": 1, "blue": 1},
     "The red cube is in the drawer and the blue cube is in the drawer."),
    ("is anything open?", {"window": 1}, "Yes, the window is open."),
    ("is anything open?", {}, "No, the drawer is closed and the window is closed."),
    ("is everything closed?", {}, "Yes, the drawer is closed and the window is closed."),
    ("is everything closed?", {"drawer": 1}, "No, the drawer is open."),
    ("is every cube on the left?", {"blue": 2}, "Yes, the red cube is on the left."),
    ("is every cube on the left?", {"red": 2, "blue": 2}, "I can see none of them."),
    ("is the red cube on the left and the blue cube on the left?", {"blue": 2},
     "No, the blue cube is not in sight."),
    ("is any cube in the drawer?", {"red": 1}, "Yes, the red cube is in the drawer."),
    ("how many things are open?", {"drawer": 1, "window": 1},
     "Two: the drawer is open and the window is open."),
    ("how many cubes are in the drawer?", {"red": 1}, "One: the red cube is in the drawer."),
    ("how many cubes are in the drawer?", {"blue": 2},
     "None that I can see: the red cube is on the left."),
    ("is the drawer open and the window closed?", {"drawer": 1},
     "Yes, the drawer is open and the window is closed."),
    ("is the drawer open and the window closed?", {"drawer": 1, "window": 1},
     "No, the window is open."),
])
def test_several_things_are_asked_about_at_once(text, state, answer):
    found = ask(text, **state)
    assert found.text == answer and found.understood and found.visible
    assert found.confidence > 0.9


def test_what_an_open_question_names_is_not_taken_for_a_predicate():
    assert ask("what is the drawer like?", drawer=1).text == "The drawer is open."
    assert understand(Reader(), "what is the drawer like?").claims is None
    assert understand(Reader(), "which of them is purple?").claims is None


def test_of_the_one_thing_asked_about_it_is_told_what_holds_instead():
    found = ask("which red thing is in the drawer?", red=0)
    assert found.text == "Nothing that I can see: the red cube is on the left."
    assert found.statement_id == "red.left"


def test_given_choices_are_kept_to():
    choices = ("the drawer", "the window")
    assert understand(Reader(), "what is open?", choices).claims is None


def test_only_a_subject_of_numbers_counts():
    assert counts(COUNT) == {"count.one": 1, "count.two": 2, "count.three": 3}
    assert counts(DRAWER) == counts(RED) == {}
    assert asks_quantity("n_cubes?") and not asks_quantity("where is the cube?")


def test_what_means_yes():
    assert meaning_yes("is it open?", DRAWER, "drawer.open") == {"drawer.open"}
    assert meaning_yes("do you see it?", RED, "red.unseen") == {"red.left", "red.drawer"}
    assert meaning_yes("can you not see it?", RED, "red.unseen") == {"red.unseen"}
    assert meaning_yes("are there fewer than 3 cubes?", COUNT, "count.three") == {
        "count.one", "count.two"}


def test_closed_and_timely():
    assert is_closed("is it open?") and not is_closed("is it open or shut?")
    assert is_closed("is it open or not?") and not is_closed("where is it?")
    assert plain("Aren't they open?") == "Are they open?"
    assert of_another_time("was it open before?") and not of_another_time("was it opened?")
