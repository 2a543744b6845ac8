"""How far a benchmark has come: one bar on stderr, and nothing at all where that is no terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from tqdm import tqdm

T = TypeVar("T")
_EVERY_S = 0.5


def progress(items: Iterable[T], what: str, **settings: Any) -> Iterable[T]:
    """The items, with a bar named `what`; `settings` as tqdm's (`total`, `unit`)."""
    return tqdm(items, **_settings(what), **settings)


def counting(what: str, **settings: Any) -> tqdm:
    """A bar to be moved by hand, as a context: `with counting("indexing") as bar: bar.update()`."""
    return tqdm(**_settings(what), **settings)


def _settings(what: str) -> dict[str, Any]:
    # stdout is for the JSON object; `disable=None` is tqdm's "only on a terminal".
    return {"desc": what, "disable": None, "leave": False, "mininterval": _EVERY_S}
