"""How far a model's thresholds can be trusted: figures for its card, from data kept from training.

Each threshold makes a yes or a no out of a number. Counted are the yeses and the noes that are
right, and where the number is a probability, whether it is as often right as it says. Pictures are
those held out from training, sentences the development ones; a threshold was set on some of them
(a few numbers from thousands of cases), so these figures are a little on the good side: `vljepa
bench` has other seeds and other sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vljepa_ros.bench.calibration import reliability
from vljepa_ros.bench.report import share
from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.model.y_encoder import FINE

from . import export
from .scenario import Clips, Scenario
from .wording import Language

CARD = "README.md"
BEGIN, END = "<!-- reliability: begin -->", "<!-- reliability: end -->"
SEED = 23  # of the pictures and the rollouts
DEPTH = 4  # actions of a rollout


@dataclass(frozen=True)
class Cases:
    """What one threshold decided: yes where ``values`` (N,) are at least ``threshold`` (below it
    where ``low``), and what was true (N,). ``probability``: whether the values claim to be one."""

    name: str
    yes: str
    values: np.ndarray
    truth: np.ndarray
    threshold: float
    low: bool = False
    probability: bool = True

    def row(self) -> str:
        """A line of the card's table."""
        said = self.values < self.threshold if self.low else self.values >= self.threshold
        calibration = "-"
        if self.probability:
            found = reliability(self.values.tolist(), self.truth.tolist())
            calibration = f"{found['expected_calibration_error']:.3f}"
        return (f"| {self.name} | {self.yes} | {'<' if self.low else '>='} {self.threshold:.3g} "
                f"| {len(self.values)} | {_percent(self.truth[said])} "
                f"| {_percent(~self.truth[~said])} | {_percent(said[self.truth])} "
                f"| {calibration} |")


@torch.no_grad()
def measure(
    world: LatentWorldModel, scenario: Scenario, language: Language, count: int = 400
) -> list[Cases]:
    """All thresholds of a model, on `count` held-out pictures and the development sentences."""
    vocabulary = world.vocabulary
    clips = scenario.held_out(count, np.random.default_rng(SEED))
    distances, holds = export.met_distances(
        world.network, scenario, _statements(world, scenario), count, SEED
    )
    cases = [Cases("`met_threshold`", "the goal part holds", distances, holds,
                   vocabulary.met_threshold, low=True, probability=False)]
    cases.append(_readings(world, scenario, clips))
    cases.extend(_works(world, scenario, clips))
    cases.extend(_sentences(world, language))
    cases.extend(_sight(world, clips))
    return cases


def write_card(folder: Path, cases: list[Cases]) -> None:
    """Put the table between its marks in the card, or at the card's end."""
    path = folder / CARD
    card = path.read_text(encoding="utf-8") if path.is_file() else f"# Model card: {folder.name}\n"
    block = f"{BEGIN}\n{table(cases)}\n{END}"
    if BEGIN in card and END in card:
        before, rest = card.split(BEGIN, 1)
        card = before + block + rest.split(END, 1)[1]
    else:
        card = f"{card.rstrip()}\n\n{block}\n"
    path.write_text(card, encoding="utf-8")


def table(cases: list[Cases]) -> str:
    """The figures in Markdown, with what they are of."""
    lines = [
        "## How far the thresholds can be trusted", "",
        "Pictures and rollouts held out from training, development sentences; 95% intervals. "
        "`ECE`: expected calibration error, where the number is a probability. Written by "
        "`python -m vljepa_ros.training.export --recard MODEL`.", "",
        "| threshold | yes means | yes when | cases | yes is right | no is right | found | ECE |",
        "|---|---|---|---|---|---|---|---|",
        *(case.row() for case in cases), "",
        "Confidence in what is read, in bins:", "",
        "| said | n | right |", "|---|---|---|",
    ]
    read = next(case for case in cases if case.name == "reading")
    for row in reliability(read.values.tolist(), read.truth.tolist())["bins"]:
        lines.append(f"| {row['confidence']:.3f} | {row['n']} | {row['frequency']:.3f} |")
    return "\n".join(lines)


def _percent(flags: np.ndarray) -> str:
    found = share(flags.tolist())
    if found["rate"] is None:
        return "-"
    low, high = found["interval95"]
    return f"{100 * found['rate']:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def _statements(world: LatentWorldModel, scenario: Scenario) -> torch.Tensor:
    """(M, D): the vocabulary's embeddings in the order of the world's statements."""
    index = scenario.semantics.index
    rows = torch.zeros(len(index), world.embedding_dim)
    for subject in world.vocabulary.subjects:
        for statement, embedding in zip(subject.statement_ids, subject.embeddings, strict=True):
            rows[index[statement]] = torch.from_numpy(embedding)
    return rows


def _readings(world: LatentWorldModel, scenario: Scenario, clips: Clips) -> Cases:
    """Whether the statement read of each lasting subject is the true one."""
    confidences, right = [], []
    index, subjects = scenario.semantics.index, world.vocabulary.subjects
    order = [np.array([index[v] for v in subject.statement_ids]) for subject in subjects]
    for clip, truth in _batches(clips):
        answers = world.network.predictor(
            world.network.x_encoder(clip), torch.from_numpy(world.vocabulary.queries)
        ).numpy()
        for i in world.vocabulary.lasting:
            nearest, sure = subjects[i].nearest(answers[:, i])
            known = truth[:, i] >= 0
            confidences.append(sure[known])
            right.append(order[i][nearest][known] == truth[known, i])
    # Nothing is decided on a reading's own confidence, but a doubtful one is below about 0.8.
    return Cases("reading", "it is read right", np.concatenate(confidences),
                 np.concatenate(right), 0.8)


def _works(world: LatentWorldModel, scenario: Scenario, clips: Clips) -> list[Cases]:
    """Whether actions work, in seen states and in states imagined up to DEPTH deep."""
    network, encoder = world.network, world.network.y_encoder
    start = np.flatnonzero(clips.start)
    roll = scenario.rollouts(clips, start, DEPTH, np.random.default_rng(SEED))
    names = encoder.action_head(encoder.vectors(list(scenario.semantics.actions.values())))
    state = torch.cat([network.x_encoder(clip) for clip, _ in _batches(clips)])[start]
    told = _statements(world, scenario)
    for rows, statement in roll.told:
        if len(rows):
            pick = torch.from_numpy(rows)
            known = network.dynamics.suppose(state[pick], told[statement].expand(len(rows), -1))
            state = state.index_copy(0, pick, known)
    said, truth = [], []
    for k in range(DEPTH):
        tokens = network.dynamics.action_tokens(names[roll.actions[:, k]], roll.targets[:, k])
        state, logit = network.dynamics(state, tokens)
        known = ~np.isnan(roll.works[:, k])
        said.append(logit.sigmoid().numpy()[known])
        truth.append(roll.works[known, k] > 0.5)
    limit = world.vocabulary.works_threshold
    return [
        Cases("`works_threshold`, seen states", "the action works", said[0], truth[0], limit),
        Cases("`works_threshold`, imagined states", "the action works",
              np.concatenate(said[1:]), np.concatenate(truth[1:]), limit),
    ]


def _sentences(world: LatentWorldModel, language: Language) -> list[Cases]:
    """Whether a sentence asks for something known, and whether it must be doubted."""
    sets = language.development()
    known = [row.text for kind in ("goals", "compounds") for row in sets[kind]]
    texts = known + [row.text for row in sets["unrelated"]]
    said = export.understood_confidences(world, texts)
    cases = [Cases("`understood_threshold`", "the sentence asks for something known", said,
                   np.arange(len(texts)) < len(known), world.vocabulary.understood_threshold)]
    if world.network.config.y_encoder.doubt and sets.get("refusal"):
        refused = [row for row in sets["refusal"] if row.doubt != FINE]
        fine = known + [row.text for row in sets["refusal"] if row.doubt == FINE]
        doubts = np.array([world.doubt(t) for t in [*fine, *(row.text for row in refused)]])
        cases.append(Cases("`doubt_threshold`", "the goal must be refused", doubts,
                           np.arange(len(doubts)) >= len(fine), world.vocabulary.doubt_threshold))
    return cases


def _sight(world: LatentWorldModel, clips: Clips) -> list[Cases]:
    """Whether pictures show the scene: against noise and darkness by the readings' confidence,
    against the same pictures turned and cut by their looks."""
    clip = clips.clip[:200]
    noise = torch.randint(0, 256, clip[:60].shape, dtype=torch.uint8,
                          generator=torch.Generator().manual_seed(SEED))
    seen = np.concatenate([export.confidence(world, c) for c in clip.split(64)])
    useless = [export.confidence(world, picture) for picture in (noise, noise // 20)]
    values = np.concatenate((seen, *useless))
    real = np.arange(len(values)) < len(seen)
    cases = [Cases("`sight_threshold`", "the picture shows something", values, real,
                   world.vocabulary.sight_threshold, probability=False)]
    if (looks := world.vocabulary.looks) is not None:
        frames = clip[:, -1].permute(0, 2, 3, 1).numpy()
        side = frames.shape[1]
        cut = frames[:, side // 8 : side - side // 8, : side - side // 4]
        strange = [*frames[:, ::-1], *frames[:, :, ::-1], *frames.transpose(0, 2, 1, 3), *cut]
        left = np.array([looks.left_over(picture) for picture in [*frames, *strange]])
        cases.append(Cases("`looks.limit`", "the picture is of the scene, upright and whole", left,
                           np.arange(len(left)) < len(frames), looks.limit, low=True,
                           probability=False))
    return cases


def _batches(clips: Clips) -> list[tuple[torch.Tensor, np.ndarray]]:
    cuts = range(0, len(clips.clip), 64)
    return [(clips.clip[i : i + 64], clips.truth[i : i + 64]) for i in cuts]
