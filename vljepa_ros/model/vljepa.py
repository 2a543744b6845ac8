"""The four parts together: X-encoder, Y-encoder, predictor and latent dynamics."""

from __future__ import annotations

from torch import Tensor, nn

from .config import ModelConfig
from .dynamics import Dynamics
from .predictor import Predictor
from .x_encoder import X_ENCODERS
from .y_encoder import YEncoder


class VLJEPA(nn.Module):
    """VL-JEPA (arXiv 2512.10942) with action-conditioned latent dynamics."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.x_encoder = X_ENCODERS.build(config.x_encoder.name, config)
        self.y_encoder = YEncoder(config)
        self.predictor = Predictor(config)
        self.dynamics = Dynamics(config)

    def forward(self, clip: Tensor, queries: Tensor | None = None) -> Tensor:
        """Clip (B, T, 3, S, S) uint8 and unit queries -> unit answers (B, Q, D)."""
        return self.predictor(self.x_encoder(clip), queries)

    def trained_parameters(self) -> dict[str, int]:
        """How many parameters are trained, by part."""
        return {
            name: sum(p.numel() for p in part.parameters() if p.requires_grad)
            for name, part in self.named_children()
        }
