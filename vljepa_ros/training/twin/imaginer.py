"""Ours: latent dynamics, then one answer in the embedding space. Trained by InfoNCE alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vljepa_ros.model.config import ModelConfig, StackConfig
from vljepa_ros.model.dynamics import TARGET_FEATURES, Dynamics
from vljepa_ros.model.predictor import Predictor
from vljepa_ros.model.y_encoder import Head

from ..objectives import statement_loss
from ..scene_semantics import INDEX, SCENE
from .samples import Batch
from .texts import LASTING

_ROWS = torch.tensor([INDEX[s] for s in LASTING])
NEVER_NEGATIVE = SCENE.never_negative[_ROWS][:, _ROWS]


@dataclass(frozen=True)
class ImaginerSize:
    """Width and layers of dynamics and predictor; `hidden` of the text heads."""

    width: int = 128
    heads: int = 4
    dynamics: int = 2
    predictor: int = 2
    embedding: int = 128
    hidden: int = 64


SIZES = tuple(
    ImaginerSize(width, 4, dynamics, predictor, 128, hidden)
    for width, hidden in ((64, 32), (80, 32), (96, 32), (112, 64), (128, 64), (160, 64), (192, 128))
    for dynamics, predictor in ((1, 1), (2, 1), (2, 2), (3, 2), (3, 3))
)


class Imaginer(nn.Module):
    """The parts of model/ that follow the X-encoder, with a text head each for statements (and
    questions) and for actions on frozen sentence vectors."""

    def __init__(self, state_width: int, text_width: int, size: ImaginerSize) -> None:
        super().__init__()
        config = ModelConfig(
            width=size.width, heads=size.heads, embedding=size.embedding,
            dynamics=StackConfig(size.dynamics), predictor=StackConfig(size.predictor),
        )
        self.state_in = nn.Linear(state_width, size.width)
        self.dynamics, self.predictor = Dynamics(config), Predictor(config)
        self.head = Head(text_width, size.hidden, size.embedding)
        self.action_head = Head(text_width, size.hidden, size.embedding)

    def answer(self, tokens: Tensor, actions: Tensor, questions: Tensor) -> Tensor:
        """What is true after the action, as unit embeddings.

        Args:
            tokens: (B, K, state_width).
            actions: (B, C) sentence vectors.
            questions: (B, C), or (B, Q, C): several questions about the same outcome, or
                (1, Q, C): the same ones about every outcome.

        Returns:
            (B, D), or (B, Q, D).
        """
        targets = actions.new_zeros(len(actions), TARGET_FEATURES)
        moves = self.dynamics.action_tokens(self.action_head(actions), targets)
        after, _ = self.dynamics(self.state_in(tokens), moves)
        queries = self.head(questions if questions.dim() == 3 else questions[:, None])
        answers = self.predictor(after, queries[0] if len(queries) == 1 else queries)
        return answers if questions.dim() == 3 else answers[:, 0]

    def loss(self, batch: Batch) -> Tensor:
        """InfoNCE against all statements in several wordings, what is also true masked."""
        answers = self.answer(batch.tokens, batch.action, batch.question)
        return statement_loss(answers, batch.statement, self.head(batch.bank), NEVER_NEGATIVE)


def parameters(module: nn.Module) -> int:
    """How many are trained."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def sized(state_width: int, text_width: int, budget: int) -> tuple[Imaginer, ImaginerSize]:
    """The largest of SIZES with at most `budget` trained parameters, random weights.

    Raises ValueError when even the smallest has more.
    """
    fitting = []
    for size in SIZES:
        with torch.device("meta"):
            count = parameters(Imaginer(state_width, text_width, size))
        if count <= budget:
            fitting.append((count, SIZES.index(size)))
    if not fitting:
        raise ValueError(f"a budget of {budget} trained parameters is too small for any of SIZES")
    size = SIZES[max(fitting)[1]]
    return Imaginer(state_width, text_width, size), size
