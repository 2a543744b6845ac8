"""X-encoder: a short clip of camera frames -> K state tokens."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .layers import Block, CrossBlock
from .registry import Registry


def grid_positions(side: int, width: int) -> Tensor:
    """(side^2, width): sine and cosine of row and column, of the same size as patch contents.

    With small random positions instead, where a small object lies was not learned in 800 steps,
    while what it looks like was (docs/training.md).
    """
    half = width // 2
    frequency = torch.exp(torch.arange(0, half, 2) * (-math.log(100.0) / half))
    angle = torch.arange(side)[:, None] * frequency
    line = torch.cat((angle.sin(), angle.cos()), dim=1)[:, :half]
    rows, columns = line[:, None].expand(-1, side, -1), line[None].expand(side, -1, -1)
    return torch.cat((rows, columns), dim=-1).reshape(side * side, -1)[:, :width]


_LAST_STAGE = 9  # of the stem's modules: three of the four convolutions come before

X_ENCODERS: Registry[nn.Module] = Registry("x_encoder.name")


@X_ENCODERS.add("difference_vit")
class DifferenceViT(nn.Module):
    """A small vision transformer over the newest frame and its differences to the older ones.

    The newest frame enters as it is, the older ones as (newest - older), stacked as channels: a
    scene at rest looks the same whatever the clip's length, and motion is what is not zero. A
    convolutional stem makes (S/16)^2 patch tokens. K slots start from the whole layout (patches,
    squeezed and flattened: every place has weights of its own) and then read the patches by
    cross-attention (Perceiver, arXiv 2103.03206). The slots are the state. Without the layout path
    the place of a small object was not learned in 1,000 steps, with it in 100 (docs/training.md).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        part = config.x_encoder
        width = config.width
        stem_widths = (48, 96, 160) if width >= 128 else (8, 12, 16)
        channels = [3 * part.frames, *stem_widths, width]
        stages: list[nn.Module] = []
        for i in range(4):
            kernel = 5 if i == 0 else 3
            stages += [
                nn.Conv2d(channels[i], channels[i + 1], kernel, stride=2, padding=kernel // 2),
                nn.GroupNorm(1, channels[i + 1]),
                nn.GELU(),
            ]
        self.stem = nn.Sequential(*stages[:-2], nn.Identity())
        self.fine = part.fine_layout
        side = part.image_size // 16
        self.patch_position = nn.Parameter(grid_positions(side, width))
        self.blocks = nn.ModuleList(Block(width, config.heads) for _ in range(part.layers))
        self.slots = nn.Parameter(torch.randn(part.tokens, width) * 0.5)
        # Several small things of several colours need the finer grid (docs/training.md).
        narrow, cells, hidden = max(2, width // 8), side * side, 2 * width
        if self.fine:
            narrow, cells, hidden = max(2, width // 12), 4 * cells, 8 * width // 3
        self.squeeze = nn.Linear(stem_widths[-1] if self.fine else width, narrow)
        self.layout = nn.Sequential(
            nn.GELU(), nn.Linear(narrow * cells, hidden), nn.GELU(),
            nn.Linear(hidden, part.tokens * width),
        )
        self.readers = nn.ModuleList(CrossBlock(width, config.heads) for _ in range(2))
        self.mixer = Block(width, config.heads)
        self.norm = nn.LayerNorm(width)
        self.register_buffer("slot_index", torch.arange(part.tokens), persistent=False)
        self.register_buffer("patch_index", torch.zeros(side * side), persistent=False)

    def forward(self, clip: Tensor) -> Tensor:
        """(B, T, 3, S, S) uint8, oldest first -> state tokens (B, K, width)."""
        frames = clip.float().div_(127.5).sub_(1.0)
        newest = frames[:, -1:]
        x = torch.cat((newest, newest - frames[:, :-1]), dim=1).flatten(1, 2)
        x = x.to(memory_format=torch.channels_last)
        before = self.stem[:_LAST_STAGE](x)
        patches = self.stem[_LAST_STAGE:](before).flatten(2).transpose(1, 2) + self.patch_position
        for block in self.blocks:
            patches = block(patches, self.patch_index)
        cells = before.flatten(2).transpose(1, 2) if self.fine else patches
        layout = self.layout(self.squeeze(cells).flatten(1))
        slots = self.slots + layout.view(len(clip), *self.slots.shape)
        for reader in self.readers:
            slots = reader(slots, patches)
        return self.norm(self.mixer(slots, self.slot_index))
