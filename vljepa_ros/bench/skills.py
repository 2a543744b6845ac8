"""`vljepa bench skills`: does the simulated robot do what its actions say, and nothing else?

Measured with real physics on fresh seeds, judged on the simulator's true state:
legal    every skill from random states in which it is legal
illegal  every skill from random states in which it is not: nothing may change, the result must say
         so, and a legal action afterwards must still work
stopped  preempted at a random moment: the arm comes to rest and the world stays usable
chains   random sequences of actions, the true state compared with the symbolic one after each
tasks    OGBench's five tasks by shortest plans, re-planned after each look; its own success flag
goals    (workbench) random goals far away, by shortest plans, re-planned after each look
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from vljepa_ros.bench.progress import progress
from vljepa_ros.bench.report import wilson
from vljepa_ros.bench.skill_bench import PLACE_GOAL_M, UNTOUCHED_M, SkillBench
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.skills import Outcome, SkillRunner
from vljepa_ros.sim.symbolic import (
    ACTIONS,
    OFFICIAL_GOALS,
    PLACES,
    TAKE_OUT_PLACE,
    SymbolicState,
    all_states,
    apply,
    best_first_actions,
    place_of,
    works,
)

TASK_ACTIONS = 24


def run(
    seed: int = 0,
    episodes: int = 50,
    *,
    env: str = "scene-v0",
    actions: Iterable[str] | None = None,
    chains: int | None = None,
    task_episodes: int | None = None,
) -> dict[str, Any]:
    """Run the benchmark; one JSON-able object.

    `episodes` is the number of runs per skill (legal and illegal each; on the workbench per kind of
    action and per kind of failure); `chains` and `task_episodes` (per task; on the workbench: goals
    in all) follow from it when not given. `actions` limits skills (kinds, on the workbench). The
    figure is the success rate over all legal runs.
    """
    started = time.perf_counter()
    chains = episodes if chains is None else chains
    if env == "workbench":
        from vljepa_ros.bench.skills_workbench import FAILURE_KINDS, KINDS, WorkbenchBench

        workbench = WorkbenchBench(seed)
        chosen = set(KINDS if actions is None else actions)
        legal = {k: workbench.legal(k, episodes) for k in KINDS if k in chosen}
        illegal = {k: workbench.illegal(k, episodes) for k in FAILURE_KINDS}
        goals = episodes if task_episodes is None else task_episodes
        rest = {"stopped": workbench.stopped(episodes), "chains": workbench.chains(chains),
                "goals": workbench.goals(goals)}  # fmt: skip
    else:
        bench = _SceneBench(seed)
        chosen = set(ACTIONS if actions is None else actions)
        ordered = [a for a in ACTIONS if a in chosen]
        legal = {a: bench.legal(a, episodes) for a in ordered if _states(a, legal=True)}
        illegal = {a: bench.illegal(f"not {a}", episodes) for a in ordered
                   if _states(a, legal=False)}  # fmt: skip
        tasks = max(1, episodes * 2 // 5) if task_episodes is None else task_episodes
        rest = {"stopped": bench.stopped(episodes), "chains": bench.chains(chains),
                "tasks": bench.tasks(tasks)}  # fmt: skip
    successes = sum(entry["successes"] for entry in legal.values())
    total = sum(entry["n"] for entry in legal.values())
    return {
        "name": "skills",
        "env": env,
        "seed": seed,
        "episodes": episodes,
        "figure": successes / max(total, 1),
        "interval": wilson(successes, total),
        "skills": legal,
        "illegal": illegal,
        **rest,
        "baselines": {},
        "model_id": None,
        "seconds": round(time.perf_counter() - started, 1),
    }


class _SceneBench(SkillBench):
    """The single cube; a label is an action, or `not` and an action that shall not work."""

    scene: Scene

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.scene = Scene(64, 64)
        self.runner = SkillRunner(self.scene)

    def draw(self, label: str) -> tuple[SymbolicState, str]:
        action = label.removeprefix("not ")
        states = _states(action, legal=action == label)
        return states[self.rng.integers(len(states))], action

    def draw_state(self) -> SymbolicState:
        states = all_states()
        return states[self.rng.integers(len(states))]

    def actions(self, state: SymbolicState) -> tuple[str, ...]:
        return ACTIONS

    def apply(self, state: SymbolicState, action: str) -> SymbolicState:
        return apply(state, action)

    def honest(self, state: SymbolicState, action: str) -> Outcome:
        if action == "wait":
            return Outcome.SUCCEEDED
        return Outcome.NO_EFFECT if _would_try(state, action) else Outcome.PRECONDITION

    def cubes_wrong(
        self, action: str, expected: SymbolicState, before: dict[str, Any]
    ) -> list[str]:
        if expected.cube == "drawer":
            return []
        place = TAKE_OUT_PLACE if action == "take_cube_out" else place_of(action)
        wanted = PLACES[place] if place else before["cube"][:2]
        distance = float(np.linalg.norm(self.scene.cube_pos[:2] - wanted))
        allowed = PLACE_GOAL_M if place else UNTOUCHED_M
        return [f"cube {distance:.3f} m off"] if distance > allowed else []

    def tasks(self, n: int) -> dict[str, Any]:
        """OGBench's five tasks by the privileged planner that looks again after each action."""
        table = {}
        for task_id, goal in OFFICIAL_GOALS.items():
            successes, counts = 0, []
            for _ in progress(range(n), f"skills: task {task_id}"):
                self.scene.reset_task(task_id, seed=int(self.rng.integers(1 << 30)))
                done = 0
                while done < TASK_ACTIONS:
                    best = best_first_actions(self.scene.truth(), goal)
                    if not best:
                        break
                    self.runner.run(min(best, key=ACTIONS.index))
                    done += 1
                counts.append(done)
                successes += self.scene.task_success and self.scene.at_rest(0.02)
            table[f"task{task_id}"] = {
                "n": n,
                "successes": successes,
                "rate": successes / max(n, 1),
                "interval": wilson(successes, n),
                "actions_mean": round(float(np.mean(counts)), 2) if counts else None,
            }
        return table


def _states(action: str, *, legal: bool) -> list[SymbolicState]:
    return [state for state in all_states() if works(state, action) is legal]


def _would_try(state: SymbolicState, action: str) -> bool:
    """Whether an action without effect has nothing to do or is tried (else it is refused)."""
    if action == "put_cube_in_drawer":
        return state.drawer == "open"
    if action == "take_cube_out":
        return False
    return not (place_of(action) and state.cube == "drawer")
