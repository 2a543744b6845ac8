"""Ours against a model that generates its answer token by token: accuracy, parameters, time.

Both get the same frozen state tokens, sentence vectors, batches and steps; ours is trained at the
twin's full and at half of its trained-parameter budget. About ten minutes of one core.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vljepa_ros.model.checkpoint import LoadedModel, load_model
from vljepa_ros.model.config import YEncoderConfig
from vljepa_ros.model.sentence_encoder import MiniLM
from vljepa_ros.sim.symbolic import ACTIONS
from vljepa_ros.training.phrases import Sampler, load_patterns
from vljepa_ros.training.scene_semantics import STATE_SUBJECTS
from vljepa_ros.training.twin import tokens as state_tokens
from vljepa_ros.training.twin.fit import FitConfig, fit
from vljepa_ros.training.twin.generator import Generator, GeneratorSize
from vljepa_ros.training.twin.imaginer import Imaginer, parameters, sized
from vljepa_ros.training.twin.samples import Samples
from vljepa_ros.training.twin.texts import Texts

from .environment import HELD_OUT_SEED
from .twin_exam import Exam
from .twin_students import ByText, Generating, Imagining, Likelihood, Meaning
from .worlds import model_folder

STILLS = 6000  # training pictures
DATA = (Path("data/v2"), Path("data/scene_v0"))  # where they are looked for
CANDIDATES = 40
CURVE_GOALS = 60  # goals a point of the curve
REPEATS = 30  # of every timing


def run(
    seed: int = 0, episodes: int = 300, model: Path | None = None, steps: int = 1200,
    data: Path | None = None, plot: Path | None = None, stills: int = STILLS,
    first_seed: int = HELD_OUT_SEED,
) -> dict[str, Any]:
    """`episodes` held-out pictures, three questions and one goal each; `steps` batches of training.

    `data`: a folder of training stills (default: data/v2, data/scene_v0; with neither they are
    rendered). `plot`: write the curves there as a PNG.
    """
    for name, value in (("episodes", episodes), ("steps", steps), ("stills", stills)):
        if value < 1:
            raise ValueError(f"{name} = {value} is not usable; allowed: 1 or more")
    started, cpu = time.time(), time.process_time()
    loaded = load_model(model_folder(model))
    say(f"frozen X-encoder of {loaded.description['model_id']}")
    frames = loaded.network.config.x_encoder.frames
    eyes = loaded.network.x_encoder
    seen = state_tokens.training(eyes, loaded.description["model_id"], frames, folder_of(data),
                                 stills, say)
    held_out = state_tokens.rendered(eyes, frames, episodes, first_seed + 7000 * (seed + 1))
    texts = Texts(Sampler(load_patterns(), seed + 11), MiniLM(YEncoderConfig()).eval())
    exam = Exam(held_out, texts, np.random.default_rng(first_seed + 17 + seed))
    networks, sizes = build(seen.tokens.shape[-1], texts, seed)
    students = _students(networks, texts, loaded)
    config = FitConfig(steps=steps)
    curve: list[dict[str, Any]] = []
    final: dict[str, Any] = {}

    def look(step: int) -> None:
        point: dict[str, Any] = {"samples": step * config.batch}
        for name, student in students.items():
            found = exam.marks(student, None if step == steps else CURVE_GOALS)
            if step == steps:
                final[name] = found
            point[name] = {k: found[k] for k in ("outcome", "top1")}
        curve.append(point)
        rates = " ".join(f"{k} {v['outcome']['rate']:.3f}/{v['top1']['rate']:.3f}"
                         for k, v in point.items() if k != "samples")
        say(f"{point['samples']} samples, outcome/top-1: {rates}")

    seconds = fit(networks, Samples(seen, texts, seed), config, curve_steps(steps), look)
    result = {
        "name": "twin", "env": "scene-v0", "seed": seed, "episodes": len(held_out),
        "model_id": loaded.description["model_id"], "steps": steps, "batch": config.batch,
        "training_pictures": len(seen),
        "figure": final["ours_half"]["outcome"]["rate"],
        "figure_is": "outcomes named right by ours at half the twin's trained parameters",
        "interval95": final["ours_half"]["outcome"]["interval95"],
        "trained_parameters": {k: parameters(v) for k, v in networks.items()},
        "sizes": sizes, "training_cpu_seconds": {k: round(v, 1) for k, v in seconds.items()},
        "final": final, "curve": curve,
        "generated_exact": exactness(students["twin_generation"]),
        "ms_per_candidate": milliseconds(students, networks, texts, held_out.tokens[:1].float()),
        "baselines": rivals(exam, students["ours_full"], texts),
    }
    result["verdict"] = verdict(result)
    for line in result["verdict"]:
        say(line)
    if plot is not None:
        from .twin_plot import draw

        draw(result, plot)
    result["cpu_seconds"] = round(time.process_time() - cpu, 1)
    result["seconds"] = round(time.time() - started, 1)
    return result


def say(line: str) -> None:
    """Progress goes to standard error: standard output is the JSON object."""
    print(line, file=sys.stderr, flush=True)


def folder_of(data: Path | None) -> Path | None:
    """The data folder given, or the first of DATA that has stills, or None."""
    if data is not None:
        return data
    return next((f for f in DATA if any(f.glob("stills_*_frames.npy"))), None)


def curve_steps(steps: int) -> list[int]:
    """Where the curve has points: about doubling, and the end."""
    points = [steps]
    while points[-1] > 20:
        points.append(points[-1] // 2)
    return sorted(points)


def build(
    state_width: int, texts: Texts, seed: int
) -> tuple[dict[str, Generator | Imaginer], dict[str, Any]]:
    """The twin, and ours at its full and half budget; random weights, sizes as plain data."""
    width = texts.statements.shape[-1]
    torch.manual_seed(seed)
    size = GeneratorSize()
    twin = Generator(state_width, width, len(texts.words), size)
    budget = parameters(twin)
    networks: dict[str, Generator | Imaginer] = {"twin": twin}
    sizes: dict[str, Any] = {"twin": vars(size)}
    for name, share in (("ours_full", 1.0), ("ours_half", 0.5)):
        torch.manual_seed(seed)
        networks[name], found = sized(state_width, width, int(share * budget))
        sizes[name] = vars(found)
    for name, network in networks.items():
        say(f"{name}: {parameters(network):,} trained parameters, {sizes[name]}")
    return networks, sizes


def _students(networks: dict[str, Any], texts: Texts, loaded: LoadedModel) -> dict[str, Any]:
    def embed(said: list[str]) -> Tensor:
        with torch.no_grad():
            return loaded.network.y_encoder(said)

    return {
        "ours_full": Imagining(networks["ours_full"], texts),
        "ours_half": Imagining(networks["ours_half"], texts),
        "twin_generation": Generating(networks["twin"], texts, Meaning(texts, embed)),
        "twin_likelihood": Likelihood(networks["twin"], texts),
    }


def exactness(student: Generating) -> float:
    """Share of generated texts that are a training wording letter by letter."""
    return round(student.meaning.exact / max(1, student.meaning.asked), 4)


def rivals(exam: Exam, ours: Imagining, texts: Texts) -> dict[str, Any]:
    """Those who do not look: random, text-only, and ours on another picture; and the truth."""
    text, blind = exam.marks(ByText(texts)), exam.marks(ours, shift=1)
    chance = exam.chance()
    return {
        "random": chance["outcome"], "text_only": text["outcome"]["rate"],
        "blind": blind["outcome"]["rate"], "oracle": 1.0,
        "top1": {"random": chance["top1"], "text_only": text["top1"]["rate"],
                 "blind": blind["top1"]["rate"], "oracle": 1.0},
        "by_kind": {"text_only": text["by_kind"], "blind": blind["by_kind"]},
    }


@torch.inference_mode()
def milliseconds(
    students: dict[str, Any], networks: dict[str, Any], texts: Texts, state: Tensor
) -> dict[str, Any]:
    """CPU milliseconds a candidate, one thread, CANDIDATES in one batch, sentence vectors at hand.

    `one_subject`: scored for a goal about one subject; `whole_state`: what is true of all six
    subjects afterwards. Medians of REPEATS, the ways taking turns.
    """
    actions = texts.actions.flatten(0, 1)[:: texts.actions.shape[1] * len(ACTIONS) // CANDIDATES]
    actions = actions[:CANDIDATES].contiguous()
    count, subjects = len(actions), len(STATE_SUBJECTS)
    tokens = state.expand(count, -1, -1)
    question = texts.questions[:1, 0].expand(count, -1)
    every = texts.questions[:, 0]
    goals = np.zeros(count, dtype=np.int64)
    one: dict[str, Callable[[], Any]] = {
        name: lambda s=s: s.scores(tokens, actions, question, goals) for name, s in students.items()
    }
    whole: dict[str, Callable[[], Any]] = {
        name: lambda m=networks[name]: m.answer(tokens, actions, every[None])
        for name in ("ours_full", "ours_half")
    }
    whole["twin_generation"] = lambda: networks["twin"].generate(
        tokens.repeat_interleave(subjects, 0), actions.repeat_interleave(subjects, 0),
        every.repeat(count, 1),
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = {"one_subject": _timed(one, count), "whole_state": _timed(whole, count)}
    finally:
        torch.set_num_threads(threads)
    return {"candidates": count, "threads": 1, **times}


def _timed(ways: dict[str, Callable[[], Any]], count: int) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(REPEATS + 3):
        for name, way in ways.items():
            begin = time.thread_time()
            way()
            if turn >= 3:  # the first calls allocate
                found[name].append(1e3 * (time.thread_time() - begin) / count)
    return {name: round(float(np.median(values)), 4) for name, values in found.items()}


def verdict(result: dict[str, Any]) -> list[str]:
    """What the numbers say about the four hopes, whatever they say."""
    final, ms = result["final"], result["ms_per_candidate"]
    lines = []
    for key, words in (("outcome", "outcomes named right"), ("top1", "goals reached by the top-1")):
        rates = {name: final[name][key]["rate"] for name in final}
        best = max(rates["twin_generation"], rates["twin_likelihood"])
        reaches = "reaches" if rates["ours_half"] >= best else "does not reach"
        lines.append(
            f"{words}: ours at half the parameters {rates['ours_half']:.3f}, at as many "
            f"{rates['ours_full']:.3f}; twin by generation {rates['twin_generation']:.3f}, by "
            f"likelihood {rates['twin_likelihood']:.3f}: half {reaches} the twin's final accuracy"
        )
    for kind, words in (("one_subject", "a goal about one subject"),
                        ("whole_state", "the whole state after it")):
        for name in ("ours_full", "ours_half"):
            times = ms[kind]
            than = [f"{times[k] / times[name]:.1f} times as fast as {k.replace('_', ' by ')}"
                    for k in ("twin_generation", "twin_likelihood") if k in times]
            lines.append(f"a candidate for {words}: {name.replace('_', ', ')} budget "
                         f"{times[name]:.3f} ms, {', '.join(than)}")
    hoped = ms["one_subject"]["twin_generation"] / ms["one_subject"]["ours_full"]
    lines.append(f"20 times as fast as generation, as hoped: {'yes' if hoped >= 20 else 'no'} "
                 f"({hoped:.1f} at the same number of parameters)")
    return lines
