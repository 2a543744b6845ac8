"""The workbench (three of six coloured cubes, stacks) as benchmarks see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from vljepa_ros.planning.protocols import Action
from vljepa_ros.sim import workbench_symbolic as symbolic
from vljepa_ros.sim.layout import CUBE_HALF
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_layout import PLACE_XY
from vljepa_ros.sim.workbench_skills import WorkbenchSkills
from vljepa_ros.sim.workbench_symbolic import COLOURS, FIXTURES, PLACES, WorkbenchState
from vljepa_ros.training.targets import WORLD_TARGETS

from .environment import Environment, Goal
from .workbench_wording import WorkbenchWording, WrittenWording

_COUNTS = ("none", "one", "two", "three")


class WorkbenchEnvironment(Environment):
    """Three cubes of different colours beside the drawer, the window and their locks."""

    name = "workbench"

    def __init__(self) -> None:
        self.scene = Workbench()
        self.runner = WorkbenchSkills(self.scene)
        self._fillers: dict[str, WrittenWording] = {}
        super().__init__()

    def random_state(self, rng: np.random.Generator) -> WorkbenchState:
        return symbolic.random_state(rng, allow_held_out=True)

    def statements(self, state: WorkbenchState) -> dict[str, str]:
        return true_statements(state)

    def remembered(self, state: WorkbenchState) -> dict[str, str]:
        return true_statements(state, remembered=True)

    def hidden(self, state: WorkbenchState) -> frozenset[str]:
        unseen = {s for s, value in true_statements(state).items() if value.endswith(".unseen")}
        return frozenset(unseen)

    def knowable(self, state: WorkbenchState) -> bool:
        return state.drawer == "open" or state.at("drawer") is None

    def draw_with(self, rng: np.random.Generator, things: Collection[str]) -> WorkbenchState:
        named = [c for c in COLOURS if c in things]
        others = [str(c) for c in rng.permutation([c for c in COLOURS if c not in named])]
        colours = [*named, *others][: symbolic.CUBES]
        return symbolic.random_state(rng, allow_held_out=True, colours=colours)

    def too_many(
        self, rng: np.random.Generator
    ) -> tuple[list[str], WorkbenchState, set[str]] | None:
        """Two cubes for the drawer, or one while the other there cannot be taken out."""
        state = self.draw_knowable(rng)
        first, second = (str(c) for c in rng.permutation(list(state.colours))[:2])
        if rng.random() < 0.5:
            return [f"{first}.drawer", f"{second}.drawer"], state, set()
        inside = state.at("drawer")
        if inside is None or inside == first:
            return None
        return [f"{first}.drawer"], state, {
            a for a in self.actions(state) if (m := symbolic.move_of(a)) and m.colour == inside
        }

    def held_out(self, state: WorkbenchState) -> bool:
        return symbolic.has_held_out(state)

    def actions(self, state: WorkbenchState) -> list[str]:
        return list(symbolic.actions_for(state.colours))

    def _all_candidates(self) -> list[Action]:
        rows = []
        for action in symbolic.ACTIONS:
            where, move = WORLD_TARGETS.get(action), symbolic.move_of(action)
            if move is not None and move.to in PLACES:
                where = (*PLACE_XY[move.to], CUBE_HALF)
            elif move is not None and move.to == "drawer":
                where = WORLD_TARGETS["put_cube_in_drawer"]
            target = None
            if where is not None:
                x, y, z = self.scene.to_optical(np.array(where))
                target = (float(x), float(y), float(z))
            text = self.semantics.actions[action]
            rows.append(Action(action, text, skill=action, target=target))
        return rows

    def reworded(self, actions: Sequence[Action], rng: np.random.Generator) -> list[Action]:
        wording = WrittenWording("held_out", int(rng.integers(1 << 31)))
        return [replace(a, text=wording.action(a.id)) for a in actions]

    def apply(self, state: WorkbenchState, action: str) -> WorkbenchState:
        return symbolic.apply(state, action)

    def failure(self, state: WorkbenchState, action: str) -> str | None:
        return symbolic.failure(state, action)

    def objects(self, action: str) -> frozenset[str]:
        move = symbolic.move_of(action)
        if move is None:
            side = {"press_left_button": "drawer", "press_right_button": "window"}
            return frozenset({side.get(action) or action.split("_")[-1]} - {"wait"})
        others = {"drawer"} if move.to == "drawer" else set()
        return frozenset({move.colour} | others)

    def makers(self, statement: str) -> frozenset[str]:
        subject, value = statement.split(".")
        if subject in ("drawer", "window"):
            return frozenset({f"{'open' if value == 'open' else 'close'}_{subject}"})
        if subject.endswith("_lock"):
            side = "left" if subject == "drawer_lock" else "right"
            return frozenset({f"press_{side}_button"})
        if value == "drawer":
            return frozenset({f"drawer_{subject}"})
        if value == "table":
            return frozenset(f"place_{subject}_{p}" for p in PLACES)
        if value == "stacked":
            return frozenset(f"stack_{subject}_on_{d}" for d in COLOURS if d != subject)
        verb = "stack" if value.startswith("on_") else "place"
        return frozenset({f"{verb}_{subject}_{value}"})

    def goal(self, statements: Sequence[str]) -> Goal:
        goal: Goal = {}
        for statement in statements:
            subject, value = statement.split(".")
            goal[f"{subject}_cube" if subject in COLOURS else subject] = value
        return goal

    def goal_holds(self, state: WorkbenchState, goal: Mapping[str, str]) -> bool:
        return symbolic.goal_holds(state, goal)

    def plan_length(self, state: WorkbenchState, goal: Mapping[str, str]) -> int | None:
        return symbolic.plan_length(state, goal)

    def best_first_actions(self, state: WorkbenchState, goal: Mapping[str, str]) -> set[str]:
        return set(symbolic.best_first_actions(state, goal))

    def goal_statements(self, state: WorkbenchState) -> list[str]:
        found = [f"{f}.{value}" for f, values in FIXTURES.items() for value in values]
        for c in state.colours:
            others = (f"on_{d}" for d in state.colours if d != c)
            found += [f"{c}.{value}" for value in (*PLACES, "drawer", "table", *others)]
        return found

    def wording(self, kind: str, seed: int) -> WorkbenchWording:
        return WorkbenchWording.make(kind, seed)

    def fill(
        self, text: str, parts: Sequence[str], state: WorkbenchState, rng: np.random.Generator,
        kind: str,
    ) -> tuple[str, list[str]]:
        if kind not in self._fillers:
            self._fillers[kind] = WrittenWording(kind, 0)
        self._fillers[kind].rng = rng
        return self._fillers[kind].fill(text, list(parts), state)

    def subject_kind(self, subject: str) -> str:
        colour, _, aspect = subject.partition("_")
        return f"cube_{aspect}" if colour in COLOURS else subject


def true_statements(state: WorkbenchState, remembered: bool = False) -> dict[str, str]:
    """Subject -> statement id: what is shut in the drawer is unseen, unless it is remembered."""
    found = {name: f"{name}.{getattr(state, name)}" for name in FIXTURES}
    for c in COLOURS:
        where = state.where(c)
        if where == "elsewhere":
            continue
        shut_in = where == "drawer" and state.drawer == "closed" and not remembered
        if where is None or shut_in:
            found |= {f"{c}_place": f"{c}.unseen", f"{c}_in": f"{c}.unseen"}
            continue
        rest = "drawer" if where == "drawer" else "table" if where in PLACES else "stacked"
        found |= {f"{c}_place": f"{c}.{where}", f"{c}_in": f"{c}.{rest}"}
    standing = sum(where in (*PLACES, "elsewhere") for _, where in state.cubes)
    return found | {"count": f"count.{_COUNTS[standing]}"}
