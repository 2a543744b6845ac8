"""vljepa models: what is in a folder of models."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from vljepa_ros.model.checkpoint import DESCRIPTION, WEIGHTS, ModelError, load_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """exit status:
  0    every model can be used
  1    there is none, or one cannot be used
"""
    parser.add_argument("folder", type=Path, nargs="?", help="folder of models (default: shipped)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")


def main(args: argparse.Namespace) -> int:
    from vljepa_ros.bench.worlds import model_folder

    from .as_json import as_json

    root = args.folder or model_folder(None).parent
    models = [_facts(path.parent) for path in sorted(root.glob(f"*/{DESCRIPTION}"))]
    if args.json:
        print(as_json({"folder": root, "models": models}))
    elif not models:
        print(f"vljepa models: no models in '{root}'", file=sys.stderr)
    for model in () if args.json else models:
        if model["problem"]:
            print(f"{model['name']:16} not usable: {model['problem']}")
            continue
        print(f"{model['name']:16} {model['model_id']:28} {model['megabytes']:6.1f} MB  "
              f"{model['trained_parameters']:,} trained parameters")
    return 0 if models and not any(model["problem"] for model in models) else 1


def _facts(folder: Path) -> dict[str, Any]:
    """Name, model_id, megabytes, trained_parameters and problem ("" when it can be used)."""
    weights = folder / WEIGHTS
    facts: dict[str, Any] = {
        "name": folder.name,
        "model_id": "",
        "megabytes": weights.stat().st_size / 1e6 if weights.is_file() else 0.0,
        "trained_parameters": 0,
        "problem": "",
    }
    try:
        facts["model_id"] = load_model(folder).vocabulary.model_id
        described = yaml.safe_load((folder / DESCRIPTION).read_text())["facts"]
        facts["trained_parameters"] = described.get("trained_parameters", {}).get("all", 0)
    except ModelError as error:
        facts["problem"] = str(error)
    return facts
