"""The workbench as `vljepa bench skills --env workbench` measures it: by kind, not by action."""

from __future__ import annotations

from typing import Any

import numpy as np

from vljepa_ros.bench.progress import progress
from vljepa_ros.bench.report import wilson
from vljepa_ros.bench.skill_bench import PLACE_GOAL_M, UNTOUCHED_M, SkillBench
from vljepa_ros.sim.skill_runner import Outcome
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_layout import ON_CUBE_M, PLACE_XY
from vljepa_ros.sim.workbench_skills import WorkbenchSkills
from vljepa_ros.sim.workbench_symbolic import (
    ACTIONS,
    FAILURES,
    FIXTURE_ACTIONS,
    FIXTURES,
    PLACES,
    WorkbenchState,
    actions_for,
    apply,
    best_first_actions,
    failure,
    move_of,
    plan_length,
    random_state,
    works,
)

KINDS: tuple[str, ...] = (
    *(action for action in FIXTURE_ACTIONS if action != "wait"),
    "place, from the table",
    "place, from the drawer",
    "place, from a stack",
    "drawer, from the table",
    "drawer, from a stack",
    "stack on one",
    "stack on two",
)
FAILURE_KINDS: tuple[str, ...] = FAILURES
GOAL_ACTIONS = 16
_LONG = 5  # goals at least this many actions away


class WorkbenchBench(SkillBench):
    """Three cubes; a label is one of KINDS (works) or of FAILURE_KINDS (does not)."""

    scene: Workbench

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.scene = Workbench(64, 64)
        self.runner = WorkbenchSkills(self.scene)

    def draw(self, label: str) -> tuple[WorkbenchState, str]:
        while True:
            state = self.draw_state()
            # Of the absent colours' actions there are more than of all others.
            names = ACTIONS if label == "absent" else actions_for(state.colours)
            fitting = [a for a in names if _label(state, a) == label]
            if fitting:
                return state, str(self.rng.choice(fitting))

    def draw_state(self) -> WorkbenchState:
        return random_state(self.rng, allow_held_out=True)

    def actions(self, state: WorkbenchState) -> tuple[str, ...]:
        return actions_for(state.colours)

    def apply(self, state: WorkbenchState, action: str) -> WorkbenchState:
        return apply(state, action)

    def honest(self, state: WorkbenchState, action: str) -> Outcome:
        kind = failure(state, action)
        return Outcome.NO_EFFECT if kind in ("done", "locked") else Outcome.PRECONDITION

    def cubes_wrong(
        self, action: str, expected: WorkbenchState, before: dict[str, Any]
    ) -> list[str]:
        wrong, move = [], move_of(action)
        after = self.scene.truth_continuous()["cubes"]
        for colour, pos in after.items():
            where = expected.where(colour)
            if where == "drawer":
                continue
            wanted, allowed = before["cubes"][colour], UNTOUCHED_M
            if move is not None and colour == move.colour:
                if where in PLACES:
                    wanted, allowed = np.array([*PLACE_XY[where], pos[2]]), PLACE_GOAL_M
                else:
                    wanted, allowed = after[move.to[3:]] + [0.0, 0.0, 0.04], ON_CUBE_M
            distance = float(np.linalg.norm(pos - wanted))
            if distance > allowed:
                wrong.append(f"{colour} cube {distance:.3f} m off")
        return wrong

    def goals(self, n: int) -> dict[str, Any]:
        """Random whole states as goals, by the privileged planner that looks after each action."""
        successes, lengths, counts, failures = 0, [], [], []
        for _ in progress(range(n), "skills: goals"):
            state, goal, length = self._far_goal()
            seed = int(self.rng.integers(1 << 30))
            self.scene.reset(state, seed=seed)
            done: list[str] = []
            while len(done) < GOAL_ACTIONS:
                best = best_first_actions(self.scene.truth(), goal)
                if not best:
                    break
                done.append(min(best, key=ACTIONS.index))
                self.runner.run(done[-1])
            reached = self.scene.goal_holds(goal) and self.scene.at_rest(0.02)
            successes += reached
            lengths.append(length)
            counts.append(len(done))
            if not reached:
                failures.append({"state": str(state), "seed": seed, "goal": goal, "done": done})
        return {
            "n": n,
            "successes": successes,
            "rate": successes / max(n, 1),
            "interval": wilson(successes, n),
            "shortest_mean": round(float(np.mean(lengths)), 2) if lengths else None,
            "actions_mean": round(float(np.mean(counts)), 2) if counts else None,
            "failures": failures[:5],
        }

    def _far_goal(self) -> tuple[WorkbenchState, dict[str, str], int]:
        while True:
            state = self.draw_state()
            end = random_state(self.rng, allow_held_out=True, colours=state.colours)
            goal = {f"{colour}_cube": where for colour, where in end.cubes}
            goal |= {name: getattr(end, name) for name in FIXTURES}
            length = plan_length(state, goal)
            if length is not None and length >= _LONG:
                return state, goal, length


def _label(state: WorkbenchState, action: str) -> str | None:
    if not works(state, action):
        return failure(state, action)
    move = move_of(action)
    if move is None:
        return action
    where = state.where(move.colour) or ""
    source = "the drawer" if where == "drawer" else "a stack" if where[:3] == "on_" else "the table"
    if move.to in PLACES:
        return f"place, from {source}"
    if move.to == "drawer":
        return f"drawer, from {source}"
    return "stack on two" if (state.where(move.to[3:]) or "")[:3] == "on_" else "stack on one"
