"""What a goal of several parts asks for on the workbench, and which parts share a clause."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import NamedTuple

from vljepa_ros.sim.symbolic import PLACES

from .workbench_semantics import COLOURS, FIXTURES, HELD_OUT_PLACES

LAYOUTS = {
    "C1.P1 C2.P2": 10, "C1.P1 C2.P2 C3.P3": 8, "C1.P1 C2.drawer": 7, "C1.P1 C2.P2 C3.drawer": 8,
    "C1.on_C2": 8, "C1.on_C2 C2.P1": 10, "C1.on_C2 C3.drawer": 9, "C1.on_C2 C3.P1": 9,
    "C1.on_C2 C3.table": 5, "C1.on_C2 C2.P1 C3.P2": 5, "C1.on_C2 C2.P1 C3.drawer": 6,
    "C1.on_C2 C2.P1 C3.table": 3, "C1.on_C2 C2.on_C3": 14, "C1.on_C2 C2.on_C3 C3.P1": 8,
    "C1.P1": 5, "C1.drawer": 8, "C1.table": 2, "C1.stacked": 4, "C1.table C2.drawer": 5,
    "C1.table C2.P1": 6, "C1.table C2.table": 3, "C1.table C2.table C3.table": 2,
    "C1.table C2.drawer C3.P1": 4, "C1.table C2.P1 C3.P2": 3, "C1.stacked C2.P1": 6,
    "C1.stacked C2.drawer": 4, "C1.stacked C2.P1 C3.drawer": 3, "C1.stacked C2.table": 2,
    "C1.on_C2 C2.table": 3, "C1.on_C2 C2.table C3.table": 3, "C1.on_C2 C2.table C3.drawer": 2,
}
"""What is asked of the cubes -> how often. C1 ... are three colours, P1 ... places."""

PAIRS = frozenset(" ".join(pair) for pair in (
    ("drawer.open", "window.open"), ("drawer.closed", "window.closed"),
    ("drawer_lock.locked", "window_lock.locked"),
    ("drawer_lock.unlocked", "window_lock.unlocked"),
    *((f"{thing}.{value}", f"{thing}_lock.{lock}") for thing in ("drawer", "window")
      for value, lock in (("closed", "locked"), ("open", "unlocked"))),
))
"""Two fixtures' statements that one clause can say."""
_NAME = re.compile(r"[CP][123]")


class Unit(NamedTuple):
    """One clause to be: a section of the clause file, and colours (a b c) and place (p) in it."""

    section: str
    slots: dict[str, str]


def picked(rng: random.Random, weights: Mapping[str, int]) -> str:
    """A key, as often as its weight says."""
    return rng.choices(list(weights), list(weights.values()))[0]


class Arrangement:
    """What a sentence asks for, and what else it may mention.

    ``parts``: statement ids that hold together. ``colours``: of the cubes it may mention, at most
    three; ``named``: of those that parts are about. ``places``: those it may mention, all that are
    held out for none of the colours.
    """

    def __init__(self, rng: random.Random) -> None:
        layout = picked(rng, LAYOUTS)
        colours = rng.sample(COLOURS, 3)
        count = max(int(name[1]) for name in _NAME.findall(layout) if name[0] == "C")
        self.colours = colours if rng.random() < 0.45 else colours[:count]
        hidden = {HELD_OUT_PLACES[c] for c in self.colours}
        self.places = [p for p in PLACES if p not in hidden]
        rng.shuffle(self.places)
        names = {f"C{i + 1}": c for i, c in enumerate(colours)}
        names |= {f"P{i + 1}": p for i, p in enumerate(self.places)}
        cubes = _NAME.sub(lambda found: names[found[0]], layout).split()
        self.cubes = dict(part.split(".") for part in cubes)
        self.fixtures = self._fixtures(rng, len(cubes))
        self.parts = (*cubes, *self.fixtures)
        self.named = {c for c in colours if any(c in part for part in cubes)}

    def speaks_of(self, fixture: str) -> bool:
        """Whether a part is about the drawer, or the window, or its lock."""
        return any(fixture in part for part in self.parts)

    @staticmethod
    def _fixtures(rng: random.Random, cubes: int) -> list[str]:
        many = {1: (1, 2, 2, 3), 2: (0, 0, 0, 1, 1, 2, 3), 3: (0, 0, 0, 1, 1, 2)}[cubes]
        values = {}
        for fixture in rng.sample(FIXTURES, rng.choice(many)):
            locks = fixture.endswith("lock")
            values[fixture] = rng.choice(("locked", "unlocked") if locks else ("open", "closed"))
        for thing in ("drawer", "window"):  # nobody locks what stands open
            if values.get(thing) == "open" and f"{thing}_lock" in values:
                values[f"{thing}_lock"] = "unlocked"
        return [f"{fixture}.{value}" for fixture, value in values.items()]


def units(made: Arrangement, rng: random.Random) -> list[Unit]:
    """The parts, some of them joined in one clause, in a random order."""
    where, fixtures = dict(made.cubes), list(made.fixtures)
    found = [*_towers(where, rng), *_drawers(where, fixtures, rng)]
    tables = [c for c, value in where.items() if value == "table"]
    if len(tables) > 1 and rng.random() < 0.7:
        found.append(Unit(f"table{len(tables)}", dict(zip("abc", tables, strict=False))))
        where = {c: value for c, value in where.items() if c not in tables}
    for colour, value in where.items():
        section, slots = (value, {}) if value in ("table", "stacked") else ("place", {"p": value})
        found.append(Unit(section, {"a": colour, **slots}))
    for i, first in enumerate(fixtures):
        for second in fixtures[i + 1 :]:
            pair = " ".join(sorted((first, second)))
            if pair in PAIRS and rng.random() < 0.5 and {first, second} <= set(fixtures):
                fixtures = [f for f in fixtures if f not in (first, second)]
                found.append(Unit(pair, {}))
    found += [Unit(f, {}) for f in fixtures]
    rng.shuffle(found)
    return found


def _towers(where: dict[str, str], rng: random.Random) -> list[Unit]:
    """Takes the stacked cubes out of `where` (and a base whose place the clause names)."""
    above = {v[3:]: c for c, v in where.items() if v.startswith("on_")}
    if not above:
        return []
    tower = [next(c for c in above if c not in above.values())]
    while tower[-1] in above:
        tower.append(above[tower[-1]])
        del where[tower[-1]]
    joined = rng.random() < 0.7
    at = where.get(tower[0], "") in PLACES and joined
    place = {"p": where.pop(tower[0])} if at else {}
    if joined and len(tower) == 3:
        return [Unit("tower_at" if at else "tower", dict(zip("abc", tower, strict=True)) | place)]
    pairs = [Unit("on", {"a": a, "b": b}) for b, a in zip(tower, tower[1:], strict=False)]
    if at:
        pairs[0] = Unit("pair", {"a": tower[0], "b": tower[1], **place})
    return pairs


def _drawers(where: dict[str, str], fixtures: list[str], rng: random.Random) -> list[Unit]:
    """Takes the cube in the drawer out of `where`, and fixtures said along with it."""
    colour = next((c for c, value in where.items() if value == "drawer"), "")
    if not colour:
        return []
    del where[colour]
    section = "drawer"
    if rng.random() < 0.55:
        for name, needed in (("sealed", ("drawer.closed", "drawer_lock.locked")),
                             ("shut", ("drawer.closed",)), ("ajar", ("drawer.open",))):
            if set(needed) <= set(fixtures):
                section = name
                for fixture in needed:
                    fixtures.remove(fixture)
                break
    return [Unit(section, {"a": colour})]


def against(made: Arrangement, rng: random.Random) -> tuple[Unit, str]:
    """A clause that excludes one of the parts, and the colour or fixture that both are about.

    The name is "" where the clash is between two cubes: two at one place, on one cube or in the
    drawer, one on a cube that lies in the drawer, or each on the other.
    """
    found: list[tuple[Unit, str]] = []
    for fixture in made.fixtures:
        name, value = fixture.split(".")
        other = {"open": "closed", "closed": "open", "locked": "unlocked", "unlocked": "locked"}
        found += [(Unit(f"{name}.{other[value]}", {}), name)] * 3
    for colour, value in made.cubes.items():
        others = [c for c in made.colours if c != colour]
        found += _elsewhere(colour, value, made.places, others)
        carried = [c for c in made.cubes if made.cubes[c] == f"on_{colour}"]
        for other in others:
            if value == "drawer":
                found.append((Unit("drawer", {"a": other}), ""))
                found.append((Unit("on", {"a": other, "b": colour}), ""))
            elif value == f"on_{other}":
                found.append((Unit("on", {"a": other, "b": colour}), ""))
            elif value.startswith("on_"):
                found.append((Unit("on", {"a": other, "b": value[3:]}), ""))
            elif value in PLACES and other not in carried and other not in made.cubes:
                found.append((Unit("place", {"a": other, "p": value}), ""))
        if carried:
            found.append((Unit("drawer", {"a": colour}), ""))
    return rng.choice(found)


def _elsewhere(
    colour: str, value: str, places: list[str], others: list[str]
) -> list[tuple[Unit, str]]:
    """Other values for a cube than the one asked for."""
    units = [Unit("place", {"a": colour, "p": p}) for p in places
             if p != value and value not in ("table", "stacked")][:3]
    units += [Unit("place", {"a": colour, "p": p}) for p in places[:1] if value == "stacked"]
    if value != "drawer":
        units.append(Unit("drawer", {"a": colour}))
    if value in ("drawer", "stacked") or value.startswith("on_"):
        units.append(Unit("table", {"a": colour}))
    if value in ("drawer", "table"):
        units.append(Unit("stacked", {"a": colour}))
    if value != "stacked":
        units += [Unit("on", {"a": colour, "b": c}) for c in others if value != f"on_{c}"]
    return [(unit, colour) for unit in units]
