"""The simulated worlds by name: how one is started, what its robot can do.

The simulator itself is imported only when a world is made: its OpenGL context belongs to the thread
that does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vljepa_ros.sim import symbolic
from vljepa_ros.sim import workbench_symbolic as workbench

ABSENT = "absent"


@dataclass(frozen=True)
class Shipped:
    """What this package brings for a world: a model's name, and the list of what can be done."""

    model: str
    actions_file: str


SHIPPED = {
    "scene-v0": Shipped("compact", "config/actions.yaml"),
    "workbench": Shipped("workbench", "config/actions_workbench.yaml"),
}
ENVIRONMENTS = tuple(SHIPPED)


@dataclass(frozen=True)
class StartParameter:
    """One value of a start: its default, what it may be, and what it is."""

    default: str
    allowed: tuple[str, ...]
    description: str


def start_parameters() -> dict[str, StartParameter]:
    """Every key of a start in any world -> default, allowed values, description."""
    found = {
        name: StartParameter(values[-1], values, f"Where the {name.replace('_', ' ')} starts.")
        for name, values in workbench.FIXTURES.items()
    }
    places = tuple(value for value in symbolic.GOAL_VALUES["cube"] if value != "table")
    found["cube"] = StartParameter("back_middle", places, "scene-v0: where the cube starts.")
    for colour in workbench.COLOURS:
        key = f"{colour}_cube"
        values = tuple(v for v in workbench.GOAL_VALUES[key] if v != "table")
        found[key] = StartParameter(
            ABSENT,
            (*values, "elsewhere", ABSENT),
            f"workbench: where the {colour} cube starts; three are there, or all absent: a default",
        )
    return found


def start_state(env: str, values: Mapping[str, str]) -> Any:
    """The symbolic state for values of `start_parameters`; raises ValueError when it cannot be."""
    if env == "scene-v0":
        names = (*workbench.FIXTURES, "cube")
        return symbolic.SymbolicState(**{name: values[name] for name in names})
    fixtures = {name: values[name] for name in workbench.FIXTURES}
    cubes = tuple((colour, values[f"{colour}_cube"]) for colour in workbench.COLOURS)
    present = tuple(cube for cube in cubes if cube[1] != ABSENT)
    return workbench.WorkbenchState(**fixtures, cubes=present or workbench.WorkbenchState().cubes)


def state_parts(state: Any) -> dict[str, str]:
    """A symbolic state of any world as key -> value, with the keys of goals and starts."""
    if isinstance(state, workbench.WorkbenchState):
        fixtures = {name: getattr(state, name) for name in workbench.FIXTURES}
        return fixtures | {f"{colour}_cube": where for colour, where in state.cubes}
    return dict(vars(state))


def actions(env: str) -> tuple[str, ...]:
    """The ids of what the robot of this world can do."""
    if env == "workbench":
        return (*workbench.ACTIONS, *(f"place_{colour}_at" for colour in workbench.COLOURS))
    return (*symbolic.ACTIONS, symbolic.PLACE_AT)


def make(env: str, width: int, height: int) -> tuple[Any, Any]:
    """The world and its skills, in the calling thread."""
    import gymnasium

    gymnasium.logger.min_level = gymnasium.logger.ERROR  # it warns of its own boxes' precision
    if env == "workbench":
        from vljepa_ros.sim.workbench import Workbench
        from vljepa_ros.sim.workbench_skills import WorkbenchSkills

        bench = Workbench(width, height)
        return bench, WorkbenchSkills(bench)
    from vljepa_ros.sim.scene import Scene
    from vljepa_ros.sim.skills import SkillRunner

    scene = Scene(width, height)
    return scene, SkillRunner(scene)
