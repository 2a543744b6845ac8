"""The in-process world model: what planning, nodes and benchmarks call. Numpy in, numpy out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.protocols import Action, Array, Imagined, ImaginedPairs
from vljepa_ros.planning.vocabulary import Subject, Vocabulary

from .checkpoint import load_model
from .config import ModelConfig
from .device import check_device, has_bfloat16, in_bfloat16
from .dynamics import TARGET_FEATURES
from .layers import unit
from .understanding import Reading, parts_of
from .vljepa import VLJEPA
from .y_encoder import FINE

MAX_TEXT = 500  # characters of a goal
MAX_PIXELS = 64 << 20
MAX_CACHED_TEXTS = 4096


class GoalError(ValueError):
    """A goal text that cannot be taken at all; the message names field, value and range."""


@dataclass(frozen=True)
class LatentStates:
    """A batch of state tokens (N, K, width)."""

    tokens: Tensor

    def __len__(self) -> int:
        return len(self.tokens)

    def select(self, indices: Sequence[int]) -> LatentStates:
        return LatentStates(self.tokens[torch.as_tensor(list(indices), dtype=torch.long)])

    def join(self, others: Sequence[LatentStates]) -> LatentStates:
        return LatentStates(torch.cat([self.tokens, *(other.tokens for other in others)]))


class LatentWorldModel:
    """A VL-JEPA with its vocabulary behind the WorldModel protocol. Not thread-safe.

    ``bfloat16``: whether to imagine in half precision, which planning spends its time on; None:
    where the processor has instructions for it. Pictures are always read in full precision.
    """

    def __init__(
        self, network: VLJEPA, vocabulary: Vocabulary, device: str = "cpu",
        bfloat16: bool | None = None,
    ) -> None:
        self.network = network.eval()
        self.vocabulary = vocabulary
        self.model_id = vocabulary.model_id
        self.device = torch.device(device)
        self.bfloat16 = has_bfloat16(self.device) if bfloat16 is None else bfloat16
        self._dynamics, self._predictor = network.dynamics, network.predictor
        if self.bfloat16:
            self._dynamics = in_bfloat16(network.dynamics)
            self._predictor = in_bfloat16(network.predictor)
        part = network.config.x_encoder
        self.clip_frames, self.clip_stride, self.image_size = (
            part.frames, part.stride, part.image_size,
        )
        self.embedding_dim = network.config.embedding
        self.can_locate, self.can_suppose = network.config.locate, network.config.suppose
        self._action_tokens: dict[tuple[str, tuple[float, float, float] | None], Tensor] = {}

    @classmethod
    def load(cls, path: str | Path, device: str = "cpu") -> LatentWorldModel:
        """A model folder; raises ModelError with one line (missing, damaged, device absent)."""
        check_device(device)
        loaded = load_model(path, device)
        return cls(loaded.network, loaded.vocabulary, device)

    @classmethod
    def tiny(cls, seed: int = 0) -> LatentWorldModel:
        """Random tiny weights and a two-subject vocabulary, for tests."""
        torch.manual_seed(seed)
        network = VLJEPA(ModelConfig.tiny()).eval()
        subjects = []
        for name, values in (("drawer", ("closed", "open")), ("window", ("closed", "open"))):
            texts = tuple(f"the {name} is {value}" for value in values)
            ids = tuple(f"{name}.{value}" for value in values)
            with torch.no_grad():
                query = network.y_encoder([f"is the {name} open?"])[0].numpy()
                embeddings = network.y_encoder(list(texts)).numpy()
            subjects.append(Subject(name, query, ids, texts, embeddings))
        return cls(network, Vocabulary(f"tiny-{seed}", tuple(subjects)), bfloat16=False)

    @torch.no_grad()
    def encode(self, clip: Array) -> LatentStates:
        """One state from a clip (T, 3, H, W) uint8, oldest first; any H, W (area-resized).

        Fewer than `clip_frames` frames are padded by repeating the oldest; of more, the newest
        are used.
        """
        return LatentStates(self.network.x_encoder(self._clip(clip)))

    @torch.no_grad()
    def encode_many(self, clips: Sequence[Array]) -> LatentStates:
        """One state for each clip."""
        return LatentStates(self.network.x_encoder(torch.cat([self._clip(c) for c in clips])))

    @torch.no_grad()
    def read(self, states: LatentStates, queries: Array) -> Array:
        """Unit answers (N, Q, D) to unit queries (Q, D)."""
        answers = self.network.predictor(states.tokens, self._tensor(queries))
        return answers.float().cpu().numpy()

    @torch.no_grad()
    def describe(self, states: LatentStates) -> Array:
        """(N, D): the answer to the empty query, "what is happening?"."""
        return self.network.predictor(states.tokens, None)[:, 0].float().cpu().numpy()

    @torch.no_grad()
    def imagine(
        self, states: LatentStates, actions: Sequence[Action], queries: Array
    ) -> Imagined:
        """Every state under every action, read against the queries."""
        tokens = self._tokens_of(actions)
        count, many = len(states), len(actions)
        repeated = states.tokens.repeat_interleave(many, dim=0)
        with self._fast():
            after, logit = self._dynamics(repeated, tokens.repeat(count, 1))
            answers = unit(self._predictor(after, self._tensor(queries)).float())
        return Imagined(
            LatentStates(after.float()),
            logit.sigmoid().view(count, many).float().cpu().numpy(),
            answers.view(count, many, *answers.shape[1:]).cpu().numpy(),
        )

    @torch.no_grad()
    def imagine_pairs(
        self, states: LatentStates, actions: Sequence[Action], pairs: Array, queries: Array,
        read_above: float = 0.0, things: Array | None = None,
    ) -> ImaginedPairs:
        """(State, action) pairs (P, 2); only those that work with `read_above` are read."""
        chosen = torch.as_tensor(np.asarray(pairs), dtype=torch.long).reshape(-1, 2)
        placed = things if things is not None and len(things) else None
        if placed is not None and not self.can_locate:
            raise RuntimeError(f"model {self.model_id} cannot locate things")
        tokens, asked = self._tokens_of(actions), self._tensor(queries)
        with self._fast():
            after, logit = self._dynamics(
                states.tokens[chosen[:, 0]], tokens[chosen[:, 1]]
            )
            works = logit.float().sigmoid()
            read = torch.nonzero(works >= read_above).squeeze(1)
            kept = after[read]
            if placed is not None:
                answers, positions = self._predictor.read_and_locate(
                    kept, asked, self._tensor(placed)
                )
            else:
                answers = self._predictor(kept, asked)
                positions = torch.zeros(len(kept), 0, 3)
        return ImaginedPairs(
            works.cpu().numpy(), read.cpu().numpy(), LatentStates(kept.float()),
            unit(answers.float()).cpu().numpy(), positions.cpu().numpy(),
        )

    @torch.no_grad()
    def suppose(self, states: LatentStates, statements: Array) -> LatentStates:
        """The states told statements (S, D) about things out of sight, one after another."""
        tokens = states.tokens
        if self.can_suppose:
            for statement in self._tensor(statements):
                tokens = self.network.dynamics.suppose(tokens, statement.expand(len(tokens), -1))
        return LatentStates(tokens)

    @torch.no_grad()
    def locate(self, states: LatentStates, things: Array) -> Array:
        """(N, T, 3) metres in the camera's optical frame; RuntimeError where it cannot."""
        if not self.can_locate:
            raise RuntimeError(f"model {self.model_id} cannot locate things")
        found = self.network.predictor.locate(states.tokens, self._tensor(things))
        return found.float().cpu().numpy()

    @torch.no_grad()
    def embed_texts(self, texts: list[str]) -> Array:
        """Unit embeddings (N, D) of statements, questions or captions."""
        return self.network.y_encoder([checked_text(t, "text") for t in texts]).cpu().numpy()

    @torch.no_grad()
    def understand(self, text: str) -> Goal:
        """A goal in words -> its parts, each snapped to the statement it was understood as.

        `understood` is False when the sentence speaks of nothing the model knows, or too
        unclearly. Raises GoalError for a text that is empty or too long.
        """
        text = checked_text(text, "goal text")
        found = parts_of(text, self.read_goals)
        if found:
            least = min(confidence for confidence, _ in found)
        else:
            least = max(speaks for speaks, _, _ in self.read_goals([text])[0].values())
        understood = bool(found) and least >= self.vocabulary.understood_threshold
        doubt = self.doubt(text) if understood else 0.0
        if doubt > self.vocabulary.doubt_threshold:
            understood, least = False, 1 - doubt
        parts = tuple(part for _, part in found) if understood else ()
        return Goal(parts, text=text, understood=understood, confidence=least)

    @torch.no_grad()
    def doubt(self, text: str) -> float:
        """Probability that the text is no goal: it contradicts itself, or asks for what is not
        known. 0 for a model that cannot tell."""
        encoder = self.network.y_encoder
        tokens, mask = encoder.tokens([text])
        subjects = [self.vocabulary.subjects[i] for i in self.vocabulary.lasting]
        queries = self._tensor(np.stack([s.query for s in subjects]))
        _, _, doubts = encoder.goal_reader(tokens, mask, queries)
        return 0.0 if doubts is None else 1.0 - float(doubts.softmax(-1)[0, FINE])

    @torch.no_grad()
    def read_goals(self, texts: list[str]) -> list[Reading]:
        """What each text says about every lasting subject, and whether it speaks of it at all."""
        encoder = self.network.y_encoder
        tokens, mask = encoder.tokens(texts)
        subjects = [self.vocabulary.subjects[i] for i in self.vocabulary.lasting]
        queries = self._tensor(np.stack([s.query for s in subjects]))
        outputs, mentioned, _ = encoder.goal_reader(tokens, mask, queries)
        speaks = mentioned.sigmoid().cpu().numpy()
        readings: list[Reading] = []
        for row in range(len(texts)):
            reading = {}
            for i, subject in enumerate(subjects):
                best, confidence = subject.nearest(outputs[row, i].cpu().numpy())
                part = GoalPart(
                    text=subject.statements[int(best)],
                    embedding=subject.embeddings[int(best)],
                    subject=subject.id,
                    statement_id=subject.statement_ids[int(best)],
                    threshold=self.vocabulary.met_threshold,
                )
                reading[subject.id] = (float(speaks[row, i]), float(confidence), part)
            readings.append(reading)
        return readings

    def _fast(self) -> torch.autocast:
        """Half precision, if this model imagines in it."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)

    def _clip(self, clip: Array) -> Tensor:
        shape = getattr(clip, "shape", None)
        if (shape is None or len(shape) != 4 or shape[1] != 3 or clip.dtype != np.uint8
                or min(shape) < 1):
            kind = f"{getattr(clip, 'dtype', type(clip).__name__)} {shape}"
            raise ValueError(f"clip is {kind}; allowed: uint8 (T, 3, H, W)")
        if shape[2] * shape[3] > MAX_PIXELS:
            raise ValueError(f"clip has {shape[2]}x{shape[3]} pixels; allowed: {MAX_PIXELS}")
        frames = list(clip[-self.clip_frames :])
        frames = [frames[0]] * (self.clip_frames - len(frames)) + frames
        size = (self.image_size, self.image_size)
        small = []
        for frame in frames:
            picture = np.ascontiguousarray(frame.transpose(1, 2, 0))
            if picture.shape[:2] != size:
                picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            small.append(picture)
        stacked = torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2)
        return stacked[None].to(self.device)

    def _tokens_of(self, actions: Sequence[Action]) -> Tensor:
        """(A, width) action tokens; texts are encoded once and remembered."""
        missing = [a for a in actions if (a.text, a.target) not in self._action_tokens]
        if missing:
            if len(self._action_tokens) > MAX_CACHED_TEXTS:
                self._action_tokens.clear()
                missing = list(actions)
            encoder = self.network.y_encoder
            texts = list(dict.fromkeys(a.text for a in missing))  # one text may have many targets
            embedded = encoder.action_head(encoder.vectors(texts))
            embedded = embedded[[texts.index(a.text) for a in missing]]
            targets = target_features(missing, self.device)
            tokens = self.network.dynamics.action_tokens(embedded, targets)
            for action, token in zip(missing, tokens, strict=True):
                self._action_tokens[(action.text, action.target)] = token
        return torch.stack([self._action_tokens[(a.text, a.target)] for a in actions])

    def _tensor(self, rows: Array) -> Tensor:
        return torch.as_tensor(np.asarray(rows, dtype=np.float32), device=self.device)


def target_features(actions: Sequence[Action], device: torch.device | str = "cpu") -> Tensor:
    """(A, 4): the target in the optical frame in metres and 1, or zeros where there is none."""
    features = torch.zeros(len(actions), TARGET_FEATURES, device=device)
    for row, action in enumerate(actions):
        if action.target is not None:
            features[row] = torch.tensor([*action.target, 1.0])
    return features


def checked_text(text: str, name: str) -> str:
    """The stripped text; raises GoalError when it is empty, too long or not text."""
    if not isinstance(text, str) or not text.strip():
        raise GoalError(f"{name} is empty; allowed: 1 to {MAX_TEXT} characters")
    text = " ".join(text.split())
    if len(text) > MAX_TEXT:
        raise GoalError(f"{name} has {len(text)} characters; allowed: 1 to {MAX_TEXT}")
    return text
