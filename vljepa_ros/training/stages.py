"""The two training stages of the vision side.

Stage 1 is query-free: the answer to the empty query matches the caption of the clip.
Stage 2 is query-conditioned: questions, statements and goals about every subject; the outcomes of
actions through latent rollouts of several steps; whether an action works; the latent targets of an
EMA encoder on real pictures of the reached states; and stage-1 captions replayed.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vljepa_ros.model.dynamics import TARGET_FEATURES
from vljepa_ros.model.vljepa import VLJEPA

from . import checkpointing
from .objectives import caption_loss, statement_loss, works_loss
from .pictures import Clips, Pictures
from .scene_semantics import STATEMENT_IDS, SUBJECTS
from .sentence_bank import SentenceBank
from .targets import optical_targets
from .transitions import N_STATE_SUBJECTS, TRUE, WORKS, rollouts

SUBJECT_IDS = tuple(SUBJECTS)
VALUE_ROWS = [
    np.array([STATEMENT_IDS.index(v) for v in SUBJECTS[s]]) for s in SUBJECT_IDS
]


HARD, HARDEST, HARD_SHARE = 0.5, 2, 0.7
"""While a subject's reading loss is above HARD, this share of the steps reads the HARDEST only: the
gradients of five subjects that are read soon drown that of the sixth (docs/training.md)."""


@dataclass(frozen=True)
class VisionConfig:
    """One run of both stages."""

    stage1_steps: int = 250
    stage2_steps: int = 1300
    batch: int = 64
    rollout_batch: int = 40
    max_rollout: int = 8
    read_first: float = 0.4  # share of stage 2 that only reads; rollouts need states worth rolling
    lr: float = 8e-4
    lr_text: float = 4e-5  # heads of the Y-encoder, x0.05
    weight_decay: float = 0.05
    noise: float = 0.35  # on sentence vectors, in standard deviations
    ema: float = 0.996
    seed: int = 0


class VisionTrainer:
    """Holds the model, its EMA encoder, the data and the optimizer; one `step` a batch."""

    def __init__(
        self, model: VLJEPA, pictures: Pictures, bank: SentenceBank, config: VisionConfig
    ) -> None:
        torch.manual_seed(config.seed)
        self.model, self.pictures, self.bank, self.config = model, pictures, bank, config
        self.rng = np.random.default_rng(config.seed + 1)
        self.ema = copy.deepcopy(model.x_encoder).requires_grad_(False)
        text = [*model.y_encoder.head.parameters(), *model.y_encoder.action_head.parameters()]
        vision = [*model.x_encoder.parameters(), *model.predictor.parameters(),
                  *model.dynamics.parameters()]
        self.parameters = vision + text
        self.optimizer = torch.optim.AdamW(
            [{"params": vision, "lr": config.lr, "name": "vision"},
             {"params": text, "lr": config.lr_text, "name": "text"}],
            weight_decay=config.weight_decay, betas=(0.9, 0.98),
        )
        self.peaks = [group["lr"] for group in self.optimizer.param_groups]
        self.hardness = torch.ones(len(SUBJECT_IDS))  # running loss of reading each subject
        self.targets = torch.from_numpy(optical_targets())  # (15, 4)

    def step(self, number: int) -> dict[str, float]:
        """One optimizer step; `number` counts over both stages."""
        config = self.config
        total = config.stage1_steps + config.stage2_steps
        scale = min(1.0, (number + 1) / 80)
        scale *= 0.02 + 0.98 * (0.5 + 0.5 * np.cos(np.pi * min(1.0, number / total)))
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * scale
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16):
            if number < config.stage1_steps:
                losses = self._stage1()
            else:
                losses = self._stage2((number - config.stage1_steps) / config.stage2_steps)
        loss = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        decay = min(config.ema, (number + 1) / (number + 10))
        with torch.no_grad():
            for slow, fast in zip(self.ema.parameters(), self.model.x_encoder.parameters(),
                                  strict=True):
                slow.lerp_(fast, 1 - decay)
        return {k: float(v) for k, v in losses.items()}

    def _stage1(self) -> dict[str, Tensor]:
        clips = self.pictures.draw(self.config.batch, self.rng, share_motion=0.3)
        known = clips.state >= 0
        slots = self.model.x_encoder(clips.clip[torch.from_numpy(known)])
        return {"caption": self._caption(slots, clips.state[known])}

    def _caption(self, slots: Tensor, state: np.ndarray) -> Tensor:
        answers = self.model.predictor(slots, None)[:, 0]
        captions = self.model.y_encoder.head(self.bank.draw_captions(state, self.rng))
        return caption_loss(answers, captions, torch.from_numpy(state))

    def _stage2(self, progress: float) -> dict[str, Tensor]:
        config = self.config
        clips = self.pictures.draw(config.batch, self.rng)
        slots = self.model.x_encoder(clips.clip)
        texts, table = self._texts()
        losses = {"read": self._read(slots, clips.truth, texts, table)}
        known = clips.state >= 0
        if progress < config.read_first:
            extra = self.pictures.draw(config.rollout_batch, self.rng, share_motion=0.2)
            more = self._read(self.model.x_encoder(extra.clip), extra.truth, texts, table)
            losses["read"] = 0.5 * (losses["read"] + more)
        replay = torch.from_numpy(known)
        losses["caption"] = 0.3 * self._caption(slots[replay], clips.state[known])
        if progress < config.read_first:
            return losses
        done = (progress - config.read_first) / (1 - config.read_first)
        depth = 2 if done < 0.12 else 4 if done < 0.3 else config.max_rollout
        start = np.flatnonzero(known & clips.resting)[: config.rollout_batch]
        losses.update(self._rollout(slots, clips, start, depth, texts, table))
        return losses

    def _texts(self) -> tuple[Tensor, Tensor]:
        """Statement bank (31, W, D) and the table of query rows for this step.

        Query rows: canonical statements (31), canonical questions (7), then one random wording of
        each statement (31) and of each question (7).
        """
        head = self.model.y_encoder.head
        canonical = head(self.bank.canonical)
        count = len(STATEMENT_IDS)
        drawn = head(self.bank.draw_statements(self.rng, 2, self.config.noise))
        asked = head(self.bank.draw_questions(self.rng, 1, self.config.noise))[:, 0]
        bank = torch.cat((canonical[:count, None], drawn), dim=1)
        return bank, torch.cat((canonical, drawn[:, 1], asked))

    def _query_rows(self, subjects: np.ndarray) -> np.ndarray:
        """A row of the query table for each subject index (...,): question, statement or goal."""
        count, questions = len(STATEMENT_IDS), len(SUBJECT_IDS)
        kind = self.rng.random(subjects.shape)
        rows = count + subjects  # canonical question
        value = np.zeros_like(subjects)
        for s in range(questions):
            here = subjects == s
            value[here] = self.rng.choice(VALUE_ROWS[s], size=int(here.sum()))
        rows = np.where(kind > 0.4, value, rows)
        rows = np.where(kind > 0.7, count + questions + value, rows)
        return np.where(kind > 0.85, 2 * count + questions + subjects, rows)

    def _read(self, slots: Tensor, truth: np.ndarray, bank: Tensor, table: Tensor) -> Tensor:
        batch = len(slots)
        subjects = np.broadcast_to(np.arange(len(SUBJECT_IDS)), (batch, len(SUBJECT_IDS)))
        rows = self._query_rows(subjects)
        answers = self.model.predictor(slots, table[torch.from_numpy(rows)])
        want = torch.from_numpy(self._truth_for(rows, subjects, truth))
        each = torch.stack([
            statement_loss(answers[:, i], want[:, i], bank) for i in range(len(SUBJECT_IDS))
        ])
        self.hardness = 0.9 * self.hardness + 0.1 * each.detach().float()
        if self.hardness.max() > HARD and self.rng.random() < HARD_SHARE:
            return each[self.hardness.topk(HARDEST).indices].mean()
        return each.mean()

    @staticmethod
    def _truth_for(rows: np.ndarray, subjects: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """True statement for each query (B, Q); truth is (B, 7).

        "the cube is in the drawer" as a query is answered with the table or the drawer.
        """
        want = np.take_along_axis(truth, subjects, axis=1)
        count, questions = len(STATEMENT_IDS), len(SUBJECT_IDS)
        drawer = STATEMENT_IDS.index("cube_in.drawer")
        asks_drawer = (rows == drawer) | (rows == count + questions + drawer)
        where = truth[:, [SUBJECT_IDS.index("cube_in")]]
        return np.where(asks_drawer, where, want)

    def _rollout(
        self, slots: Tensor, clips: Clips, start: np.ndarray, depth: int, bank: Tensor,
        table: Tensor,
    ) -> dict[str, Tensor]:
        actions, passed = rollouts(clips.state[start], depth, self.rng)
        vectors = self.bank.draw_actions(actions, self.rng, self.config.noise * 0.7)
        embedded = self.model.y_encoder.action_head(vectors)
        targets = self._targets(actions)
        state = slots[torch.from_numpy(start)]
        looked = int(self.rng.integers(1, depth + 1))  # the step compared with a real picture
        with torch.no_grad():
            real = self.ema(self.pictures.of_states(passed[:, looked], self.rng)).float()
        read, works, latent = [], [], torch.zeros(())
        for k in range(depth):
            tokens = self.model.dynamics.action_tokens(embedded[:, k], targets[:, k])
            state, logit = self.model.dynamics(state, tokens)
            works.append(works_loss(logit, WORKS[passed[:, k], actions[:, k]]))
            read.append(self._read_imagined(state, passed[:, k], passed[:, k + 1], bank, table))
            if k + 1 == looked:
                latent = F.smooth_l1_loss(state.float(), real, beta=0.5)
        return {
            "imagined": torch.stack(read).mean(),
            "works": torch.stack(works).mean(),
            "latent": latent,
        }

    def _read_imagined(
        self, state: Tensor, before: np.ndarray, after: np.ndarray, bank: Tensor, table: Tensor
    ) -> Tensor:
        """Ask about what changed (or anything) and two more subjects."""
        changed = (TRUE[before] != TRUE[after])[:, :N_STATE_SUBJECTS]
        draw = self.rng.random(changed.shape) + 10.0 * changed
        subjects = np.argsort(-draw, axis=1)[:, :3]
        rows = self._query_rows(subjects)
        answers = self.model.predictor(state, table[torch.from_numpy(rows)])
        want = self._truth_for(rows, subjects, TRUE[after])
        return statement_loss(answers.flatten(0, 1), torch.from_numpy(want.reshape(-1)), bank)

    def _targets(self, actions: np.ndarray) -> Tensor:
        """Target features with a little noise, left out half of the time."""
        features = self.targets[torch.from_numpy(actions)].clone()
        features[..., :3] += 0.004 * torch.randn_like(features[..., :3])
        keep = torch.from_numpy(self.rng.random(actions.shape) < 0.6)
        assert features.shape[-1] == TARGET_FEATURES
        return features * (keep & (features[..., 3] > 0))[..., None]


def train(
    trainer: VisionTrainer, folder: Path, log: Callable[[str], None],
    validate: Callable[[VLJEPA], dict[str, float]], minutes: float | None = None,
) -> None:
    """Run (or resume) both stages; checkpoints and metrics.jsonl in the folder."""
    config = trainer.config
    path = folder / "vision.safetensors"
    first = 0
    if path.exists():
        first, extra = checkpointing.load(path, trainer.model, trainer.optimizer)
        trainer.ema.load_state_dict(extra)
        trainer.rng = np.random.default_rng(config.seed + 1 + first)
        log(f"resumed at step {first}")
    total = config.stage1_steps + config.stage2_steps
    running: dict[str, float] = {}
    started = time.time()
    for number in range(first, total):
        for key, value in trainer.step(number).items():
            running[key] = 0.95 * running.get(key, value) + 0.05 * value
        last = number + 1 == total
        if (number + 1) % 50 == 0 or last:
            words = " ".join(f"{k} {v:.3f}" for k, v in running.items())
            log(f"vision {number + 1}/{total} {time.time() - started:.0f} s {words}")
        if (number + 1) % 200 == 0 or last:
            checkpointing.save(path, trainer.model, trainer.optimizer, number + 1,
                               dict(trainer.ema.state_dict()))
            figures = validate(trainer.model)
            log(f"  validation: {figures}")
            with (folder / "metrics.jsonl").open("a") as file:
                file.write(json.dumps({"step": number + 1, **running, **figures}) + "\n")
        if minutes is not None and time.time() - started > 60 * minutes:
            log(f"time is up at step {number + 1}; the run can be resumed")
            break
