"""Training wordings of statements, questions and actions: as words, ids and sentence vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.model.sentence_encoder import SentenceEncoder, mean_pool
from vljepa_ros.sim.symbolic import ACTIONS

from ..phrases import Sampler, bare
from ..scene_semantics import ACTION_TEXTS, QUESTIONS, STATE_SUBJECTS, STATEMENTS, SUBJECTS

PAD, BEGIN, END, UNKNOWN = range(4)
SPECIAL = ("<pad>", "<begin>", "<end>", "<unknown>")

LASTING = tuple(s for s in STATEMENTS if not s.startswith("activity."))
"""Statement ids that can be the outcome of an action, in the order of the training index."""

VALUES = tuple(tuple(LASTING.index(v) for v in SUBJECTS[s]) for s in STATE_SUBJECTS)
"""Per subject the indices of its statements."""

WORDINGS = {"statements": 40, "actions": 60, "questions": 24}


class Words:
    """A vocabulary of lower-case words; whole words make the generated texts as short as can be."""

    def __init__(self, texts: Sequence[str]) -> None:
        words = sorted({word for text in texts for word in self.split(text)})
        self.words = (*SPECIAL, *words)
        self.index = {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    @staticmethod
    def split(text: str) -> list[str]:
        return re.findall(r"[a-z0-9]+|[^\sa-z0-9]", text.lower())

    def encode(self, texts: Sequence[str]) -> Tensor:
        """(N, L) ids: BEGIN, words, END, padded with PAD."""
        rows = [[self.index.get(w, UNKNOWN) for w in self.split(text)] for text in texts]
        length = max(map(len, rows)) + 2
        ids = torch.full((len(rows), length), PAD)
        for i, row in enumerate(rows):
            ids[i, : len(row) + 2] = torch.tensor([BEGIN, *row, END])
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Words up to END."""
        words = []
        for i in ids:
            if i == END:
                break
            if i > UNKNOWN:
                words.append(self.words[i])
        return " ".join(words)


class Texts:
    """Several wordings a meaning, the canonical one first.

    statements (M, W, C), actions (A, W, C), questions (S, W, C): standardised vectors of the frozen
    sentence encoder; `ids` (M, W, L): the statements' words.
    """

    def __init__(
        self, sampler: Sampler, encoder: SentenceEncoder, counts: dict[str, int] | None = None
    ) -> None:
        counts = counts or WORDINGS
        self.encoder = encoder
        options = sampler.patterns.statements
        self.statement_texts = [
            [STATEMENTS[s], *(sampler.words(options[s]) for _ in range(counts["statements"] - 1))]
            for s in LASTING
        ]
        self.action_texts = [
            [ACTION_TEXTS[a], *(sampler.action(a).text for _ in range(counts["actions"] - 1))]
            for a in ACTIONS
        ]
        self.question_texts = [
            [QUESTIONS[s], *(sampler.question(s) for _ in range(counts["questions"] - 1))]
            for s in STATE_SUBJECTS
        ]
        tables = (self.statement_texts, self.action_texts, self.question_texts)
        vectors = self.raw([text for table in tables for row in table for text in row])
        self.mean, self.std = vectors.mean(0), vectors.std(0).clamp(min=1e-3)
        pieces = ((vectors - self.mean) / self.std).split([len(t) * len(t[0]) for t in tables])
        self.statements, self.actions, self.questions = (
            piece.view(len(table), len(table[0]), -1)
            for piece, table in zip(pieces, tables, strict=True)
        )
        said = [text for row in self.statement_texts for text in row]
        self.words = Words(said)
        self.ids = self.words.encode(said).view(len(LASTING), len(self.statement_texts[0]), -1)
        self.meaning = {bare(t): m for m, row in enumerate(self.statement_texts) for t in row}

    @torch.no_grad()
    def raw(self, texts: list[str]) -> Tensor:
        """Mean-pooled sentence vectors (N, C), each distinct text encoded once."""
        distinct = sorted(set(texts), key=len)
        rows = []
        for start in range(0, len(distinct), 64):
            ids, mask = self.encoder.tokenize(distinct[start : start + 64])
            with torch.autocast("cpu", torch.bfloat16):
                hidden = self.encoder.upper(self.encoder.lower(ids, mask), mask)
            rows.append(mean_pool(hidden.float(), mask))
        where = {text: i for i, text in enumerate(distinct)}
        return torch.cat(rows)[torch.tensor([where[text] for text in texts])]

    def draw(self, table: Tensor, which: np.ndarray, rng: np.random.Generator) -> Tensor:
        """A wording (N, C) of each meaning, a third of them the canonical one."""
        return table[torch.from_numpy(which), torch.from_numpy(draw_wordings(table, which, rng))]


def draw_wordings(table: Tensor, which: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Index of a wording (N,) for each meaning, 0 (canonical) a third of the time."""
    return rng.integers(table.shape[1], size=which.shape) * (rng.random(which.shape) > 1 / 3)
