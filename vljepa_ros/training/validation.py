"""Figures on clips held out from training: reading, imagining, will-it-work, error over copy."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.model.vljepa import VLJEPA

from .scenario import Clips, Scenario
from .sentence_bank import SentenceBank


class Reader:
    """Reads states against every subject's canonical question."""

    def __init__(self, model: VLJEPA, scenario: Scenario, bank: SentenceBank) -> None:
        self.model, self.world = model, scenario.semantics
        canonical = model.y_encoder.head(bank.canonical)
        count, subjects = len(self.world.statements), len(self.world.subjects)
        self.statements = canonical[:count]
        self.questions = canonical[count : count + subjects]
        self.things = canonical[count + subjects :]

    def __call__(self, slots: Tensor) -> np.ndarray:
        """(N, S) nearest statement of every subject."""
        answers = self.model.predictor(slots, self.questions)
        columns = []
        for i, values in enumerate(self.world.subjects.values()):
            rows = np.array([self.world.index[v] for v in values])
            nearest = (answers[:, i] @ self.statements[rows].T).argmax(-1).numpy()
            columns.append(rows[nearest])
        return np.stack(columns, axis=1)


def encode(model: VLJEPA, clips: Clips, single_frame: bool = False) -> Tensor:
    """(B, K, width) of a held-out batch, in pieces."""
    found = []
    for clip in clips.clip.split(64):
        found.append(model.x_encoder(clip[:, -1:].expand_as(clip) if single_frame else clip))
    return torch.cat(found)


@torch.no_grad()
def validate(
    model: VLJEPA, scenario: Scenario, bank: SentenceBank, seed: int = 7, count: int = 320,
    single_frame: bool = False,
) -> dict[str, float]:
    """Shares in [0, 1]; `read_*` per subject group, `imagined_k` on subjects after k steps,
    `position_cm` the median error, `spread` the mean distance between embeddings, `caption_r1`
    caption retrieval among 64 held-out clips."""
    model.eval()
    world = scenario.semantics
    lasting = len(world.state_subjects)
    rng = np.random.default_rng(seed)
    read = Reader(model, scenario, bank)
    figures: dict[str, float] = {}
    stills = scenario.held_out(count, rng)
    slots = encode(model, stills, single_frame)
    known, right = stills.truth >= 0, read(slots) == stills.truth
    for name, columns in _groups(world.subject_ids[:lasting]).items():
        figures[f"read_{name}"] = right[:, columns][known[:, columns]].mean()
    if model.config.locate:
        error = model.predictor.locate(slots, read.things).numpy() - stills.position
        figures["position_cm"] = 100 * np.nanmedian(np.linalg.norm(error, axis=-1))
    figures.update(_captions(model, stills, slots, bank, rng))
    if scenario.moves:
        moving = scenario.held_out(count, rng, moving=True)
        right = read(encode(model, moving, single_frame)) == moving.truth
        figures["read_moving"] = right[:, :lasting][moving.truth[:, :lasting] >= 0].mean()
        if lasting < len(world.subjects):
            figures["activity"] = right[:, lasting:].mean()
    figures.update(_imagine(model, scenario, read, bank, stills, slots, rng))
    return {k: round(float(v), 4) for k, v in figures.items()}


def _groups(subjects: tuple[str, ...]) -> dict[str, list[int]]:
    """Columns of subjects by name; subjects of many things are taken together by kind."""
    groups: dict[str, list[int]] = {}
    many = len(subjects) > 8
    for i, subject in enumerate(subjects):
        kind = subject.rsplit("_", 1)[-1] if many and "lock" not in subject else subject
        groups.setdefault(kind, []).append(i)
    return groups


def _captions(
    model: VLJEPA, clips: Clips, slots: Tensor, bank: SentenceBank, rng: np.random.Generator
) -> dict[str, float]:
    _, first = np.unique(clips.caption, return_index=True)
    rows = [i for i in first if clips.caption[i] >= 0][:64]
    described = model.predictor(slots[rows], None)[:, 0]
    captions = model.y_encoder.head(bank.draw_captions(clips.caption[rows], rng))
    nearest = (described @ captions.T).argmax(-1).numpy()
    apart = 1 - described @ described.T
    spread = apart.sum() / (len(rows) * (len(rows) - 1))
    return {"caption_r1": float((nearest == np.arange(len(rows))).mean()),
            "spread": float(spread)}


def _imagine(
    model: VLJEPA, scenario: Scenario, read: Reader, bank: SentenceBank, clips: Clips,
    slots: Tensor, rng: np.random.Generator, steps: int = 8,
) -> dict[str, float]:
    """Eight actions deep; subjects that are known, and the first and last step's works."""
    lasting = len(scenario.semantics.state_subjects)
    start = np.flatnonzero(clips.start)[:200]
    roll = scenario.rollouts(clips, start, steps, rng)
    names = model.y_encoder.action_head(bank.actions[:, 0])
    state = slots[torch.from_numpy(start)]
    for rows, statement in roll.told:
        if len(rows):
            pick = torch.from_numpy(rows)
            told = read.statements[statement].expand(len(rows), -1)
            state = state.index_copy(0, pick, model.dynamics.suppose(state[pick], told))
    figures: dict[str, float] = {}
    works = {True: [], False: []}  # type: dict[bool, list[np.ndarray]]
    for k in range(steps):
        chosen = torch.from_numpy(roll.actions[:, k])
        before = state
        state, logit = model.dynamics(
            state, model.dynamics.action_tokens(names[chosen], roll.targets[:, k])
        )
        truth, label = roll.truth[:, k + 1, :lasting], roll.works[:, k]
        said = (logit > 0).numpy()
        for kind in (True, False):
            works[kind].append(said[label == kind] == kind)
        known = truth >= 0
        match = read(state)[:, :lasting] == truth
        if k + 1 in (1, 4, 8):
            changed = known & (roll.truth[:, 0, :lasting] != truth)
            figures[f"imagined_{k + 1}"] = match[known].mean()
            figures[f"imagined_{k + 1}_changed"] = match[changed].mean()
        if k + 1 == roll.looked and len(roll.real_rows):
            rows = torch.from_numpy(roll.real_rows)
            real = model.x_encoder(roll.real)
            error = ((state[rows] - real) ** 2).mean()
            figures["error_over_copy"] = float(error / ((before[rows] - real) ** 2).mean())
    figures["works"] = np.concatenate(works[True]).mean()
    figures["fails"] = np.concatenate(works[False]).mean()
    return figures
