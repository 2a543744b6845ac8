"""OGBench's scene-v0 as benchmarks see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vljepa_ros.planning.protocols import Action
from vljepa_ros.sim import symbolic
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.skills import SkillRunner
from vljepa_ros.sim.symbolic import SymbolicState
from vljepa_ros.training.scene_semantics import STATEMENT_IDS, symbolic_goal

from . import worlds
from .environment import Environment, Goal

_FIXTURES = ("drawer", "window", "drawer_lock", "window_lock")
_OBJECTS = {
    "press_left_button": ("drawer",), "press_right_button": ("window",),
    "open_drawer": ("drawer",), "close_drawer": ("drawer",),
    "open_window": ("window",), "close_window": ("window",),
    "put_cube_in_drawer": ("cube", "drawer"), "take_cube_out": ("cube", "drawer"), "wait": (),
}  # fmt: skip


class SceneEnvironment(Environment):
    """One cube, a drawer, a window, a lock on each."""

    name = "scene-v0"

    def __init__(self) -> None:
        self.scene = Scene()
        self.runner = SkillRunner(self.scene)
        super().__init__()

    def random_state(self, rng: np.random.Generator) -> SymbolicState:
        return worlds.random_state(rng)

    def statements(self, state: SymbolicState) -> dict[str, str]:
        found = {name: f"{name}.{getattr(state, name)}" for name in _FIXTURES}
        if state.cube == "drawer":
            return found | {"cube_in": "cube_in.drawer", "cube_place": "cube_in.drawer"}
        found["cube_in"] = "cube_in.table"
        if state.cube_on_table:
            found["cube_place"] = f"cube_place.{state.cube}"
        return found

    def hidden(self, state: SymbolicState) -> frozenset[str]:
        shut_in = state.cube == "drawer" and state.drawer == "closed"
        return frozenset(("cube_in", "cube_place") if shut_in else ())

    def actions(self, state: SymbolicState) -> list[str]:
        return list(symbolic.ACTIONS)

    def _all_candidates(self) -> list[Action]:
        return worlds.candidates(self.scene)

    def reworded(self, actions: Sequence[Action], rng: np.random.Generator) -> list[Action]:
        return worlds.reworded(actions, rng)

    def apply(self, state: SymbolicState, action: str) -> SymbolicState:
        return symbolic.apply(state, action)

    def objects(self, action: str) -> frozenset[str]:
        return frozenset(_OBJECTS.get(action, ("cube",)))

    def makers(self, statement: str) -> frozenset[str]:
        subject, value = statement.split(".")
        if subject in ("drawer", "window"):
            return frozenset({f"{'open' if value == 'open' else 'close'}_{subject}"})
        if subject.endswith("_lock"):
            side = "left" if subject == "drawer_lock" else "right"
            return frozenset({f"press_{side}_button"})
        if value == "drawer":
            return frozenset({"put_cube_in_drawer"})
        if value == "table":
            return frozenset({"take_cube_out", *(f"place_{p}" for p in symbolic.PLACES)})
        taken_out = {"take_cube_out"} if value == symbolic.TAKE_OUT_PLACE else set()
        return frozenset({f"place_{value}"} | taken_out)

    def goal(self, statements: Sequence[str]) -> Goal:
        return symbolic_goal(list(statements))

    def goal_holds(self, state: SymbolicState, goal: Mapping[str, str]) -> bool:
        return symbolic.goal_holds(state, goal)

    def plan_length(self, state: SymbolicState, goal: Mapping[str, str]) -> int | None:
        return symbolic.plan_length(state, goal)

    def best_first_actions(self, state: SymbolicState, goal: Mapping[str, str]) -> set[str]:
        return symbolic.best_first_actions(state, goal)

    def goal_statements(self, state: SymbolicState) -> list[str]:
        return [s for s in STATEMENT_IDS if not s.startswith("activity.")]

    def wording(self, kind: str, seed: int) -> worlds.Wording:
        return worlds.Wording.make(kind, seed)
