"""The losses: InfoNCE with negatives masked by meaning, and the terms of the latent rollout."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .scene_semantics import INDEX, STATEMENT_IDS, SUBJECTS

TEMPERATURE = 0.07


def _compatible() -> Tensor:
    """(31, 31) bool: True where two statements can both be the truth about the cube."""
    table = torch.zeros(len(STATEMENT_IDS), len(STATEMENT_IDS), dtype=torch.bool)
    for place in SUBJECTS["cube_place"]:
        if place.startswith("cube_place."):
            table[INDEX[place], INDEX["cube_in.table"]] = True
            table[INDEX["cube_in.table"], INDEX[place]] = True
    return table


COMPATIBLE = _compatible()


def statement_loss(answers: Tensor, truth: Tensor, bank: Tensor) -> Tensor:
    """InfoNCE of answers against a bank of statements, several wordings a meaning.

    Args:
        answers: (N, D) unit.
        truth: (N,) statement index, -1 where unknown (no loss).
        bank: (31, W, D) unit: W wordings of every statement. All wordings of the true meaning are
            positives; statements that can be true at the same time are not negatives.
    """
    known = truth >= 0
    answers, truth = answers[known].float(), truth[known]
    count, wordings, width = bank.shape
    logits = answers @ bank.reshape(-1, width).float().T / TEMPERATURE
    logits = logits.view(-1, count, wordings)
    logits = logits.masked_fill(COMPATIBLE[truth][:, :, None], float("-inf"))
    positive = logits[torch.arange(len(truth)), truth].logsumexp(dim=-1)
    everything = logits.flatten(1).logsumexp(dim=-1)
    forward = (everything - positive).mean()
    # The other direction: of all answers in the batch, a wording belongs to those it is true of.
    by_text = logits[:, :, 0].T
    mine = truth[None, :] == torch.arange(count)[:, None]
    used = mine.any(dim=1)
    target = by_text.masked_fill(~mine, float("-inf"))[used].logsumexp(dim=-1)
    backward = (by_text[used].logsumexp(dim=-1) - target).mean()
    return 0.7 * forward + 0.3 * backward


def caption_loss(answers: Tensor, captions: Tensor, state: Tensor) -> Tensor:
    """Symmetric InfoNCE of clips and captions in the batch; equal scenes are positives."""
    logits = answers.float() @ captions.float().T / TEMPERATURE
    same = state[:, None] == state[None, :]
    losses = []
    for rows in (logits, logits.T):
        positive = rows.masked_fill(~same, float("-inf")).logsumexp(dim=-1)
        losses.append((rows.logsumexp(dim=-1) - positive).mean())
    return 0.5 * (losses[0] + losses[1])


def works_loss(logit: Tensor, works: np.ndarray) -> Tensor:
    """Binary cross-entropy, working and failing actions weighted alike."""
    target = torch.from_numpy(works.astype(np.float32))
    share = float(target.mean().clamp(0.05, 0.95))
    weight = torch.where(target > 0.5, 0.5 / share, 0.5 / (1 - share))
    return F.binary_cross_entropy_with_logits(logit.float(), target, weight=weight)
