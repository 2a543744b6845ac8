"""From a trained network to a model folder: vocabulary, calibrated thresholds, facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import yaml

from vljepa_ros.model.checkpoint import DESCRIPTION, save_model
from vljepa_ros.model.vljepa import VLJEPA
from vljepa_ros.model.world_model import LatentWorldModel

from .phrases import read_yaml, sentences
from .pictures import Pictures
from .scene_semantics import INDEX, QUESTIONS, STATEMENT_IDS, STATEMENTS, SUBJECTS
from .transitions import N_STATE_SUBJECTS
from .wording import Anchors

MAX_REFUSED = 0.01  # share of understandable sentences that may be refused


@torch.no_grad()
def export(
    network: VLJEPA, pictures: Pictures, anchors: Anchors, folder: Path, name: str
) -> str:
    """Write the model folder; returns the model_id."""
    network.eval()
    statements = anchors.statements
    # The questions about states are anchors; the one about activity is not asked of sentences.
    activity = network.y_encoder([QUESTIONS["activity"]])
    queries = torch.cat((anchors.questions, activity))
    threshold, figures = calibrate_met(network, pictures, statements)
    subjects = {s: {v: STATEMENTS[v] for v in values} for s, values in SUBJECTS.items()}
    rows = {s: statements[[INDEX[v] for v in values]] for s, values in SUBJECTS.items()}
    thresholds = {
        "met_threshold": threshold, "understood_threshold": 0.5, "works_threshold": 0.5,
    }
    parts = network.trained_parameters()
    facts = {"trained_parameters": {**parts, "all": sum(parts.values())}, "calibration": figures}
    model_id = save_model(folder, name, network, subjects, queries, rows, thresholds, facts)
    calibrate_understood(folder)
    return model_id


def calibrate_understood(folder: Path) -> None:
    """Set understood_threshold on the development sentences and write how well it does.

    The highest threshold that refuses at most MAX_REFUSED of the sentences that do ask for
    something known; the share of unrelated sentences it recognises is kept beside it.
    """
    world = LatentWorldModel.load(folder)
    world.vocabulary = replace(world.vocabulary, understood_threshold=0.0)
    sets = sentences(read_yaml("vljepa_ros.training", "phrases/dev.yaml"))

    def confidences(kinds: tuple[str, ...]) -> np.ndarray:
        goals = [world.understand(row.text) for kind in kinds for row in sets[kind]]
        return np.array([goal.confidence if goal.parts else 0.0 for goal in goals])

    related = confidences(("goals", "statements", "compounds"))
    unrelated = confidences(("unrelated",))
    threshold = float(np.clip(np.quantile(related, MAX_REFUSED), 0.3, 0.95))
    path = folder / DESCRIPTION
    description = yaml.safe_load(path.read_text())
    description["thresholds"]["understood_threshold"] = round(threshold, 4)
    description["facts"]["understood"] = {
        "related_refused": round(float((related < threshold).mean()), 4),
        "unrelated_recognised": round(float((unrelated < threshold).mean()), 4),
    }
    path.write_text(yaml.safe_dump(description, sort_keys=False))


@torch.no_grad()
def calibrate_met(
    network: VLJEPA, pictures: Pictures, statements: torch.Tensor, count: int = 480
) -> tuple[float, dict[str, float]]:
    """The goal-part distance that best tells holding from not holding, on held-out pictures.

    Every statement is asked of every picture. Returns the middle between the 99.5th percentile of
    the distances that hold and the 0.5th of those that do not, and both.
    """
    rng = np.random.default_rng(11)
    resting = pictures.held_stills[pictures.state[pictures.held_stills] >= 0]
    rows = rng.choice(resting, min(count, len(resting)), replace=False)
    clips = pictures.clips(rows, None)
    asked = [i for i, s in enumerate(STATEMENT_IDS) if not s.startswith("activity.")]
    holds, fails = [], []
    for start in range(0, len(rows), 64):
        slots = network.x_encoder(clips.clip[start : start + 64])
        answers = network.predictor(slots, statements[asked])
        distance = 1 - (answers * statements[asked]).sum(-1)
        truth = clips.truth[start : start + 64, :N_STATE_SUBJECTS]
        true = np.stack([(truth == i).any(axis=1) for i in asked], axis=1)
        holds.append(distance.numpy()[true])
        fails.append(distance.numpy()[~true])
    high = float(np.quantile(np.concatenate(holds), 0.995))
    low = float(np.quantile(np.concatenate(fails), 0.005))
    figures = {"holds_99.5%": round(high, 4), "fails_0.5%": round(low, 4)}
    return round((high + low) / 2, 4), figures
