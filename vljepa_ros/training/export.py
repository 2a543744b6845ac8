"""From a trained network to a model folder: vocabulary, calibrated thresholds, facts.

    python -m vljepa_ros.training.export --recard MODEL [--data DIR]

measures how far an existing model's thresholds can be trusted, on data kept from training, writes
that into its card, and learns anew what pictures of its scene look like. The weights stay.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from vljepa_ros.model.checkpoint import DESCRIPTION, ModelError, load_model, save_model
from vljepa_ros.model.vljepa import VLJEPA
from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.model.y_encoder import FINE
from vljepa_ros.planning.looks import Looks
from vljepa_ros.planning.picture_goal import strangeness
from vljepa_ros.planning.vocabulary import UNSEEN

from .scenario import Scenario, scenario
from .wording import DOUBTFUL, Anchors, Language

MAX_REFUSED = 0.01  # share of understandable sentences that may be refused
MAX_DOUBTED = 0.025  # share of reachable goals, one in seven made to be doubted, that may be
MAX_NOVEL = 0.02  # share of the answers about what training showed that may be drawn elsewhere
SIGHT_QUANTILE = 0.002  # of the held-out pictures, this share would be taken for useless
DATA = {"scene-v0": Path("data/v2"), "workbench": Path("data/workbench")}


@torch.no_grad()
def export(
    network: VLJEPA, scenario: Scenario, language: Language, anchors: Anchors, folder: Path,
    name: str,
) -> str:
    """Write the model folder; returns the model_id."""
    network.eval()
    world, statements = scenario.semantics, anchors.statements
    # The questions about states are anchors; those about the moment are not asked of sentences.
    queries = anchors.questions
    if world.momentary:
        momentary = network.y_encoder([world.questions[s] for s in world.momentary])
        queries = torch.cat((queries, momentary))
    if world.held_out:
        expect_novel(network, scenario, statements, queries)
    threshold, figures = calibrate_met(network, scenario, statements)
    subjects = {
        s: {v: world.statements[v] for v in values} for s, values in world.subjects.items()
    }
    rows = {s: statements[[world.index[v] for v in values]] for s, values in world.subjects.items()}
    thresholds = {
        "met_threshold": threshold, "understood_threshold": 0.5, "works_threshold": 0.5,
        "sight_threshold": 0.0, "doubt_threshold": DOUBTFUL,
    }
    things = None
    if network.config.locate:
        things = {thing: subject for thing, (subject, _) in world.things.items()}
        asked = network.y_encoder([question for _, question in world.things.values()])
    facts_about = {"world": world.name}
    parts = network.trained_parameters()
    facts = {**facts_about, "trained_parameters": {**parts, "all": sum(parts.values())},
             "calibration": figures}
    model_id = save_model(folder, name, network, subjects, queries, rows, thresholds, facts,
                          things, asked if things else None)
    calibrate_understood(folder, language)
    calibrate_sight(folder, scenario)
    calibrate_looks(folder, scenario)
    return model_id


def calibrate_understood(folder: Path, language: Language) -> None:
    """Set understood_threshold and doubt_threshold on the development sentences.

    The highest understood_threshold that refuses at most MAX_REFUSED of the sentences that do ask
    for something known, the lowest doubt_threshold that doubts at most MAX_DOUBTED of them; what
    both catch of what must be refused is kept beside them.
    """
    world = LatentWorldModel.load(folder)
    sets = language.development()

    def confidences(kinds: tuple[str, ...]) -> np.ndarray:
        return understood_confidences(world, [row.text for kind in kinds for row in sets[kind]])

    related = confidences(("goals", "statements", "compounds"))
    unrelated = confidences(("unrelated",))
    threshold = float(np.clip(np.quantile(related, MAX_REFUSED), 0.3, 0.95))
    facts: dict[str, float] = {
        "related_refused": round(float((related < threshold).mean()), 4),
        "unrelated_recognised": round(float((unrelated < threshold).mean()), 4),
    }
    found = {"understood_threshold": round(threshold, 4)}
    if world.network.config.y_encoder.doubt:
        fine = [r.text for k in ("goals", "compounds") for r in sets[k]]
        fine += [r.text for r in sets["refusal"] if r.doubt == FINE]
        doubts = np.array([world.doubt(text) for text in fine])
        refused = np.array([world.doubt(r.text) for r in sets["refusal"] if r.doubt != FINE])
        limit = float(np.clip(np.quantile(doubts, 1 - MAX_DOUBTED), 0.5, 0.98))
        found["doubt_threshold"] = round(limit, 4)
        facts["fine_doubted"] = round(float((doubts > limit).mean()), 4)
        facts["refusal_recognised"] = round(float((refused > limit).mean()), 4)
    _amend(folder, found, understood=facts)


def understood_confidences(world: LatentWorldModel, texts: list[str]) -> np.ndarray:
    """(N,): how sure it is that each text asks for something known, 0 where it finds nothing."""
    every = replace(world.vocabulary, understood_threshold=0.0, doubt_threshold=2.0)
    reader = LatentWorldModel(world.network, every)
    goals = [reader.understand(text) for text in texts]
    return np.array([goal.confidence if goal.parts else 0.0 for goal in goals])


def _amend(
    folder: Path, thresholds: dict[str, float], looks: dict[str, Any] | None = None,
    **facts: dict[str, float],
) -> None:
    path = folder / DESCRIPTION
    description = yaml.safe_load(path.read_text())
    description["thresholds"].update(thresholds)
    description["facts"].update(facts)
    if looks is not None:
        description["looks"] = looks
    path.write_text(yaml.safe_dump(description, sort_keys=False))


@torch.no_grad()
def calibrate_sight(folder: Path, scenario: Scenario, count: int = 400) -> None:
    """Set sight_threshold and strange_threshold: below this mean confidence of the lasting readings
    a picture is taken to show nothing known, above this mean distance to the statements read to
    show another scene; nearly no held-out picture is beyond either."""
    world = LatentWorldModel.load(folder)
    clips = scenario.held_out(count, np.random.default_rng(17))
    seen = [confidence(world, c) for c in clips.clip.split(64)]
    noise = torch.randint(0, 256, clips.clip[:64].shape, dtype=torch.uint8)
    dark = torch.randint(0, 12, clips.clip[:64].shape, dtype=torch.uint8)
    useless = np.concatenate([confidence(world, noise), confidence(world, dark)])
    limit = float(np.quantile(np.concatenate(seen), SIGHT_QUANTILE))
    off = np.concatenate([_strangeness(world, c) for c in clips.clip.split(64)])
    strange = float(np.quantile(off, 1 - SIGHT_QUANTILE))
    _amend(folder, {
        "sight_threshold": round(limit, 4), "strange_threshold": round(strange, 4),
    }, sight={
        "useless_recognised": round(float((useless < limit).mean()), 4),
    })


def calibrate_looks(folder: Path, scenario: Scenario, count: int = 600) -> None:
    """What pictures of the scene look like: from half of the held-out pictures, the limit from the
    other half."""
    clips = scenario.held_out(count, np.random.default_rng(19))
    frames = clips.clip[:, -1].permute(0, 2, 3, 1).numpy()
    half = len(frames) // 2
    _amend(folder, {}, Looks.fit(frames[:half], frames[half:]).to_dict())


def confidence(world: LatentWorldModel, clip: torch.Tensor) -> np.ndarray:
    """(B,) mean confidence of the lasting readings."""
    vocabulary = world.vocabulary
    queries = vocabulary.queries[vocabulary.lasting]
    answers = world.network.predictor(
        world.network.x_encoder(clip), torch.from_numpy(queries)
    ).numpy()
    each = [
        vocabulary.subjects[s].nearest(answers[:, i])[1] for i, s in enumerate(vocabulary.lasting)
    ]
    return np.asarray(np.mean(each, axis=0))


def _strangeness(world: LatentWorldModel, clip: torch.Tensor) -> np.ndarray:
    """(B,) as planning.picture_goal.strangeness has it."""
    queries = torch.from_numpy(world.vocabulary.queries)
    answers = world.network.predictor(world.network.x_encoder(clip), queries).numpy()
    return np.array([strangeness(world.vocabulary, row) for row in answers])


def calibrate_met(
    network: VLJEPA, scenario: Scenario, statements: torch.Tensor, count: int = 480
) -> tuple[float, dict[str, float]]:
    """The goal-part distance that best tells holding from not holding, on held-out pictures.

    Returns the middle between the 99.5th percentile of the distances that hold and the 0.5th of
    those that do not, and both.
    """
    distances, holds = met_distances(network, scenario, statements, count, 11)
    high = float(np.quantile(distances[holds], 0.995))
    low = float(np.quantile(distances[~holds], 0.005))
    figures = {"holds_99.5%": round(high, 4), "fails_0.5%": round(low, 4)}
    return round((high + low) / 2, 4), figures


@torch.no_grad()
def expect_novel(
    network: VLJEPA, scenario: Scenario, statements: torch.Tensor, queries: torch.Tensor,
    count: int = 1000,
) -> None:
    """Let the network draw answers to the statements that training never showed, see `expect`.

    The limits come from pictures of what training did show: how near the answers to a statement's
    subject, and to the statement itself, come to it where something else is true, all but
    MAX_NOVEL of them.
    """
    world = scenario.semantics
    clips = scenario.held_out(count, np.random.default_rng(29))
    slots = torch.cat([network.x_encoder(clip) for clip in clips.clip.split(64)])
    limits, index = [], sorted(world.index[s] for s in world.held_out)
    for row in index:
        subject = world.subjects_of[world.statement_ids[row]][0]
        thing = world.statement_ids[row].split(".")[0]
        truth, hidden = clips.truth[:, subject], world.index.get(f"{thing}{UNSEEN}", -1)
        seen = torch.from_numpy((truth >= 0) & (truth != hidden))
        if not seen.any():
            limits.append(1.0)  # nothing to judge by: nothing is drawn
            continue
        asked = torch.stack((queries[subject], statements[row]))
        nearness = network.predictor(slots[seen], asked) @ statements[row]
        limits.append(float(nearness.flatten().quantile(1 - MAX_NOVEL)))
    network.predictor.expect(statements[index].clone(), torch.tensor(limits))
    network.config = replace(network.config, novel=len(index))


@torch.no_grad()
def met_distances(
    network: VLJEPA, scenario: Scenario, statements: torch.Tensor, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Every statement (M, D) asked of every one of `count` held-out pictures, where the truth is
    known: the distances (N,), and whether they hold (N,)."""
    world = scenario.semantics
    clips = scenario.held_out(count, np.random.default_rng(seed))
    momentary = {v for s in world.momentary for v in world.subjects[s]}
    asked = [world.index[s] for s in world.statements
             if s not in momentary and s not in world.held_out]
    lasting = len(world.state_subjects)
    distances, holds = [], []
    for start in range(0, len(clips.clip), 64):
        slots = network.x_encoder(clips.clip[start : start + 64])
        answers = network.predictor(slots, statements[asked])
        distance = 1 - (answers * statements[asked]).sum(-1)
        truth = clips.truth[start : start + 64, :lasting]
        true = np.stack([(truth == i).any(axis=1) for i in asked], axis=1)
        unknown = np.stack([
            (truth[:, [c for c in world.subjects_of[world.statement_ids[i]] if c < lasting]] < 0)
            .any(axis=1) for i in asked
        ], axis=1)
        known = true | ~unknown
        distances.append(distance.numpy()[known])
        holds.append(true[known])
    return np.concatenate(distances), np.concatenate(holds)


def recard(folder: Path, data: Path | None = None) -> None:
    """Learn anew what the scene looks like and which goals are doubted, and write how far the
    thresholds can be trusted into the card. Raises ModelError or ValueError in one line."""
    from .reliability import measure, write_card
    from .run import language

    world = str(load_model(folder).description.get("facts", {}).get("world", "scene-v0"))
    pictures = scenario(world, data or DATA[world])
    calibrate_looks(folder, pictures)
    calibrate_understood(folder, language(world))
    write_card(folder, measure(LatentWorldModel.load(folder), pictures, language(world)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recard", type=Path, required=True, metavar="MODEL",
                        help="model folder whose card is written anew")
    parser.add_argument("--data", type=Path, help="its training data (default: by its world)")
    args = parser.parse_args()
    try:
        recard(args.recard, args.data)
    except (ModelError, ValueError, OSError) as error:
        print(f"recard: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
