"""The workbench in symbols: states, actions, preconditions, goals and shortest plans.

The privileged side, like `symbolic` for the single cube: data generation, benchmarks and the oracle
use it; the planner never does. The rules live in `workbench_rules`, the search in `workbench_plan`,
random starts in `workbench_random`.
"""

from vljepa_ros.sim.workbench_plan import best_first_actions, plan_length, shortest_plan
from vljepa_ros.sim.workbench_random import random_state
from vljepa_ros.sim.workbench_rules import (
    ACTIONS,
    COLOURS,
    CUBES,
    FAILURES,
    FIXTURE_ACTIONS,
    FIXTURES,
    GOAL_VALUES,
    HELD_OUT_COMBINATIONS,
    PLACES,
    Move,
    WorkbenchState,
    actions_for,
    apply,
    check_goal,
    failure,
    goal_holds,
    has_held_out,
    is_held_out,
    move_of,
    works,
)

__all__ = [
    "ACTIONS",
    "COLOURS",
    "CUBES",
    "FAILURES",
    "FIXTURES",
    "FIXTURE_ACTIONS",
    "GOAL_VALUES",
    "HELD_OUT_COMBINATIONS",
    "PLACES",
    "Move",
    "WorkbenchState",
    "actions_for",
    "apply",
    "best_first_actions",
    "check_goal",
    "failure",
    "goal_holds",
    "has_held_out",
    "is_held_out",
    "move_of",
    "plan_length",
    "random_state",
    "shortest_plan",
    "works",
]
