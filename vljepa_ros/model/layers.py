"""The transformer pieces shared by all parts: RMSNorm, rotary attention, SwiGLU.

Attention is written as matmul, softmax, matmul: on a CPU its backward pass is about twice as fast
as the fused kernel's at these sizes.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor, nn


def rotate(x: Tensor, positions: Tensor) -> Tensor:
    """Rotary position embedding (RoPE, arXiv 2104.09864).

    Args:
        x: (..., L, C) with C even.
        positions: (L,) float or int positions.
    """
    half = x.shape[-1] // 2
    cos, sin = _turns(tuple(positions.tolist()), half, x.dtype, x.device)
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


@lru_cache(maxsize=256)
def _turns(
    positions: tuple[float, ...], half: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Cosines and sines (L, half), kept: a search asks for the same few hundreds of times."""
    with torch.no_grad():
        frequency = torch.exp(
            torch.arange(half, device=device, dtype=torch.float32) * (-math.log(1e4) / half)
        )
        places = torch.tensor(positions, device=device, dtype=torch.float32)
        angle = places[:, None] * frequency
        return angle.cos().to(dtype), angle.sin().to(dtype)


class Attention(nn.Module):
    """Multi-head attention with rotary positions; keys and values can be computed once, reused."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_kv = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def _split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

    def keys_values(self, x: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """(B, L, C) -> keys and values, each (B, heads, L, C / heads)."""
        k, v = self.to_kv(x).chunk(2, dim=-1)
        return rotate(self._split(k), positions), self._split(v)

    def queries(self, x: Tensor, positions: Tensor) -> Tensor:
        return rotate(self._split(self.to_q(x)), positions)

    def merge(self, x: Tensor) -> Tensor:
        batch, heads, length, width = x.shape
        return self.out(x.transpose(1, 2).reshape(batch, length, heads * width))

    def forward(
        self, x: Tensor, positions: Tensor, keys_values: tuple[Tensor, Tensor] | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Attend from x (B, L, C) to the given keys and values, by default to x itself; mask (B, M)
        is True where a key is real."""
        k, v = keys_values or self.keys_values(x, positions)
        q = self.queries(x, positions) / math.sqrt(k.shape[-1])
        logits = q @ k.transpose(-1, -2)
        if mask is not None:
            logits = logits.masked_fill(~mask[:, None, None, :], float("-inf"))
        return self.merge(logits.softmax(dim=-1) @ v)

    def read(self, x: Tensor, position: int, keys_values: tuple[Tensor, Tensor]) -> Tensor:
        """Each of the L tokens of x (B, L, C) attends to the given keys and to itself alone.

        So any number of questions can be asked of one state, independent of one another.
        """
        k, v = keys_values
        where = torch.full((x.shape[1],), position, device=x.device)
        q = self.queries(x, where) / math.sqrt(k.shape[-1])
        own_k, own_v = self.keys_values(x, where)
        own = (q * own_k).sum(dim=-1, keepdim=True)
        weights = torch.cat((q @ k.transpose(-1, -2), own), dim=-1).softmax(dim=-1)
        return self.merge(weights[..., :-1] @ v + weights[..., -1:] * own_v)


class SwiGLU(nn.Module):
    """Gated feed-forward layer (arXiv 2002.05202)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, 2 * hidden, bias=False)
        self.out = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.gate(x).chunk(2, dim=-1)
        return self.out(nn.functional.silu(gate) * value)


class Block(nn.Module):
    """Pre-norm transformer layer, bidirectional."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.RMSNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.RMSNorm(width)
        self.feed = SwiGLU(width, 2 * width)

    def forward(self, x: Tensor, positions: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, L, C) -> (B, L, C); mask (B, L) is True where a token is real."""
        x = x + self.attention(self.norm1(x), positions, mask=mask)
        return x + self.feed(self.norm2(x))


class CrossBlock(nn.Module):
    """Tokens x read from a context: cross-attention, then feed-forward."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_x = nn.RMSNorm(width)
        self.norm_context = nn.RMSNorm(width)
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.norm2 = nn.RMSNorm(width)
        self.feed = SwiGLU(width, 2 * width)
        self.heads = heads

    def forward(self, x: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """x (B, L, C), context (B, M, C), mask (B, M) True where the context is real."""
        batch, length, width = x.shape
        shape = (batch, -1, self.heads, width // self.heads)
        q = self.q(self.norm_x(x)).view(shape).transpose(1, 2)
        k, v = self.kv(self.norm_context(context)).chunk(2, dim=-1)
        k, v = k.view(shape).transpose(1, 2), v.view(shape).transpose(1, 2)
        logits = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if mask is not None:
            logits = logits.masked_fill(~mask[:, None, None, :], float("-inf"))
        mixed = (logits.softmax(dim=-1) @ v).transpose(1, 2).reshape(batch, length, width)
        x = x + self.out(mixed)
        return x + self.feed(self.norm2(x))


def unit(x: Tensor) -> Tensor:
    """Unit length along the last axis."""
    return nn.functional.normalize(x, dim=-1)
