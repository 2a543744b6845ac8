"""The losses: InfoNCE with negatives masked by meaning, and the terms of the latent rollout."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .semantics import Semantics

TEMPERATURE = 0.07
POSITION_BETA_M = 0.02


def statement_loss(
    answers: Tensor, truth: Tensor, bank: Tensor, never_negative: Tensor, cosine_only: bool = False,
    focus: float = 0.0,
) -> Tensor:
    """InfoNCE of answers against a bank of statements, several wordings a meaning.

    Args:
        answers: (N, D) unit.
        truth: (N,) statement index, -1 where unknown (no loss).
        bank: (M, W, D) unit: W wordings of every statement. All wordings of the true meaning are
            positives.
        never_negative: (M, M) bool: statements that are no negatives of each other.
        cosine_only: 1 - cosine to the true statement instead, without negatives (an ablation).
        focus: in [0, 1): how much less an answer counts that is right already.
    """
    known = truth >= 0
    answers, truth = answers[known].float(), truth[known]
    if not len(answers):
        return torch.zeros(())
    count, wordings, width = bank.shape
    if cosine_only:
        return (1 - torch.einsum("nd,nwd->nw", answers, bank[truth].float())).mean()
    logits = answers @ bank.reshape(-1, width).float().T / TEMPERATURE
    logits = logits.view(-1, count, wordings)
    logits = logits.masked_fill(never_negative[truth][:, :, None], float("-inf"))
    positive = logits[torch.arange(len(truth)), truth].logsumexp(dim=-1)
    everything = logits.flatten(1).logsumexp(dim=-1)
    each = everything - positive
    forward = (each * _weights((-each).exp(), focus)).mean()
    # The other direction: of all answers in the batch, a wording belongs to those it is true of.
    by_text = logits[:, :, 0].T
    mine = truth[None, :] == torch.arange(count)[:, None]
    used = mine.any(dim=1)
    target = by_text.masked_fill(~mine, float("-inf"))[used].logsumexp(dim=-1)
    backward = (by_text[used].logsumexp(dim=-1) - target).mean()
    return 0.7 * forward + 0.3 * backward


def none_loss(answers: Tensor, statements: Tensor) -> Tensor:
    """How far answers (N, D) are from being near none of the statements (V, D) more than another.

    For a subject of which no statement holds: cross-entropy to an even guess, 0 where it is even.
    """
    logits = answers.float() @ statements.float().T / TEMPERATURE
    return -logits.log_softmax(dim=-1).mean() - float(np.log(len(statements)))


def caption_loss(answers: Tensor, captions: Tensor, state: Tensor) -> Tensor:
    """Symmetric InfoNCE of clips and captions in the batch; equal scenes are positives."""
    logits = answers.float() @ captions.float().T / TEMPERATURE
    same = state[:, None] == state[None, :]
    losses = []
    for rows in (logits, logits.T):
        positive = rows.masked_fill(~same, float("-inf")).logsumexp(dim=-1)
        losses.append((rows.logsumexp(dim=-1) - positive).mean())
    return 0.5 * (losses[0] + losses[1])


def _weights(right: Tensor, focus: float) -> Tensor:
    """Weights of mean 1 that fall with the probability of the right answer."""
    weight = 1 - focus * right.detach()
    return weight / weight.mean()


def works_loss(logit: Tensor, works: np.ndarray, focus: float = 0.0) -> Tensor:
    """Binary cross-entropy, working and failing actions weighted alike; nan is unknown.

    `focus` as in `statement_loss`.
    """
    known = torch.from_numpy(~np.isnan(works))
    if not known.any():
        return torch.zeros(())
    target = torch.from_numpy(np.nan_to_num(works).astype(np.float32))[known]
    share = float(target.mean().clamp(0.05, 0.95))
    weight = torch.where(target > 0.5, 0.5 / share, 0.5 / (1 - share))
    each = F.binary_cross_entropy_with_logits(
        logit.float()[known], target, weight=weight, reduction="none"
    )
    return (each * _weights((-each / weight).exp(), focus)).mean()


def position_loss(found: Tensor, position: np.ndarray) -> Tensor:
    """Smooth L1 in units of 2 cm between found and true positions (..., 3); nan is unknown."""
    known = torch.from_numpy(~np.isnan(position).any(axis=-1))
    if not known.any():
        return torch.zeros(())
    want = torch.from_numpy(np.nan_to_num(position).astype(np.float32))[known]
    return F.smooth_l1_loss(found.float()[known] / POSITION_BETA_M, want / POSITION_BETA_M)


def analogies(world: Semantics) -> Tensor:
    """(N, 4) statement indices a, b, c, d: a is to b as c is to d ("the red cube is at the front"
    to "... at the back" as the blue one's statements), none held out."""
    table: dict[str, dict[str, int]] = {}
    for statement, index in world.index.items():
        thing, value = statement.split(".")
        if thing in world.things and statement not in world.held_out:
            table.setdefault(thing, {})[value] = index
    rows = []
    for first in table:
        for second in table:
            if first >= second:
                continue
            values = [v for v in table[first] if v in table[second]]
            rows += [
                (table[first][v], table[first][w], table[second][v], table[second][w])
                for i, v in enumerate(values) for w in values[i + 1 :]
            ]
    return torch.tensor(rows, dtype=torch.long).view(-1, 4)


def analogy_loss(statements: Tensor, quadruples: Tensor) -> Tensor:
    """How far the parallelograms are from closing: what makes unseen combinations composable."""
    a, b, c, d = statements[quadruples].unbind(dim=1)
    return ((a - b) - (c - d)).square().sum(dim=-1).mean()
