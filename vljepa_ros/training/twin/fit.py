"""Trains several models side by side on the very same batches."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from .samples import Batch, Samples


class Learner(Protocol):
    """A module with a loss on a batch."""

    def loss(self, batch: Batch) -> Tensor: ...


@dataclass(frozen=True)
class FitConfig:
    """The same for every model: none is tuned."""

    steps: int = 1200
    batch: int = 128
    lr: float = 1.5e-3
    weight_decay: float = 0.05
    warm_up: int = 60


def fit(
    models: Mapping[str, nn.Module], samples: Samples, config: FitConfig,
    look_at: list[int], look: Callable[[int], None],
) -> dict[str, float]:
    """Train all models for `config.steps` batches; returns each one's CPU seconds.

    `look(step)` is called after the steps in `look_at`, with the models in evaluation mode.
    """
    optimizers = {
        name: torch.optim.AdamW(model.parameters(), lr=config.lr, betas=(0.9, 0.98),
                                weight_decay=config.weight_decay)
        for name, model in models.items()
    }
    seconds = dict.fromkeys(models, 0.0)
    for step in range(config.steps):
        batch = samples.draw(config.batch)
        scale = min(1.0, (step + 1) / config.warm_up)
        scale *= 0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * step / config.steps))
        for name, model in models.items():
            begin = time.process_time()
            _step(model.train(), optimizers[name], batch, config.lr * scale)
            seconds[name] += time.process_time() - begin
        if step + 1 in look_at:
            for model in models.values():
                model.eval()
            look(step + 1)
    return seconds


def _step(
    model: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, lr: float
) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr
    with torch.autocast("cpu", torch.bfloat16):
        loss: Tensor = model.loss(batch)  # type: ignore[operator]
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
