"""Retrieval on the workbench: a moment in a pool of clips, unseen pairs of cube and place apart.

Queries are held-out wordings of every kind that the pool shows. A hit counts when the clip shows
what was asked for, and for `moment` when the true moment is within half a second of the window
shown. Chance is the share of right clips.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.search.retrieve import rank, window

from .classify import index_of, looked_through, query_free
from .classify_workbench import CLIPS, EPISODES, WORDINGS
from .environment import HELD_OUT_SEED
from .event_clips import EventClip, event_clips
from .report import share
from .retrieve import NEAR_S, first_of_each
from .workbench_events import count, group, label, unseen, wordings
from .worlds import model_folder

_SHOWN = 15


def run(
    seed: int = 0, episodes: int = EPISODES, model: Path | None = None, stage1: Path | None = None,
    clips: Path = CLIPS, first_seed: int = HELD_OUT_SEED, wording: str = WORDINGS,
) -> dict[str, Any]:
    """A pool of `episodes` clips (made on first use); every wording of what it shows is a query."""
    started = time.time()
    films = {film.file: film for film in event_clips(clips, episodes, first_seed, "workbench")}
    world = LatentWorldModel.load(model_folder(model, "workbench"))
    looked_through(world, clips, list(films.values()))
    indexing = time.time() - started
    index = index_of(clips, world.model_id)
    found = [(films[path], event) for path, event in index.events(world.vocabulary)
             if path in films]
    words = wordings(wording)
    queries = queries_of(words, list(films.values()))
    searching = time.time()
    rows = rank(world, [event for _, event in found], [text for text, _ in queries])
    searching = time.time() - searching
    flags: dict[str, list[bool]] = {name: [] for name in ("recall1", "recall5", "moment1", "blind")}
    chance, wrong = [], []
    pool = list(films.values())
    other = np.random.default_rng(first_seed + seed).permutation(len(pool))
    for (text, kind), row in zip(queries, rows, strict=True):
        hits = first_of_each(np.argsort(-row, kind="stable"), found)[:5]
        best, event = found[hits[0]]
        right = [found[i][0].kind == kind for i in hits]
        start, end = window(event)
        flags["recall1"].append(right[0])
        flags["recall5"].append(any(right))
        flags["moment1"].append(right[0] and start - NEAR_S <= best.moment <= end + NEAR_S)
        flags["blind"].append(pool[other[pool.index(best)]].kind == kind)
        chance.append(float(np.mean([film.kind == kind for film in pool])))
        if not right[0]:
            wrong.append(f"{text!r}: {best.kind}")
    kinds = [kind for _, kind in queries]
    new = [unseen(kind) for kind in kinds]
    return {
        "name": "retrieve", "env": "workbench", "seed": seed, "episodes": len(pool),
        "pool": len(pool), "events": len(found), "queries": len(queries),
        "kinds": len(set(kinds)), "model_id": world.model_id,
        "figure": share(flags["recall1"])["rate"],
        "interval95": share(flags["recall1"])["interval95"],
        **{name: share(flags[name]) for name in ("recall1", "recall5", "moment1")},
        "unseen_pairs": _apart(flags["recall1"], chance, new),
        "seen_pairs": _apart(flags["recall1"], chance, [not flag for flag in new]),
        "tries_in_vain": _apart(flags["recall1"], chance, [k.startswith("failed_") for k in kinds]),
        "by_kind": {
            name: _apart(flags["recall1"], chance, [group(kind) == name for kind in kinds])
            for name in sorted(set(map(group, kinds)))},
        "stage1": None if stage1 is None else _stage1(stage1, clips, pool, words),
        "examples_wrong": wrong[:: max(1, len(wrong) // _SHOWN)][:_SHOWN],
        "indexing_s": round(indexing, 1), "search_ms": round(1e3 * searching / len(rows), 1),
        "baselines": {"random": round(float(np.mean(chance)), 4), "text_only": None,
                      "blind": share(flags["blind"])["rate"], "oracle": 1.0},
        "seconds": round(time.time() - started, 1),
    }


def queries_of(words: dict[str, Any], films: list[EventClip]) -> list[tuple[str, str]]:
    """(text, kind) of every wording of every kind that a clip shows."""
    kinds = sorted({film.kind for film in films})
    return [(label(words, kind, i), kind) for i in range(count(words)) for kind in kinds]


def _apart(right: list[bool], chance: list[float], rows: list[bool]) -> dict[str, Any]:
    found = share([flag for flag, row in zip(right, rows, strict=True) if row])
    near = [value for value, row in zip(chance, rows, strict=True) if row]
    return found | {"chance": round(float(np.mean(near)), 4) if near else None}


def _stage1(
    folder: Path, clips: Path, films: list[EventClip], words: dict[str, Any]
) -> dict[str, Any]:
    """recall@1 with weights after stage 1: what is new in the answer to no question."""
    world = LatentWorldModel.load(folder)
    seen = looked_through(world, clips, films)
    queries = queries_of(words, films)
    likeness = query_free(world, seen, [text for text, _ in queries])
    right = [films[int(column.argmax())].kind == kind
             for (_, kind), column in zip(queries, likeness.T, strict=True)]
    return {"model_id": world.model_id, **share(right)}
