"""Clips of the workbench: what they show, what they are called, and what is never trained on."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest

from vljepa_ros.bench import classify_workbench, retrieve_workbench, table_speaking
from vljepa_ros.bench.event_clips import EventClip, event_clips
from vljepa_ros.bench.report import share
from vljepa_ros.bench.workbench_events import (
    TURNS,
    UNSEEN,
    count,
    draw,
    fits,
    group,
    kinds_of,
    label,
    unseen,
    wordings,
)
from vljepa_ros.sim.workbench_symbolic import COLOURS, has_held_out
from vljepa_ros.training.spintax import parse
from vljepa_ros.training.workbench_phrases import load

FILES = ("heldout_events_workbench", "dev_events_workbench")


def test_every_second_clip_shows_a_pair_that_training_never_saw():
    shown = set()
    for number in range(2 * len(TURNS) * 3):
        kind, state = draw(number, np.random.default_rng([7, number]))
        assert unseen(kind) == (number % 2 == 0), (number, kind)
        assert fits(state, kind) and not has_held_out(state)
        assert kind in kinds_of(state.colours)
        shown.add(group(kind))
    assert {"place, unseen pair", "place, seen pair", "stack", "drawer", "wait",
            "failed_close_window"} <= shown and len(shown) == 15


@pytest.mark.parametrize("name", FILES)
def test_labels_are_38_different_ones_for_any_three_cubes(name):
    words = wordings(name)
    assert count(words) >= 4
    for i, colours in itertools.product(range(count(words)),
                                        itertools.combinations(COLOURS, 3)):
        texts = [label(words, kind, i) for kind in kinds_of(colours)]
        assert len(set(texts)) == 38 and not any(c in t for t in texts for c in "{}")
        assert set(" ".join(texts).split()) & set(COLOURS) == set(colours)


def test_held_out_wordings_are_no_training_pattern_nor_a_development_one():
    said, tuned = (_templates(wordings(name)) for name in FILES)
    base, own = load()
    sections = [rows for name, rows in own.items() if name.split("_")[0] in SAID]
    rows = set(_patterns([*sections, *(getattr(base, name) for name in SAID)]))
    trained = [parse(row, base.macros) for row in map(_slots, rows)]
    assert _said_by(trained, _plain("put the # cube @")), "control"
    assert len(trained) > 1500 and len(said) > 50
    assert not [text for text in said if _said_by(trained, text)]
    assert not said & tuned


SAID = ("goals", "statements", "events", "actions", "activities")


def _templates(words):
    """Every template, bare, with # for a colour and @ for a place."""
    return {_plain(text.format(C="#", D="#", P="@")) for part in (words["done"], words["failed"])
            for texts in part.values() for text in texts}


def _patterns(table):
    """All patterns of a table of patterns, whatever its depth."""
    if isinstance(table, str):
        return [table]
    return [text for part in (table.values() if isinstance(table, dict) else table)
            for text in _patterns(part)]


def _slots(row):
    row = re.sub(r"<(TO_|N_)?(PLACE|P\d|BACK_\w+|FRONT_\w+)>", "@", row)
    return re.sub(rf"<[CD]\d?>|\b(?:{'|'.join(COLOURS)})\b", "#", row)


def _plain(text):
    return "".join(c for c in text.lower() if c.isalnum() or c in "#@")


def _said_by(trees, text):
    return any(len(text) in _ends(tree, text, {0}) for tree in trees)


def _ends(tree, text, starts):
    """Where a text may be when it has said what a pattern says, from any of these starts."""
    if not starts:
        return starts
    if isinstance(tree, str):
        words = _plain(tree)
        return {s + len(words) for s in starts if text.startswith(words, s)}
    if isinstance(tree, tuple):
        return set().union(*(_ends(option, text, starts) for option in tree))
    for part in tree:
        starts = _ends(part, text, starts)
    return starts


def clip(kind, colours=("red", "green", "blue")):
    return EventClip(f"{kind}.mp4", kind, 1.0, 2.0, {}, {}, colours)


def test_only_the_cubes_that_are_there_are_labels_and_unseen_pairs_are_counted_apart():
    films = [clip("place_red_front_left"), clip("place_red_back_left"), clip("open_drawer")]
    asked = classify_workbench.choices(films)
    assert asked.sum(axis=1).tolist() == [38, 38, 38]
    names = np.array(classify_workbench.KINDS)
    assert not any("white" in name for name in names[asked[0]])
    truth = np.array([classify_workbench.KINDS.index(film.kind) for film in films])
    table = np.where(asked, 0.0, -1e9)
    table[0, truth[0]] = table[1, truth[1]] = 1.0
    table[2, truth[1]] = 1.0  # wrong
    new = np.array([unseen(film.kind) for film in films])
    assert classify_workbench._of([table], truth, new)["rate"] == 1.0
    assert classify_workbench._of([table], truth, ~new)["rate"] == 0.5
    by_kind = classify_workbench._by_kind([table], films, truth)
    assert by_kind["open_drawer"]["rate"] == 0.0 and by_kind["place, unseen pair"]["n"] == 1
    few = classify_workbench._among([table], truth, asked, np.random.default_rng(0))
    assert few[:2] == [True, True]
    low, high = classify_workbench._of_clips([table], truth, np.random.default_rng(0))
    assert 0.0 <= low < 0.67 < high <= 1.0


def test_queries_are_all_wordings_of_what_the_pool_shows():
    words = wordings(FILES[0])
    asked = retrieve_workbench.queries_of(words, [clip("wait"), clip(UNSEEN[0]), clip("wait")])
    assert len(asked) == 8 and {kind for _, kind in asked} == {"wait", UNSEEN[0]}
    apart = retrieve_workbench._apart([True, False], [0.5, 0.25], [False, True])
    assert apart["rate"] == 0.0 and apart["chance"] == 0.25


def test_clips_of_the_workbench_are_made_once_and_of_one_world(tmp_path):
    [film] = event_clips(tmp_path, 1, first_seed=900_000, env="workbench")
    assert film.kind == UNSEEN[0] and film.colours and 1 < film.moment < film.seconds
    colour, place = film.kind.removeprefix("place_").split("_", 1)
    assert film.after[f"{colour}_place"] == f"{colour}.{place}" != film.before[f"{colour}_place"]
    made = (tmp_path / film.file).stat().st_mtime_ns
    assert event_clips(tmp_path, 1, first_seed=900_000, env="workbench") == [film]
    assert (tmp_path / film.file).stat().st_mtime_ns == made
    with pytest.raises(ValueError, match="another world than 'scene-v0'"):
        event_clips(tmp_path, 1, first_seed=900_000)
    with pytest.raises(ValueError, match="seeds from 900000 on"):
        event_clips(tmp_path, 1, env="workbench")
    rows = (tmp_path / "clips.jsonl").read_text().splitlines()
    assert len(rows) == 1 and json.loads(rows[0])["colours"] == list(film.colours)


def test_the_tables_show_unseen_pairs_apart_where_there_are_some():
    base = {"blind": 0.1, "text_only": 0.2, "random": 0.0263, "oracle": 1.0}
    all_of_them, new = share([True] * 9 + [False]), share([True] * 5)
    data = {"labels": 38, "stage2": all_of_them, "baselines": base, "stage1": None}
    assert len(table_speaking.classify(data)) == 1, "scene-v0 has none"
    lines = table_speaking.classify(data | {"unseen_pairs": new, "seen_pairs": all_of_them})
    assert "38 labels" in lines[0] and "90.0" in lines[0]
    assert "never showed its colour | **100.0" in lines[1] and "| 92 |" in lines[1]
    found = table_speaking.retrieve({
        "pool": 300, "recall1": all_of_them, "baselines": base,
        "unseen_pairs": new | {"chance": 0.083}, "seen_pairs": all_of_them | {"chance": 0.004},
    })
    assert "300 clips" in found[0] and "| 8.3 |" in found[1] and "| 80 |" in found[2]
