"""Random states of the workbench, with stacks, towers and the drawer as often as loose cubes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vljepa_ros.sim.workbench_rules import (
    COLOURS,
    CUBES,
    FIXTURES,
    PLACES,
    WorkbenchState,
    has_held_out,
)

_ARRANGEMENTS: tuple[tuple[float, str], ...] = (
    (0.30, "ppp"),  # each at a place
    (0.20, "ppd"),  # one in the drawer
    (0.22, "po0p"),  # one on another
    (0.13, "po0d"),  # one on another, the third in the drawer
    (0.15, "po0o1"),  # a tower
)


def random_state(
    rng: np.random.Generator,
    allow_held_out: bool,
    colours: Iterable[str] | None = None,
    elsewhere: float = 0.0,
) -> WorkbenchState:
    """A random state: fixtures evenly, arrangements (loose, drawer, pair, tower) by fixed shares.

    `colours` are the three present (drawn when None); `elsewhere` is the probability that a loose
    cube lies between the places. Without `allow_held_out` no held-out combination appears.
    """
    given = None if colours is None else tuple(colours)
    while True:
        names = [str(c) for c in rng.permutation(COLOURS if given is None else given)[:CUBES]]
        fixtures = {name: str(rng.choice(values)) for name, values in FIXTURES.items()}
        wheres = _random_wheres(rng, names)
        loose = [i for i, where in enumerate(wheres) if where in PLACES]
        loose = [i for i in loose if f"on_{names[i]}" not in wheres]
        if loose and rng.random() < elsewhere:
            wheres[int(rng.choice(loose))] = "elsewhere"
        state = WorkbenchState(**fixtures, cubes=tuple(zip(names, wheres, strict=True)))
        if allow_held_out or not has_held_out(state):
            return state


def _random_wheres(rng: np.random.Generator, names: list[str]) -> list[str]:
    shares = [share for share, _ in _ARRANGEMENTS]
    pattern = _ARRANGEMENTS[int(rng.choice(len(shares), p=shares))][1]
    places = iter(rng.permutation(PLACES))
    wheres, symbols = [], iter(pattern)
    for symbol in symbols:
        if symbol == "p":
            wheres.append(str(next(places)))
        elif symbol == "d":
            wheres.append("drawer")
        else:
            wheres.append(f"on_{names[int(next(symbols))]}")
    return wheres
