"""A table where one thing stands anywhere: places in words and in metres, and a box with a lid.

State: (lid open?, x, y); x is None while the thing is in the box. The left half of the table is
"left", the other "right". The optical frame looks straight down from one metre.
"""

from __future__ import annotations

import numpy as np

from test.pairs import ImaginesPairs, Rows
from vljepa_ros.planning.protocols import Action, Imagined, Region
from vljepa_ros.planning.vocabulary import Subject, Thing, Vocabulary

D = 16
STATEMENTS = {
    "lid.closed": "the lid is closed", "lid.open": "the lid is open",
    "ball_place.left": "the ball is on the left", "ball_place.right": "the ball is on the right",
    "ball_in.box": "the ball is in the box", "ball_in.table": "the ball is on the table",
}
SUBJECTS = {
    "lid": ("lid.closed", "lid.open"),
    "ball_place": ("ball_place.left", "ball_place.right", "ball_in.box"),
    "ball_in": ("ball_in.box", "ball_in.table"),
}
BALL = "ball"
REGION = Region(BALL, (-0.2, -0.1, 1.0), ((0.4, 0.0, 0.0), (0.0, 0.2, 0.0), (0.0, 0.0, 0.0)))
OPEN = Action("open_lid", "open the lid")
LEFT = Action("put_left", "put the ball on the left")
PLACE_AT = Action("place_at", "put the ball at the marked spot", skill="place_at", region=REGION)


def vocabulary(**thresholds):
    rows = np.linalg.qr(np.random.default_rng(7).normal(size=(D, D)))[0].astype(np.float32)
    row = dict(zip(STATEMENTS, rows, strict=False))
    subjects = tuple(
        Subject(name, rows[len(row) + i], ids, tuple(STATEMENTS[s] for s in ids),
                np.stack([row[s] for s in ids]))
        for i, (name, ids) in enumerate(SUBJECTS.items())
    )
    things = (Thing(BALL, rows[-1], "ball_place"),)
    return Vocabulary("table-world", subjects, things=things, **thresholds)


class States(Rows):
    def __init__(self, rows):
        self.rows = list(rows)

    def __len__(self):
        return len(self.rows)

    def select(self, indices):
        return States([self.rows[i] for i in indices])


class TableModel(ImaginesPairs):
    """``bias`` (2,) metres: how far an imagined ball lands from where it is aimed at."""

    model_id = "table-world"
    can_suppose, can_locate = False, True

    def __init__(self, bias=(0.0, 0.0), blur=0.0, **thresholds):
        self.vocabulary = vocabulary(**thresholds)
        self.bias, self.blur = np.array(bias), blur
        self.picture = (True, 0.1, 0.05)

    def encode(self, clip):
        assert clip.shape[:2] == (1, 3) and clip.dtype == np.uint8
        return States([self.picture])

    def read(self, states, queries):
        return np.stack([[self._answer(row, query) for query in queries] for row in states.rows])

    def locate(self, states, things):
        """The ball, whatever is asked for; the middle of nowhere while it is in the box."""
        at = [(0.0, 0.5, 1.0) if x is None else (x, y, 1.0) for _, x, y in states.rows]
        return np.repeat(np.array(at, dtype=float).reshape(-1, 1, 3), len(things), axis=1)

    def imagine(self, states, actions, queries):
        after = [self._step(row, action) for row in states.rows for action in actions]
        before = [row for row in states.rows for _ in actions]
        works = [0.95 if a != b else 0.05 for a, b in zip(after, before, strict=True)]
        shape = (len(states), len(actions))
        readouts = self.read(States(after), queries).reshape(*shape, len(queries), D)
        return Imagined(States(after), np.array(works).reshape(shape), readouts)

    def _step(self, row, action):
        lid, x, y = row
        if action.id.startswith("open_lid"):
            return True, x, y
        if x is None and not lid:
            return row
        if action.id.startswith("put_left"):
            return lid, -0.1, 0.0
        if action.id.startswith("place_at"):
            return lid, action.target[0] + self.bias[0], action.target[1] + self.bias[1]
        return row

    def _answer(self, row, query):
        lid, x, _ = row
        place = "ball_in.box" if x is None else f"ball_place.{'left' if x < 0 else 'right'}"
        true = {"lid": f"lid.{'open' if lid else 'closed'}", "ball_place": place,
                "ball_in": "ball_in.box" if x is None else "ball_in.table"}
        best = max(self.vocabulary.subjects,
                   key=lambda s: max(s.query @ query, *(s.embeddings @ query)))
        answer = best.embeddings[best.statement_ids.index(true[best.id])]
        mixed = answer + self.blur * best.embeddings.sum(axis=0)
        return (mixed / np.linalg.norm(mixed)).astype(np.float32)
