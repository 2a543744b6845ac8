"""The wording stage's sentences, through the frozen layers once, and batches of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.model.y_encoder import FINE, YEncoder

from .phrases import Sentence
from .semantics import IGNORED, Semantics

MAX_TRAIN_TOKENS = 48


def as_goal(row: Sentence, world: Semantics) -> Sentence:
    """An action's sentence is the plainest goal there is ("put the red cube in the drawer"): it
    asks for the action's outcome. Without that the reader only met longer ways of saying it, and
    refused the plain one."""
    outcome = world.outcomes.get(row.action)
    if outcome is None or row.parts is not None or row.doubt != IGNORED:
        return row
    return replace(row, parts=(outcome,), doubt=FINE)


class CachedCorpus:
    """Tokenised sentences with the frozen layers' outputs, fp16, in length order.

    Frozen are the lower layers of the sentence encoder, with `whole` all of them.
    """

    def __init__(
        self, rows: list[Sentence], encoder: YEncoder, world: Semantics, whole: bool = False
    ) -> None:
        rows = [as_goal(row, world) for row in rows]
        order = np.argsort([len(r.text) for r in rows], kind="stable")
        self.rows = [rows[i] for i in order]
        self.hidden: list[Tensor] = []
        self.length: list[int] = []
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            for start in range(0, len(self.rows), 256):
                texts = [r.text for r in self.rows[start : start + 256]]
                ids, mask = encoder.sentence.tokenize(texts)
                ids, mask = ids[:, :MAX_TRAIN_TOKENS], mask[:, :MAX_TRAIN_TOKENS]
                hidden = encoder.sentence.lower(ids, mask)
                if whole:
                    hidden = encoder.sentence.upper(hidden, mask)
                hidden = hidden.half()
                for i, count in enumerate(mask.sum(dim=1).tolist()):
                    self.hidden.append(hidden[i, :count].clone())
                    self.length.append(count)
        self.statement = torch.tensor([world.index.get(r.statement, -1) for r in self.rows])
        actions = {a: i for i, a in enumerate(world.actions)}
        self.action = torch.tensor([actions.get(r.action, -1) for r in self.rows])
        self.parts = torch.tensor([world.reader_labels(r.parts) for r in self.rows])
        self.doubt = torch.tensor([r.doubt for r in self.rows])

    def batch(self, indices: np.ndarray) -> tuple[Tensor, Tensor]:
        """Padded lower-layer states (B, L, C) float32 and mask (B, L)."""
        longest = max(self.length[i] for i in indices)
        width = self.hidden[0].shape[-1]
        states = torch.zeros(len(indices), longest, width)
        mask = torch.zeros(len(indices), longest, dtype=torch.bool)
        for row, i in enumerate(indices):
            states[row, : self.length[i]] = self.hidden[i]
            mask[row, : self.length[i]] = True
        return states, mask


def batch_kinds(data: CachedCorpus) -> list[np.ndarray]:
    """Row indices by kind: statements, actions, and goals of several parts or none."""
    statement = (data.statement >= 0).numpy()
    action = (data.action >= 0).numpy()
    return [np.flatnonzero(statement), np.flatnonzero(action),
            np.flatnonzero(~statement & ~action)]


def window(kind: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` random rows out of a window of neighbours in length order."""
    span = min(len(kind), 40 * count)
    start = rng.integers(len(kind) - span + 1)
    return kind[start + rng.choice(span, size=min(count, span), replace=False)]
