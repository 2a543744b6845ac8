"""What the processor can do."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

from .checkpoint import ModelError

Part = TypeVar("Part", bound=nn.Module)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the processor multiplies bfloat16 itself: elsewhere it would only be slower."""
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def in_bfloat16(module: Part) -> Part:
    """A copy whose matrices are in bfloat16 already: autocast would convert them at every call."""
    copied = copy.deepcopy(module)
    for part in copied.modules():
        if isinstance(part, nn.Linear):
            part.to(torch.bfloat16)
    return copied


def check_device(device: str) -> None:
    """Raise ModelError when the device does not exist here."""
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"device '{device}' cannot be used here ({reason}); allowed: cpu"
                         + (", cuda" if torch.cuda.is_available() else "")) from error
