"""A world with a box that hides what lies in it, and a model of it that can be told things.

A state is (lid, lamp, red, blue): the lid is open or closed, the lamp on or off, a cube is left or
right on the table, in the box, or None: absent from the world, or unknown to the model.
"""

from __future__ import annotations

import numpy as np

from test.pairs import ImaginesPairs, Rows
from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.protocols import Action, Imagined, ImaginedPairs
from vljepa_ros.planning.vocabulary import Subject, Vocabulary

D = 40
CUBES = ("red", "blue")
STATEMENTS = {
    "lid.closed": "the lid is closed",
    "lid.open": "the lid is open",
    "lamp.off": "the lamp is off",
    "lamp.on": "the lamp is on",
    **{
        f"{c}.{value}": f"the {c} cube is {words}"
        for c in CUBES
        for value, words in (
            ("left", "on the left"), ("right", "on the right"), ("box", "in the box"),
            ("table", "on the table"), ("unseen", "not in sight"),
        )
    },
    "count.0": "there is no cube on the table",
    "count.1": "there is one cube on the table",
    "count.2": "there are two cubes on the table",
}
SUBJECTS = {
    "lid": ("lid.closed", "lid.open"),
    "lamp": ("lamp.off", "lamp.on"),
    "red_place": ("red.left", "red.right", "red.box", "red.unseen"),
    "red_in": ("red.table", "red.box", "red.unseen"),
    "blue_place": ("blue.left", "blue.right", "blue.box", "blue.unseen"),
    "blue_in": ("blue.table", "blue.box", "blue.unseen"),
    "count": ("count.0", "count.1", "count.2"),
}
ACTIONS = ("open_lid", "close_lid", "switch_lamp",
           *(f"{c}_{where}" for c in CUBES for where in ("left", "right", "box")))


def step(state, action):
    """The state after an action; the same one when it does not work."""
    lid, lamp, *cubes = state
    if action == "open_lid":
        return ("open", lamp, *cubes)
    if action == "close_lid":
        return ("closed", lamp, *cubes)
    if action == "switch_lamp":
        return (lid, "off" if lamp == "on" else "on", *cubes)
    colour, where = action.split("_")
    i = CUBES.index(colour)
    free = where not in cubes
    if cubes[i] is None or not free or (lid == "closed" and "box" in (where, cubes[i])):
        return state
    cubes[i] = where
    return (lid, lamp, *cubes)


def visible(state):
    """What a picture shows of a state: nothing of a cube in the closed box."""
    lid, lamp, *cubes = state
    return (lid, lamp, *(None if lid == "closed" and c == "box" else c for c in cubes))


def vocabulary():
    rows = np.linalg.qr(np.random.default_rng(5).normal(size=(D, D)))[0].astype(np.float32)
    row = {statement: rows[i] for i, statement in enumerate(STATEMENTS)}
    subjects = [
        Subject(name, rows[len(STATEMENTS) + i], ids, tuple(STATEMENTS[s] for s in ids),
                np.stack([row[s] for s in ids]))
        for i, (name, ids) in enumerate(SUBJECTS.items())
    ]
    return Vocabulary("hidden-world", tuple(subjects))


class States(Rows):
    """A batch of states as the model knows them."""

    def __init__(self, rows):
        self.rows = list(rows)

    def __len__(self):
        return len(self.rows)

    def select(self, indices):
        return States([self.rows[i] for i in indices])

    def join(self, others):
        return States([row for batch in (self, *others) for row in batch.rows])


class HiddenModel(ImaginesPairs):
    """Knows what it sees and what it is told. With ``forgetful``, an imagined state speaks of
    what a picture of it would show."""

    model_id = "hidden-world"
    can_suppose, can_locate = True, False

    def __init__(self, forgetful=False):
        self.vocabulary = vocabulary()
        self.forgetful = forgetful
        self.told = []

    def see(self, truth):
        return States([visible(truth)])

    def read(self, states, queries):
        return np.stack([self._answers(row, queries) for row in states.rows])

    def imagine(self, states, actions, queries):
        after = [step(row, action.id) for row in states.rows for action in actions]
        before = [row for row in states.rows for _ in actions]
        works = [0.95 if a != b else 0.05 for a, b in zip(after, before, strict=True)]
        shown = [visible(row) if self.forgetful else row for row in after]
        shape = (len(states), len(actions))
        readouts = np.stack([self._answers(row, queries) for row in shown])
        return Imagined(States(after), np.array(works, np.float32).reshape(shape),
                        readouts.reshape(*shape, *readouts.shape[1:]))

    def imagine_pairs(self, states, actions, pairs, queries, read_above=0.0, things=None):
        all_of_them = self.imagine(states, actions, queries)
        rows = [int(s) * len(actions) + int(a) for s, a in pairs]
        works = all_of_them.works.reshape(-1)[rows]
        read = np.flatnonzero(works >= read_above)
        kept = [rows[i] for i in read]
        readouts = all_of_them.readouts.reshape(-1, *all_of_them.readouts.shape[2:])[kept]
        places = np.zeros((len(kept), 0, 3), np.float32)
        return ImaginedPairs(works, read, all_of_them.states.select(kept), readouts, places)

    def suppose(self, states, statements):
        for statement in statements:
            name = max(STATEMENTS, key=lambda s: self.embedding(s) @ statement)
            self.told.append(name)
            colour, where = name.split(".")
            at = 2 + CUBES.index(colour)
            states = States([(*r[:at], where, *r[at + 1 :]) for r in states.rows])
        return states

    def embedding(self, statement):
        subject, i = self.vocabulary.statement(statement)
        return subject.embeddings[i]

    def _answers(self, row, queries):
        lid, lamp, *cubes = row
        true = {"lid": f"lid.{lid}", "lamp": f"lamp.{lamp}",
                "count": f"count.{sum(c in ('left', 'right') for c in cubes)}"}
        for colour, where in zip(CUBES, cubes, strict=True):
            true[f"{colour}_place"] = f"{colour}.{where or 'unseen'}"
            on_table = where in ("left", "right")
            true[f"{colour}_in"] = f"{colour}.{'table' if on_table else where or 'unseen'}"
        answers = []
        for query in queries:
            subject = max(
                self.vocabulary.subjects,
                key=lambda s: max(s.query @ query, *(s.embeddings @ query)),
            )
            answers.append(self.embedding(true[subject.id]))
        return np.stack(answers).astype(np.float32)


def goal(model, *statements):
    parts = []
    for statement in statements:
        subject, i = model.vocabulary.statement(statement)
        parts.append(GoalPart(subject.statements[i], subject.embeddings[i], subject.id, statement))
    return Goal(tuple(parts))


CANDIDATES = [Action(name, name.replace("_", " ")) for name in ACTIONS]
