"""Dynamics: state tokens + an action -> the next state tokens, and whether the action works.

The joint-embedding predictive step: latent in, latent out, no pixels. The change is gated by the
probability that the action works at all, so that an action that fails leaves the state alone:
x' = LayerNorm(x + works * gate * delta).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .layers import Block
from .predictor import POSITION_CENTRE_M, POSITION_SCALE_M

TARGET_FEATURES = 4  # position in the optical frame (m), and 1 where there is one


class Dynamics(nn.Module):
    """A transformer over the state tokens and one action token."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.scaled = config.locate  # raw metres differ too little for targets to be told apart
        self.action_in = nn.Linear(config.embedding, config.width)
        self.target_in = nn.Sequential(
            nn.Linear(TARGET_FEATURES, config.width), nn.SiLU(),
            nn.Linear(config.width, config.width),
        )
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads) for _ in range(config.dynamics.layers)
        )
        self.norm = nn.RMSNorm(config.width)
        self.delta = nn.Linear(config.width, config.width)
        self.gate = nn.Linear(config.width, config.width)
        self.works = nn.Linear(config.width, 1)
        self.out_norm = nn.LayerNorm(config.width)
        if config.suppose:
            self.told_in = nn.Linear(config.embedding, config.width)
        nn.init.normal_(self.delta.weight, std=0.02)

    def action_tokens(self, actions: Tensor, targets: Tensor) -> Tensor:
        """(A, D) unit action embeddings and (A, 4) target features -> (A, width)."""
        if self.scaled:
            centre = torch.tensor(POSITION_CENTRE_M, device=targets.device)
            offset = (targets[..., :3] - centre) / POSITION_SCALE_M * targets[..., 3:]
            targets = torch.cat((offset, targets[..., 3:]), dim=-1)
        return self.action_in(actions * actions.shape[-1] ** 0.5) + self.target_in(targets)

    def suppose(self, state: Tensor, statement: Tensor) -> Tensor:
        """The state (B, K, width) in which a statement (B, D) about something out of sight holds.

        The same step as for an action, with the statement in its place and nothing to go wrong.
        """
        told = self.told_in(statement * statement.shape[-1] ** 0.5)
        slots, _ = self._think(state, told)
        return self.out_norm(state + self.gate(slots).sigmoid() * self.delta(slots))

    def forward(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """One imagined step.

        Args:
            state: (B, K, width).
            action: (B, width) action tokens.

        Returns:
            Next state (B, K, width) and the logit (B,) that the action works.
        """
        slots, last = self._think(state, action)
        logit = self.works(last).squeeze(-1)
        change = self.gate(slots).sigmoid() * self.delta(slots)
        return self.out_norm(state + logit.sigmoid()[:, None, None] * change), logit

    def will_work(self, state: Tensor, action: Tensor) -> Tensor:
        """The logit (B,) that the action works, as `forward` gives it."""
        return self.works(self._think(state, action)[1]).squeeze(-1)

    def _think(self, state: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.cat((state, token[:, None]), dim=1)
        positions = torch.arange(x.shape[1], device=x.device)
        for block in self.blocks:
            x = block(x, positions)
        x = self.norm(x)
        return x[:, :-1], x[:, -1]
