"""Resumable training state in safetensors: parameters, AdamW moments, step. No pickle anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn


def save(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int,
    extra: dict[str, torch.Tensor] | None = None,
) -> None:
    """Write everything needed to go on; the file appears whole or not at all."""
    tensors = {f"model.{k}": v.detach().clone() for k, v in model.state_dict().items()}
    for group in optimizer.param_groups:
        for i, parameter in enumerate(group["params"]):
            for key, value in optimizer.state.get(parameter, {}).items():
                if isinstance(value, torch.Tensor):
                    tensors[f"adam.{group['name']}.{i}.{key}"] = value.detach().clone()
    for key, value in (extra or {}).items():
        tensors[f"extra.{key}"] = value.detach().clone()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"step": str(step), "format": json.dumps("vljepa-run")})
    partial.rename(path)


def load(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer | None = None
) -> tuple[int, dict[str, torch.Tensor]]:
    """Read a checkpoint of `save` into the model (and optimizer); returns step and extras."""
    with safe_open(path, framework="pt") as file:
        step = int((file.metadata() or {}).get("step", "0"))
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    model.load_state_dict(
        {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    )
    if optimizer is not None:
        for group in optimizer.param_groups:
            for i, parameter in enumerate(group["params"]):
                prefix = f"adam.{group['name']}.{i}."
                found = {k.removeprefix(prefix): v for k, v in tensors.items()
                         if k.startswith(prefix)}
                if found:
                    optimizer.state[parameter] = found
    return step, {
        k.removeprefix("extra."): v for k, v in tensors.items() if k.startswith("extra.")
    }
