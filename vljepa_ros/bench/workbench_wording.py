"""Goal sentences for the workbench, with colours and places filled in."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any

import numpy as np

from vljepa_ros.sim.workbench_symbolic import FIXTURES, PLACES, WorkbenchState, move_of
from vljepa_ros.training.phrases import read_yaml
from vljepa_ros.training.spintax import expand
from vljepa_ros.training.workbench_phrases import WorkbenchSampler, fill, named_parts
from vljepa_ros.training.workbench_semantics import COLOURS

from .environment import Wording
from .worlds import Wording as SceneWording

_FILES = {
    "held_out": ("vljepa_ros.bench", "phrases/heldout_workbench.yaml"),
    "development": ("vljepa_ros.training", "phrases/dev_workbench.yaml"),
}
_SLOT = re.compile(r"\{(C1|C2|C3|C|D|X|P1|P2|P3|P)\}")


class WorkbenchWording(Wording):
    """`plain` expands the training patterns with an unseen seed; `held_out` sentences were written
    apart, never trained on and never tuned on; `development` ones are for thresholds."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    @classmethod
    def make(cls, kind: str, seed: int) -> WorkbenchWording:
        if kind == "plain":
            return PlainWording(seed)
        if kind not in _FILES:
            raise ValueError(f"wording = {kind!r}; allowed: plain, {', '.join(_FILES)}")
        return WrittenWording(kind, seed)

    @abstractmethod
    def of(self, statement: str) -> str: ...

    @abstractmethod
    def compound(self, state: WorkbenchState) -> tuple[str, list[str]]: ...

    def names(self, state: WorkbenchState) -> dict[str, str]:
        """C1 C2 C3 -> the colours that are there, P1 P2 P3 -> three places, in a random order."""
        colours = [str(c) for c in self.rng.permutation(list(state.colours))]
        places = [str(p) for p in self.rng.permutation(list(PLACES))[:3]]
        return dict(zip(("C1", "C2", "C3", "P1", "P2", "P3"), [*colours, *places], strict=True))


class PlainWording(WorkbenchWording):
    """The patterns that training sentences are drawn from."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.sampler = WorkbenchSampler(seed)

    def of(self, statement: str) -> str:
        thing, value = statement.split(".")
        if thing in FIXTURES:
            return self.sampler.words(self.sampler.patterns.goals[statement])
        names = {"C": thing, "D": value.removeprefix("on_"), "PLACE": value}
        return self.sampler.filled(self.sampler.own[f"goals_{_section(value)}"], names)

    def compound(self, state: WorkbenchState) -> tuple[str, list[str]]:
        rows = self.sampler.own["compounds"]
        entry = rows[self.rng.integers(len(rows))]
        names = self.names(state)
        text = expand(fill(entry["text"], names), self.sampler.rng, self.sampler.patterns.macros)
        return self.sampler.dress(text), list(named_parts(entry["parts"], names))


class WrittenWording(WorkbenchWording):
    """Sentences of a file, one by one."""

    def __init__(self, kind: str, seed: int) -> None:
        super().__init__(seed)
        self.table: dict[str, Any] = read_yaml(*_FILES[kind])
        self.goals, self.actions = _named(self.table["goals"]), _named(self.table["actions"])
        self.fixtures = SceneWording.make("held_out" if kind == "held_out" else "plain", seed)

    def of(self, statement: str) -> str:
        thing, value = statement.split(".")
        if thing in FIXTURES:
            return self.fixtures.of(statement)
        place = self._choice(self.table["places"][value]) if value in PLACES else ""
        words = {"C": thing, "D": value.removeprefix("on_"), "P": place}
        return _filled(self._choice(self.goals[_section(value)]), words)

    def action(self, action: str) -> str:
        """Words for an action id."""
        move = move_of(action)
        if move is None:
            return self._choice(self.actions[action])
        place = self._choice(self.table["places"][move.to]) if move.to in PLACES else ""
        words = {"C": move.colour, "D": move.to.removeprefix("on_"), "P": place}
        return _filled(self._choice(self.actions[_section(move.to)]), words)

    def compound(self, state: WorkbenchState) -> tuple[str, list[str]]:
        row = self.table["compounds"][self.rng.integers(len(self.table["compounds"]))]
        return self.fill(row["text"], row["parts"], state)

    def fill(self, text: str, parts: list[str], state: WorkbenchState) -> tuple[str, list[str]]:
        """Colours out of the state, {X} a colour that is not there, phrases for three places."""
        names = self.names(state)
        absent = [c for c in COLOURS if c not in state.colours]
        words = {slot: self._choice(self.table["places"][name]) if slot[0] == "P" else name
                 for slot, name in names.items()}
        words |= {"C": words["C1"], "D": words["C2"], "P": words["P1"], "X": self._choice(absent)}
        return _filled(text, words), list(named_parts(parts, names))

    def _choice(self, options: list[str]) -> str:
        return str(options[self.rng.integers(len(options))])


def _named(table: dict[Any, list[str]]) -> dict[str, list[str]]:
    """YAML reads a bare `on` as true."""
    return {"on" if key is True else str(key): rows for key, rows in table.items()}


def _section(value: str) -> str:
    """The section of a file that speaks of such a value."""
    return "place" if value in PLACES else "on" if value.startswith("on_") else value


def _filled(text: str, words: dict[str, str]) -> str:
    return _SLOT.sub(lambda match: words[match[1]], text)
