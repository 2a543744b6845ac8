"""Answers on a world small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vljepa_ros.decoding.questions import (
    CANNOT_SEE,
    NOT_UNDERSTOOD,
    QuestionError,
    answer_about,
    understand,
)
from vljepa_ros.planning.goal import GoalPart
from vljepa_ros.planning.vocabulary import Subject, Vocabulary

D = 24
ROWS = np.linalg.qr(np.random.default_rng(1).normal(size=(D, D)))[0].astype(np.float32)


def subject(index, name, ids, statements):
    rows = ROWS[index * 4 : index * 4 + 4]
    return Subject(name, rows[0], ids, statements, rows[1 : 1 + len(ids)])


DRAWER = subject(0, "drawer", ("drawer.closed", "drawer.open"),
                 ("the drawer is closed", "the drawer is open"))
RED = subject(1, "red_place", ("red.left", "red.right", "red.unseen"),
              ("the red cube is on the left", "the red cube is on the right",
               "the red cube is not in sight"))
COUNT = subject(2, "count", ("count.one", "count.two"),
                ("there is one cube on the table", "there are two cubes on the table"))
ACTIVITY = subject(3, "activity", ("activity.wait",), ("the robot is at rest",))


class Reader:
    """Texts are embedded by the words they hold; no network."""

    vocabulary = Vocabulary("toy", (DRAWER, RED, COUNT, ACTIVITY))

    def embed_texts(self, texts):
        return np.stack([self._row(text.lower()) for text in texts])

    def read_goals(self, texts):
        return [
            {s.id: (0.99 if self._about(t) is s and "is the" in t else 0.01, 0.9,
                    GoalPart(s.statements[1], s.embeddings[1], s.id, s.statement_ids[1]))
             for s in self.vocabulary.subjects[:3]}
            for t in texts
        ]

    def _about(self, text):
        for key, found in (("drawer", DRAWER), ("red", RED), ("how many", COUNT),
                           ("doing", ACTIVITY)):
            if key in text:
                return found
        return None

    def _row(self, text):
        about = self._about(text)
        if about is None:
            return ROWS[D - 1]
        for word, value in (("open", 1), ("closed", 0), ("left", 0), ("right", 1), ("two", 1),
                            ("2", 1), ("one", 0)):
            if word in text.split("? ")[-1].split():
                mixed = about.query * 0.3 + about.embeddings[value]
                return mixed / np.linalg.norm(mixed)
        return about.query


def ask(text, choices=(), drawer=0, red=0, count=0, contrast=1.0):
    reader = Reader()
    rows = np.stack([DRAWER.embeddings[drawer], RED.embeddings[red], COUNT.embeddings[count],
                     ACTIVITY.embeddings[0]])
    return answer_about(understand(reader, text, choices), reader.vocabulary, rows, contrast)


def test_an_open_question_gets_the_true_statement():
    assert ask("how is the drawer?", drawer=1).text == "The drawer is open."
    found = ask("where is the red cube?", red=1)
    assert (found.text, found.statement_id) == ("The red cube is on the right.", "red.right")
    assert found.confidence > 0.9 and found.understood and found.visible
    assert ask("what is the robot doing?").text == "The robot is at rest."


def test_yes_and_no_with_the_truth():
    assert ask("is the drawer open ?", drawer=1).text == "Yes, the drawer is open."
    assert ask("is the drawer open ?", drawer=0).text == "No, the drawer is closed."


def test_counting():
    assert ask("how many cubes are there?", count=1).statement_id == "count.two"


def test_given_choices_are_chosen_among():
    found = ask("how is the drawer?", ["closed", "open"], drawer=1)
    assert found.text == "open" and found.scores[1] > 0.9
    assert sum(found.scores) == pytest.approx(1)
    assert ask("how is the drawer?", ["closed", "open"], drawer=0).text == "closed"
    assert ask("is the drawer open ?", ["yes", "no"], drawer=0).text == "no"
    assert ask("is the drawer open ?", ["yes", "no"], drawer=1).text == "yes"


def test_what_is_hidden_cannot_be_seen():
    found = ask("where is the red cube?", red=2)
    assert found.text == CANNOT_SEE and not found.visible and found.understood
    even = ask("where is the red cube?", ["left", "right"], red=2)
    assert even.text == CANNOT_SEE and even.scores == (0.5, 0.5)


def test_a_covered_camera_sees_nothing():
    assert ask("how is the drawer?", contrast=0.01).text == CANNOT_SEE


def test_a_question_about_nothing_known_is_not_answered():
    found = ask("who won the match?")
    assert found.text == NOT_UNDERSTOOD and not found.understood and found.confidence < 0.5


@pytest.mark.parametrize("question, choices, wrong", [
    ("  ", (), "question is empty"), ("x" * 501, (), "question has 501 characters"),
    ("how?", ["a"], "choices: 1; allowed"), ("how?", ["a", "A"], "'A' twice"),
    ("how?", ["a", " "], r"choices\[1\] is empty"),
    ("how?", [str(i) for i in range(65)], "choices: 65"),
])
def test_what_cannot_be_taken_is_refused(question, choices, wrong):
    with pytest.raises(QuestionError, match=wrong):
        understand(Reader(), question, choices)
