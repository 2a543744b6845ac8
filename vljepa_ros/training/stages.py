"""The two training stages of the vision side, the same for every world.

Stage 1 is query-free: the answer to the empty query matches the caption of the clip.
Stage 2 is query-conditioned: questions, statements and goals about every subject; the outcomes of
actions through latent rollouts of several steps; whether an action works; where things are; the
latent targets of an EMA encoder on real pictures of the reached states; stage-1 captions replayed.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vljepa_ros.model.vljepa import VLJEPA

from .objectives import caption_loss, none_loss, position_loss, statement_loss, works_loss
from .scenario import NONE, Clips, Rollout, Scenario, Trial
from .sentence_bank import SentenceBank

HARD, HARD_SHARE = 0.5, 0.7
"""While a subject's reading loss is above HARD, this share of the steps reads only such subjects:
the gradients of five that are read soon drown that of the sixth (docs/training.md)."""
ASKED = 4  # subjects asked of an imagined state


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
    share_motion: float = 0.4
    warm_up: int = 80
    focus: float = 0.0  # how much less an answer counts that is right already, in [0, 1)
    seed: int = 0
    latent: bool = True  # ablation: no latent targets
    cosine_only: bool = False  # ablation: cosine to the true statement instead of InfoNCE
    freeze_text: bool = False  # ablation: heads of the Y-encoder frozen
    single_frame: bool = False  # ablation: the newest frame, repeated, instead of a clip


class VisionTrainer:
    """Holds the model, its EMA encoder, the data and the optimizer; one `step` a batch."""

    def __init__(
        self, model: VLJEPA, scenario: Scenario, bank: SentenceBank, config: VisionConfig
    ) -> None:
        torch.manual_seed(config.seed)
        self.model, self.scenario, self.bank, self.config = model, scenario, bank, config
        self.world = scenario.semantics
        self.rng = np.random.default_rng(config.seed + 1)
        self.ema = copy.deepcopy(model.x_encoder).requires_grad_(False)
        heads = model.y_encoder
        text = [*heads.head.parameters(), *heads.action_head.parameters()]
        for parameter in text:
            parameter.requires_grad_(not config.freeze_text)
        vision = [*model.x_encoder.parameters(), *model.predictor.parameters(),
                  *model.dynamics.parameters()]
        self.text, self.parameters = text, vision + text
        self.optimizer = torch.optim.AdamW(
            [{"params": vision, "lr": config.lr, "name": "vision"},
             {"params": text, "lr": config.lr_text, "name": "text"}],
            weight_decay=config.weight_decay, betas=(0.9, 0.98), fused=True,
        )
        self.peaks = [group["lr"] for group in self.optimizer.param_groups]
        lasting = len(self.world.state_subjects)
        self.lasting = lasting
        self.hardness = torch.ones(lasting)  # running loss of reading each lasting subject

    @property
    def total(self) -> int:
        return self.config.stage1_steps + self.config.stage2_steps

    def thaw(self) -> None:
        """Count the heads of the Y-encoder as trained again: what is trained is what is saved."""
        for parameter in self.text:
            parameter.requires_grad_(True)

    def step(self, number: int) -> dict[str, float]:
        """One optimizer step; `number` counts over both stages."""
        config = self.config
        scale = min(1.0, (number + 1) / config.warm_up)
        scale *= 0.02 + 0.98 * (0.5 + 0.5 * np.cos(np.pi * min(1.0, number / self.total)))
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
        self.average_gradients()
        nn.utils.clip_grad_norm_([p for p in self.parameters if p.requires_grad], 1.0)
        self.optimizer.step()
        decay = min(config.ema, (number + 1) / (number + 10))
        with torch.no_grad():
            for slow, fast in zip(self.ema.parameters(), self.model.x_encoder.parameters(),
                                  strict=True):
                slow.lerp_(fast, 1 - decay)
        return {k: float(v) for k, v in losses.items()}

    def average_gradients(self) -> None:
        """Under torchrun every process sees its own data; their gradients are averaged."""
        if not torch.distributed.is_initialized():
            return
        trained = [p for p in self.parameters if p.requires_grad]
        for parameter in trained:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        together = torch.cat([p.grad.flatten() for p in trained if p.grad is not None])
        torch.distributed.all_reduce(together)  # one message: hundreds of small ones are slow
        together /= torch.distributed.get_world_size()
        rows = together.split([p.numel() for p in trained])
        for parameter, row in zip(trained, rows, strict=True):
            parameter.grad = row.view_as(parameter)

    def _see(self, clip: Tensor) -> Tensor:
        if self.config.single_frame:
            clip = clip[:, -1:].expand_as(clip)
        return self.model.x_encoder(clip)

    def _stage1(self) -> dict[str, Tensor]:
        clips = self.scenario.draw(self.config.batch, self.rng, share_motion=0.3)
        return {"caption": self._caption(self._see(clips.clip), clips)}

    def _caption(self, slots: Tensor, clips: Clips) -> Tensor:
        known = clips.caption >= 0
        if not known.any():
            return torch.zeros(())
        keys = clips.caption[known]
        answers = self.model.predictor(slots[torch.from_numpy(known)], None)[:, 0]
        captions = self.model.y_encoder.head(self.bank.draw_captions(keys, self.rng))
        return caption_loss(answers, captions, torch.from_numpy(keys))

    def _stage2(self, progress: float) -> dict[str, Tensor]:
        config = self.config
        clips = self.scenario.draw(config.batch, self.rng, config.share_motion)
        slots = self._see(clips.clip)
        texts, table = self._texts()
        losses = self._read(slots, clips.truth, texts, table)
        losses["caption"] = 0.3 * self._caption(slots, clips)
        things = table[len(table) - len(self.world.things):]
        if config_locates(self.model):
            found = self.model.predictor.locate(slots, things)
            losses["position"] = 0.3 * position_loss(found, clips.position)
        if progress < config.read_first:
            extra = self.scenario.draw(config.rollout_batch, self.rng, config.share_motion / 2)
            more = self._read(self._see(extra.clip), extra.truth, texts, table)
            return {k: 0.5 * (v + more[k]) if k in more else v for k, v in losses.items()}
        done = (progress - config.read_first) / (1 - config.read_first)
        depth = 2 if done < 0.12 else 4 if done < 0.3 else config.max_rollout
        start = np.flatnonzero(clips.start)[: config.rollout_batch]
        losses.update(self._rollout(slots, clips, start, depth, texts, table))
        return losses

    def _texts(self) -> tuple[Tensor, Tensor]:
        """Statement bank (M, W, D) and the table of query rows for this step.

        Query rows: canonical statements (M), canonical questions (S), one random wording of each
        statement (M) and of each question (S), the questions about positions (T).
        """
        head = self.model.y_encoder.head
        canonical = head(self.bank.canonical)
        count, subjects = len(self.world.statements), len(self.world.subjects)
        drawn = head(self.bank.draw_statements(self.rng, 2, self.config.noise))
        asked = head(self.bank.draw_questions(self.rng, 1, self.config.noise))[:, 0]
        bank = torch.cat((canonical[:count, None], drawn), dim=1)
        asking = (canonical[: count + subjects], drawn[:, 1], asked, canonical[count + subjects :])
        return bank, torch.cat(asking)

    def _query_rows(self, subjects: np.ndarray) -> np.ndarray:
        """A row of the query table for each subject index (...,): question, statement or goal."""
        count, questions = len(self.world.statements), len(self.world.subjects)
        kind = self.rng.random(subjects.shape)
        rows = count + subjects  # canonical question
        value = np.zeros_like(subjects)
        for s in range(questions):
            here = subjects == s
            value[here] = self.rng.choice(self.world.value_rows[s], size=int(here.sum()))
        rows = np.where(kind > 0.4, value, rows)
        rows = np.where(kind > 0.7, count + questions + value, rows)
        return np.where(kind > 0.85, 2 * count + questions + subjects, rows)

    def _loss(self, answers: Tensor, truth: np.ndarray, bank: Tensor) -> Tensor:
        return statement_loss(
            answers, torch.from_numpy(truth), bank, self.world.never_negative,
            self.config.cosine_only, self.config.focus,
        )

    def _subject(
        self, subject: int, answers: Tensor, truth: np.ndarray, bank: Tensor
    ) -> Tensor:
        """Reading loss of one subject: its true statement, or none of them where truth is NONE."""
        loss, none = self._loss(answers, truth, bank), truth == NONE
        if not none.any():
            return loss
        share = float(none.sum() / (none | (truth >= 0)).sum())
        values = bank[torch.from_numpy(self.world.value_rows[subject]), 0]
        return (1 - share) * loss + share * none_loss(answers[torch.from_numpy(none)], values)

    def _read(
        self, slots: Tensor, truth: np.ndarray, bank: Tensor, table: Tensor
    ) -> dict[str, Tensor]:
        """Reading loss of the lasting subjects, the hardest first, and of the momentary ones."""
        batch, count = truth.shape
        subjects = np.broadcast_to(np.arange(count), (batch, count))
        rows = self._query_rows(subjects)
        answers = self.model.predictor(slots, table[torch.from_numpy(rows)])
        want = self._truth_for(rows, subjects, truth)
        each = torch.stack([self._subject(i, answers[:, i], want[:, i], bank)
                            for i in range(count)])
        lasting = each[: self.lasting]
        self.hardness = 0.9 * self.hardness + 0.1 * lasting.detach().float()
        losses = {}
        if count > self.lasting:
            losses["read_moment"] = 0.3 * each[self.lasting :].mean()
        crowded = not self.config.focus and self.hardness.max() > HARD  # focus does it by itself
        if crowded and self.rng.random() < HARD_SHARE:
            lasting = lasting[self.hardness > HARD]
        losses["read"] = lasting.mean()
        return losses

    def _truth_for(self, rows: np.ndarray, subjects: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """True statement for each query (B, Q); truth is (B, S).

        A statement that belongs to two subjects asks the coarser one: "the cube is in the drawer"
        is answered with the table or the drawer.
        """
        want = np.take_along_axis(truth, subjects, axis=1)
        count, questions = len(self.world.statements), len(self.world.subjects)
        for statement, owner in self.world.owners.items():
            index = self.world.index[statement]
            asks = (rows == index) | (rows == count + questions + index)
            where = truth[:, [self.world.subject_ids.index(owner)]]
            want = np.where(asks, where, want)
        return want

    def _rollout(
        self, slots: Tensor, clips: Clips, start: np.ndarray, depth: int, bank: Tensor,
        table: Tensor,
    ) -> dict[str, Tensor]:
        model, config = self.model, self.config
        roll = self.scenario.rollouts(clips, start, depth, self.rng)
        vectors = self.bank.draw_actions(roll.actions, self.rng, config.noise * 0.7)
        embedded = model.y_encoder.action_head(vectors)
        state = self._told(slots[torch.from_numpy(start)], roll, bank)
        things = table[len(table) - len(self.world.things):]
        read, works, places = [], [], []
        if any(len(rows) for rows, _ in roll.told):
            read.append(self._read_imagined(state, None, roll.truth[:, 0], bank, table))
        latent = torch.zeros(())
        for k in range(depth):
            works += [self._try(state, trial) for trial in roll.trials if trial.step == k]
            tokens = model.dynamics.action_tokens(embedded[:, k], roll.targets[:, k])
            state, logit = model.dynamics(state, tokens)
            works.append(works_loss(logit, roll.works[:, k], config.focus))
            before, after = roll.truth[:, k], roll.truth[:, k + 1]
            read.append(self._read_imagined(state, before, after, bank, table))
            if config_locates(model):
                found = model.predictor.locate(state, things)
                places.append(position_loss(found, roll.position[:, k + 1]))
            if k + 1 == roll.looked and len(roll.real_rows) and config.latent:
                with torch.no_grad():
                    real = self.ema(roll.real).float()
                mine = state[torch.from_numpy(roll.real_rows)].float()
                latent = F.smooth_l1_loss(mine, real, beta=0.5)
        losses = {"imagined": torch.stack(read).mean(), "works": torch.stack(works).mean(),
                  "latent": latent}
        if places:
            losses["imagined_position"] = 0.2 * torch.stack(places).mean()
        return losses

    def _try(self, state: Tensor, trial: Trial) -> Tensor:
        """Will-it-work of several actions on every state."""
        count = trial.actions.shape[1]
        vectors = self.bank.draw_actions(trial.actions, self.rng, self.config.noise * 0.7)
        embedded = self.model.y_encoder.action_head(vectors)
        tokens = self.model.dynamics.action_tokens(embedded, trial.targets)
        logit = self.model.dynamics.will_work(
            state.repeat_interleave(count, dim=0), tokens.flatten(0, 1)
        )
        return works_loss(logit, trial.works.reshape(-1), self.config.focus)

    def _told(self, state: Tensor, roll: Rollout, bank: Tensor) -> Tensor:
        """The states after they were told what is out of sight."""
        for rows, statement in roll.told:
            if not len(rows):
                continue
            pick = torch.from_numpy(rows)
            wording = bank[statement, int(self.rng.integers(bank.shape[1]))]
            told = self.model.dynamics.suppose(state[pick], wording.expand(len(rows), -1))
            state = state.index_copy(0, pick, told.to(state.dtype))
        return state

    def _read_imagined(
        self, state: Tensor, before: np.ndarray | None, after: np.ndarray, bank: Tensor,
        table: Tensor,
    ) -> Tensor:
        """Ask about what changed (or anything) and others: ASKED lasting subjects in all."""
        shape = (len(after), self.lasting)
        draw = self.rng.random(shape)
        if before is not None:
            draw += 10.0 * (before != after)[:, : self.lasting]
        subjects = np.argsort(-draw, axis=1)[:, :ASKED]
        rows = self._query_rows(subjects)
        answers = self.model.predictor(state, table[torch.from_numpy(rows)])
        want = self._truth_for(rows, subjects, after)
        return self._loss(answers.flatten(0, 1), want.reshape(-1), bank)


def config_locates(model: VLJEPA) -> bool:
    """Whether the model reads positions in metres."""
    return bool(model.config.locate)
