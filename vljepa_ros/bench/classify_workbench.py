"""Zero-shot classification of the workbench's clips, unseen pairs of cube and place apart.

Every clip is classified among all that can be done with the three cubes that are there, with
drawer, window and buttons, rest and four tries in vain: 38 labels, in every wording of the file.
Whether a label could have happened is not told: a shut drawer's "someone opens the drawer" is among
them as well as an open one's.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.protocols import Action, Array
from vljepa_ros.planning.vocabulary import UNSEEN
from vljepa_ros.search.events import Event, scores, whole
from vljepa_ros.search.phrase import phrases
from vljepa_ros.sim.workbench_symbolic import COLOURS

from .classify import looked_through, query_free
from .environment import HELD_OUT_SEED
from .event_clips import EventClip, event_clips
from .guesses import confident_right, right, wrong
from .report import share
from .workbench_events import count, group, kinds_of, label, unseen, wordings
from .worlds import TextOnly, model_folder

CLIPS = Path("data/event_clips_workbench")
EPISODES = 500
WORDINGS = "heldout_events_workbench"
KINDS = kinds_of(COLOURS)
_FEW = 16
_NEVER = -1e9


def run(
    seed: int = 0, episodes: int = EPISODES, model: Path | None = None, stage1: Path | None = None,
    clips: Path = CLIPS, first_seed: int = HELD_OUT_SEED, wording: str = WORDINGS,
) -> dict[str, Any]:
    """`episodes` clips; they are made on first use. `wording`: a file of phrases/."""
    started = time.time()
    films = event_clips(clips, episodes, first_seed, "workbench")
    world = LatentWorldModel.load(model_folder(model, "workbench"))
    seen = looked_through(world, clips, films)
    events = [whole(features, world.vocabulary) for features in seen]
    words = wordings(wording)
    sets = [[label(words, kind, i) for kind in KINDS] for i in range(count(words))]
    truth = np.array([KINDS.index(film.kind) for film in films])
    asked = choices(films)
    signs = [scored(world, events, films, labels) for labels in sets]
    tables = [table["total"] for table in signs]
    rng = np.random.default_rng(first_seed + seed)
    new = np.array([unseen(film.kind) for film in films])
    moves = np.array([film.kind.startswith("place_") for film in films])
    tries = np.array([film.kind.startswith("failed_") for film in films])
    every = share(right(tables, truth))
    free = [np.where(asked, query_free(world, seen, labels), _NEVER) for labels in sets]
    return {
        "name": "classify", "env": "workbench", "seed": seed, "episodes": len(films),
        "labels": int(asked.sum(axis=1).max()), "wordings": len(sets),
        "model_id": world.model_id, "figure": every["rate"], "interval95": every["interval95"],
        "interval95_of_clips": _of_clips(tables, truth, rng),
        "stage2": every,
        "unseen_pairs": _of(tables, truth, new), "seen_pairs": _of(tables, truth, ~new),
        "seen_pairs_placed": _of(tables, truth, moves & ~new),
        "done_or_rest": _of(tables, truth, ~tries), "tries_in_vain": _of(tables, truth, tries),
        "among_16": share(_among(tables, truth, asked, rng)),
        "five": share(right(tables, truth, 5)),
        "by_kind": _by_kind(tables, films, truth),
        "by_wording": [share(right([table], truth))["rate"] for table in tables],
        "signs": {name: share(right([table[name] for table in signs], truth))["rate"]
                  for name in signs[0] if name not in ("total", "meanwhile")},
        "query_free": share(right(free, truth))["rate"],
        "confident_right": confident_right(tables, truth),
        "examples_wrong": wrong(tables, truth, films, sets),
        "stage1": None if stage1 is None else _stage1(stage1, clips, films, sets, truth, asked),
        "baselines": {
            "random": round(float(np.mean(1 / asked.sum(axis=1))), 4),
            "text_only": share(_text_only(world, events, sets[0], truth, asked))["rate"],
            "blind": share(right([_blind(world, events, films, sets[0], rng)], truth))["rate"],
            "oracle": 1.0,
        },
        "seconds": round(time.time() - started, 1),
    }


def choices(films: list[EventClip]) -> Array:
    """(E, K) which of KINDS are labels of a clip: those about the cubes that are there."""
    return np.array([[kind in kinds_of(film.colours) for kind in KINDS] for film in films])


def scored(
    world: LatentWorldModel, events: list[Event], films: list[EventClip], labels: list[str]
) -> dict[str, Array]:
    """(E, K) by sign and in total; what is no label of a clip is out of the question."""
    asked = choices(films)
    phrased = phrases(world, labels)
    found: dict[str, Array] = {}
    for colours in sorted({film.colours for film in films}):
        rows = [i for i, film in enumerate(films) if film.colours == colours]
        columns = np.flatnonzero(asked[rows[0]])
        part = scores(world, [events[i] for i in rows], [phrased[k] for k in columns])
        for name, table in part.items():
            whole_table = found.setdefault(name, np.full(asked.shape, _NEVER))
            whole_table[np.ix_(np.array(rows), columns)] = table
    return found


def _blind(
    world: LatentWorldModel, events: list[Event], films: list[EventClip], labels: list[str],
    rng: np.random.Generator,
) -> Array:
    """Every clip's labels beside another clip's event."""
    order = rng.permutation(len(events))
    return scored(world, [events[i] for i in order], films, labels)["total"]



def _of(tables: list[Array], truth: Array, rows: Array) -> dict[str, Any]:
    return share(right([table[rows] for table in tables], truth[rows]))


def _of_clips(tables: list[Array], truth: Array, rng: np.random.Generator) -> list[float]:
    """95% interval by drawing clips, not guesses, anew: one clip's wordings are not independent."""
    hits = np.array([table.argmax(axis=1) == truth for table in tables]).mean(axis=0)
    drawn = hits[rng.integers(len(hits), size=(2000, len(hits)))].mean(axis=1)
    return [round(float(x), 4) for x in np.quantile(drawn, [0.025, 0.975])]


def _among(
    tables: list[Array], truth: Array, asked: Array, rng: np.random.Generator
) -> list[bool]:
    """Right among the true label and 15 others, drawn anew for every guess."""
    flags = []
    for table in tables:
        for i, kind in enumerate(truth):
            others = np.flatnonzero(asked[i] & (np.arange(len(KINDS)) != kind))
            few = rng.choice(others, min(_FEW - 1, len(others)), replace=False)
            flags.append(bool(table[i, kind] > table[i, few].max()))
    return flags


def _by_kind(tables: list[Array], films: list[EventClip], truth: Array) -> dict[str, Any]:
    groups = np.array([group(film.kind) for film in films])
    return {str(name): _of(tables, truth, groups == name) for name in sorted(set(groups))}



def _text_only(
    world: LatentWorldModel, events: list[Event], labels: list[str], truth: Array, asked: Array
) -> list[bool]:
    """The label most similar, by its text, to a caption of the state after."""
    rival = TextOnly([Action("wait", "wait")])
    subjects = [world.vocabulary.subjects[i] for i in world.vocabulary.lasting]
    flags = []
    for event, kind, row in list(zip(events, truth, asked, strict=True))[:40]:
        rows = event.after[world.vocabulary.lasting]
        read = [int(s.nearest(answer)[0]) for s, answer in zip(subjects, rows, strict=True)]
        caption = "; ".join(s.statements[i] for s, i in zip(subjects, read, strict=True)
                            if not s.statement_ids[i].endswith(UNSEEN))
        open_to = np.flatnonzero(row)
        flags.append(bool(open_to[rival.nearest(caption, [labels[k] for k in open_to])] == kind))
    return flags


def _stage1(
    folder: Path, clips: Path, films: list[EventClip], sets: list[list[str]], truth: Array,
    asked: Array,
) -> dict[str, Any]:
    world = LatentWorldModel.load(folder)
    seen = looked_through(world, clips, films)
    tables = [np.where(asked, query_free(world, seen, labels), _NEVER) for labels in sets]
    return {"model_id": world.model_id, **share(right(tables, truth))}
