"""Y-decoder: a small causal transformer that writes a sentence from an embedding.

The embedding enters as a few prefix tokens, the words follow one by one with cached keys and
values. It is trained on embeddings of sentences by the Y-encoder (training/y_decoder_stage.py) and
belongs to the model whose Y-encoder that was: its file names the model_id and is refused beside
any other.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from .checkpoint import ModelError
from .layers import Attention, SwiGLU

FILE = "generator.safetensors"
PAD, START, END = range(3)
SPECIAL = ("<pad>", "<start>", "<end>")
MAX_BEAMS = 16
_WORD = re.compile(r"[\w'-]+|[^\w\s]")

Cache = list[tuple[Tensor, Tensor]]
"""Keys and values (B, heads, L, C) of every layer."""


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes. `embedding` is the width of the shared space, `words` the vocabulary's size."""

    embedding: int
    words: int
    width: int = 128
    heads: int = 4
    layers: int = 3
    prefix: int = 4
    max_words: int = 64

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise ValueError(f"width = {self.width!r} is not usable; allowed: a multiple of "
                             f"2 x heads ({2 * self.heads})")


@dataclass(frozen=True)
class Generated:
    """A sentence and its probability in (0, 1], that of all its words together."""

    text: str
    confidence: float


class CausalBlock(nn.Module):
    """Pre-norm transformer layer in which a token sees itself and what came before."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.RMSNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.RMSNorm(width)
        self.feed = SwiGLU(width, 2 * width)

    def forward(
        self, x: Tensor, start: int, cache: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x (B, L, C) at positions start.. -> (B, L, C) and the keys and values so far."""
        positions = torch.arange(start, start + x.shape[1], device=x.device)
        normed = self.norm1(x)
        k, v = self.attention.keys_values(normed, positions)
        if cache is not None:
            k, v = torch.cat((cache[0], k), dim=2), torch.cat((cache[1], v), dim=2)
        q = self.attention.queries(normed, positions) / math.sqrt(k.shape[-1])
        later = torch.arange(k.shape[2], device=x.device) > positions[:, None]
        logits = (q @ k.transpose(-1, -2)).masked_fill(later, float("-inf"))
        x = x + self.attention.merge(logits.softmax(dim=-1) @ v)
        return x + self.feed(self.norm2(x)), (k, v)


class Generator(nn.Module):
    """Embedding -> words. ``vocabulary`` lists the words, the special ones first."""

    def __init__(self, config: GeneratorConfig, vocabulary: Sequence[str]) -> None:
        super().__init__()
        if len(vocabulary) != config.words or tuple(vocabulary[:3]) != SPECIAL:
            raise ValueError(f"vocabulary has {len(vocabulary)} words; allowed: {config.words}, "
                             f"beginning with {', '.join(SPECIAL)}")
        self.config, self.vocabulary = config, tuple(vocabulary)
        self._index = {word: i for i, word in enumerate(self.vocabulary)}
        self.condition = nn.Linear(config.embedding, config.prefix * config.width)
        self.embed = nn.Embedding(config.words, config.width)
        self.blocks = nn.ModuleList(
            CausalBlock(config.width, config.heads) for _ in range(config.layers)
        )
        self.norm = nn.RMSNorm(config.width)
        self.head = nn.Linear(config.width, config.words)

    def ids(self, text: str) -> list[int]:
        """The words of a text and END; raises ValueError for a word that is not known."""
        found = words_of(text)
        unknown = [word for word in found if word not in self._index]
        if unknown:
            raise ValueError(f"word {unknown[0]!r} is not in the generator's vocabulary")
        return [*(self._index[word] for word in found), END]

    def prefix(self, embeddings: Tensor) -> Tensor:
        """(B, D) unit embeddings -> (B, prefix, width)."""
        scaled = embeddings * embeddings.shape[-1] ** 0.5
        return self.condition(scaled).view(len(embeddings), self.config.prefix, -1)

    def forward(self, embeddings: Tensor, words: Tensor) -> Tensor:
        """Logits (B, L, V) of the next word after each of words (B, L), the first being START."""
        x = torch.cat((self.prefix(embeddings), self.embed(words)), dim=1)
        return self._run(x, 0, None)[0][:, self.config.prefix :]

    @torch.no_grad()
    def generate(self, embeddings: Tensor, beams: int = 1) -> list[Generated]:
        """The likeliest sentence for each of (B, D) unit embeddings; greedy with one beam."""
        if not 1 <= beams <= MAX_BEAMS:
            raise ValueError(f"beams = {beams!r} is not usable; allowed: 1 to {MAX_BEAMS}")
        batch = len(embeddings)
        if not batch:
            return []
        start = self.embed(torch.full((batch, 1), START, device=embeddings.device))
        first = torch.cat((self.prefix(embeddings), start), dim=1)
        logits, cache = self._run(first, 0, None)
        likely = nn.functional.pad(  # more beams than words: the rest are impossible
            logits[:, -1].log_softmax(-1), (0, beams), value=float("-inf")
        )
        score, chosen = likely.topk(beams)  # (B, K)
        words = chosen.clamp(max=self.config.words - 1)[..., None]
        cache = [(k.repeat_interleave(beams, 0), v.repeat_interleave(beams, 0)) for k, v in cache]
        rows = torch.arange(batch, device=embeddings.device)[:, None] * beams
        for step in range(1, self.config.max_words):
            ended = words[..., -1] == END
            if ended.all():
                break
            x = self.embed(words[..., -1].flatten())[:, None]
            logits, cache = self._run(x, self.config.prefix + step, cache)
            following = logits[:, -1].log_softmax(-1).view(batch, beams, -1)
            following[ended] = float("-inf")
            following[..., END] = torch.where(ended, 0.0, following[..., END])
            score, pick = (score[..., None] + following).flatten(1).topk(beams)
            parent, word = pick // following.shape[-1], pick % following.shape[-1]
            words = torch.cat((words.gather(1, parent[..., None].expand_as(words)),
                               word[..., None]), dim=-1)
            if beams > 1:
                flat = (rows + parent).flatten()
                cache = [(k[flat], v[flat]) for k, v in cache]
        return [
            Generated(self.text(words[i, 0].tolist()), float(score[i, 0].exp()))
            for i in range(batch)
        ]

    def write(self, embeddings: np.ndarray, beams: int = 1) -> list[tuple[str, float]]:
        """(text, probability) for each of unit embeddings (B, D), numpy in."""
        rows = torch.as_tensor(np.asarray(embeddings, dtype=np.float32),
                               device=self.embed.weight.device)
        return [(g.text, g.confidence) for g in self.generate(rows, beams)]

    def text(self, ids: Sequence[int]) -> str:
        """The words up to END as a sentence."""
        end = ids.index(END) if END in ids else len(ids)
        joined = " ".join(self.vocabulary[i] for i in ids[:end] if i > END)
        return re.sub(r" ([^\w\s])", r"\1", joined)

    def _run(self, x: Tensor, start: int, cache: Cache | None) -> tuple[Tensor, Cache]:
        kept: Cache = []
        for i, block in enumerate(self.blocks):
            x, pair = block(x, start, None if cache is None else cache[i])
            kept.append(pair)
        return self.head(self.norm(x)), kept


def words_of(text: str) -> list[str]:
    """Words and marks of a text, lower case."""
    return _WORD.findall(text.lower())


def save_generator(folder: Path, generator: Generator, model_id: str) -> Path:
    """Write the generator beside its model, in bfloat16."""
    path = folder / FILE
    tensors = {k: v.to(torch.bfloat16).contiguous() for k, v in generator.state_dict().items()}
    save_file(tensors, path, metadata={
        "model_id": model_id, "config": json.dumps(asdict(generator.config)),
        "vocabulary": json.dumps(generator.vocabulary),
    })
    return path


def load_generator(folder: str | Path, model_id: str, device: str = "cpu") -> Generator:
    """The generator beside a model; ModelError when it is missing, damaged or another model's."""
    path = Path(folder) / FILE
    if not path.is_file():
        raise ModelError(f"generator '{path}' is missing; train it: "
                         f"python -m vljepa_ros.training.y_decoder_stage --model {folder}")
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        config = GeneratorConfig(**json.loads(facts["config"]))
        generator = Generator(config, json.loads(facts["vocabulary"]))
        generator.load_state_dict(tensors)
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"generator '{path}' cannot be read: {reason}") from error
    if facts.get("model_id") != model_id:
        raise ModelError(f"generator '{path}' belongs to {facts.get('model_id')!r}; allowed: "
                         f"{model_id!r}, the model beside it; train it anew: "
                         f"python -m vljepa_ros.training.y_decoder_stage --model {folder}")
    return generator.to(device).eval()
