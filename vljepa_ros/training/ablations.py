"""Ablations in one command: the base run and variants that leave one thing out, from one start.

    python -m vljepa_ros.training.ablations --steps 300 --minutes 120     # or: make ablations
    python -m vljepa_ros.training.ablations --stage1 runs/compact_stage1/model --steps 300

Every variant has the same random vision weights, the same trained Y-encoder, data, seed and number
of steps; with --stage1 the weights that a finished stage 1 left and --steps of stage 2 each (only
the variant without stage 1 starts from random ones). Finished variants are kept in --out; a run
that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vljepa_ros.model.checkpoint import ModelError, load_model
from vljepa_ros.model.config import ModelConfig
from vljepa_ros.model.vljepa import VLJEPA

from . import loop
from .motion_check import opening_against_closing
from .run import read_config, take_language
from .scenario import Scenario, scenario
from .sentence_bank import SentenceBank
from .stages import VisionConfig, VisionTrainer
from .validation import validate

DEFAULT_CONFIG = Path(__file__).parent / "configs" / "compact_from_nothing.yaml"
BEGIN, END = "<!-- table: python -m vljepa_ros.training.ablations -->", "<!-- /table -->"


@dataclass(frozen=True)
class Variant:
    """One run: what is changed in VisionConfig, and in words."""

    name: str
    words: str
    changes: dict[str, Any] = field(default_factory=dict)


VARIANTS = (
    Variant("base", "as shipped"),
    Variant("no_stage1", "no query-free caption stage", {"stage1_steps": 0}),
    Variant("no_latent", "no latent targets of the EMA encoder", {"latent": False}),
    Variant("cosine", "cosine to the true statement instead of InfoNCE", {"cosine_only": True}),
    Variant("frozen_text", "heads of the Y-encoder frozen", {"freeze_text": True}),
    Variant("single_frame", "the newest frame instead of a clip", {"single_frame": True}),
)

COLUMNS = {
    "reading": "reading", "imagined_1_changed": "changed, 1 deep",
    "imagined_4_changed": "4 deep", "imagined_8_changed": "8 deep", "works": "works",
    "fails": "fails", "motion": "opening / closing", "caption_r1": "caption R@1",
}


def config_of(
    base: VisionConfig, variant: Variant, steps: int, stage1_done: bool = False
) -> VisionConfig:
    """The variant's configuration: `steps` in all, shared among the stages as in `base`; all of
    stage 2 when stage 1 is done already."""
    if stage1_done:
        return replace(base, **{**variant.changes, "stage1_steps": 0, "stage2_steps": steps})
    first = round(steps * base.stage1_steps / (base.stage1_steps + base.stage2_steps))
    first = int(variant.changes.get("stage1_steps", min(max(1, first), steps - 1)))
    stages = {"stage1_steps": first, "stage2_steps": steps - first}
    return replace(base, **{**variant.changes, **stages})


def figures(network: VLJEPA, data: Scenario, bank: SentenceBank, single: bool) -> dict[str, float]:
    """What `validate` measures on held-out pictures, reading as one number, and motion."""
    found = validate(network, data, bank, single_frame=single)
    read = [v for k, v in found.items() if k.startswith("read_") and k != "read_moving"]
    found["reading"] = round(float(np.mean(read)), 4)
    if hasattr(data, "pictures"):
        found.update(opening_against_closing(network, data, bank, single))
    return found


class Ablations:
    """Runs the variants one after another and keeps the table up to date.

    `minutes` are shared: every variant gets its part of what is left. `stage1`: a model folder
    with the weights that a finished stage 1 left, for every variant but the one without it.
    """

    def __init__(
        self, config: dict[str, Any], steps: int, out: Path, language: Path | None,
        log: Callable[[str], None] = print, model: ModelConfig | None = None,
        stage1: Path | None = None,
    ) -> None:
        if steps < 2:
            raise ValueError(f"steps = {steps} is not usable; allowed: 2 or more")
        self.steps, self.out, self.language, self.log = steps, out, language, log
        self.stage1 = stage1
        self.seed = int(config.get("seed", 0))
        self.model = model or ModelConfig.from_dict(config.get("model") or {})
        self.base = VisionConfig(**{"seed": self.seed, **(config.get("vision") or {})})
        world = str(config.get("world", "scene-v0"))
        self.data = scenario(world, Path(config.get("data", "data/scene_v0")))
        self.bank = SentenceBank(self.start().y_encoder, self.data, self.seed + 1)

    def start(self, stage1: bool = True) -> VLJEPA:
        """The same network every time: that of stage 1, or random vision and the given language."""
        torch.manual_seed(self.seed)
        network = VLJEPA(self.model)
        if self.stage1 is not None and stage1:
            network.load_state_dict(load_model(self.stage1).network.state_dict())
        elif self.language is not None:
            take_language(network, self.language)
        return network

    def run(
        self, variants: Sequence[Variant] = VARIANTS, minutes: float | None = None
    ) -> list[dict[str, Any]]:
        """One row of figures for every variant, in order."""
        started, rows = time.time(), []
        for i, variant in enumerate(variants):
            left = None
            if minutes is not None:
                left = max(0.0, minutes - (time.time() - started) / 60) / (len(variants) - i)
            rows.append(self.one(variant, left))
        return rows

    def one(self, variant: Variant, minutes: float | None) -> dict[str, Any]:
        """Train (or go on with) one variant and measure it."""
        folder = self.out / f"{variant.name}_{self.steps}"
        done = folder / "figures.json"
        if done.is_file():
            row: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
            if row["reached"] >= self.steps:
                self.log(f"{variant.name}: already there")
                return row
        folder.mkdir(parents=True, exist_ok=True)
        config = config_of(self.base, variant, self.steps, self.stage1 is not None)
        self.log(f"{variant.name}: {variant.words}, {self.steps} steps")
        network = self.start(variant.name != "no_stage1")
        trainer = VisionTrainer(network, self.data, self.bank, config)
        begin = time.time()
        reached = loop.train(trainer, folder, self.log, lambda _: {}, minutes)
        row = {"variant": variant.name, "words": variant.words, "steps": self.steps,
               "reached": reached, "seconds": round(time.time() - begin, 1),
               **figures(network, self.data, self.bank, config.single_frame)}
        done.write_text(json.dumps(row, indent=1), encoding="utf-8")
        return row


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown; a variant that ran out of time says how far it came."""
    lines = ["| variant | steps | " + " | ".join(COLUMNS.values()) + " |",
             "|---|---|" + "---|" * len(COLUMNS)]
    for row in rows:
        steps = str(row["steps"]) if row["reached"] >= row["steps"] else (
            f"{row['reached']} of {row['steps']}")
        cells = [_percent(row.get(key)) for key in COLUMNS]
        lines.append(f"| {row['words']} | {steps} | " + " | ".join(cells) + " |")
    clips = next((row["motion_clips"] for row in rows if row.get("motion_clips")), 0)
    lines += ["", "Per cent, on pictures held out from training; "
                  f"{clips} clips for opening against closing."]
    return "\n".join(lines)


def _percent(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{100 * value:.1f}"


def write_table(text: str, path: Path) -> None:
    """Put the table between the markers of a document, or write a document of its own."""
    document = f"# Ablations\n\n{BEGIN}\n{END}\n"
    if path.is_file():
        document = path.read_text(encoding="utf-8")
    if BEGIN not in document or END not in document:
        raise ValueError(f"'{path}' lacks the lines '{BEGIN}' and '{END}' for the table")
    head, rest = document.split(BEGIN, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [v.name for v in VARIANTS]
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="the base run's YAML")
    parser.add_argument("--steps", type=int, default=300, help="training steps of each variant")
    parser.add_argument("--minutes", type=float, help="for all together; what is cut goes on later")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="some variants")
    parser.add_argument("--data", help="data folder (default: the config's)")
    parser.add_argument("--language", type=Path, default=Path("models/compact"),
                        help="model folder the Y-encoder is taken from")
    parser.add_argument("--stage1", type=Path,
                        help="model folder after stage 1; all variants but one go on from there")
    parser.add_argument("--out", type=Path, default=Path("runs/ablations"))
    parser.add_argument("--table", type=Path, default=Path("docs/ablations.md"))
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: torch's)")
    args = parser.parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        config = read_config(args.config)
        if args.data:
            config["data"] = args.data
        chosen = [v for v in VARIANTS if v.name in args.only]
        work = Ablations(config, args.steps, args.out, args.language, stage1=args.stage1)
        rows = work.run(chosen, args.minutes)
        write_table(table(rows), args.table)
    except (ValueError, FileNotFoundError, ModelError) as error:
        print(f"ablations: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
