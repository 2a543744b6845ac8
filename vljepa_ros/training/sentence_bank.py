"""Sentence vectors of the training wordings, computed once: what the losses draw texts from."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.model.y_encoder import YEncoder

from .phrases import Sampler, load_patterns
from .scene_semantics import ACTION_TEXTS, QUESTIONS, STATEMENT_IDS, STATEMENTS, SUBJECTS
from .transitions import STATES, TRUE

WORDINGS = 250  # per statement and action
QUESTION_WORDINGS = 80
CAPTIONS = 14  # whole-scene captions per (activity group, state)


class SentenceBank:
    """Standardised sentence vectors, by meaning."""

    def __init__(self, encoder: YEncoder, seed: int) -> None:
        self.encoder = encoder
        sampler = Sampler(load_patterns(), seed)
        self.canonical = self._vectors([*STATEMENTS.values(), *QUESTIONS.values()])
        self.statements = torch.stack([
            self._vectors([self._wording(sampler, s) for _ in range(WORDINGS)])
            for s in STATEMENT_IDS
        ])  # (31, W, C)
        self.questions = torch.stack([
            self._vectors([
                sampler.words(sampler.patterns.questions.get(s) or [QUESTIONS[s]])
                for _ in range(QUESTION_WORDINGS)
            ])
            for s in SUBJECTS
        ])
        self.actions = torch.stack([
            self._vectors([ACTION_TEXTS[a]]
                          + [sampler.action(a).text for _ in range(WORDINGS - 1)])
            for a in ACTION_TEXTS
        ])  # (15, W, C), the canonical wording first
        self._captions(sampler)

    @staticmethod
    def _wording(sampler: Sampler, statement: str) -> str:
        if statement.startswith("activity."):
            return sampler.activity(statement.removeprefix("activity.")).text
        return sampler.single(statement).text

    @torch.no_grad()
    def _vectors(self, texts: list[str]) -> Tensor:
        self.encoder.eval()
        rows = []
        with torch.autocast("cpu", torch.bfloat16):
            for start in range(0, len(texts), 128):
                rows.append(self.encoder.vectors(texts[start : start + 128]).float())
        return torch.cat(rows)

    def _captions(self, sampler: Sampler) -> None:
        """Captions of whole scenes: what the robot does and everything that is true."""
        texts = []
        for state in range(len(STATES)):
            for _ in range(CAPTIONS):
                facts = [STATEMENT_IDS[i] for i in TRUE[state][:6]]
                facts = [f for f in facts if f != "cube_in.table"]
                order = sampler.rng.permutation(len(set(facts)))
                unique = list(dict.fromkeys(facts))
                options = sampler.patterns.statements
                clauses = [
                    STATEMENTS[f] if sampler.rng.random() < 0.6 or f not in options
                    else sampler.words(options[f]).rstrip(".")
                    for f in (unique[i] for i in order)
                ]
                texts.append(", ".join(clauses))
        self.captions = self._vectors(texts).view(len(STATES), CAPTIONS, -1)

    def draw_statements(self, rng: np.random.Generator, each: int, noise: float) -> Tensor:
        """(31, each, C): random wordings of every statement, with noise."""
        pick = torch.from_numpy(rng.integers(WORDINGS, size=(len(STATEMENT_IDS), each)))
        rows = self.statements[torch.arange(len(STATEMENT_IDS))[:, None], pick]
        return rows + noise * torch.randn_like(rows)

    def draw_questions(self, rng: np.random.Generator, each: int, noise: float) -> Tensor:
        """(7, each, C)."""
        pick = torch.from_numpy(rng.integers(QUESTION_WORDINGS, size=(len(SUBJECTS), each)))
        rows = self.questions[torch.arange(len(SUBJECTS))[:, None], pick]
        return rows + noise * torch.randn_like(rows)

    def draw_actions(self, actions: np.ndarray, rng: np.random.Generator, noise: float) -> Tensor:
        """(..., C): a wording of every action, a third of them the canonical one."""
        pick = rng.integers(WORDINGS, size=actions.shape) * (rng.random(actions.shape) > 0.33)
        rows = self.actions[torch.from_numpy(actions), torch.from_numpy(pick)]
        return rows + noise * torch.randn_like(rows)

    def draw_captions(self, states: np.ndarray, rng: np.random.Generator) -> Tensor:
        pick = rng.integers(CAPTIONS, size=states.shape)
        return self.captions[torch.from_numpy(states), torch.from_numpy(pick)]
