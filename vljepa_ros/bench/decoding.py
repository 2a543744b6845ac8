"""Selective decoding: what is saved, what is heard, what is false, what it costs.

Streams of random skills and failed attempts, and still scenes under a restless camera, on held-out
seeds. Captions by the nearest phrase; lines by the nearest phrase and by the generator.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.decoding.adaptive import Adaptive
from vljepa_ros.decoding.pace import Pace
from vljepa_ros.decoding.segments import SegmentConfig
from vljepa_ros.decoding.voice import Voice, our_config, our_detector
from vljepa_ros.decoding.words import NearestPhrase, Words, WrittenPhrase
from vljepa_ros.model.checkpoint import ModelError
from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.model.y_decoder import Generator, load_generator
from vljepa_ros.planning.protocols import Array
from vljepa_ros.training.y_decoder_stage import caption

from . import decoding_cost, moments, speech, streams
from .cider import Annotations, Point, cider, decodes_at
from .environment import HELD_OUT_SEED
from .progress import progress
from .readouts import readouts
from .streams import Stream
from .worlds import model_folder

MAIN_GAP_S = 5.0
FOLDER = Path("data/streams")
SHARE_OF_MINUTES = {5.0: 1.0, 2.0: 0.5, 20.0: 1.0, 60.0: 1.0}
_RESAMPLES = 100
_PER_SECOND = 1.0  # uniform decodes a second that set the CIDEr to compare at


def run(
    seed: int = 0, minutes: float = 10.0, model: Path | None = None, env: str = "scene-v0",
    first_seed: int = HELD_OUT_SEED, folder: Path = FOLDER, plot: Path | None = None,
    gaps: Sequence[float] = tuple(SHARE_OF_MINUTES),
) -> dict[str, Any]:
    """`minutes` of events a mean 5 s apart and as many of still scenes; other gaps in proportion.

    Streams last ten minutes, or `minutes` when that is less.

    `gaps` leaves out some of the other mean gaps; 5 s is always there.

    The streams are filmed into `folder` when they are not there; `plot` is a PNG of the curves.
    """
    started = time.time()
    unknown = sorted(set(gaps) - set(SHARE_OF_MINUTES))
    if unknown:
        raise ValueError(f"gaps = {unknown[0]!r}; allowed: "
                         f"{', '.join(f'{g:g}' for g in SHARE_OF_MINUTES)}")
    shares = {g: s for g, s in SHARE_OF_MINUTES.items() if g in {*gaps, MAIN_GAP_S}}
    world = LatentWorldModel.load(model_folder(model, env))
    generator = _generator(model_folder(model, env), world.model_id)
    voice = Voice(world.vocabulary)
    ways: dict[str, Way] = {"bank": Way(), "bank_paced": Way(paced=True)}
    if generator is not None:
        ways["generator"] = Way(written(world, generator, voice))
    phrases = NearestPhrase(voice.subjects)

    def read(means: Array) -> str:
        return scene_caption(phrases, means)

    standard = our_config(world.vocabulary)

    def ours(config: SegmentConfig) -> Adaptive:
        return our_detector(voice.subjects, config)

    films = {gap: streams.make(folder, gap, minutes * share, seed, env, first_seed)
             for gap, share in {**shares, streams.QUIET: 1.0}.items()}
    curves: dict[float, dict[str, list[Point]]] = {}
    saved: dict[float, dict[str, dict[str, Any]]] = {}
    length: dict[float, float] = {}
    events: dict[float, int] = {}
    for gap in shares:
        heard = ways if gap == MAIN_GAP_S else {}
        watched = [watch(world, voice, path, heard)
                   for path in progress(films[gap], f"streams, gap {gap:g} s")]
        length[gap] = sum(w.stream.seconds for w in watched) / 60
        events[gap] = sum(len(w.stream.events) for w in watched)
        curves[gap] = moments.all_curves(watched, gap, read, ours, standard)
        saved[gap] = savings(curves[gap], watched)
        if gap == MAIN_GAP_S:
            between = interval(watched, read, ours, standard, seed)
    if plot is not None:
        from .decoding_plot import draw

        draw(curves, length, plot)
    for path in progress(films[streams.QUIET], "still streams"):
        watch(world, voice, path, ways)
    best = saved[MAIN_GAP_S]["ours"]["saved"]
    ideal = saved[MAIN_GAP_S]["oracle"]["saved"]
    return {
        "name": "decoding", "env": env, "seed": seed, "episodes": len(films[MAIN_GAP_S]),
        "model_id": world.model_id, "minutes": round(length[MAIN_GAP_S], 2), "figure": best,
        "interval95": between,
        "decodes_saved_at_equal_cider": best,
        "share_of_oracle": None if not best or not ideal else round(best / ideal, 3),
        "savings": saved[MAIN_GAP_S],
        "saved_by_event_gap": {f"{gap:g}": {way: row["saved"] for way, row in saved[gap].items()}
                               for gap in sorted(saved)},
        "events_by_gap": {f"{gap:g}": events[gap] for gap in sorted(saved)},
        "lines": {name: way.judged() for name, way in ways.items()},
        "cpu": decoding_cost.measure(world, streams.load(films[MAIN_GAP_S][0]),
                                     ways["generator"].words if "generator" in ways else None,
                                     voice),
        "curves": {f"{gap:g}": {way: [asdict(p) for p in points] for way, points in c.items()}
                   for gap, c in sorted(curves.items())},
        "baselines": {"random": None, "text_only": None, "blind": None, "oracle": ideal,
                      "uniform": 1.0, "pixels": saved[MAIN_GAP_S]["pixels"]["saved"],
                      "ward": saved[MAIN_GAP_S]["ward"]["saved"]},
        "seconds": round(time.time() - started, 1),
    }


@dataclass
class Way:
    """One way to speak of streams, and what it said about those it heard so far.

    `words` is the Y-decoder, without one the nearest phrase; `paced` looks only at the frames that
    are due.
    """

    words: Words | None = None
    paced: bool = False
    heard: list[tuple[Stream, list[speech.Line]]] = field(default_factory=list)

    def judged(self) -> dict[str, Any]:
        """Events found and false lines in streams with events, and what was said in still ones."""
        main = [(s, lines) for s, lines in self.heard if s.gap != streams.QUIET]
        quiet = [(s, lines) for s, lines in self.heard if s.gap == streams.QUIET]
        found = speech.judge([s for s, _ in main], [lines for _, lines in main])
        noise = [line for _, lines in quiet for line in lines if not line.first]
        found["quiet_streams"] = len(quiet)
        found["quiet_minutes"] = round(sum(s.seconds for s, _ in quiet) / 60, 2)
        found["quiet_lines"] = len(noise)
        found["quiet_examples"] = [f"{line.decided:.1f} s: {line.text}" for line in noise[:8]]
        if isinstance(self.words, WrittenPhrase):
            found["refused_texts"] = self.words.refused
        return found


def watch(
    world: LatentWorldModel, voice: Voice, path: Path, ways: Mapping[str, Way]
) -> moments.Watched:
    """A stream as it is kept: answers, annotations, and its pictures on a coarse grid.

    Only here are its frames in memory; `ways` hear it meanwhile.
    """
    stream = streams.load(path)
    answers = readouts(world, stream, path)
    small = stream.small()
    meaning = speech.nearest_meaning(world.vocabulary, world.embed_texts)
    for way in ways.values():
        speaker = Voice(world.vocabulary, words=way.words)
        lines = speech.listen(speaker, stream, answers, meaning, Pace() if way.paced else None)
        way.heard.append((small, lines))
    return moments.Watched(small, voice.heard(answers), annotations(world, stream))


def annotations(world: LatentWorldModel, stream: Stream) -> list[tuple[float, str]]:
    """Every event with a caption of what is true from then on."""
    notes = []
    subjects = [world.vocabulary.subjects[i] for i in world.vocabulary.lasting]
    words = {i: t for s in subjects for i, t in zip(s.statement_ids, s.statements, strict=True)}
    order = [s.id for s in Voice(world.vocabulary).subjects.subjects]
    for event in stream.events:
        truth = stream.truth_at(event.time + streams.FRAME_PERIOD_S)
        facts = [words[truth[s]] for s in order if s in truth]
        notes.append((event.time, caption(list(dict.fromkeys(facts)))))
    return notes


def scene_caption(words: Words, means: Array) -> str:
    """What unit means (S, D) say of the whole scene."""
    found = words.read(range(len(means)), means)
    return caption(list(dict.fromkeys(phrase.text for phrase in found)))


def savings(
    curves: dict[str, list[Point]], watched: Sequence[moments.Watched]
) -> dict[str, dict[str, Any]]:
    """Per way: decodes needed for the CIDEr of uniform decoding once a second, and what is saved.

    Both stampings of `ward` and `variance` are tried, the better counts.
    """
    seconds = sum(w.stream.seconds for w in watched)
    once = min(curves["uniform"], key=lambda p: abs(p.setting - 1.0 / _PER_SECOND))
    found: dict[str, dict[str, Any]] = {}
    for way, points in curves.items():
        needed = decodes_at(points, once.cider)
        found[way] = {
            "decodes": None if needed is None else round(needed, 1),
            "saved": None if not needed else round(once.decodes / needed, 2),
            "best_cider": max(p.cider for p in points),
        }
    found["uniform"]["decodes"], found["uniform"]["saved"] = once.decodes, 1.0
    found["uniform"]["cider_once_a_second"] = once.cider
    found["uniform"]["seconds"] = seconds
    for way, other in (("ward", "ward_midpoint"), ("variance", "variance_moment")):
        stamped = found.pop(other)
        if (stamped["saved"] or 0) > (found[way]["saved"] or 0):
            found[way] = stamped
    return found


def interval(
    watched: Sequence[moments.Watched], read: moments.Read,
    ours: Callable[[SegmentConfig], Adaptive], config: SegmentConfig, seed: int,
) -> list[float]:
    """95% of what is saved when whole stretches of a minute are drawn anew (bootstrap).

    Decoding is done once; only which annotations and decodes count is drawn. A draw in which ours
    never reaches the CIDEr saves nothing.
    """
    rng = np.random.default_rng(seed)
    gap = watched[0].stream.gap
    once = [moments.play(moments.Uniform(1.0), w, read) for w in watched]
    settings = [g * gap for g in moments.PATIENCE]
    found = [moments.changes(ours(config), w) for w in watched]
    decoded = [[moments.patient(f, config, g, read, "moment") for f in found]
               for g in settings]
    minutes = [(i, m) for i, w in enumerate(watched) for m in range(int(w.stream.seconds // 60))]
    ratios = []
    for _ in progress(range(_RESAMPLES), "resampling"):
        drawn = [minutes[k] for k in rng.integers(len(minutes), size=len(minutes))]
        base = [_minute(once[i], watched[i].notes, m) for i, m in drawn]
        points = []
        for setting, decodes in zip(settings, decoded, strict=True):
            part = [_minute(decodes[i], watched[i].notes, m) for i, m in drawn]
            points.append(Point(setting, sum(len(d.times) for d, _ in part), cider(part)))
        needed = decodes_at(points, cider(base))
        ratios.append(sum(len(d.times) for d, _ in base) / needed if needed else 0.0)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return [round(float(low), 2), round(float(high), 2)]


def _minute(decodes: Any, notes: Annotations, minute: int) -> tuple[Any, Annotations]:
    """The decodes and annotations of one minute of a stream."""
    low, high = 60.0 * minute, 60.0 * (minute + 1)
    kept = [(t, x) for t, x in zip(decodes.times, decodes.texts, strict=True) if low <= t < high]
    return (type(decodes)([t for t, _ in kept], [x for _, x in kept]),
            [(t, x) for t, x in notes if low <= t < high])


def written(world: LatentWorldModel, generator: Generator, voice: Voice) -> WrittenPhrase:
    """The generator as a Y-decoder of the subjects a voice speaks of."""
    return WrittenPhrase(voice.subjects, generator.write, world.embed_texts)


def _generator(folder: Path, model_id: str) -> Generator | None:
    try:
        return load_generator(folder, model_id)
    except ModelError as error:
        print(f"without the generator: {error}", file=sys.stderr, flush=True)
        return None
