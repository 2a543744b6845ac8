"""Is a params file meant for our nodes? ROS ignores one that is not, without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

_VALUES = "ros__parameters"


class ParamsFileError(ValueError):
    """A params file that cannot be used; one line."""


def check_params_file(path: str | Path, nodes: Sequence[str], namespace: str = "") -> None:
    """Raise ParamsFileError unless the file has parameters for one of ``nodes`` at least."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ParamsFileError(f"params_file: '{path}': {reason}; allowed: a YAML file") from error
    patterns = list(_patterns(content)) if isinstance(content, dict) else []
    if not patterns:
        raise ParamsFileError(f"params_file: '{path}': no {_VALUES}; allowed: those of a node")
    place = namespace.strip("/")
    full = [f"/{place}/{node}" if place else f"/{node}" for node in nodes]
    if not any(re.fullmatch(_regex(pattern), name) for pattern in patterns for name in full):
        raise ParamsFileError(
            f"params_file: '{path}' is for {', '.join(patterns)}; allowed: {', '.join(full)}"
        )


def _patterns(content: dict[Any, Any], prefix: str = "") -> Iterator[str]:
    """ "/**/planner_node" and the like; namespaces may be nested in the file."""
    for key, value in content.items():
        name = f"{prefix}/{str(key).strip('/')}"
        if isinstance(value, dict):
            if _VALUES in value:
                yield name
            yield from _patterns({k: v for k, v in value.items() if k != _VALUES}, name)


def _regex(pattern: str) -> str:
    """rcl's wildcards: ``*`` is one name, ``**`` any number of them."""
    parts = [
        {"**": r"(/[^/]+)*", "*": r"/[^/]+"}.get(part, f"/{re.escape(part)}")
        for part in pattern.strip("/").split("/")
    ]
    return "".join(parts)
