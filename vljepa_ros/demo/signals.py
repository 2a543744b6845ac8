"""Ctrl-C, SIGTERM and SIGHUP end the demo in the same way, and never in the middle of ending it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Signalled(KeyboardInterrupt):
    """A signal that ends the demo; ``number`` says which."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def catch_signals() -> None:
    """From now on the main thread gets Signalled, wherever it is.

    SIGINT too is set although Python does so by itself: shells start background jobs with it
    ignored.
    """

    def ended(number: int, frame: object) -> None:
        raise Signalled(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)


@contextmanager
def signals_held() -> Iterator[None]:
    """Signals that come meanwhile are dropped."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
