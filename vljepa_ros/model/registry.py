"""Parts are chosen by name, so that encoders can be swapped in YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Registry(dict[str, Callable[..., T]]):
    """Name -> constructor; an unknown name lists the known ones."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    def add(self, name: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
        def keep(constructor: Callable[..., T]) -> Callable[..., T]:
            self[name] = constructor
            return constructor

        return keep

    def build(self, name: str, *args: object, **kwargs: object) -> T:
        if name not in self:
            raise ValueError(f"{self.what} '{name}' is unknown; known: {', '.join(sorted(self))}")
        return self[name](*args, **kwargs)
