"""Where the files of this package are."""

from __future__ import annotations

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
