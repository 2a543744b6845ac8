"""Y-encoder: text -> unit embeddings in the shared space, and goals read out of sentences."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .layers import Block, CrossBlock, unit
from .sentence_encoder import SENTENCE_ENCODERS, mean_pool

FINE, CONTRADICTORY, UNRELATED = range(3)
DOUBTS = 3
"""What a sentence can be as a goal: fine, asking for two things that exclude each other, or about
nothing that is known."""


class Head(nn.Module):
    """Standardised sentence vector -> unit embedding.

    Sentence encoders put antonyms close together (open/closed 0.92 in all-MiniLM-L6-v2): the
    standardisation and this head pull them apart.
    """

    def __init__(self, width: int, hidden: int, embedding: int) -> None:
        super().__init__()
        self.skip = nn.Linear(width, embedding, bias=False)
        self.net = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Dropout(0.1), nn.Linear(hidden, embedding)
        )

    def forward(self, x: Tensor) -> Tensor:
        return unit(self.skip(x) + self.net(x))


class GoalReader(nn.Module):
    """Reads what a sentence asks for: per subject a unit embedding, or "does not speak of it".

    Queries are the subjects' vectors; they read the sentence's tokens by cross-attention, as the
    predictor reads a picture. A goal may speak of several subjects ("... and shut it"). With
    `reader_context` the tokens see one another first, with their positions: which colour goes with
    which place is a matter of word order (docs/training.md).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        part = config.y_encoder
        width = part.reader_width
        heads = max(1, width // 32)
        self.tokens_in = nn.Linear(part.text_width, width)
        self.query_in = nn.Linear(config.embedding, width)
        self.context = nn.ModuleList(Block(width, heads) for _ in range(part.reader_context))
        self.cross = nn.ModuleList(CrossBlock(width, heads) for _ in range(part.reader_layers))
        self.mix = nn.ModuleList(Block(width, heads) for _ in range(part.reader_layers))
        self.norm = nn.RMSNorm(width)
        self.head = nn.Linear(width, config.embedding)
        self.mentioned = nn.Linear(width, 1)
        if part.doubt:
            self.doubt_query = nn.Parameter(torch.randn(width) * 0.5)
            self.doubt = nn.Linear(width, DOUBTS)

    def forward(
        self, tokens: Tensor, mask: Tensor, queries: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """tokens (B, L, C), mask (B, L), queries (S, D) -> unit (B, S, D), logits (B, S), and
        logits (B, 3) of `DOUBTS` when the model has them."""
        context = self.tokens_in(tokens)
        order = torch.arange(context.shape[1], device=context.device)
        for block in self.context:
            context = block(context, order, mask)
        x = self.query_in(queries * queries.shape[-1] ** 0.5).expand(len(tokens), -1, -1)
        if hasattr(self, "doubt"):
            x = torch.cat((x, self.doubt_query.expand(len(tokens), 1, -1)), dim=1)
        still = torch.zeros(x.shape[1], device=x.device)  # subjects have no order
        for cross, mix in zip(self.cross, self.mix, strict=True):
            x = mix(cross(x, context, mask), still)
        x = self.norm(x)
        doubt = None
        if hasattr(self, "doubt"):
            x, doubt = x[:, :-1], self.doubt(x[:, -1])
        return unit(self.head(x)), self.mentioned(x).squeeze(-1), doubt


class YEncoder(nn.Module):
    """Pretrained sentence encoder + trained heads for statements and for actions."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        part = config.y_encoder
        sentence: Any = SENTENCE_ENCODERS.build(part.name, part)  # a SentenceEncoder
        self.sentence = sentence
        width = int(sentence.width)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))
        self.head = Head(width, part.hidden, config.embedding)
        self.action_head = Head(width, part.hidden, config.embedding)
        self.goal_reader = GoalReader(config)
        for name, parameter in self.sentence.named_parameters():
            layer = int(name.split(".")[1]) if name.startswith("layers.") else -1
            parameter.requires_grad_(layer >= sentence.split)

    def tokens(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Token states (B, L, C) and mask (B, L)."""
        ids, mask = self.sentence.tokenize(texts)
        ids, mask = ids.to(self.mean.device), mask.to(self.mean.device)
        return self.sentence.upper(self.sentence.lower(ids, mask), mask), mask

    def standardise(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """(B, L, C) token states -> standardised sentence vectors (B, C)."""
        return (mean_pool(tokens, mask) - self.mean) / self.std

    def vectors(self, texts: list[str]) -> Tensor:
        """Standardised sentence vectors (B, C)."""
        return self.standardise(*self.tokens(texts))

    def forward(self, texts: list[str]) -> Tensor:
        """Unit embeddings (B, D) of statements, questions and captions."""
        return self.head(self.vectors(texts))
