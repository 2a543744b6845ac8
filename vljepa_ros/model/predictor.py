"""Predictor: state tokens + a query embedding -> the unit embedding of the true statement.

VL-JEPA's predictor (arXiv 2512.10942, section 2) takes visual tokens and a text query and answers
in the text embedding space. Here the query is one vector of that same space, so that a question,
a statement and a goal are all queries. The state does not see the queries: many of them cost
little more than one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .layers import Block, unit

NOVEL_PULL = 8.0  # how steeply an answer is drawn to a statement that training never showed
POSITION_SCALE_M = 0.1
POSITION_CENTRE_M = (0.05, 0.13, 1.1)  # of the table the model was made for; the bias learns


class Predictor(nn.Module):
    """Bidirectional transformer (RMSNorm, RoPE, SwiGLU) with independent query tokens."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.query_in = nn.Linear(config.embedding, config.width)
        self.empty_query = nn.Parameter(torch.randn(config.width) * 0.02)
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads) for _ in range(config.predictor.layers)
        )
        self.norm = nn.RMSNorm(config.width)
        self.head = nn.Linear(config.width, config.embedding)
        if config.locate:
            self.position = nn.Linear(config.width, 3)
        if config.novel:
            self.expect(torch.zeros(config.novel, config.embedding), torch.ones(config.novel))

    def expect(self, statements: Tensor, limits: Tensor) -> None:
        """Draw answers to statements (K, D) that training never showed as true.

        Answers lean to what training showed. One that is nearer to such a statement (in cosine)
        than `limits` (K,), which answers about anything else hardly reach, is drawn to it: the
        calibrated stacking of generalized zero-shot learning (Chao et al., ECCV 2016).
        """
        self.register_buffer("novel", statements)
        self.register_buffer("novel_limits", limits)

    def query_tokens(self, queries: Tensor) -> Tensor:
        """(..., D) unit queries -> (..., width) tokens."""
        return self.query_in(queries * queries.shape[-1] ** 0.5)

    def locate(self, state: Tensor, queries: Tensor) -> Tensor:
        """(B, Q, 3): where the thing asked about is, metres, camera's optical frame.

        Args:
            state: (B, K, width).
            queries: (Q, D) or (B, Q, D), "where exactly is the cube?".
        """
        return self._metres(self._answers(state, queries))

    def read_and_locate(
        self, state: Tensor, queries: Tensor, things: Tensor
    ) -> tuple[Tensor, Tensor]:
        """`forward` for queries (Q, D) and `locate` for things (T, D), in one pass."""
        answers = self._answers(state, torch.cat((queries, things)))
        read, located = answers.split((len(queries), len(things)), dim=1)
        return self._said(read), self._metres(located)

    def forward(self, state: Tensor, queries: Tensor | None) -> Tensor:
        """Answers (B, Q, D), unit length.

        Args:
            state: (B, K, width).
            queries: (B, Q, D), or (Q, D) for the same queries to every state, or None for the
                empty query "what is happening?" (then Q = 1).
        """
        return self._said(self._answers(state, queries))

    def _said(self, answers: Tensor) -> Tensor:
        """(B, Q, width) -> unit (B, Q, D), see `expect`."""
        said = unit(self.head(answers))
        novel = getattr(self, "novel", None)
        if novel is None:
            return said
        novel = novel.to(said.dtype)
        beyond = (said @ novel.T - self.novel_limits.to(said.dtype)).clamp(min=0.0)
        return unit(said + NOVEL_PULL * beyond @ novel)

    def _metres(self, answers: Tensor) -> Tensor:
        offset = self.position(answers).float() * POSITION_SCALE_M
        return offset + torch.tensor(POSITION_CENTRE_M, device=offset.device)

    def _answers(self, state: Tensor, queries: Tensor | None) -> Tensor:
        """(B, Q, width): what each query has read from the state."""
        if queries is None:
            x = self.empty_query.expand(len(state), 1, -1)
        else:
            x = self.query_tokens(queries).to(state.dtype)
            if x.dim() == 2:
                x = x.expand(len(state), -1, -1)
        count = state.shape[1]
        positions = torch.arange(count, device=state.device)
        for block in self.blocks:
            assert isinstance(block, Block)
            normed = block.norm1(state)
            keys_values = block.attention.keys_values(normed, positions)
            x = x + block.attention.read(block.norm1(x), count, keys_values)
            x = x + block.feed(block.norm2(x))
            if block is self.blocks[-1]:
                break  # nobody reads the state after the last layer
            state = state + block.attention(normed, positions, keys_values)
            state = state + block.feed(block.norm2(state))
        return self.norm(x)
