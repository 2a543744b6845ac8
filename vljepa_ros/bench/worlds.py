"""What benchmarks share: the scene, the model, candidates, wordings, and the simple rivals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vljepa_ros.model.config import YEncoderConfig
from vljepa_ros.model.sentence_encoder import MiniLM, mean_pool
from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.protocols import Action
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.symbolic import SymbolicState, all_states
from vljepa_ros.training.phrases import Sampler, load_patterns, read_yaml
from vljepa_ros.training.scene_semantics import ACTION_TEXTS
from vljepa_ros.training.targets import WORLD_TARGETS

from . import environment

MODELS = {"scene-v0": "compact", "workbench": "workbench"}
DEFAULT_MODEL = Path(__file__).resolve().parents[2] / "models" / MODELS["scene-v0"]


def model_folder(given: Path | None, env: str = "scene-v0") -> Path:
    """The model folder: the one given, by path or by name, or the shipped one for `env`.

    Raises ValueError for a name that no shipped model has.
    """
    from vljepa_ros.nodes.share import model_folder as found

    return found(str(given) if given is not None else MODELS.get(env, env))


def candidates(scene: Scene) -> list[Action]:
    """The fifteen actions in plain words, targets in the optical frame."""
    actions = []
    for name, text in ACTION_TEXTS.items():
        target = None
        if name in WORLD_TARGETS:
            x, y, z = scene.to_optical(np.array(WORLD_TARGETS[name]))
            target = (float(x), float(y), float(z))
        actions.append(Action(name, text, skill=name, target=target))
    return actions


def reworded(actions: Sequence[Action], rng: np.random.Generator) -> list[Action]:
    """The same actions in held-out wording."""
    texts = read_yaml("vljepa_ros.bench", "phrases/heldout.yaml")["actions"]
    return [replace(a, text=str(rng.choice(texts[a.id]))) for a in actions]


class Eyes:
    """Pictures of a world as the model sees them, and pictures of other scenes for the blind."""

    def __init__(
        self, world: LatentWorldModel, place: environment.Environment, rng: np.random.Generator
    ) -> None:
        self.world, self.place, self.rng = world, place, rng
        self._others: LatentStates | None = None

    def look(self) -> LatentStates:
        """The state the model sees now."""
        return self.world.encode(self.place.look())

    def remember_others(self, count: int = 40) -> None:
        """Encode pictures of `count` random other scenes, for `blind`."""
        clips = []
        for _ in range(count):
            state = self.place.random_state(self.rng)
            self.place.scene.reset(state, seed=self.place.random_seed(self.rng))
            clips.append(self.place.look())
        self._others = self.world.encode_many(clips)

    def blind(self) -> LatentStates:
        """The state of some other scene."""
        if self._others is None:
            raise RuntimeError("remember_others() must run first")
        return self._others.select([int(self.rng.integers(len(self._others)))])


class TextOnly:
    """The strongest simple rival: similarity of goal and action texts in the raw MiniLM.

    `texts`: further texts that `likeness` compares with.
    """

    def __init__(self, actions: Sequence[Action], texts: Sequence[str] = ()) -> None:
        self.encoder = MiniLM(YEncoderConfig()).eval()
        self.actions = list(actions)
        self.vectors = self._embed([*(a.text for a in actions), *texts])

    @torch.no_grad()
    def _embed(self, texts: list[str]) -> torch.Tensor:
        ids, mask = self.encoder.tokenize(texts)
        hidden = self.encoder.upper(self.encoder.lower(ids, mask), mask)
        return torch.nn.functional.normalize(mean_pool(hidden, mask), dim=-1)

    def rank(self, goal: str, ids: Collection[str] | None = None) -> list[str]:
        """Action ids (all, or those given), most similar first."""
        likeness = self.vectors[: len(self.actions)] @ self._embed([goal])[0]
        order = likeness.argsort(descending=True)
        found = [self.actions[int(i)].id for i in order]
        return [action for action in found if ids is None or action in ids]

    def likeness(self, text: str) -> float:
        """Cosine with the most similar of the actions' texts and the further texts."""
        return float((self.vectors @ self._embed([text])[0]).max())

    def similarity(self, first: str, second: str) -> float:
        """Cosine of two texts."""
        rows = self._embed([first, second])
        return float(rows[0] @ rows[1])

    def nearest(self, caption: str, texts: list[str]) -> int:
        """Index of the text most similar to the caption."""
        return int((self._embed(texts) @ self._embed([caption])[0]).argmax())


@dataclass(frozen=True)
class Wording(environment.Wording):
    """Goal texts: `plain` draws from the training patterns with an unseen seed, `held_out` from
    sentences written apart, never trained on and never tuned on."""

    kind: str
    rng: np.random.Generator
    sampler: Sampler
    held_out: dict[str, Any]

    @classmethod
    def make(cls, kind: str, seed: int) -> Wording:
        held_out = read_yaml("vljepa_ros.bench", "phrases/heldout.yaml")
        return cls(kind, np.random.default_rng(seed), Sampler(load_patterns(), seed), held_out)

    def of(self, statement: str) -> str:
        """A goal sentence for one statement id."""
        if self.kind == "plain":
            return self.sampler.words(self.sampler.patterns.goals[statement])
        return str(self.rng.choice(self.held_out["goals"][statement]))

    def compound(self, state: SymbolicState | None = None) -> tuple[str, list[str]]:
        """A goal sentence with several parts, and the parts; they fit every state."""
        if self.kind == "plain":
            sentence = self.sampler.compound()
            return sentence.text, list(sentence.parts or ())
        rows = self.held_out["compounds"]
        row = rows[self.rng.integers(len(rows))]
        return row["text"], list(row["parts"])


def random_state(rng: np.random.Generator) -> SymbolicState:
    states = all_states()
    return states[rng.integers(len(states))]
