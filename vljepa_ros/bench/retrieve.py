"""Retrieval: a moment in a pool of 500 clips, from a held-out wording of what happens.

Through the index on disk. A hit counts when the clip shows what was asked for (`recall`), and when
its moment is right as well (`moment`: the true moment within half a second of the window shown).
`exact` queries name the situation too ("... while the window is open"): only clips in which it
holds count. Chance is the share of right clips.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.search.retrieve import rank, window
from vljepa_ros.training.phrases import read_yaml

from .classify import CLIPS, index_of, label_sets, looked_through, query_free
from .environment import HELD_OUT_SEED
from .event_clips import KINDS, EventClip, event_clips
from .progress import counting
from .report import share
from .worlds import model_folder

NEAR_S = 0.5
_SITUATIONS = ("drawer", "window")
_SHOWN = 15


def run(
    seed: int = 0, episodes: int | None = None, model: Path | None = None,
    stage1: Path | None = None, clips: Path | None = None, first_seed: int = HELD_OUT_SEED,
    wordings: str = "heldout_events", env: str = "scene-v0",
) -> dict[str, Any]:
    """A pool of `episodes` clips (made on first use); every wording is a query.

    For tuning: clips of another folder and `first_seed`, `wordings` "dev_events".
    """
    if env == "workbench":
        from . import retrieve_workbench

        return retrieve_workbench.run(
            seed, episodes or retrieve_workbench.EPISODES, model, stage1,
            clips or retrieve_workbench.CLIPS, first_seed, f"{wordings}_workbench")
    clips, episodes = clips or CLIPS, episodes or 500
    started = time.time()
    films = {film.file: film for film in event_clips(clips, episodes, first_seed)}
    world = LatentWorldModel.load(model_folder(model))
    index = index_of(clips, world.model_id)
    with counting("indexing", unit="file") as bar:
        index.update(world, lambda path, done, count: bar.update(done - bar.n))
    indexing = time.time() - started
    found = [(films[path], event) for path, event in index.events(world.vocabulary)
             if path in films]
    queries = [(text, KINDS[k], "") for labels in label_sets(wordings)
               for k, text in enumerate(labels)]
    exact = _exact(queries, list(films.values()), np.random.default_rng(first_seed + seed))
    searching = time.time()
    rows = rank(world, [event for _, event in found], [text for text, _, _ in queries + exact])
    searching = time.time() - searching
    flags: dict[str, list[bool]] = {name: [] for name in (
        "recall1", "recall5", "moment1", "exact1", "exact5")}
    chance, blind, wrong = [], [], []
    other = np.random.default_rng(first_seed + seed).permutation(len(films))
    for (text, kind, situation), row in zip(queries + exact, rows, strict=True):
        order = np.argsort(-row, kind="stable")
        hits = first_of_each(order, found)[:5]
        right = [_fits(found[i][0], kind, situation) for i in hits]
        if situation:
            flags["exact1"].append(right[0])
            flags["exact5"].append(any(right))
            continue
        flags["recall1"].append(right[0])
        flags["recall5"].append(any(right))
        start, end = window(found[hits[0]][1])
        moment = found[hits[0]][0].moment
        flags["moment1"].append(right[0] and start - NEAR_S <= moment <= end + NEAR_S)
        chance.append(np.mean([film.kind == kind for film in films.values()]))
        shuffled = list(films.values())[other[list(films).index(found[hits[0]][0].file)]]
        blind.append(shuffled.kind == kind)
        if not right[0]:
            wrong.append(f"{text!r}: {found[hits[0]][0].kind}")
    one = share(flags["recall1"])
    return {
        "name": "retrieve", "seed": seed, "episodes": episodes, "pool": len(films),
        "events": len(found), "queries": len(queries), "model_id": world.model_id,
        "figure": one["rate"], "interval95": one["interval95"],
        **{name: share(values) for name, values in flags.items()},
        "stage1": None if stage1 is None else _stage1(stage1, clips, list(films.values())),
        "examples_wrong": wrong[:_SHOWN],
        "indexing_s": round(indexing, 1), "search_ms": round(1e3 * searching / len(rows), 1),
        "baselines": {"random": round(float(np.mean(chance)), 4), "text_only": None,
                      "blind": share(blind)["rate"], "oracle": 1.0},
        "seconds": round(time.time() - started, 1),
    }


def _stage1(folder: Path, clips: Path, films: list[EventClip]) -> dict[str, Any]:
    """recall@1 with weights after stage 1: what is new in the answer to no question."""
    world = LatentWorldModel.load(folder)
    seen = looked_through(world, clips, films)
    right = [
        films[int(column.argmax())].kind == KINDS[k] for labels in label_sets()
        for k, column in enumerate(query_free(world, seen, labels).T)
    ]
    return {"model_id": world.model_id, **share(right)}


def _exact(
    queries: list[tuple[str, str, str]], films: list[EventClip], rng: np.random.Generator
) -> list[tuple[str, str, str]]:
    """The queries with something that holds meanwhile, as it does in one of the clips."""
    words = read_yaml("vljepa_ros.bench", "phrases/heldout.yaml")["statements"]
    made = []
    for text, kind, _ in queries:
        same = [film for film in films if film.kind == kind]
        thing = _SITUATIONS[rng.integers(len(_SITUATIONS))]
        if not same or thing in kind:
            continue
        situation = same[rng.integers(len(same))].before[thing]
        options = words.get(situation)
        if options:
            said = str(options[rng.integers(len(options))]).rstrip(".")
            made.append((f"{text} while {said}", kind, situation))
    return made


def _fits(film: EventClip, kind: str, situation: str) -> bool:
    return film.kind == kind and (not situation or situation in film.before.values())


def first_of_each(order: np.ndarray, found: list[tuple[EventClip, Any]]) -> list[int]:
    """The best event of each recording, best first."""
    seen: set[str] = set()
    kept = []
    for i in order:
        if found[i][0].file not in seen:
            seen.add(found[i][0].file)
            kept.append(int(i))
    return kept
