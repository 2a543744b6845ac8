"""X-encoder: a short clip of camera frames -> K state tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .layers import Block, CrossBlock
from .registry import Registry

X_ENCODERS: Registry[nn.Module] = Registry("x_encoder.name")


@X_ENCODERS.add("difference_vit")
class DifferenceViT(nn.Module):
    """A small vision transformer over the newest frame and its differences to the older ones.

    The newest frame enters as it is, the older ones as (newest - older), stacked as channels: a
    scene at rest looks the same whatever the clip's length, and motion is what is not zero. A
    convolutional stem makes (S/16)^2 patch tokens; after the transformer layers K learned slots
    read them by cross-attention (Perceiver, arXiv 2103.03206). The slots are the state.
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
        side = part.image_size // 16
        self.patch_position = nn.Parameter(torch.randn(side * side, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, config.heads) for _ in range(part.layers))
        self.slots = nn.Parameter(torch.randn(part.tokens, width) * 0.5)
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
        patches = self.stem(x).flatten(2).transpose(1, 2) + self.patch_position
        for block in self.blocks:
            patches = block(patches, self.patch_index)
        slots = self.slots.expand(len(clip), -1, -1)
        for reader in self.readers:
            slots = reader(slots, patches)
        return self.norm(self.mixer(slots, self.slot_index))
