"""What a benchmark needs of a simulated world, whichever world it is.

A benchmark draws states, shows pictures, runs skills and compares with the truth only through an
`Environment`; `scene_environment` and `workbench_environment` are the two there are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from vljepa_ros.planning.protocols import Action, Array
from vljepa_ros.training.semantics import semantics

HELD_OUT_SEED = 1_000_000  # training and development seeds lie below

State = Any
"""A symbolic state of the world: hashable, comparable, printable."""

Goal = dict[str, str]
"""A symbolic goal: key -> value, as in a goals file."""

_MODULES = {
    "scene-v0": ("vljepa_ros.bench.scene_environment", "SceneEnvironment"),
    "workbench": ("vljepa_ros.bench.workbench_environment", "WorkbenchEnvironment"),
}
ENVIRONMENTS = tuple(_MODULES)


class Environment(ABC):
    """One simulated world with its symbolic truth, skills and sentences."""

    name: ClassVar[str]
    scene: Any
    """Simulator: reset(state, seed=, arm=), render() -> (H, W, 3) uint8, truth(), appearance."""

    runner: Any
    """Skills: run(action_id, on_step=callback(phase, step)) with real physics."""

    def __init__(self) -> None:
        """Subclasses set `scene` and `runner` before they call this."""
        self.semantics = semantics(self.name)
        # Made while the camera is where it belongs: an Appearance moves it a little.
        self._candidates = {action.id: action for action in self._all_candidates()}

    # -- states --

    @abstractmethod
    def random_state(self, rng: np.random.Generator) -> State:
        """A state a benchmark may start from."""

    @abstractmethod
    def statements(self, state: State) -> dict[str, str]:
        """Subject id -> the statement id that is true of it, for every lasting subject."""

    def remembered(self, state: State) -> dict[str, str]:
        """`statements` for someone who saw how it came about: what is hidden now is known too."""
        return self.statements(state)

    @abstractmethod
    def hidden(self, state: State) -> frozenset[str]:
        """Statement subjects about which this state's picture shows nothing directly."""

    def knowable(self, state: State) -> bool:
        """Whether a picture tells the whole state, if only by what is not in sight."""
        return True

    def draw_knowable(self, rng: np.random.Generator) -> State:
        """A random state that a picture tells whole."""
        while not self.knowable(state := self.random_state(rng)):
            pass
        return state

    def draw_with(self, rng: np.random.Generator, things: Collection[str]) -> State:
        """A random state in which these things are there."""
        return self.random_state(rng)

    def too_many(self, rng: np.random.Generator) -> tuple[list[str], State, set[str]] | None:
        """A goal that needs more room than there is: statements, a state, candidates to leave out;
        None where nothing is that small."""
        return None

    def held_out(self, state: State) -> bool:
        """Whether the state shows a combination that training never showed."""
        return False

    # -- actions --

    @abstractmethod
    def actions(self, state: State) -> list[str]:
        """Ids of the actions that concern what is there in this state."""

    @abstractmethod
    def _all_candidates(self) -> list[Action]:
        """Every action in plain words, targets in the optical frame."""

    def candidates(self, ids: Collection[str] | None = None) -> list[Action]:
        """Candidate actions: the given ids, or all."""
        return [a for a in self._candidates.values() if ids is None or a.id in ids]

    def candidates_in_order(self, ids: Sequence[str]) -> list[Action]:
        """One candidate for each id, repeats included."""
        return [self._candidates[i] for i in ids]

    @abstractmethod
    def reworded(self, actions: Sequence[Action], rng: np.random.Generator) -> list[Action]:
        """The same actions in held-out wording."""

    @abstractmethod
    def apply(self, state: State, action: str) -> State:
        """The state afterwards; the same one when the action does not work."""

    def works(self, state: State, action: str) -> bool:
        """Whether the action changes the state."""
        return bool(self.apply(state, action) != state)

    def failure(self, state: State, action: str) -> str | None:
        """Why the action changes nothing, one word; None when it works or when nothing is wrong."""
        return None

    @abstractmethod
    def objects(self, action: str) -> frozenset[str]:
        """What the action is about, e.g. {'drawer'}; empty for waiting."""

    @abstractmethod
    def makers(self, statement: str) -> frozenset[str]:
        """Ids of all actions that can make this statement true."""

    # -- goals --

    @abstractmethod
    def goal(self, statements: Sequence[str]) -> Goal:
        """Statement ids -> symbolic goal."""

    @abstractmethod
    def goal_holds(self, state: State, goal: Mapping[str, str]) -> bool:
        """Whether the state meets every part."""

    @abstractmethod
    def plan_length(self, state: State, goal: Mapping[str, str]) -> int | None:
        """Actions of a shortest plan; None when the goal is out of reach."""

    @abstractmethod
    def best_first_actions(self, state: State, goal: Mapping[str, str]) -> set[str]:
        """First actions of all shortest plans."""

    @abstractmethod
    def goal_statements(self, state: State) -> list[str]:
        """Statement ids a goal may ask for where this is there."""

    # -- sentences --

    @abstractmethod
    def wording(self, kind: str, seed: int) -> Wording:
        """Goal sentences: 'plain' or 'held_out'."""

    def fill(
        self, text: str, parts: Sequence[str], state: State, rng: np.random.Generator, kind: str
    ) -> tuple[str, list[str]]:
        """A sentence and its parts with the placeholders of this world filled in, places in the
        words of a `kind` of wording: held_out or development."""
        return text, list(parts)

    def say(self, statement: str) -> str:
        """A statement's canonical wording."""
        return self.semantics.statements[statement]

    def subjects_of(self, statement: str) -> list[str]:
        """Ids of the subjects a statement is a value of."""
        ids = self.semantics.subject_ids
        return [ids[i] for i in self.semantics.subjects_of[statement]]

    def holds(self, state: State, statement: str) -> bool:
        """Whether the statement is true of what this state's picture shows."""
        return statement in self.statements(state).values()

    # -- pictures --

    def look(self) -> Array:
        """The camera's picture now as a clip (1, 3, H, W) uint8."""
        return self.scene.render().transpose(2, 0, 1)[None]

    def random_seed(self, rng: np.random.Generator, first: int = HELD_OUT_SEED) -> int:
        """A simulator seed: held out, or below HELD_OUT_SEED when `first` is."""
        return first + int(rng.integers(1 << 30 if first >= HELD_OUT_SEED else 100_000))

    def perform(self, actions: Sequence[str], on_step: Callable[..., None] | None = None) -> State:
        """Run skills one after another and return the true state."""
        for action in actions:
            self.runner.run(action, on_step=on_step)
        return self.scene.truth()

    def draw_action(
        self, state: State, rng: np.random.Generator, working: bool | None = True
    ) -> str | None:
        """An action that works (or does not, or None: whichever), kinds balanced; None if none."""
        fitting = [a for a in self.actions(state)
                   if working is None or self.works(state, a) == working]
        if not fitting:
            return None
        kinds = sorted({self.kind(a) for a in fitting})
        kind = kinds[rng.integers(len(kinds))]
        same = [a for a in fitting if self.kind(a) == kind]
        return same[rng.integers(len(same))]

    def kind(self, action: str) -> str:
        """Actions of one kind differ only in what or where: 'place', 'stack', 'open_drawer'."""
        verb = action.split("_")[0]
        return verb if verb in ("place", "stack", "drawer") else action

    def subject_kind(self, subject: str) -> str:
        """Subjects of one kind differ only in the thing they speak of."""
        return subject


class Wording(ABC):
    """Draws goal sentences with their meaning, seeded."""

    @abstractmethod
    def of(self, statement: str) -> str:
        """A goal sentence for one statement id."""

    @abstractmethod
    def compound(self, state: State) -> tuple[str, list[str]]:
        """A goal sentence with several parts about what is there, and their statement ids."""


def open_environment(name: str) -> Environment:
    """The world of this name; raises ValueError naming those there are."""
    if name not in _MODULES:
        raise ValueError(f"env = {name!r}; allowed: {', '.join(_MODULES)}")
    module, kind = _MODULES[name]
    opened: Environment = getattr(import_module(module), kind)()
    return opened
