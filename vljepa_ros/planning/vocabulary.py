"""The subjects a model can speak of, and the statements that can be true of each.

A :class:`Vocabulary` is data, not weights: it is stored with a checkpoint, published on the
latched topic ``vocabulary``, and is all that the planner and the decoder need to turn embeddings
into words and to tell equal states from different ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .looks import Looks
from .protocols import Array

MOMENTARY = ("activity",)
"""Subjects that are read and spoken of, but are not part of a state that can be planned for."""

UNSEEN = ".unseen"
"""Statement ids that end so say that a thing is not in sight."""


@dataclass(frozen=True)
class Thing:
    """Something whose place can be read in metres: `query` (D,) asks for it, `subject` names it."""

    id: str
    query: Array
    subject: str


@dataclass(frozen=True)
class Subject:
    """One thing that has a state, e.g. the drawer, with every statement that can be true of it.

    ``query`` (D,) is the unit question vector; ``statement_ids`` such as ``drawer.open``;
    ``statements`` their canonical wording; ``embeddings`` (V, D) unit, same order.
    """

    id: str
    query: Array
    statement_ids: tuple[str, ...]
    statements: tuple[str, ...]
    embeddings: Array

    def nearest(self, answers: Array) -> tuple[Array, Array]:
        """Index of the nearest statement and its confidence in [0, 1] for answers (..., D).

        The confidence is the softmax of the cosines at temperature 0.07 (the InfoNCE temperature).
        """
        cosines = answers @ self.embeddings.T
        logits = (cosines - cosines.max(axis=-1, keepdims=True)) / 0.07
        weights = np.exp(logits)
        best = cosines.argmax(axis=-1)
        total = weights.sum(axis=-1)
        return best, 1.0 / total


@dataclass(frozen=True)
class Vocabulary:
    """All subjects of a model, with the thresholds calibrated on held-out data.

    ``met_threshold``: a goal part is met when 1 - cos(answer, goal) is below it.
    ``understood_threshold``: a text is understood when its confidence is at least this.
    ``works_threshold``: an action is expected to work when its probability is at least this.
    ``sight_threshold``: below this mean confidence of the readings a picture shows nothing known.
    ``strange_threshold``: above this mean distance between the answers and the statements read from
    them a picture is not of a scene the model knows; 2: not calibrated, any picture will do.
    ``doubt_threshold``: a goal is refused when the doubt that it can be asked for is above this.
    ``things``: what can be located in metres; empty where the model cannot.
    ``looks``: what pictures of the model's scene look like; None: not known, or in a process that
    has no use for pictures (it is not published).
    """

    model_id: str
    subjects: tuple[Subject, ...]
    met_threshold: float = 0.3
    understood_threshold: float = 0.5
    works_threshold: float = 0.5
    sight_threshold: float = 0.6
    strange_threshold: float = 2.0
    doubt_threshold: float = 0.7
    things: tuple[Thing, ...] = ()
    looks: Looks | None = None

    @property
    def queries(self) -> Array:
        """(S, D): the subjects' questions, in order."""
        return np.stack([subject.query for subject in self.subjects])

    @property
    def lasting(self) -> list[int]:
        """Indices of the subjects that make up a state: all but the momentary ones."""
        return [i for i, subject in enumerate(self.subjects) if subject.id not in MOMENTARY]

    def subject(self, subject_id: str) -> Subject:
        for subject in self.subjects:
            if subject.id == subject_id:
                return subject
        known = ", ".join(subject.id for subject in self.subjects)
        raise KeyError(f"subject '{subject_id}' is unknown; known: {known}")

    def statement(self, statement_id: str) -> tuple[Subject, int]:
        """The subject a statement id belongs to, and its index there."""
        for subject in self.subjects:
            if statement_id in subject.statement_ids:
                return subject, subject.statement_ids.index(statement_id)
        raise KeyError(f"statement '{statement_id}' is unknown to model {self.model_id}")

    def readings(self, answers: Array) -> Array:
        """Nearest statement per subject, (..., S) int, from answers (..., S, D) to `queries`."""
        columns = [s.nearest(answers[..., i, :])[0] for i, s in enumerate(self.subjects)]
        return np.stack(columns, axis=-1)

    def in_words(self, reading: Array) -> Mapping[str, str]:
        """Subject id -> statement for one reading (S,)."""
        return {
            s.id: s.statements[int(reading[i])] for i, s in enumerate(self.subjects)
        }
