"""Table rows of what lives on the stream: lines, questions, labels, retrieval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .table_rows import Data, percent, row

WAYS = {"bank": "nearest phrase", "generator": "generator"}


def decoding(data: Data) -> list[str]:
    """What is heard of events, with each Y-decoder."""
    lines = []
    for way, words in WAYS.items():
        if way not in data["lines"]:
            continue
        heard = data["lines"][way]
        lines += [
            row(f"Events said, dated within 1 s, in words by the {words}", heard["recall"], 95),
            row("… changes of state", heard["recall_changes"]),
            row("… pulls at something locked", heard["recall_attempts"]),
            row("… lines that are an event", heard["precision"], 95),
            row("… lines that are false (at most 3)", heard["false_lines"]),
        ]
    return lines


def vqa(data: Data) -> list[str]:
    lines = [
        row("Questions answered right", data["plain"]["overall"], 95, _rivals(data["plain"])),
        row("… in held-out wording", data["held_out"]["overall"], 92, _rivals(data["held_out"])),
    ]
    if "count" in data["held_out"]:
        lines.append(row("… how many cubes, held-out wording", data["held_out"]["count"], 92))
    return lines


def classify(data: Data) -> list[str]:
    named = f"What happens in a clip, of {data['labels']} labels in held-out wording"
    return [row(named, data["stage2"], 92, data["baselines"]), *_unseen_pairs(data, 92)]


def retrieve(data: Data) -> list[str]:
    named = f"Moments found by held-out words among {data['pool']} clips, first hit right"
    return [row(named, data["recall1"], 80, data["baselines"]), *_unseen_pairs(data, 80)]


def stage1(data: Data) -> list[str]:
    """Of a result with `--stage1` only what those weights reach."""
    return [row("… weights after stage 1, answering no question", data["stage1"])]


def _unseen_pairs(data: Data, aim: float) -> list[str]:
    """Where there are some: a cube comes to where training never showed one of its colour."""
    lines = []
    for key, name in (("unseen_pairs", "a cube put where training never showed its colour"),
                      ("seen_pairs", "all others")):
        if ours := data.get(key):
            lines.append(row(f"… {name}", ours, aim, {"random": ours.get("chance")}))
    return lines


def decoding_sentence(data: Data) -> str:
    """What is saved, beside the rivals, and what it costs."""
    saved = {way: row["saved"] for way, row in data["savings"].items()}
    low, high = data["interval95"]
    cpu = data["cpu"]
    heard = data["lines"]["bank"]
    text = (
        f"Speaking only when the meaning changes ({data['minutes']:g} minutes, "
        f"{data['events_by_gap']['5']} events a mean 5 s apart, `{data['model_id']}`): "
        f"**{saved['ours']} ({low}–{high}) times fewer decodes** than one a second at the same "
        "CIDEr (aim: 5), each stamped with the moment it speaks of "
        f"({_times(saved['ours_at_decision'])} stamped when it was said, "
        f"{heard['latency_s']['p50']} s later at the median); at the true "
        f"change points {_times(saved['oracle'])}, Ward, offline "
        f"{_times(saved['ward'])}, window variance {_times(saved['variance'])}, pixel difference "
        f"{_times(saved['pixels'])}. {heard['quiet_lines']} lines in {heard['quiet_minutes']:g} "
        "still minutes under noise, flicker and shake (aim: 1 in 10). An hour of video costs "
        f"{cpu['embedding_cpu_s_per_hour']:.0f} CPU seconds, "
        f"{percent(cpu['embedding_of_nearest'])}% of the nearest phrase for every frame (aim: at "
        "most 80)"
    )
    if "embedding_of_generator" in cpu:
        text += (f", {percent(cpu['embedding_of_generator'])}% of the generator for every frame "
                 "(aim: at most 40)")
    return f"{text} ([curves](docs/bench/decoding.png), [docs/speaking.md](docs/speaking.md))."


def twin_sentence(data: Data) -> str:
    """Ours at as many and half as many trained parameters beside the token-generating twin."""
    right = {who: percent(found["outcome"]["rate"]) for who, found in data["final"].items()}
    count = {who: f"{n / 1e6:.2f} M" for who, n in data["trained_parameters"].items()}
    return (
        f"Outcomes of actions named right (on the eyes of `{data['model_id']}`) after training "
        "from nothing on the same samples: ours "
        f"{right['ours_full']}% with {count['ours_full']} trained parameters, "
        f"{right['ours_half']}% with {count['ours_half']}; a twin that generates tokens "
        f"{right['twin_generation']}% with {count['twin']} ([docs/twin.md](docs/twin.md))."
    )


def _rivals(data: Data) -> Mapping[str, Any]:
    return {**data["rivals"], "oracle": 1.0}


def _times(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f}"
