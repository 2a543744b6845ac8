"""A phrase that is looked for, in the vectors it is compared by.

"someone opens the drawer while the window is open": what happens is the phrase as a whole and as an
action to be imagined; what must hold meanwhile are goal parts. Whether it speaks of something done,
tried in vain, or of rest is told by kernel ridge regression on sentence vectors (outcomes.yaml).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
import yaml

from vljepa_ros.planning.goal import GoalPart
from vljepa_ros.planning.protocols import Action, Array

OUTCOMES = ("done", "failed", "quiet")
TRYING = ("open", "close")
_RIDGE = 0.3
_NARROW = 1.0
_SHARPNESS = 3.0
_WHILE = re.compile(r"\b(?:while|whilst|during which|and meanwhile|with)\b", re.IGNORECASE)
_MEANWHILE_SURE = 0.9
_MENTIONED = 0.7
_CACHED = 8


@dataclass(frozen=True)
class Phrase:
    """``embedding`` (D,) of the event's words; ``action`` the same words as something to do;
    ``outcome`` (3,) probabilities of `OUTCOMES`; ``trying`` (2,) of `TRYING`, were it in vain;
    ``says`` what it states or asks for, as a goal is understood, with how surely each;
    ``meanwhile`` must hold during the event."""

    text: str
    embedding: Array
    action: Action
    outcome: Array
    trying: Array
    meanwhile: tuple[GoalPart, ...] = ()
    says: tuple[tuple[float, GoalPart], ...] = ()


def phrases(world: Any, texts: list[str]) -> list[Phrase]:
    """The phrases of texts, in order. Raises GoalError for empty or too long ones."""
    split = [split_meanwhile(world, text) for text in texts]
    events = [event for event, _ in split]
    embeddings = world.embed_texts(events)
    vectors = _sentence_vectors(world, events)
    outcomes, trying = (probe(vectors) for probe in _probes(world))
    readings = world.read_goals(events)
    return [
        Phrase(text, embeddings[i], Action(f"phrase_{i}", event), outcomes[i], trying[i], parts,
               _says(readings[i]))
        for i, (text, (event, parts)) in enumerate(zip(texts, split, strict=True))
    ]


def split_meanwhile(world: Any, text: str) -> tuple[str, tuple[GoalPart, ...]]:
    """("someone opens the drawer", parts of "the window is open"); a clause that is no condition
    stays part of the event."""
    event, found, condition = _partition(text)
    if not found:
        return text, ()
    goal = world.understand(condition)
    if not goal.understood or goal.confidence < _MEANWHILE_SURE:
        return text, ()
    return event, goal.parts


def _says(
    reading: Mapping[str, tuple[float, float, GoalPart]]
) -> tuple[tuple[float, GoalPart], ...]:
    return tuple((speaks * sure, part) for speaks, sure, part in reading.values()
                 if speaks >= _MENTIONED)


def _partition(text: str) -> tuple[str, bool, str]:
    match = _WHILE.search(text)
    if match is None:
        return text, False, ""
    event, condition = text[: match.start()].strip(" ,"), text[match.end() :].strip(" ,")
    return event, bool(event and condition), condition


@dataclass(frozen=True)
class _Probe:
    """Kernel ridge regression on sentence vectors: ``examples`` (N, C) unit, ``weights`` (N, K).

    Not linear: "pulls, and it stays shut" is about opening, as is "cannot get it open".
    """

    examples: Array
    weights: Array

    def __call__(self, vectors: Array) -> Array:
        """(M, K) probabilities of the classes, from sentence vectors (M, C)."""
        scores = _kernel(_unit(vectors), self.examples) @ self.weights
        scores = np.exp(_SHARPNESS * (scores - scores.max(axis=1, keepdims=True)))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True))


@lru_cache(maxsize=_CACHED)
def _probes(world: Any) -> tuple[_Probe, _Probe]:
    """What tells the `OUTCOMES` apart, and what was tried."""
    examples = yaml.safe_load((files("vljepa_ros.search") / "outcomes.yaml").read_text())
    things = examples["things"]
    trying = [_of_things(examples["trying"][name], things) for name in TRYING]
    outcomes = {name: _of_things(examples[name], things) for name in OUTCOMES}
    outcomes["failed"] += [text for texts in trying for text in texts]
    return _fit(world, list(outcomes.values())), _fit(world, trying)


def _of_things(patterns: list[str], things: list[str]) -> list[str]:
    return list(dict.fromkeys(
        pattern.replace("THING", thing) for pattern in patterns for thing in things
    ))


def _fit(world: Any, classes: list[list[str]]) -> _Probe:
    """Regression from sentence vectors to +1 and -1 for each class, all classes of equal weight."""
    labels = np.concatenate([np.full(len(texts), i) for i, texts in enumerate(classes)])
    rows = _unit(_sentence_vectors(world, [text for texts in classes for text in texts]))
    targets = np.where(labels[:, None] == np.arange(len(classes)), 1.0, -1.0)
    balance = (1.0 / np.bincount(labels))[labels] * len(labels) / len(classes)
    gram = _kernel(rows, rows) + _RIDGE * np.diag(1.0 / balance)
    return _Probe(rows, np.asarray(np.linalg.solve(gram, targets)))


def _kernel(rows: Array, others: Array) -> Array:
    """(M, N) Gaussian of the distances between unit rows."""
    return np.asarray(np.exp(-_NARROW * (2.0 - 2.0 * rows @ others.T)))


def _unit(rows: Array) -> Array:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9))


@torch.no_grad()
def _sentence_vectors(world: Any, texts: list[str]) -> Array:
    encoder = world.network.y_encoder
    return np.asarray(encoder.vectors(list(texts)).float().cpu().numpy(), dtype=np.float64)
