"""Zero-shot classification of clips: fifteen skills and four tries in vain, as unseen labels.

Every clip is classified among all 19 labels, in each of four held-out wordings of the label set.
`signs` gives each sign alone (search/events.py), `query_free` the answer to no question (the only
one that stage-1 weights have: `--stage1 FOLDER` measures those).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.protocols import Action, Array
from vljepa_ros.search.events import Event, scores, whole
from vljepa_ros.search.features import Features
from vljepa_ros.search.index import NAME, Index
from vljepa_ros.search.phrase import phrases
from vljepa_ros.sim.symbolic import TAKE_OUT_PLACE
from vljepa_ros.training.phrases import read_yaml

from .environment import HELD_OUT_SEED
from .event_clips import FAILABLE, KINDS, EventClip, event_clips
from .guesses import confident_right, right, wrong
from .progress import counting
from .report import share
from .worlds import TextOnly, model_folder

CLIPS = Path("data/event_clips")


def run(
    seed: int = 0, episodes: int | None = None, model: Path | None = None,
    stage1: Path | None = None, clips: Path | None = None, first_seed: int = HELD_OUT_SEED,
    wordings: str = "heldout_events", env: str = "scene-v0",
) -> dict[str, Any]:
    """`episodes` clips (190, workbench 500); they are made on first use (`event_clips`).

    For tuning: clips of another folder and `first_seed`, `wordings` "dev_events".
    """
    if env == "workbench":
        from . import classify_workbench

        return classify_workbench.run(
            seed, episodes or classify_workbench.EPISODES, model, stage1,
            clips or classify_workbench.CLIPS, first_seed, f"{wordings}_workbench")
    clips, episodes = clips or CLIPS, episodes or 190
    started = time.time()
    films = event_clips(clips, episodes, first_seed)
    world = LatentWorldModel.load(model_folder(model))
    seen = looked_through(world, clips, films)
    events = [whole(features, world.vocabulary) for features in seen]
    sets = label_sets(wordings)
    truth = np.array([KINDS.index(film.kind) for film in films])
    signs = [scores(world, events, phrases(world, labels)) for labels in sets]
    total = right([table["total"] for table in signs], truth)
    free = [query_free(world, seen, labels) for labels in sets]
    result: dict[str, Any] = {
        "name": "classify", "seed": seed, "episodes": episodes, "labels": len(KINDS),
        "model_id": world.model_id, "figure": share(total)["rate"],
        "interval95": share(total)["interval95"], "stage2": share(total),
        "label_true": share(_true([table["total"] for table in signs], truth, films)),
        "five": share(right([table["total"] for table in signs], truth, 5)),
        "by_kind": _by_kind([table["total"] for table in signs], truth),
        "signs": {name: share(right([table[name] for table in signs], truth))["rate"]
                  for name in signs[0] if name not in ("total", "meanwhile")},
        "query_free": share(right(free, truth))["rate"],
        "confident_right": confident_right([table["total"] for table in signs], truth),
        "examples_wrong": wrong([table["total"] for table in signs], truth, films, sets),
        "stage1": None if stage1 is None else _stage1(stage1, clips, films, sets, truth),
    }
    blind = np.random.default_rng(first_seed + seed).permutation(len(events))
    result["baselines"] = {
        "random": round(1 / len(KINDS), 4),
        "text_only": share(_text_only(world, events, sets, truth))["rate"],
        "blind": share(right([table["total"][blind] for table in signs], truth))["rate"],
        "oracle": 1.0,
    }
    result["seconds"] = round(time.time() - started, 1)
    return result


def looked_through(
    world: LatentWorldModel, folder: Path, films: list[EventClip]
) -> list[Features]:
    """What the model sees in each clip, through the index that `bench retrieve` uses too."""
    index = index_of(folder, world.model_id)
    with counting("indexing", unit="file") as bar:
        index.update(world, lambda path, done, count: bar.update(done - bar.n))
    return [index.features(index.entries[film.file]) for film in films]


def index_of(folder: Path, model_id: str) -> Index:
    """A folder's index for one model: measuring another one in turn builds none anew."""
    return Index(folder, model_id, folder / f"{NAME}_{model_id}")


def label_sets(wordings: str = "heldout_events") -> list[list[str]]:
    """Wordings of the 19 labels, in the order of KINDS: those held out, or `dev_events`."""
    words = read_yaml("vljepa_ros.bench", f"phrases/{wordings}.yaml")
    count = min(len(options) for table in words.values() for options in table.values())
    done = [kind for kind in KINDS if not kind.startswith("failed_")]
    return [
        [*(words["done"][kind][i] for kind in done), *(words["failed"][a][i] for a in FAILABLE)]
        for i in range(count)
    ]


def query_free(world: LatentWorldModel, seen: list[Features], labels: list[str]) -> Array:
    """(E, L) cosines with what is new in the answer to no question, from first to last row."""
    rows = world.embed_texts(labels)
    change = [
        f.meanings[-2:].astype(np.float32).mean(0) - f.meanings[:2].astype(np.float32).mean(0)
        for f in seen
    ]
    return np.asarray(np.stack(change) @ rows.T)


def _stage1(
    folder: Path, clips: Path, films: list[EventClip], sets: list[list[str]], truth: Array
) -> dict[str, Any]:
    world = LatentWorldModel.load(folder)
    seen = looked_through(world, clips, films)
    tables = [query_free(world, seen, labels) for labels in sets]
    return {"model_id": world.model_id, **share(right(tables, truth))}



def _true(tables: list[Array], truth: Array, films: list[EventClip]) -> list[bool]:
    """Whether the label is true of the clip, if not the one it was filmed as: what is taken out of
    the drawer is put down at the front middle, and what comes there from the drawer was taken out.
    """
    both = {KINDS.index("take_cube_out"), KINDS.index(f"place_{TAKE_OUT_PLACE}")}
    return [
        guess == truth[i]
        or ({guess, int(truth[i])} == both and films[i].before["cube_in"] == "cube_in.drawer")
        for table in tables for i, guess in enumerate(table.argmax(axis=1))
    ]


def _by_kind(tables: list[Array], truth: Array) -> dict[str, float]:
    found = {}
    for k, kind in enumerate(KINDS):
        rows = np.flatnonzero(truth == k)
        flags = [bool(table[i].argmax() == k) for table in tables for i in rows]
        if flags:
            found[kind] = round(float(np.mean(flags)), 3)
    return found



def _text_only(
    world: LatentWorldModel, events: list[Event], sets: list[list[str]], truth: Array
) -> list[bool]:
    """The label most similar, by its text, to a caption of the state before and after."""
    rival = TextOnly([Action("wait", "wait")])
    flags = []
    for event, kind in list(zip(events, truth, strict=True))[:40]:
        caption = "; ".join(
            world.vocabulary.subjects[i].statements[
                int(world.vocabulary.subjects[i].nearest(event.after[i])[0])]
            for i in world.vocabulary.lasting
        )
        flags += [rival.nearest(caption, labels) == kind for labels in sets[:1]]
    return flags
