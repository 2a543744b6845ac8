"""Where the files of this package are."""

from __future__ import annotations

import os
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory


def share(path: str) -> Path:
    """A file of the package, in the source tree when it runs from there, else as installed."""
    source = Path(__file__).resolve().parents[2]
    if (source / "package.xml").exists():
        return source / path
    try:
        return Path(get_package_share_directory("vljepa_ros"), path)
    except PackageNotFoundError:
        return source / path


def known_models() -> list[str]:
    """Names of the models that came with the package."""
    return sorted(found.parent.name for found in share("models").glob("*/model.yaml"))


def model_folder(given: str) -> Path:
    """The folder of a model: a path, the name of a shipped one, or "" for compact.

    Raises ValueError for a name that is neither; what is in a folder is the loader's to judge.
    """
    if not given:
        return share("models/compact")
    if given in known_models():
        return share("models") / given
    if os.sep in given or Path(given).is_dir():
        return Path(given)
    known = ", ".join(known_models()) or "none is installed"
    raise ValueError(f"model: {given!r}; allowed: {known}, or the path of a model's folder")
