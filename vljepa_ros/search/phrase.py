"""A phrase that is looked for, in the vectors it is compared by.

"someone opens the drawer while the window is open": what happens is the phrase as a whole and as an
action to be imagined; what must hold meanwhile are goal parts. Whether it speaks of something done,
tried in vain, or of rest is told by ridge regression on sentence vectors (outcomes.yaml).
"""

from __future__ import annotations

import re
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
_RIDGE = 30.0
_SHARPNESS = 3.0
_WHILE = re.compile(r"\b(?:while|whilst|during which|and meanwhile|with)\b", re.IGNORECASE)
_MEANWHILE_SURE = 0.9
_CACHED = 8


@dataclass(frozen=True)
class Phrase:
    """``embedding`` (D,) of the event's words; ``action`` the same words as something to do;
    ``outcome`` (3,) probabilities of `OUTCOMES`; ``trying`` (2,) of `TRYING`, were it in vain;
    ``meanwhile`` must hold during the event."""

    text: str
    embedding: Array
    action: Action
    outcome: Array
    trying: Array
    meanwhile: tuple[GoalPart, ...] = ()


def phrases(world: Any, texts: list[str]) -> list[Phrase]:
    """The phrases of texts, in order. Raises GoalError for empty or too long ones."""
    split = [split_meanwhile(world, text) for text in texts]
    events = [event for event, _ in split]
    embeddings = world.embed_texts(events)
    vectors = _sentence_vectors(world, events)
    outcomes, trying = (_classes(vectors, weights) for weights in _probes(world))
    return [
        Phrase(text, embeddings[i], Action(f"phrase_{i}", event), outcomes[i], trying[i], parts)
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


def _partition(text: str) -> tuple[str, bool, str]:
    match = _WHILE.search(text)
    if match is None:
        return text, False, ""
    event, condition = text[: match.start()].strip(" ,"), text[match.end() :].strip(" ,")
    return event, bool(event and condition), condition


def _classes(vectors: Array, weights: Array) -> Array:
    """(N, K) probabilities from sentence vectors (N, C)."""
    scores = vectors @ weights[:-1] + weights[-1]
    scores = np.exp(_SHARPNESS * (scores - scores.max(axis=1, keepdims=True)))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


@lru_cache(maxsize=_CACHED)
def _probes(world: Any) -> tuple[Array, Array]:
    """What tells the `OUTCOMES` apart, and what was tried."""
    examples = yaml.safe_load((files("vljepa_ros.search") / "outcomes.yaml").read_text())
    return (_ridge(world, [examples[name] for name in OUTCOMES]),
            _ridge(world, [examples["trying"][name] for name in TRYING]))


def _ridge(world: Any, classes: list[list[str]]) -> Array:
    """(C + 1, K) of the regression from sentence vectors to +1 and -1 for each class."""
    labels = np.concatenate([np.full(len(texts), i) for i, texts in enumerate(classes)])
    rows = _sentence_vectors(world, [text for texts in classes for text in texts])
    rows = np.concatenate((rows, np.ones((len(rows), 1))), axis=1)
    targets = np.where(labels[:, None] == np.arange(len(classes)), 1.0, -1.0)
    balance = (1.0 / np.bincount(labels))[labels][:, None] * len(labels) / len(classes)
    gram = rows.T @ (balance * rows) + _RIDGE * np.eye(rows.shape[1])
    return np.asarray(np.linalg.solve(gram, rows.T @ (balance * targets)))


@torch.no_grad()
def _sentence_vectors(world: Any, texts: list[str]) -> Array:
    encoder = world.network.y_encoder
    return np.asarray(encoder.vectors(list(texts)).float().cpu().numpy(), dtype=np.float64)
