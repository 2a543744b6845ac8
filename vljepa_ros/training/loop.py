"""Runs the vision stages: steps, logs, TensorBoard, checkpoints, validation, resuming."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from vljepa_ros.model.vljepa import VLJEPA

from . import checkpointing
from .stages import VisionTrainer

LOG_EVERY, SAVE_EVERY = 25, 100


def rank() -> int:
    """This process's number under torchrun, 0 without it."""
    return torch.distributed.get_rank() if torch.distributed.is_initialized() else 0


def share(*modules: nn.Module) -> None:
    """Under torchrun: every process goes on with process 0's parameters and buffers."""
    if torch.distributed.is_initialized():
        for module in modules:
            for tensor in module.state_dict().values():
                torch.distributed.broadcast(tensor, 0)


def decided(answer: bool) -> bool:
    """Process 0's answer, for all: clocks differ, and who stops alone leaves the others waiting."""
    if not torch.distributed.is_initialized():
        return answer
    word = torch.tensor(int(answer))
    torch.distributed.broadcast(word, 0)
    return bool(word)


def train(
    trainer: VisionTrainer, folder: Path, log: Callable[[str], None],
    validate: Callable[[VLJEPA], dict[str, float]], minutes: float | None = None,
) -> int:
    """Run (or resume) both stages; returns the step reached.

    The folder gets vision.safetensors, metrics.jsonl and TensorBoard event files; under torchrun
    only process 0 writes.
    """
    path = folder / "vision.safetensors"
    first = 0
    if path.exists():
        first, extra = checkpointing.load(path, trainer.model, trainer.optimizer)
        trainer.ema.load_state_dict(extra)
        log(f"resumed at step {first}")
    share(trainer.model, trainer.ema)
    trainer.rng = np.random.default_rng([trainer.config.seed + 1, first, rank()])
    writer = _writer(folder) if rank() == 0 else None
    running: dict[str, float] = {}
    started, number = time.time(), first
    for number in range(first, trainer.total):
        for key, value in trainer.step(number).items():
            running[key] = 0.95 * running.get(key, value) + 0.05 * value
        done, last = number + 1, number + 1 == trainer.total
        stop = minutes is not None and decided(time.time() - started > 60 * minutes)
        if rank() == 0 and (done % LOG_EVERY == 0 or last):
            words = " ".join(f"{k} {v:.3f}" for k, v in running.items())
            log(f"vision {done}/{trainer.total} {time.time() - started:.0f} s {words}")
            _write(writer, "loss", running, done)
        if rank() == 0 and (done % SAVE_EVERY == 0 or last or stop):
            checkpointing.save(path, trainer.model, trainer.optimizer, done,
                               dict(trainer.ema.state_dict()))
        if rank() == 0 and (done % (2 * SAVE_EVERY) == 0 or last):
            figures = validate(trainer.model)
            log(f"  validation: {figures}")
            _write(writer, "held_out", figures, done)
            with (folder / "metrics.jsonl").open("a") as file:
                file.write(json.dumps({"step": done, **running, **figures}) + "\n")
        if stop:
            log(f"time is up at step {done}; the run can be resumed")
            break
    if writer is not None:
        writer.close()  # type: ignore[attr-defined]
    return number + 1 if trainer.total > first else first


def _writer(folder: Path) -> object | None:
    """TensorBoard's, when it is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"))  # type: ignore[no-untyped-call]


def _write(writer: object | None, group: str, values: dict[str, float], step: int) -> None:
    if writer is not None:
        for key, value in values.items():
            writer.add_scalar(f"{group}/{key}", value, step)  # type: ignore[attr-defined]
