"""Figures on pictures held out from training: reading, imagining, will-it-work, error over copy."""

from __future__ import annotations

import numpy as np
import torch

from vljepa_ros.model.vljepa import VLJEPA

from .pictures import Pictures
from .scene_semantics import STATEMENT_IDS, SUBJECTS
from .sentence_bank import SentenceBank
from .targets import optical_targets
from .transitions import N_STATE_SUBJECTS, TRUE, WORKS, rollouts

SUBJECT_IDS = tuple(SUBJECTS)


@torch.no_grad()
def validate(
    model: VLJEPA, pictures: Pictures, bank: SentenceBank, seed: int = 7, count: int = 320
) -> dict[str, float]:
    """Shares in [0, 1]; `read_*` per subject, `imagined_k` on subjects after k steps."""
    model.eval()
    rng = np.random.default_rng(seed)
    canonical = model.y_encoder.head(bank.canonical)
    queries = canonical[len(STATEMENT_IDS) :]
    names = model.y_encoder.action_head(bank.actions[:, 0])

    def read(slots: torch.Tensor) -> np.ndarray:
        answers = model.predictor(slots, queries)
        columns = []
        for i, subject in enumerate(SUBJECT_IDS):
            values = [STATEMENT_IDS.index(v) for v in SUBJECTS[subject]]
            nearest = (answers[:, i] @ canonical[values].T).argmax(-1).numpy()
            columns.append(np.array(values)[nearest])
        return np.stack(columns, axis=1)

    figures: dict[str, float] = {}
    rows = rng.choice(pictures.held_stills, count)
    stills = pictures.clips(rows, None)
    slots = torch.cat([model.x_encoder(c) for c in stills.clip.split(64)])
    known = stills.truth >= 0
    right = (read(slots) == stills.truth)
    for i, subject in enumerate(SUBJECT_IDS[:-1]):
        figures[f"read_{subject}"] = right[known[:, i], i].mean()
    moving = pictures.clips(rng.choice(pictures.held_motion, count), None)
    seen = torch.cat([model.x_encoder(c) for c in moving.clip.split(64)])
    right = (read(seen) == moving.truth)
    figures["read_moving"] = right[:, :-1][moving.truth[:, :-1] >= 0].mean()
    figures["activity"] = right[:, -1].mean()
    start = np.flatnonzero(stills.state >= 0)[:200]
    actions, passed = rollouts(stills.state[start], 8, rng)
    features = torch.from_numpy(optical_targets())
    state = slots[torch.from_numpy(start)]
    first = state
    works = []
    for k in range(8):
        chosen = torch.from_numpy(actions[:, k])
        state, logit = model.dynamics(
            state, model.dynamics.action_tokens(names[chosen], features[chosen])
        )
        works.append((logit > 0).numpy() == WORKS[passed[:, k], actions[:, k]])
        if k in (0, 3, 7):
            truth = TRUE[passed[:, k + 1]][:, :N_STATE_SUBJECTS]
            match = read(state)[:, :N_STATE_SUBJECTS] == truth
            figures[f"imagined_{k + 1}"] = match.mean()
            figures[f"imagined_{k + 1}_all"] = match.all(axis=1).mean()
        if k == 0:
            real = model.x_encoder(pictures.of_states(passed[:, 1], rng))
            moved = passed[:, 1] != passed[:, 0]
            error = ((state - real) ** 2).mean((1, 2)).numpy()[moved].mean()
            copy = ((first - real) ** 2).mean((1, 2)).numpy()[moved].mean()
            figures["error_over_copy"] = error / copy
    figures["works"] = np.mean(works)
    return {k: round(float(v), 4) for k, v in figures.items()}
