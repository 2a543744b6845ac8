"""State tokens of pictures, computed once by a frozen X-encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .. import generate
from ..transitions import state_index

BATCH = 64


@dataclass(frozen=True)
class Seen:
    """tokens (N, K, width) float16 and state (N,), the index into `transitions.STATES`."""

    tokens: Tensor
    state: np.ndarray

    def __len__(self) -> int:
        return len(self.state)


@torch.no_grad()
def encode(x_encoder: nn.Module, pictures: Iterable[np.ndarray], frames: int) -> Tensor:
    """Pictures (S, S, 3) uint8, each shown `frames` times as a clip at rest -> (N, K, width)."""
    found: list[Tensor] = []
    batch: list[np.ndarray] = []

    def flush() -> None:
        stacked = torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2)[:, None]
        with torch.autocast("cpu", torch.bfloat16):
            found.append(x_encoder(stacked.expand(-1, frames, -1, -1, -1)).half())
        batch.clear()

    for picture in pictures:
        batch.append(picture)
        if len(batch) == BATCH:
            flush()
    if batch:
        flush()
    return torch.cat(found)


def of_pictures(
    x_encoder: nn.Module, pictures: np.ndarray, labels: np.ndarray, frames: int
) -> Seen:
    """Pictures whose symbolic state is known; the others (a cube between places) are left out."""
    state = state_index(labels)
    known = state >= 0
    return Seen(encode(x_encoder, pictures[known], frames), state[known])


def training(
    x_encoder: nn.Module, model_id: str, frames: int, folder: Path | None, count: int,
    log: Callable[[str], None],
) -> Seen:
    """Tokens of `count` training stills of a data folder, cached there as float16.

    Without a folder the stills are rendered, from training seeds.
    """
    if folder is None:
        log(f"no training pictures at hand: rendering {count} stills")
        return rendered(x_encoder, frames, count, seed=700_000)
    cache = folder / f"tokens_{model_id}_{count}.npz"
    if cache.is_file():
        with np.load(cache) as content:
            return Seen(torch.from_numpy(content["tokens"]), content["state"])
    pictures, labels = _first(folder, count)
    log(f"state tokens of {len(labels)} stills of {folder}, computed once")
    seen = of_pictures(x_encoder, pictures, labels, frames)
    partial = cache.with_suffix(".partial.npz")
    try:
        np.savez(partial, tokens=seen.tokens.numpy(), state=seen.state)
        partial.rename(cache)
    except OSError as error:
        log(f"not cached: {error}")
    return seen


def rendered(x_encoder: nn.Module, frames: int, count: int, seed: int) -> Seen:
    """Tokens of freshly rendered stills; `seed` decides whether they are training or held out."""
    rows = list(generate.stills(count, seed))
    return of_pictures(
        x_encoder, np.stack([picture for picture, _, _ in rows]),
        np.array([labels for _, labels, _ in rows]), frames,
    )


def _first(folder: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` stills, without reading the other shards."""
    frames: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    left = count
    for path in sorted(folder.glob("stills_*_frames.npy")):
        if left <= 0:
            break
        shard = np.load(path, mmap_mode="r")[:left]
        frames.append(np.asarray(shard))
        labels.append(np.load(str(path).replace("_frames.npy", "_labels.npy"))[: len(shard)])
        left -= len(shard)
    if not frames:
        raise ValueError(f"data folder '{folder}' has no stills; run: python -m "
                         f"vljepa_ros.training.generate --kind stills --out {folder}")
    return np.concatenate(frames), np.concatenate(labels).astype(np.int64)
