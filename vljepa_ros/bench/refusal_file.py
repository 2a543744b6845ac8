"""The goals of `vljepa bench refusal`: sentences from a file, and goals that are out of reach.

    scene-v0:                       # one key a world
      contradictory: ["open and close the drawer at once", ...]
      absent: [...]                 # things that are not there, skills the robot lacks
      foreign: [{text: "Öffne die Schublade", parts: [drawer.open]}, ...]
      nonsense: [...]
      reachable: [{text: "open the drawer", parts: [drawer.open]}, ...]

In a workbench sentence {C1} {C2} {C3} are colours that are there, {X} one that is not, {P1} {P2}
places; parts use the same names (`C1.on_C2`, `C1.P1`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vljepa_ros.training.phrases import read_yaml

from .environment import Environment, State

SENTENCES = "phrases/refusal_second.yaml"
"""By an author who knew no other sentence file; of `phrases/refusal.yaml` the errors were looked at
before more training sentences were written."""

SECTIONS = ("contradictory", "absent", "foreign", "nonsense", "reachable")
WITH_PARTS = ("foreign", "reachable")
MAX_FILE_BYTES = 4 << 20
_TRIES = 2000


@dataclass(frozen=True)
class Request:
    """A goal sentence in a scene, with what it means where that can be said."""

    kind: str
    text: str
    state: State
    candidates: frozenset[str]
    parts: tuple[str, ...] | None = None


def read_requests(
    place: Environment, rng: np.random.Generator, path: Path | None = None
) -> list[Request]:
    """The sentences for this world, each in a random scene where everything is in sight.

    Raises ValueError, one line that names file, section and entry.
    """
    if path is None:
        content, where, wording = read_yaml("vljepa_ros.bench", SENTENCES), SENTENCES, "held_out"
    else:  # whoever tunes on a file must not meet held-out words in it
        content, where, wording = _load(path), str(path), "development"
    if not isinstance(content, dict) or not isinstance(content.get(place.name), dict):
        raise ValueError(f"goals file '{where}': needs a key {place.name!r} with sections")
    requests = []
    for section, rows in content[place.name].items():
        if section not in SECTIONS:
            raise ValueError(f"goals file '{where}': section {section!r} is unknown; "
                             f"allowed: {', '.join(SECTIONS)}")
        if not isinstance(rows, list):
            raise ValueError(f"goals file '{where}': {place.name}.{section} is not a list")
        for i, row in enumerate(rows):
            text, parts = _row(row, section, f"goals file '{where}', {section} {i + 1}")
            state = _scene_for(place, parts, rng)
            text, named = place.fill(text, parts or [], state, rng, wording)
            candidates = frozenset(place.actions(state))
            requests.append(Request(section, text, state, candidates,
                                    None if parts is None else tuple(named)))
    return requests


def _load(path: Path) -> Any:
    if not path.is_file():
        raise ValueError(f"goals file '{path}' does not exist")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError(f"goals file '{path}' is larger than {MAX_FILE_BYTES} bytes")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"goals file '{path}' is not YAML: {reason}") from error


def _row(row: Any, section: str, where: str) -> tuple[str, list[str] | None]:
    text = row.get("text") if isinstance(row, dict) else row
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{where}: text = {text!r}; allowed: a sentence")
    parts = row.get("parts") if isinstance(row, dict) else None
    if parts is None and section == "reachable":
        raise ValueError(f"{where}: needs parts, a list of statement ids")
    if parts is not None and not (isinstance(parts, list) and all(map(_is_text, parts))):
        raise ValueError(f"{where}: parts = {parts!r}; allowed: a list of statement ids")
    return text, parts


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _scene_for(place: Environment, parts: list[str] | None, rng: np.random.Generator) -> State:
    """A scene in which all is in sight and, where the parts name things, these are there."""
    named = {part.split(".")[0] for part in parts or []}
    for _ in range(_TRIES):
        state = place.draw_with(rng, named)
        if place.knowable(state):
            return state
    raise ValueError(f"no scene shows {sorted(named)}")


def out_of_reach(
    place: Environment, rng: np.random.Generator, count: int, first_seed: int
) -> list[Request]:
    """`count` goals of each kind, in plain words, that nothing among the candidates reaches."""
    wording = place.wording("plain", first_seed + 3)
    kinds: dict[str, Callable[[], tuple[list[str], State, set[str]] | None]] = {
        "missing_action": lambda: _missing_action(place, rng),
        "missing_key": lambda: _missing_key(place, rng),
        "too_many": lambda: place.too_many(rng),
    }
    requests = []
    for kind, draw in kinds.items():
        for _ in range(count):
            found = next((f for f in (draw() for _ in range(_TRIES)) if f is not None), None)
            if found is None:
                break  # this world has no such goal
            wanted, state, taken = found
            text = " and ".join(wording.of(s).rstrip(".") for s in wanted)
            candidates = frozenset(place.actions(state)) - taken
            requests.append(Request(kind, text, state, candidates, tuple(wanted)))
    return requests


def _missing_action(
    place: Environment, rng: np.random.Generator
) -> tuple[list[str], State, set[str]] | None:
    """A statement that does not hold, without the actions that make it true."""
    state = place.draw_with(rng, ())
    options = place.goal_statements(state)
    statement = options[rng.integers(len(options))]
    if not place.knowable(state) or place.goal_holds(state, place.goal([statement])):
        return None
    return [statement], state, set(place.makers(statement))


def _missing_key(
    place: Environment, rng: np.random.Generator
) -> tuple[list[str], State, set[str]] | None:
    """A locked drawer or window that should move, without the button that unlocks it."""
    state = place.draw_with(rng, ())
    thing = ("drawer", "window")[rng.integers(2)]
    locked = place.holds(state, f"{thing}_lock.locked")
    if not place.knowable(state) or not locked:
        return None
    other = "closed" if place.holds(state, f"{thing}.open") else "open"
    return [f"{thing}.{other}"], state, set(place.makers(f"{thing}_lock.unlocked"))
