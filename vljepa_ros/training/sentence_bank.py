"""Sentence vectors of the training wordings, computed once: what the losses draw texts from."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.model.y_encoder import YEncoder

from .scenario import Scenario

WORDINGS = 250  # per statement and action, fewer where there are many statements
MANY_WORDINGS = 9000  # statements x wordings at most
QUESTION_WORDINGS = 60


class SentenceBank:
    """Standardised sentence vectors, by meaning."""

    def __init__(self, encoder: YEncoder, scenario: Scenario, seed: int) -> None:
        self.encoder = encoder
        world = scenario.semantics
        sampler = scenario.sampler(seed)
        self.wordings = min(WORDINGS, MANY_WORDINGS // len(world.statements))
        questions = [*world.questions.values(), *(q for _, q in world.things.values())]
        self.canonical = self._vectors([*world.statements.values(), *questions])
        self.statements = self._table([
            [self._wording(sampler, s) for _ in range(self.wordings)] for s in world.statements
        ])  # (M, W, C)
        self.questions = self._table([
            [sampler.question(s) for _ in range(QUESTION_WORDINGS)] for s in world.subjects
        ])
        self.actions = self._table([
            [text, *(sampler.action(a).text for _ in range(self.wordings - 1))]
            for a, text in world.actions.items()
        ])  # (A, W, C), the canonical wording first
        captions = scenario.captions(sampler)
        self.caption_count = len(captions[0])
        self.captions = self._table(captions)

    @staticmethod
    def _wording(sampler: object, statement: str) -> str:
        if statement.startswith("activity."):
            return sampler.activity(statement.removeprefix("activity.")).text  # type: ignore[attr-defined]
        return sampler.single(statement).text  # type: ignore[attr-defined]

    def _table(self, texts: list[list[str]]) -> Tensor:
        flat = self._vectors([text for row in texts for text in row])
        return flat.view(len(texts), len(texts[0]), -1)

    @torch.no_grad()
    def _vectors(self, texts: list[str]) -> Tensor:
        self.encoder.eval()
        order = np.argsort([len(text) for text in texts], kind="stable")  # little padding
        rows = torch.zeros(len(texts), len(self.encoder.mean))
        with torch.autocast("cpu", torch.bfloat16):
            for start in range(0, len(texts), 128):
                pick = order[start : start + 128]
                rows[torch.from_numpy(pick)] = self.encoder.vectors(
                    [texts[i] for i in pick]
                ).float()
        return rows

    def draw_statements(self, rng: np.random.Generator, each: int, noise: float) -> Tensor:
        """(M, each, C): random wordings of every statement, with noise."""
        return self._draw(self.statements, rng, each, noise)

    def draw_questions(self, rng: np.random.Generator, each: int, noise: float) -> Tensor:
        """(S, each, C)."""
        return self._draw(self.questions, rng, each, noise)

    @staticmethod
    def _draw(table: Tensor, rng: np.random.Generator, each: int, noise: float) -> Tensor:
        pick = torch.from_numpy(rng.integers(table.shape[1], size=(len(table), each)))
        rows = table[torch.arange(len(table))[:, None], pick]
        return rows + noise * torch.randn_like(rows)

    def draw_actions(self, actions: np.ndarray, rng: np.random.Generator, noise: float) -> Tensor:
        """(..., C): a wording of every action, a third of them the canonical one."""
        pick = rng.integers(self.wordings, size=actions.shape) * (rng.random(actions.shape) > 0.33)
        rows = self.actions[torch.from_numpy(actions), torch.from_numpy(pick)]
        return rows + noise * torch.randn_like(rows)

    def draw_captions(self, keys: np.ndarray, rng: np.random.Generator) -> Tensor:
        """(B, C): a caption for each key."""
        pick = rng.integers(self.caption_count, size=keys.shape)
        return self.captions[torch.from_numpy(keys), torch.from_numpy(pick)]
