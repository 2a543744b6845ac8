"""Trains the Y-decoder's generator: from the Y-encoder's embedding back to words.

Pairs of (embedding of a wording, canonical sentence): every statement in many wordings, and on wish
captions of several facts. Noise on the embeddings makes up for what the predictor's answers are
off. The generator belongs to one model: train it again after every change of the model.

    python -m vljepa_ros.training.y_decoder_stage --model models/compact
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from vljepa_ros.model.checkpoint import ModelError, load_model
from vljepa_ros.model.layers import unit
from vljepa_ros.model.y_decoder import (
    PAD,
    SPECIAL,
    START,
    Generator,
    GeneratorConfig,
    save_generator,
    words_of,
)
from vljepa_ros.model.y_encoder import YEncoder

from .run import language
from .semantics import Semantics

HELD_SHARE = 0.05
WARMUP = 50
_ENCODE = 128  # sentences at a time
MAX_FACTS = 6
LOG_EVERY = 50


@dataclass(frozen=True)
class StageConfig:
    """One run. `noise` is the length of the noise beside the unit embedding: 0.9 turns it by 42
    degrees, which is how far the predictor's answers are off at worst (cosine 0.75 to 0.93).

    `captions` of several facts are not taught by default: answers about one thing lie between
    statements and captions, and 600 captions made the generator add facts that nobody saw
    (recall of events 0.63, 14% of the lines false; docs/speaking.md)."""

    steps: int = 300
    batch: int = 96
    lr: float = 3e-3
    noise: float = 0.9
    corpus_scale: float = 0.1
    captions: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Pairs:
    """Embeddings (N, D) and word ids (N, L), padded, each beginning with START."""

    embeddings: Tensor
    words: Tensor

    def __len__(self) -> int:
        return len(self.words)


def texts(world: Semantics, corpus: list[Any], config: StageConfig) -> list[tuple[str, str]]:
    """(wording, canonical sentence) pairs of statements and captions."""
    rows = [(text, text) for text in world.statements.values()]
    rows += [(r.text, world.statements[r.statement]) for r in corpus if r.statement]
    by_statement: dict[str, list[str]] = {}
    for row in corpus:
        if row.statement:
            by_statement.setdefault(row.statement, []).append(row.text.rstrip("."))
    rng = np.random.default_rng(config.seed)
    rows += [_caption(world, by_statement, rng) for _ in range(config.captions)]
    return rows


def _caption(
    world: Semantics, wordings: dict[str, list[str]], rng: np.random.Generator
) -> tuple[str, str]:
    """A caption of some facts: half of them in other words, in any order -> in the world's own."""
    subjects = list(world.state_subjects)
    count = int(rng.integers(2, min(MAX_FACTS, len(subjects)) + 1))
    chosen = sorted(rng.choice(len(subjects), count, replace=False))
    facts = [str(rng.choice(world.subjects[subjects[i]])) for i in chosen]
    facts = [f for f in facts if not _said_by_another(world, f, facts)]
    facts = list(dict.fromkeys(facts))
    said = [
        world.statements[f] if rng.random() < 0.6 or f not in wordings
        else str(rng.choice(wordings[f])) for f in facts
    ]
    mixed = ", ".join(said[i] for i in rng.permutation(len(said)))
    return mixed, caption([world.statements[f] for f in facts])


def _said_by_another(world: Semantics, fact: str, facts: list[str]) -> bool:
    """Whether a fact only says less than, or contradicts, a later one about the same thing."""
    later = facts[facts.index(fact) + 1 :]
    thing = fact.split(".")[0].split("_")[0]
    kinds = {s.split(".")[0] for s in world.statements}
    twins = {k for k in kinds if k.startswith(f"{thing}_") and not k.endswith("_lock")}
    mine = fact.split(".")[0] in twins
    return mine and any(f.split(".")[0] in twins for f in later)


def caption(statements: list[str]) -> str:
    """Facts in one sentence."""
    return ", ".join(statements)


@torch.no_grad()
def embed(encoder: YEncoder, sentences: list[str]) -> Tensor:
    """(N, D) by the Y-encoder, sentences of like length together."""
    order = np.argsort([len(text) for text in sentences], kind="stable")
    rows = torch.zeros(len(sentences), encoder.head.skip.out_features)
    for start in tqdm(range(0, len(order), _ENCODE), desc="embedding sentences", disable=None):
        pick = order[start : start + _ENCODE]
        with torch.autocast("cpu", torch.bfloat16):
            found = encoder([sentences[i] for i in pick])
        rows[torch.from_numpy(pick)] = found.float()
    return unit(rows)


def pairs(generator: Generator, encoder: YEncoder, rows: list[tuple[str, str]]) -> Pairs:
    ids = [[START, *generator.ids(target)] for _, target in rows]
    longest = max(map(len, ids))
    words = torch.tensor([row + [PAD] * (longest - len(row)) for row in ids])
    return Pairs(embed(encoder, [wording for wording, _ in rows]), words)


def loss_of(generator: Generator, embeddings: Tensor, words: Tensor) -> Tensor:
    """Cross-entropy of the next words; padding does not count."""
    longest = int((words != PAD).sum(dim=1).max())
    logits = generator(embeddings, words[:, : longest - 1])
    return F.cross_entropy(logits.flatten(0, 1), words[:, 1:longest].flatten(), ignore_index=PAD)


def train(generator: Generator, data: Pairs, config: StageConfig, log: Callable[[str], None],
          ) -> dict[str, Any]:
    """Train in place; what the held-out pairs say."""
    torch.manual_seed(config.seed)
    order = torch.randperm(len(data))
    held, kept = order[: int(HELD_SHARE * len(data))], order[int(HELD_SHARE * len(data)) :]
    optimiser = torch.optim.AdamW(generator.parameters(), lr=config.lr, weight_decay=0.01)
    rise = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(
        1.0, (step + 1) / WARMUP, 0.02 + 0.98 * (1 - step / config.steps)))
    started = time.time()
    for step in range(config.steps):
        pick = kept[torch.randint(len(kept), (config.batch,))]
        loss = loss_of(generator, noisy(data.embeddings[pick], config.noise), data.words[pick])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
        optimiser.step()
        rise.step()
        if (step + 1) % LOG_EVERY == 0:
            log(f"step {step + 1} of {config.steps}, loss {float(loss.detach()):.3f}, "
                f"{time.time() - started:.0f} s")
    generator.eval()
    return judge(generator, Pairs(data.embeddings[held], data.words[held]), config.noise)


def noisy(embeddings: Tensor, noise: float) -> Tensor:
    """Unit embeddings turned at random, each by an angle of its own."""
    grain = torch.randn_like(embeddings) / embeddings.shape[-1] ** 0.5
    return unit(embeddings + noise * torch.rand(len(embeddings), 1) * grain)


def judge(generator: Generator, held: Pairs, noise: float) -> dict[str, Any]:
    """Share of held-out pairs written word for word, by kind, with and without noise."""
    torch.manual_seed(1)
    wanted = [generator.text(row[1:].tolist()) for row in held.words]
    figures: dict[str, Any] = {}
    for name, rows in (("clean", held.embeddings), ("noisy", noisy(held.embeddings, noise))):
        written = [g.text for g in generator.generate(rows)]
        for kind, several in (("statements", False), ("captions", True)):
            hits = [w == g for w, g in zip(wanted, written, strict=True) if ("," in w) == several]
            figures[f"{kind}_{name}"] = round(float(np.mean(hits)), 4) if hits else None
    return figures


def run(folder: Path, config: StageConfig, log: Callable[[str], None] = print) -> dict[str, Any]:
    """Train the generator of the model in `folder` and write it there."""
    loaded = load_model(folder)
    speech = language(world_of(loaded.description))
    rows = texts(speech.world, speech.corpus(config.seed, config.corpus_scale), config)
    known = sorted({word for _, target in rows for word in words_of(target)})
    vocabulary = [*SPECIAL, *known]
    torch.manual_seed(config.seed)
    sizes = GeneratorConfig(loaded.network.config.embedding, len(vocabulary))
    generator = Generator(sizes, vocabulary)
    count = sum(p.numel() for p in generator.parameters())
    log(f"{len(rows)} pairs, {len(vocabulary)} words, {count:,} parameters")
    figures = train(generator, pairs(generator, loaded.network.y_encoder, rows), config, log)
    path = save_generator(folder, generator, str(loaded.description["model_id"]))
    log(f"{path} for {loaded.description['model_id']}: {figures}")
    return figures


def world_of(description: dict[str, Any]) -> str:
    """The world a model speaks of, by its subjects."""
    return "scene-v0" if "cube_place" in description["subjects"] else "workbench"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path("models/compact"), help="model folder")
    parser.add_argument("--steps", type=int, default=StageConfig.steps)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        run(args.model, StageConfig(steps=args.steps, seed=args.seed))
    except ModelError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


if __name__ == "__main__":
    main()
