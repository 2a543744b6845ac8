"""The twin: the same inputs, the answer generated token by token.

A bidirectional encoder over [state tokens, action, question] and a causal decoder with
cross-attention over words. Keys and values of the context and of the words said so far are kept,
so that a step costs one word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vljepa_ros.model.layers import Attention, Block, SwiGLU

from .samples import Batch
from .texts import BEGIN, END, PAD

MAX_WORDS = 28  # of a generated answer

KeysValues = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class GeneratorSize:
    """Width and layers of encoder and decoder."""

    width: int = 128
    heads: int = 4
    encoder: int = 2
    decoder: int = 2


@dataclass(frozen=True)
class Generated:
    """ids (B, L) up to END and PAD after it; log_probability (B,) summed over the words."""

    ids: Tensor
    log_probability: Tensor


class ContextAttention(nn.Module):
    """Words attend to the context; its keys and values are computed once for all words."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_kv = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def keys_values(self, context: Tensor) -> KeysValues:
        """(B, M, C) -> keys and values, each (B, heads, M, C / heads)."""
        k, v = self.to_kv(context).chunk(2, dim=-1)
        return self._split(k), self._split(v)

    def forward(self, x: Tensor, context: KeysValues) -> Tensor:
        """(B, L, C) -> (B, L, C)."""
        k, v = context
        weights = (self._split(self.to_q(x)) @ k.transpose(-1, -2)) / math.sqrt(k.shape[-1])
        return self.out((weights.softmax(dim=-1) @ v).transpose(1, 2).flatten(-2))


class DecoderBlock(nn.Module):
    """Causal self-attention, cross-attention to the context, feed-forward; pre-norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.RMSNorm(width) for _ in range(3))
        self.own = Attention(width, heads)
        self.cross = ContextAttention(width, heads)
        self.feed = SwiGLU(width, 2 * width)

    def forward(
        self, x: Tensor, positions: Tensor, context: KeysValues, past: KeysValues | None
    ) -> tuple[Tensor, KeysValues]:
        """x (B, L, C) at `positions` (L,), after the words whose keys and values are `past`."""
        normed = self.norm1(x)
        keys, values = self.own.keys_values(normed, positions)
        if past is not None:
            keys, values = torch.cat((past[0], keys), 2), torch.cat((past[1], values), 2)
        q = self.own.queries(normed, positions) / math.sqrt(keys.shape[-1])
        logits = q @ keys.transpose(-1, -2)
        if x.shape[1] > 1:  # a single new word may see everything said so far
            future = torch.arange(keys.shape[2])[None, :] > positions[:, None]
            logits = logits.masked_fill(future, float("-inf"))
        x = x + self.own.merge(logits.softmax(dim=-1) @ values)
        x = x + self.cross(self.norm2(x), context)
        return x + self.feed(self.norm3(x)), (keys, values)


class Generator(nn.Module):
    """Words out of a state, an action and a question."""

    def __init__(
        self, state_width: int, text_width: int, vocabulary: int, size: GeneratorSize
    ) -> None:
        super().__init__()
        width = size.width
        self.state_in = nn.Linear(state_width, width)
        self.action_in = nn.Linear(text_width, width)
        self.question_in = nn.Linear(text_width, width)
        self.encoder = nn.ModuleList(Block(width, size.heads) for _ in range(size.encoder))
        self.context_norm = nn.RMSNorm(width)
        self.embed = nn.Embedding(vocabulary, width)  # also the output layer
        nn.init.normal_(self.embed.weight, std=width**-0.5)
        self.decoder = nn.ModuleList(DecoderBlock(width, size.heads) for _ in range(size.decoder))
        self.norm = nn.RMSNorm(width)

    def context(self, tokens: Tensor, actions: Tensor, questions: Tensor) -> list[KeysValues]:
        """Per decoder layer the context's keys and values.

        Args:
            tokens: (B, K, state_width).
            actions: (B, C) sentence vectors.
            questions: (B, C).
        """
        told = self.action_in(actions)[:, None], self.question_in(questions)[:, None]
        x = torch.cat((self.state_in(tokens), *told), dim=1)
        positions = torch.arange(x.shape[1])
        for block in self.encoder:
            x = block(x, positions)
        x = self.context_norm(x)
        return [block.cross.keys_values(x) for block in self.decoder]

    def decode(
        self, ids: Tensor, start: int, context: list[KeysValues],
        past: list[KeysValues] | None = None,
    ) -> tuple[Tensor, list[KeysValues]]:
        """Logits (B, L, V) of the word after each of ids (B, L), and the grown cache."""
        x = self.embed(ids) * math.sqrt(self.embed.embedding_dim)
        positions = torch.arange(start, start + ids.shape[1])
        grown = []
        for i, block in enumerate(self.decoder):
            x, kept = block(x, positions, context[i], past[i] if past else None)
            grown.append(kept)
        return self.norm(x) @ self.embed.weight.T, grown

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy of the true statement's words, teacher forcing."""
        context = self.context(batch.tokens, batch.action, batch.question)
        logits, _ = self.decode(batch.words[:, :-1], 0, context)
        return F.cross_entropy(
            logits.float().flatten(0, 1), batch.words[:, 1:].flatten(), ignore_index=PAD
        )

    def generate(self, tokens: Tensor, actions: Tensor, questions: Tensor) -> Generated:
        """The most likely next word, again and again, until every answer of the batch has ended."""
        context = self.context(tokens, actions, questions)
        count = len(actions)
        word = torch.full((count, 1), BEGIN)
        open_ = torch.ones(count, dtype=torch.bool)
        score = torch.zeros(count)
        said: list[Tensor] = []
        past: list[KeysValues] | None = None
        for position in range(MAX_WORDS):
            logits, past = self.decode(word, position, context, past)
            best, chosen = logits[:, 0].float().log_softmax(dim=-1).max(dim=-1)
            score += best * open_
            said.append(chosen.where(open_, PAD))
            open_ &= chosen != END
            if not open_.any():
                break
            word = chosen[:, None]
        return Generated(torch.stack(said, dim=1), score)

    def likelihood(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, words: Tensor
    ) -> Tensor:
        """Log-probability (B, G) of G texts, ids (B, G, L) or (G, L), as the answer.

        All texts are scored in one pass; the context is computed once for all of them.
        """
        texts = words if words.dim() == 3 else words.expand(len(actions), -1, -1)
        many = texts.shape[1]
        context = [
            (k.repeat_interleave(many, 0), v.repeat_interleave(many, 0))
            for k, v in self.context(tokens, actions, questions)
        ]
        flat = texts.flatten(0, 1)
        logits, _ = self.decode(flat[:, :-1], 0, context)
        chosen = logits.float().log_softmax(-1).gather(-1, flat[:, 1:, None])[..., 0]
        return (chosen * (flat[:, 1:] != PAD)).sum(dim=1).view(-1, many)
