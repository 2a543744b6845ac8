"""semantic_state_node with a model that knows: it hears sim/truth instead of looking at pictures.

Lets the whole demo run in tests without trained weights. Every statement has an orthogonal unit
vector; rollouts follow the scene's symbols.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from pairs import ImaginesPairs
from std_msgs.msg import String

from vljepa_ros.nodes import qos
from vljepa_ros.nodes.lifecycle import run
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode
from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.protocols import Imagined
from vljepa_ros.planning.vocabulary import Subject, Vocabulary
from vljepa_ros.sim.symbolic import SymbolicState, apply
from vljepa_ros.training.scene_semantics import STATEMENTS, SUBJECTS

D = 64
GOALS = {
    "put the cube in the drawer and shut it": ("cube_in.drawer", "drawer.closed"),
    "open the window": ("window.open",),
}
_ROWS = np.linalg.qr(np.random.default_rng(1).normal(size=(D, D)))[0].astype(np.float32)
_QUERIES = {name: _ROWS[i] for i, name in enumerate(SUBJECTS)}
_MEANINGS = {name: _ROWS[len(SUBJECTS) + i] for i, name in enumerate(STATEMENTS)}


def true_statement(state, subject):
    if subject == "cube_in":
        return f"cube_in.{'drawer' if state.cube == 'drawer' else 'table'}"
    if subject == "cube_place":
        place = f"cube_place.{state.cube}"
        return place if place in STATEMENTS else "cube_in.drawer"
    if subject == "activity":
        return "activity.wait"
    return f"{subject}.{getattr(state, subject)}"


class States:
    def __init__(self, states):
        self.states = list(states)

    def __len__(self):
        return len(self.states)

    def select(self, indices):
        return States(self.states[i] for i in indices)

    def join(self, others):
        return States(state for batch in (self, *others) for state in batch.states)


class Oracle(ImaginesPairs):
    model_id = "oracle"
    can_suppose = can_locate = False
    clip_frames, clip_stride, embedding_dim = 1, 0.1, D

    def __init__(self):
        self.truth = SymbolicState()
        subjects = [
            Subject(
                name, _QUERIES[name], ids, tuple(STATEMENTS[s] for s in ids),
                np.stack([_MEANINGS[s] for s in ids]),
            )
            for name, ids in SUBJECTS.items()
        ]
        self.vocabulary = Vocabulary(self.model_id, tuple(subjects))

    def encode(self, clip):
        return States([self.truth])

    def read(self, states, queries):
        answers = np.zeros((len(states), len(queries), D), np.float32)
        for q, query in enumerate(queries):
            subject = max(SUBJECTS, key=lambda s: self._nearness(s, query))
            for i, state in enumerate(states.states):
                answers[i, q] = _MEANINGS[true_statement(state, subject)]
        return answers

    @staticmethod
    def _nearness(subject, query):
        return max(_QUERIES[subject] @ query, *(_MEANINGS[s] @ query for s in SUBJECTS[subject]))

    def imagine(self, states, actions, queries):
        after = [apply(s, a.id) for s in states.states for a in actions]
        before = [s for s in states.states for _ in actions]
        works = [0.95 if a != b else 0.05 for a, b in zip(after, before, strict=True)]
        shape = (len(states), len(actions))
        imagined = States(after)
        readouts = self.read(imagined, queries).reshape(*shape, len(queries), D)
        return Imagined(imagined, np.array(works, np.float32).reshape(shape), readouts)

    def suppose(self, states, statements):
        return states

    def describe(self, states):
        return np.repeat(_ROWS[-1:], len(states), axis=0)

    def embed_texts(self, texts):
        return np.stack([_ROWS[-1] for _ in texts])

    def understand(self, text):
        if text not in GOALS:
            return Goal((), text=text, understood=False, confidence=0.12)
        parts = tuple(
            GoalPart(STATEMENTS[s], _MEANINGS[s], s.split(".")[0], s, 0.3) for s in GOALS[text]
        )
        return Goal(parts, text=text, confidence=0.97)


class OracleNode(SemanticStateNode):
    def __init__(self):
        oracle = Oracle()
        super().__init__(load=lambda path, device: oracle)
        self._oracle = oracle
        self.create_subscription(String, "sim/truth", self._on_truth, qos.NEWEST)

    def _on_truth(self, msg):
        values = json.loads(msg.data)
        keys = SymbolicState.__dataclass_fields__
        self._oracle.truth = replace(self._oracle.truth, **{k: values[k] for k in keys})


if __name__ == "__main__":
    run(OracleNode)
