"""One training run: wording stage, stage 1, stage 2, more wordings, export; resumable anywhere.

    vljepa train --config FILE --out runs/NAME
    torchrun --nproc-per-node 2 -m vljepa_ros.training.run --config FILE --out runs/NAME
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
import yaml

from vljepa_ros.model.checkpoint import ModelError, load_model
from vljepa_ros.model.config import ModelConfig
from vljepa_ros.model.vljepa import VLJEPA

from . import checkpointing, loop, stages, wording
from .export import export
from .scenario import Scenario, scenario
from .sentence_bank import SentenceBank
from .validation import validate

DEFAULT_CONFIG = Path(__file__).parent / "configs" / "compact.yaml"


def read_config(path: Path) -> dict[str, Any]:
    """A run's YAML; an unknown key is an error that lists the known ones."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"config '{path}' does not exist") from error
    except yaml.YAMLError as error:
        raise ValueError(f"config '{path}' is not YAML: {str(error).splitlines()[0]}") from error
    known = {"name", "world", "seed", "data", "init", "language", "model", "wording", "vision",
             "rewording"}
    unknown = set(content or {}) - known
    if not isinstance(content, dict) or unknown:
        raise ValueError(f"config '{path}': unknown {sorted(unknown)}; allowed: {sorted(known)}")
    sections = {"wording": wording.WordingConfig, "vision": stages.VisionConfig,
                "rewording": wording.WordingConfig}
    for key, cls in sections.items():
        names = {f.name for f in fields(cls)}
        wrong = set(content.get(key) or {}) - names
        if wrong:
            raise ValueError(f"config '{path}': {key}.{sorted(wrong)[0]} is unknown; "
                             f"allowed: {sorted(names)}")
    return content


def run(config: dict[str, Any], folder: Path, minutes: float | None = None) -> None:
    """Train (or go on training) in `folder`; ends with folder/model when everything is done."""
    folder.mkdir(parents=True, exist_ok=True)
    logfile = (folder / "log.txt").open("a")

    def log(line: str) -> None:
        if loop.rank() > 0:
            return
        text = f"{time.strftime('%H:%M:%S')} {line}"
        print(text, flush=True)
        print(text, file=logfile, flush=True)

    seed = int(config.get("seed", 0))
    torch.manual_seed(seed)
    network = VLJEPA(ModelConfig.from_dict(config.get("model") or {}))
    if config.get("init"):
        log(f"starts from {config['init']}: {warm_start(network, Path(config['init']))}")
    if config.get("language"):
        count = take_language(network, Path(config["language"]))
        log(f"speaks like {config['language']}: {count} tensors")
    world = str(config.get("world", "scene-v0"))
    speech = language(world)
    parts = network.trained_parameters()
    log(f"trained parameters: {sum(parts.values()):,} {parts}")
    words = wording.WordingConfig(**{"seed": seed, **(config.get("wording") or {})})
    done = folder / "wording.safetensors"
    if not words.steps:
        log("no wording stage of its own")
    elif not done.exists() or _step(done) < words.steps:
        wording.train(network, words, done, log, speech)
    else:
        checkpointing.load(done, network.y_encoder)
    loop.share(network)
    vision = stages.VisionConfig(**{"seed": seed, **(config.get("vision") or {})})
    data = scenario(world, Path(config.get("data", "data/scene_v0")))
    if vision.stage1_steps + vision.stage2_steps and not _see(network, data, vision, folder, log,
                                                              minutes):
        return
    if loop.rank() > 0:
        return
    again = wording.WordingConfig(**{"seed": seed + 1, **(config.get("rewording") or {})})
    encoder = network.y_encoder
    encoder.eval()
    with torch.no_grad():
        vectors = wording.anchor_vectors(encoder, speech.world)
        found = wording.canonical_embeddings(encoder, vectors, speech.world)
        fixed = wording.Anchors(*(rows.clone() for rows in found))
    later = folder / "rewording.safetensors"
    if not again.steps:
        log("no rewording")
    elif not later.exists() or _step(later) < again.steps:
        wording.train(network, again, later, log, speech, fixed)
    else:
        checkpointing.load(later, encoder)
    name = str(config.get("name", "model"))
    model_id = export(network, data, speech, fixed, folder / "model", name)
    log(f"exported {model_id} to {folder / 'model'}")


def _see(
    network: VLJEPA, data: Scenario, vision: stages.VisionConfig, folder: Path,
    log: Callable[[str], None], minutes: float | None,
) -> bool:
    """Both vision stages; whether they are done."""
    bank = SentenceBank(network.y_encoder, data, vision.seed + 1)
    log("pictures in memory, sentence bank ready")
    trainer = stages.VisionTrainer(network, data, bank, vision)
    reached = loop.train(
        trainer, folder, log,
        lambda m: validate(m, data, bank, single_frame=vision.single_frame), minutes,
    )
    trainer.thaw()
    return reached >= trainer.total


def language(world: str) -> wording.Language:
    """The sentences of a world."""
    if world == "workbench":
        from .workbench_phrases import WorkbenchLanguage

        return WorkbenchLanguage()
    from .scene_phrases import SceneLanguage

    return SceneLanguage()


def warm_start(network: VLJEPA, folder: Path) -> str:
    """Take over the tensors of a model folder that fit; says how many did."""
    loaded = load_model(folder).network.state_dict()
    own = network.state_dict()
    fitting = {k: v for k, v in loaded.items() if k in own and own[k].shape == v.shape}
    network.load_state_dict(fitting, strict=False)
    return f"{len(fitting)} of {len(own)} tensors"


def take_language(network: VLJEPA, folder: Path) -> int:
    """Copy the Y-encoder of a model folder, where tensors fit; returns how many did."""
    trained = load_model(folder).network.y_encoder.state_dict()
    own = network.y_encoder.state_dict()
    fitting = {k: v for k, v in trained.items() if k in own and own[k].shape == v.shape}
    network.y_encoder.load_state_dict(fitting, strict=False)
    return len(fitting)


def _step(path: Path) -> int:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return int((file.metadata() or {}).get("step", "0"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="the run's YAML")
    parser.add_argument("--out", type=Path, default=Path("runs/compact"), help="run folder")
    parser.add_argument("--minutes", type=float, help="stop (resumable) after so many minutes")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: torch's)")


def main(args: argparse.Namespace) -> int:
    if args.threads:
        torch.set_num_threads(args.threads)
    many = int(os.environ.get("WORLD_SIZE", "1")) > 1  # started by torchrun
    if many:
        torch.distributed.init_process_group("gloo")
    try:
        run(read_config(args.config), args.out, args.minutes)
    except (ValueError, FileNotFoundError, ModelError) as error:
        print(f"vljepa train: {error}", file=sys.stderr)
        return 2
    finally:
        if many:
            torch.distributed.destroy_process_group()
    return 0


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(_parser)
    raise SystemExit(main(_parser.parse_args()))
