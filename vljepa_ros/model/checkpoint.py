"""A model folder: model.safetensors + model.yaml with a fingerprint (the model_id). No pickle.

model.safetensors holds what was trained, the normalisation buffers and the vocabulary's
embeddings; frozen pretrained layers come from their own package.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vljepa_ros.planning.looks import Looks
from vljepa_ros.planning.vocabulary import Subject, Thing, Vocabulary

from .config import ConfigError, ModelConfig
from .vljepa import VLJEPA

WEIGHTS, DESCRIPTION = "model.safetensors", "model.yaml"
MAX_WEIGHT_BYTES = 8 << 30
MAX_DESCRIPTION_BYTES = 1 << 20
FORMAT = 1


class ModelError(RuntimeError):
    """A model folder that cannot be used; one line that says why and what to do."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode with its vocabulary and what its YAML says."""

    network: VLJEPA
    vocabulary: Vocabulary
    description: dict[str, Any]


def fingerprint(weights: Path, config: dict[str, Any]) -> str:
    """First 12 hex digits of sha256 over the weights file and the sizes."""
    digest = hashlib.sha256(yaml.safe_dump(config, sort_keys=True).encode())
    with weights.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()[:12]


def save_model(
    folder: Path, name: str, network: VLJEPA, subjects: dict[str, dict[str, str]],
    queries: Tensor, statements: dict[str, Tensor], thresholds: dict[str, float],
    facts: dict[str, Any] | None = None, things: dict[str, str] | None = None,
    thing_queries: Tensor | None = None,
) -> str:
    """Write a model folder in bfloat16; returns its model_id.

    Args:
        subjects: subject id -> {statement id: canonical wording}.
        queries: (S, D) unit, one a subject.
        statements: subject id -> (V, D) unit.
        thresholds: met_threshold, understood_threshold, works_threshold.
        facts: anything worth keeping about the run (data, steps, figures).
        things: thing id -> subject that names its place, for models that locate things.
        thing_queries: (T, D) unit, one a thing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.to(torch.bfloat16).contiguous() for k, v in _own_tensors(network).items()}
    tensors["vocabulary.queries"] = queries.float().contiguous()
    for subject, embeddings in statements.items():
        tensors[f"vocabulary.{subject}"] = embeddings.float().contiguous()
    if things and thing_queries is not None:
        tensors["vocabulary.things"] = thing_queries.float().contiguous()
    save_file(tensors, folder / WEIGHTS)
    config = network.config.to_dict()
    model_id = f"{name}-{fingerprint(folder / WEIGHTS, config)}"
    description = {
        "format": FORMAT, "model_id": model_id, "config": config, "subjects": subjects,
        "things": things or {}, "thresholds": thresholds, "facts": facts or {},
    }
    (folder / DESCRIPTION).write_text(yaml.safe_dump(description, sort_keys=False))
    return model_id


def load_model(folder: str | Path, device: str = "cpu") -> LoadedModel:
    """Read a model folder; raises ModelError with one line for anything that is wrong with it."""
    folder = Path(folder)
    description = _description(folder)
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise ModelError(f"model file '{weights}' is missing; the shipped model comes with "
                         "the repository: git checkout -- models/compact")
    size = weights.stat().st_size
    if size > MAX_WEIGHT_BYTES:
        raise ModelError(f"model file '{weights}' is {size} bytes; allowed: {MAX_WEIGHT_BYTES}")
    try:
        config = ModelConfig.from_dict(description["config"])
    except (ConfigError, TypeError) as error:
        raise ModelError(f"model '{folder}': {error}") from error
    expected = str(description["model_id"])
    found = fingerprint(weights, config.to_dict())
    if not expected.endswith(f"-{found}"):
        raise ModelError(
            f"model '{folder}' is {expected} but its files have fingerprint {found}; "
            "the file is damaged or does not belong to this model.yaml"
        )
    try:
        with safe_open(weights, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"model file '{weights}' cannot be read: {error}") from error
    network = _fill(VLJEPA(config), tensors, weights)
    vocabulary = _vocabulary(description, tensors, expected, weights)
    return LoadedModel(network.to(device).eval(), vocabulary, description)


def _own_tensors(network: VLJEPA) -> dict[str, Tensor]:
    """Everything that does not come with a pretrained package."""
    frozen = {n for n, p in network.named_parameters() if not p.requires_grad}
    return {k: v for k, v in network.state_dict().items() if k not in frozen}


def _description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    if not path.is_file():
        raise ModelError(f"model '{folder}' is missing ('{path}' does not exist); "
                         "known models: vljepa models")
    if path.stat().st_size > MAX_DESCRIPTION_BYTES:
        raise ModelError(f"'{path}' is larger than {MAX_DESCRIPTION_BYTES} bytes")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelError(f"'{path}' is not YAML: {str(error).splitlines()[0]}") from error
    needed = ("format", "model_id", "config", "subjects", "thresholds")
    missing = [key for key in needed if not isinstance(content, dict) or key not in content]
    if missing:
        raise ModelError(f"'{path}' lacks {', '.join(missing)}")
    if content["format"] != FORMAT:
        raise ModelError(f"'{path}': format = {content['format']!r}; allowed: {FORMAT}")
    return dict(content)


def _fill(network: VLJEPA, tensors: dict[str, Tensor], path: Path) -> VLJEPA:
    for key, target in _own_tensors(network).items():
        if key not in tensors:
            raise ModelError(f"model file '{path}' lacks the tensor '{key}'")
        if tensors[key].shape != target.shape:
            raise ModelError(
                f"model file '{path}': tensor '{key}' has shape {tuple(tensors[key].shape)}; "
                f"allowed: {tuple(target.shape)}"
            )
        target.copy_(tensors[key].float() if target.is_floating_point() else tensors[key])
    return network


def _vocabulary(
    description: dict[str, Any], tensors: dict[str, Tensor], model_id: str, path: Path
) -> Vocabulary:
    subjects = []
    for i, (subject, statements) in enumerate(description["subjects"].items()):
        try:
            query = tensors["vocabulary.queries"][i]
            embeddings = tensors[f"vocabulary.{subject}"]
        except (KeyError, IndexError) as error:
            raise ModelError(f"model file '{path}' lacks the subject '{subject}'") from error
        if len(embeddings) != len(statements):
            raise ModelError(f"model file '{path}': subject '{subject}' has {len(embeddings)} "
                             f"embeddings for {len(statements)} statements")
        subjects.append(
            Subject(subject, query.numpy(), tuple(statements), tuple(statements.values()),
                    embeddings.numpy())
        )
    things = dict(description.get("things") or {})
    asked = tensors.get("vocabulary.things", torch.zeros(0, 0))
    if len(asked) != len(things):
        raise ModelError(f"model file '{path}' has {len(asked)} queries for {len(things)} things")
    located = tuple(
        Thing(thing, asked[i].numpy(), str(subject))
        for i, (thing, subject) in enumerate(things.items())
    )
    return Vocabulary(
        model_id, tuple(subjects), things=located, looks=_looks(description, path),
        **description["thresholds"],
    )


def _looks(description: dict[str, Any], path: Path) -> Looks | None:
    """What pictures of the scene look like, where the description says so."""
    given = description.get("looks")
    if given is None:
        return None
    try:
        return Looks.from_dict(given)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"model '{path.parent}': looks: {error}") from error
