"""The Y-encoder's own stage: many wordings, one meaning.

The upper layers of the sentence encoder (at a small learning rate, as the paper does at x0.05), the
statement and action heads and the goal reader are trained on a fixed corpus. Lower layers are
frozen and their outputs cached, which makes a step several times cheaper.

Losses: InfoNCE of every wording against all canonical statements (equal meanings are never
negatives), the same for actions, and for the goal reader what a sentence asks for per subject.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vljepa_ros.model.vljepa import VLJEPA
from vljepa_ros.model.y_encoder import FINE, YEncoder

from . import checkpointing, loop
from .corpus import CachedCorpus, batch_kinds, window
from .objectives import TEMPERATURE, analogies, analogy_loss
from .phrases import Sentence
from .semantics import IGNORED, Semantics

ANCHOR_EVERY = 20  # steps between two passes over the canonical sentences
DOUBTFUL = 0.7  # a sentence is doubted from this probability on


@dataclass(frozen=True)
class WordingConfig:
    """One run of this stage."""

    steps: int = 1500
    batch: int = 128
    lr: float = 1e-3
    lr_sentence: float = 5e-5  # x0.05
    noise: float = 0.3  # on standardised sentence vectors, in standard deviations
    weight_decay: float = 0.05
    corpus_scale: float = 1.0
    analogy: float = 0.0  # weight of the parallelograms between statements of several things
    reader_only: bool = False  # only the goal reader learns; needs anchors
    seed: int = 0


@dataclass(frozen=True)
class Anchors:
    """Embeddings that wordings are trained towards: statements (M, D), the lasting subjects'
    questions (S, D), action names (A, D)."""

    statements: Tensor
    questions: Tensor
    actions: Tensor


class Language(Protocol):
    """The sentences of one world."""

    world: Semantics

    def corpus(self, seed: int, scale: float = 1.0) -> list[Sentence]:
        """A fixed, seeded training corpus without duplicates."""
        ...

    def development(self) -> dict[str, list[Sentence]]:
        """Sentences by section that nobody trains on: for tuning."""
        ...


def reader_logits(
    outputs: Tensor, mentioned: Tensor, canonical: Tensor, world: Semantics, training: bool = False
) -> list[Tensor]:
    """Per lasting subject (B, 1 + values): log-odds of 'not mentioned' and of every value.

    In training, values that are held out are not among the alternatives.
    """
    logits = []
    for i, subject in enumerate(world.state_subjects):
        ids = world.subjects[subject]
        values = canonical[[world.index[s] for s in ids]]
        cosine = outputs[:, i].float() @ values.T / TEMPERATURE
        if training and world.held_out:
            hidden = torch.tensor([s in world.held_out for s in ids])
            cosine = cosine.masked_fill(hidden, -1e4)
        speaks = mentioned[:, i : i + 1].float()
        logits.append(
            torch.cat((F.logsigmoid(-speaks), F.logsigmoid(speaks) + cosine.log_softmax(-1)), 1)
        )
    return logits


def reader_loss(
    outputs: Tensor, mentioned: Tensor, canonical: Tensor, parts: Tensor, world: Semantics
) -> Tensor:
    """Mean over subjects of the negative log-likelihood of what the sentence asks for."""
    logits = reader_logits(outputs, mentioned, canonical, world, training=True)
    losses = [
        F.nll_loss(logit, parts[:, i], ignore_index=IGNORED)
        for i, logit in enumerate(logits) if (parts[:, i] != IGNORED).any()
    ]
    return torch.stack(losses).mean()


def train(
    model: VLJEPA, config: WordingConfig, path: Path, log: Any, language: Language,
    fixed: Anchors | None = None,
) -> None:
    """Run (or resume) the stage; `path` is its checkpoint.

    With `fixed` anchors (those a trained predictor answers with) the stage only brings more
    wordings to where the meanings already are, so it can be repeated after the vision stages.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    encoder, world = model.y_encoder, language.world
    started = time.time()
    rows = language.corpus(config.seed, config.corpus_scale)
    encoder.eval()
    data = CachedCorpus(rows, encoder, world, whole=config.reader_only)
    log(f"corpus: {len(rows)} sentences, cached in {time.time() - started:.0f} s")
    fresh = bool((encoder.std == 1).all())  # a model that was trained before keeps its own
    if fixed is None and not path.exists() and fresh:
        set_statistics(encoder, data)
    sentence = [p for p in encoder.sentence.parameters() if p.requires_grad]
    heads = [p for n, p in encoder.named_parameters() if not n.startswith("sentence.")]
    if config.reader_only:
        if fixed is None:
            raise ValueError("reader_only: the reader learns alone only in `rewording`")
        sentence, heads = [], list(encoder.goal_reader.parameters())
    groups = [{"params": sentence, "lr": config.lr_sentence, "name": "sentence"},
              {"params": heads, "lr": config.lr, "name": "heads"}]
    optimizer = torch.optim.AdamW(
        [group for group in groups if group["params"]], weight_decay=config.weight_decay
    )
    first = checkpointing.load(path, encoder, optimizer)[0] if path.exists() else 0
    peaks = [group["lr"] for group in optimizer.param_groups]
    running: dict[str, float] = {}
    kinds = batch_kinds(data)
    encoder.eval()
    lower = canonical_lower(encoder, world)
    parallels = analogies(world)
    for step in range(first, config.steps):
        scale = min(1.0, (step + 1) / 50) * (0.5 + 0.5 * np.cos(np.pi * step / config.steps))
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * scale
        encoder.train()
        if fixed is None and (step % ANCHOR_EVERY == 0 or step == first):
            anchors = anchor_vectors(encoder, world)
        goals = fixed or Anchors(*canonical_embeddings(encoder, anchors, world))
        step_of = reader_losses if config.reader_only else step_losses
        losses = step_of(encoder, data, kinds, config, rng, goals, world)
        if fixed is None and config.analogy and len(parallels):
            losses["analogy"] = config.analogy * analogy_loss(goals.statements, parallels)
        if fixed is not None and not config.reader_only:
            losses["anchor"] = anchor_loss(encoder, fixed, lower, world)
        loss = sum(losses.values())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(sentence + heads, 1.0)
        optimizer.step()
        for key, value in losses.items():
            running[key] = 0.98 * running.get(key, float(value)) + 0.02 * float(value)
        if (step + 1) % 100 == 0 or step + 1 == config.steps:
            words = " ".join(f"{k} {v:.3f}" for k, v in running.items())
            log(f"wording {step + 1}/{config.steps} {time.time() - started:.0f} s {words}")
        if loop.rank() == 0 and ((step + 1) % 300 == 0 or step + 1 == config.steps):
            checkpointing.save(path, encoder, optimizer, step + 1)
            log(f"  development: {development(encoder, language, anchors=fixed)}")


def step_losses(
    encoder: YEncoder, data: CachedCorpus, kinds: list[np.ndarray], config: WordingConfig,
    rng: np.random.Generator, anchors: Anchors, world: Semantics,
) -> dict[str, Tensor]:
    """The three losses on one batch: statements, actions, and many-part goals."""
    statements, actions, goals = kinds
    counts = (config.batch // 2, config.batch // 6, config.batch // 3)
    # Rows lie in length order: a window of neighbours wastes little on padding.
    picks = [window(kind, count, rng)
             for kind, count in zip((statements, actions, goals), counts, strict=True)]
    canonical, action_names = anchors.statements, anchors.actions
    losses: dict[str, Tensor] = {}
    reading: dict[str, list[Tensor]] = {"reader": [], "doubt": []}
    negatives = world.never_negative
    for pick in picks:
        hidden, mask = data.batch(pick)
        with torch.autocast("cpu", torch.bfloat16):
            tokens = encoder.sentence.upper(hidden, mask).float()
        vectors = encoder.standardise(tokens, mask)
        noisy = vectors + config.noise * torch.randn_like(vectors)
        label, action = data.statement[pick], data.action[pick]
        if (label >= 0).any():
            known = label >= 0
            out = encoder.head(noisy[known])
            logits = out @ canonical.T / TEMPERATURE
            logits = logits.masked_fill(negatives[label[known]], float("-inf"))
            losses["statement"] = F.cross_entropy(logits, label[known])
        if (action >= 0).any():
            known = action >= 0
            out = encoder.action_head(noisy[known])
            losses["action"] = F.cross_entropy(out @ action_names.T / TEMPERATURE, action[known])
        for name, loss in _reading(encoder, data, pick, tokens, mask, anchors, world).items():
            reading[name].append(loss)
    return losses | {name: torch.stack(some).mean() for name, some in reading.items() if some}


def reader_losses(
    encoder: YEncoder, data: CachedCorpus, kinds: list[np.ndarray], config: WordingConfig,
    rng: np.random.Generator, anchors: Anchors, world: Semantics,
) -> dict[str, Tensor]:
    """What the goal reader alone learns from: goals of several parts or none (5 of 8), statements
    (2 of 8), actions said as goals (1 of 8)."""
    losses: dict[str, list[Tensor]] = {"reader": [], "doubt": []}
    parts = config.batch // 8
    for kind, count in zip(kinds, (2 * parts, parts, 5 * parts), strict=True):
        pick = window(kind, count, rng)
        tokens, mask = data.batch(pick)
        tokens = F.dropout(tokens, 0.1)
        for name, loss in _reading(encoder, data, pick, tokens, mask, anchors, world).items():
            losses[name].append(loss)
    return {name: torch.stack(some).mean() for name, some in losses.items() if some}


def _reading(
    encoder: YEncoder, data: CachedCorpus, pick: np.ndarray, tokens: Tensor, mask: Tensor,
    anchors: Anchors, world: Semantics,
) -> dict[str, Tensor]:
    """The goal reader's losses on rows of the corpus; none where they ask for nothing."""
    parts, doubt = data.parts[pick], data.doubt[pick]
    losses: dict[str, Tensor] = {}
    if (parts == IGNORED).all() and (doubt == IGNORED).all():
        return losses
    with torch.autocast("cpu", torch.bfloat16):
        outputs, mentioned, doubts = encoder.goal_reader(tokens, mask, anchors.questions)
    if (parts != IGNORED).any():
        losses["reader"] = reader_loss(outputs, mentioned, anchors.statements, parts, world)
    if doubts is not None and (doubt != IGNORED).any():
        losses["doubt"] = 0.3 * F.cross_entropy(doubts.float(), doubt, ignore_index=IGNORED)
    return losses


def canonical_lower(encoder: YEncoder, world: Semantics) -> tuple[Tensor, Tensor]:
    """Frozen lower layers' states and mask of the canonical statements and action names."""
    with torch.no_grad():
        ids, mask = encoder.sentence.tokenize(
            [*world.statements.values(), *world.actions.values()]
        )
        return encoder.sentence.lower(ids, mask), mask


def anchor_loss(
    encoder: YEncoder, fixed: Anchors, lower: tuple[Tensor, Tensor], world: Semantics
) -> Tensor:
    """Keeps the canonical sentences where the trained predictor and dynamics expect them."""
    hidden, mask = lower
    with torch.autocast("cpu", torch.bfloat16):
        tokens = encoder.sentence.upper(hidden, mask).float()
    vectors = encoder.standardise(tokens, mask)
    count = len(world.statements)
    apart = [
        1 - (encoder.head(vectors[:count]) * fixed.statements).sum(-1),
        1 - (encoder.action_head(vectors[count:]) * fixed.actions).sum(-1),
    ]
    return 5.0 * torch.cat(apart).mean()


@torch.no_grad()
def anchor_vectors(encoder: YEncoder, world: Semantics) -> Tensor:
    """Sentence vectors of the canonical statements, questions and action names."""
    training = encoder.training
    encoder.eval()
    vectors = encoder.vectors(
        [*world.statements.values(), *world.questions.values(), *world.actions.values()]
    )
    encoder.train(training)
    return vectors


def canonical_embeddings(
    encoder: YEncoder, vectors: Tensor, world: Semantics
) -> tuple[Tensor, Tensor, Tensor]:
    """Embeddings of the canonical statements, the lasting subjects' questions, the actions."""
    split = len(world.statements), len(world.statements) + len(world.questions)
    out = encoder.head(vectors[: split[1]])
    questions = out[split[0] :][: len(world.state_subjects)]
    return out[: split[0]], questions, encoder.action_head(vectors[split[1] :])


@torch.no_grad()
def set_statistics(encoder: YEncoder, data: CachedCorpus) -> None:
    """Mean and spread of the untuned sentence vectors over the corpus, for standardisation."""
    encoder.eval()
    vectors = []
    for start in range(0, len(data.rows), 4096):
        indices = np.arange(start, min(start + 256, len(data.rows)))
        hidden, mask = data.batch(indices)
        tokens = encoder.sentence.upper(hidden, mask)
        weight = mask.float()[..., None]
        vectors.append((tokens * weight).sum(1) / weight.sum(1))
    stacked = torch.cat(vectors)
    encoder.mean.copy_(stacked.mean(0))
    encoder.std.copy_(stacked.std(0).clamp(min=1e-3))


@torch.no_grad()
def development(
    encoder: YEncoder, language: Language, threshold: float = 0.5, anchors: Anchors | None = None,
) -> dict[str, float]:
    """Accuracy on sentences nobody trained on; by default the development file.

    statements/goals: nearest canonical statement; *_read: goal reader right on every subject;
    actions: nearest canonical action; unrelated: share recognised as speaking of nothing;
    refusal: balanced accuracy of doubting contradictory, absent, foreign and senseless goals.
    """
    encoder.eval()
    world, sets = language.world, language.development()
    vectors = anchor_vectors(encoder, world)
    goals = anchors or Anchors(*canonical_embeddings(encoder, vectors, world))
    canonical, questions, names = goals.statements, goals.questions, goals.actions
    figures: dict[str, float] = {}
    for kind, rows in sets.items():
        tokens, mask = encoder.tokens([r.text for r in rows])
        vectors = encoder.standardise(tokens, mask)
        if kind == "actions":
            nearest = (encoder.action_head(vectors) @ names.T).argmax(-1)
            truth = torch.tensor([world.action_ids.index(r.action) for r in rows])
            figures[kind] = float((nearest == truth).float().mean())
            continue
        if kind in ("goals", "statements"):
            lasting = torch.tensor(
                [any(s in world.subjects[k] for k in world.state_subjects)
                 for s in world.statements]
            )
            cosine = encoder.head(vectors) @ canonical.T
            nearest = cosine.masked_fill(~lasting, -1.0).argmax(-1)
            truth = torch.tensor([world.index[r.statement] for r in rows])
            figures[kind] = float((nearest == truth).float().mean())
        if kind == "refusal":
            _, _, doubts = encoder.goal_reader(tokens, mask, questions)
            if doubts is not None:
                doubted = 1 - doubts.softmax(-1)[:, FINE] > DOUBTFUL
                wrong = torch.tensor([r.doubt != FINE for r in rows])
                figures["refused"] = float(doubted[wrong].float().mean())
                figures["refused_wrongly"] = float(doubted[~wrong].float().mean())
            continue
        read = read_parts(encoder, tokens, mask, questions, canonical, threshold, world)
        right = [set(p) == set(r.parts or ()) for p, r in zip(read, rows, strict=True)]
        figures[f"{kind}_read"] = float(np.mean(right))
    return {k: round(v, 3) for k, v in figures.items()}


@torch.no_grad()
def read_parts(
    encoder: YEncoder, tokens: Tensor, mask: Tensor, questions: Tensor, canonical: Tensor,
    threshold: float, world: Semantics,
) -> list[list[str]]:
    """Statement ids that each sentence asks for, as the goal reader sees it."""
    outputs, mentioned, _ = encoder.goal_reader(tokens, mask, questions)
    logits = reader_logits(outputs, mentioned, canonical, world)
    found: list[list[str]] = [[] for _ in range(len(tokens))]
    speaks = mentioned.sigmoid()
    for i, subject in enumerate(world.state_subjects):
        best = logits[i][:, 1:].argmax(-1)
        for row in range(len(tokens)):
            if float(speaks[row, i]) > threshold:
                found[row].append(world.subjects[subject][int(best[row])])
    for row in found:
        fine = set(row)
        row[:] = [s for s in row if not any(
            (a in fine and b == s) for a, b in world.compatible_pairs
        )]  # a place on the table says more than "on the table"
    return found
