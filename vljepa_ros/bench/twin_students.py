"""The three ways to answer: a point in the embedding space, generated words, likelihood of words.

A student says which statement is true after an action, and scores a candidate for a goal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.training.phrases import bare
from vljepa_ros.training.scene_semantics import STATEMENTS
from vljepa_ros.training.twin.generator import Generated, Generator
from vljepa_ros.training.twin.imaginer import Imaginer
from vljepa_ros.training.twin.texts import LASTING, VALUES, Texts

UNKNOWN_MEANING = -1

Embed = Callable[[list[str]], Tensor]


class Student(Protocol):
    """tokens (N, K, width), actions and questions (N, C) sentence vectors, N rows of one call."""

    def outcomes(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, subjects: np.ndarray
    ) -> np.ndarray:
        """(N,) index into LASTING of what is true of each subject (N,) afterwards."""
        ...

    def scores(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, goals: np.ndarray
    ) -> np.ndarray:
        """(N,) how well each action serves its goal (N,), an index into LASTING; more is better."""
        ...


class Imagining:
    """Ours: the distance between the imagined answer and the statements."""

    def __init__(self, model: Imaginer, texts: Texts) -> None:
        self.model, self.texts = model, texts

    def statements(self) -> Tensor:
        """(M, D): the canonical statements, unit."""
        return self.model.head(self.texts.statements[:, 0])

    def outcomes(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, subjects: np.ndarray
    ) -> np.ndarray:
        likeness = self.model.answer(tokens, actions, questions) @ self.statements().T
        return best_value(likeness.numpy(), subjects)

    def scores(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, goals: np.ndarray
    ) -> np.ndarray:
        answers = self.model.answer(tokens, actions, questions)
        return (answers * self.statements()[torch.from_numpy(goals)]).sum(-1).numpy()


class Generating:
    """The twin's generated text, understood by a `Meaning`."""

    def __init__(self, model: Generator, texts: Texts, meaning: Meaning) -> None:
        self.model, self.texts, self.meaning = model, texts, meaning

    def say(
        self, tokens: Tensor, actions: Tensor, questions: Tensor
    ) -> tuple[list[str], Generated]:
        """The generated texts and their probabilities."""
        generated = self.model.generate(tokens, actions, questions)
        return [self.texts.words.decode(row) for row in generated.ids.tolist()], generated

    def outcomes(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, subjects: np.ndarray
    ) -> np.ndarray:
        said, _ = self.say(tokens, actions, questions)
        return self.meaning.of(said)

    def scores(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, goals: np.ndarray
    ) -> np.ndarray:
        """The surer of the goal the better, the surer of something else the worse."""
        said, generated = self.say(tokens, actions, questions)
        sure = generated.log_probability.exp().numpy()
        return np.where(self.meaning.of(said) == goals, sure, -sure)


class Likelihood:
    """The twin's log-probability of the canonical statements."""

    def __init__(self, model: Generator, texts: Texts) -> None:
        self.model = model
        self.words = texts.words.encode([STATEMENTS[s] for s in LASTING])

    def outcomes(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, subjects: np.ndarray
    ) -> np.ndarray:
        found = np.zeros(len(subjects), dtype=np.int64)
        for subject in np.unique(subjects):
            rows = torch.from_numpy(np.flatnonzero(subjects == subject))
            values = VALUES[subject]
            scores = self.model.likelihood(
                tokens[rows], actions[rows], questions[rows], self.words[list(values)]
            )
            found[rows.numpy()] = np.array(values)[scores.argmax(dim=1).numpy()]
        return found

    def scores(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, goals: np.ndarray
    ) -> np.ndarray:
        texts = self.words[torch.from_numpy(goals)][:, None]
        return self.model.likelihood(tokens, actions, questions, texts)[:, 0].numpy()


class Meaning:
    """Text -> statement: a training wording by its letters, any other by the nearest canonical
    statement in the embedding space of the trained Y-encoder."""

    def __init__(self, texts: Texts, embed: Embed) -> None:
        self.wordings = texts.meaning
        self.known = dict(texts.meaning)
        self.embed = embed
        self.canonical = embed([STATEMENTS[s] for s in LASTING])
        self.exact, self.asked = 0, 0

    def of(self, said: list[str]) -> np.ndarray:
        """(N,) indices into LASTING, UNKNOWN_MEANING for an empty text."""
        self.asked += len(said)
        self.exact += sum(bare(text) in self.wordings for text in said)
        new = sorted({text for text in said if bare(text) and bare(text) not in self.known})
        if new:
            nearest = (self.embed(new) @ self.canonical.T).argmax(dim=-1).tolist()
            self.known.update(zip(map(bare, new), nearest, strict=True))
        return np.array([self.known.get(bare(text), UNKNOWN_MEANING) for text in said])


class ByText:
    """A rival without a picture: likeness of the action's and the statements' sentence vectors."""

    def __init__(self, texts: Texts) -> None:
        self.std, self.mean = texts.std, texts.mean
        self.statements = self._unit(texts.statements[:, 0])

    def _unit(self, vectors: Tensor) -> Tensor:
        """Standardised vectors back to the sentence encoder's own space, unit length."""
        return torch.nn.functional.normalize(vectors * self.std + self.mean, dim=-1)

    def outcomes(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, subjects: np.ndarray
    ) -> np.ndarray:
        return best_value((self._unit(actions) @ self.statements.T).numpy(), subjects)

    def scores(
        self, tokens: Tensor, actions: Tensor, questions: Tensor, goals: np.ndarray
    ) -> np.ndarray:
        return (self._unit(actions) * self.statements[torch.from_numpy(goals)]).sum(-1).numpy()


def best_value(likeness: np.ndarray, subjects: np.ndarray) -> np.ndarray:
    """Among each row's subject's values the statement with the largest likeness (N, M)."""
    return np.array([
        VALUES[subject][int(np.argmax(likeness[i, list(VALUES[subject])]))]
        for i, subject in enumerate(subjects)
    ])
