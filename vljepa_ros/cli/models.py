"""vljepa models: what is in a folder of models."""

from __future__ import annotations

import argparse
from pathlib import Path

import yaml

from vljepa_ros.model.checkpoint import DESCRIPTION, WEIGHTS, ModelError, load_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, nargs="?", help="folder of models (default: shipped)")


def main(args: argparse.Namespace) -> int:
    from vljepa_ros.bench.worlds import model_folder

    root = args.folder or model_folder(None).parent
    found = sorted(p.parent for p in root.glob(f"*/{DESCRIPTION}"))
    if not found:
        print(f"no models in '{root}'")
        return 1
    status = 0
    for folder in found:
        size = (folder / WEIGHTS).stat().st_size / 1e6 if (folder / WEIGHTS).is_file() else 0.0
        try:
            model_id = load_model(folder).vocabulary.model_id
            facts = yaml.safe_load((folder / DESCRIPTION).read_text())["facts"]
            trained = facts.get("trained_parameters", {}).get("all", 0)
            print(f"{folder.name:16} {model_id:28} {size:6.1f} MB  {trained:,} trained parameters")
        except ModelError as error:
            print(f"{folder.name:16} not usable: {error}")
            status = 1
    return status
