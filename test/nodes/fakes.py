"""A toy world small enough to check by hand, behind the interface of the trained model.

Three subjects with two meanings each: a lock, a drawer, a cube. Statements are orthogonal unit
vectors; a picture shows the state as three grey columns, dark for the first meaning and bright for
the second; the drawer moves only when unlocked, the cube goes in only when the drawer is open.
"""

from __future__ import annotations

import numpy as np

from test.pairs import ImaginesPairs, Rows
from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.protocols import Action, Imagined
from vljepa_ros.planning.vocabulary import Subject, Vocabulary

D = 32
MODEL_ID = "toy-model"
SUBJECTS = {
    "lock": ("the drawer is locked", "the drawer is unlocked"),
    "drawer": ("the drawer is closed", "the drawer is open"),
    "cube": ("the cube is on the table", "the cube is in the drawer"),
}
ACTIONS = {
    "press_button": "press the button",
    "open_drawer": "open the drawer",
    "close_drawer": "close the drawer",
    "put_cube": "put the cube in the drawer",
    "wait": "do nothing",
}


def toy_step(state, action_id):
    """The state (lock, drawer, cube) after an action; the same when it does not work."""
    lock, drawer, cube = state
    if action_id == "press_button":
        return 1 - lock, drawer, cube
    if action_id == "open_drawer" and lock:
        return lock, 1, cube
    if action_id == "close_drawer" and lock:
        return lock, 0, cube
    if action_id == "put_cube" and drawer:
        return lock, drawer, 1
    return state


def picture(state, size=(48, 48)):
    """(H, W, 3) uint8 of a state; its upper edge is inverted, so that every state has contrast."""
    height, width = size
    pixels = np.zeros((height, width, 3), np.uint8)
    for i, value in enumerate(state):
        pixels[:, i * width // 3 : (i + 1) * width // 3] = 200 if value else 60
    pixels[: height // 6] = 255 - pixels[: height // 6]
    return pixels


def toy_vocabulary():
    rows = np.linalg.qr(np.random.default_rng(3).normal(size=(D, D)))[0].astype(np.float32)
    subjects = [
        Subject(
            name,
            rows[3 * i],
            tuple(f"{name}.{k}" for k in range(2)),
            statements,
            rows[3 * i + 1 : 3 * i + 3],
        )
        for i, (name, statements) in enumerate(SUBJECTS.items())
    ]
    return Vocabulary(MODEL_ID, tuple(subjects))


class ToyStates(Rows):
    def __init__(self, rows):
        self.rows = np.asarray(rows, dtype=int).reshape(-1, 3)

    def __len__(self):
        return len(self.rows)

    def select(self, indices):
        return ToyStates(self.rows[list(indices)])


class ToyModel(ImaginesPairs):
    """Behaves like model.world_model.LatentWorldModel."""

    can_suppose = can_locate = False

    def __init__(self, frames=2, stride=0.05):
        self.vocabulary = toy_vocabulary()
        self.model_id = MODEL_ID
        self.clip_frames, self.clip_stride, self.embedding_dim = frames, stride, D
        self.clips = []

    def encode(self, clip):
        assert clip.dtype == np.uint8 and clip.shape[0] <= self.clip_frames and clip.shape[1] == 3
        self.clips.append(clip)
        newest = clip[-1].mean(axis=(0, 1))
        columns = np.array_split(newest, 3)
        return ToyStates([[int(column.mean() > 130) for column in columns]])

    def read(self, states, queries):
        answers = np.zeros((len(states), len(queries), D), np.float32)
        for q, query in enumerate(queries):
            subject = max(
                range(3),
                key=lambda i: max(
                    self.vocabulary.subjects[i].query @ query,
                    *(self.vocabulary.subjects[i].embeddings @ query),
                ),
            )
            values = states.rows[:, subject]
            answers[:, q] = self.vocabulary.subjects[subject].embeddings[values]
        return answers

    def imagine(self, states, actions, queries):
        after = [toy_step(tuple(row), action.id) for row in states.rows for action in actions]
        before = [tuple(row) for row in states.rows for _ in actions]
        works = [0.95 if a != b else 0.05 for a, b in zip(after, before, strict=True)]
        shape = (len(states), len(actions))
        imagined = ToyStates(after)
        readouts = self.read(imagined, queries).reshape(*shape, len(queries), D)
        return Imagined(imagined, np.array(works, np.float32).reshape(shape), readouts)

    def suppose(self, states, statements):
        return states

    def describe(self, states):
        rows = self.read(states, self.vocabulary.queries).sum(axis=1)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def embed_texts(self, texts):
        return np.stack([self._part(text).embedding for text in texts])

    def understand(self, text):
        text = text.strip().lower()
        if not text:
            raise ValueError("text: empty; allowed: 1 to 512 characters")
        try:
            parts = tuple(self._part(piece) for piece in text.split(" and "))
        except KeyError:
            return Goal((), text=text, understood=False, confidence=0.1)
        return Goal(parts, text=text, confidence=0.97)

    def _part(self, text):
        for subject in self.vocabulary.subjects:
            if text in subject.statements:
                i = subject.statements.index(text)
                return GoalPart(text, subject.embeddings[i], subject.id, subject.statement_ids[i])
        raise KeyError(text)


def toy_actions():
    return [Action(action_id, text) for action_id, text in ACTIONS.items()]
