"""`vljepa bench skills`: does the simulated robot do what its actions say, and nothing else?

Measured with real physics on fresh seeds, judged on the simulator's true state:
legal    every skill from random states in which it is legal
illegal  every skill from random states in which it is not: nothing may change, the result must say
         so, and a legal action afterwards must still work
stopped  preempted at a random moment: the arm comes to rest and the world stays usable
chains   random sequences of actions, the true state compared with the symbolic one after each
tasks    OGBench's five tasks by shortest plans, re-planned after each look; its own success flag
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from vljepa_ros.bench.report import wilson
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

SLIDE_GOAL_M = 0.02  # drawer and window end this near to their stops
PLACE_GOAL_M = 0.02  # the cube ends this near to the middle of its place
UNTOUCHED_M = 0.02  # anything else may move by less than this
CHAIN_LENGTH = 8
TASK_ACTIONS = 24
_MAX_PRINTED = 5


def run(
    seed: int = 0,
    episodes: int = 50,
    *,
    actions: Iterable[str] = ACTIONS,
    chains: int | None = None,
    task_episodes: int | None = None,
) -> dict[str, Any]:
    """Run the benchmark; one JSON-able object.

    `episodes` is the number of runs per skill (legal and illegal each); `chains` and
    `task_episodes` (per task) follow from it when not given. The figure is the success rate over
    all legal runs.
    """
    started = time.perf_counter()
    bench = _Bench(seed)
    actions = list(actions)
    legal = {a: bench.legal(a, episodes) for a in actions if _states(a, legal=True)}
    illegal = {a: bench.illegal(a, episodes) for a in actions if _states(a, legal=False)}
    successes = sum(entry["successes"] for entry in legal.values())
    total = sum(entry["n"] for entry in legal.values())
    return {
        "name": "skills",
        "seed": seed,
        "episodes": episodes,
        "figure": successes / max(total, 1),
        "interval": wilson(successes, total),
        "skills": legal,
        "illegal": illegal,
        "stopped": bench.stopped(episodes),
        "chains": bench.chains(episodes if chains is None else chains),
        "tasks": bench.tasks(max(1, episodes * 2 // 5) if task_episodes is None else task_episodes),
        "baselines": {},
        "model_id": None,
        "seconds": round(time.perf_counter() - started, 1),
    }


class _Bench:
    """One scene, one stream of random numbers; each method measures one thing."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.scene = Scene(64, 64)
        self.runner = SkillRunner(self.scene)

    def legal(self, action: str, n: int) -> dict[str, Any]:
        """From random states where the action works: exactly its effect, arm back at rest."""
        successes, steps, seconds, failures = 0, [], 0.0, []
        for _ in range(n):
            state, seed = self._start(action, legal=True)
            before = self.scene.truth_continuous()
            clock = time.process_time()
            result = self.runner.run(action)
            seconds += time.process_time() - clock
            steps.append(result.steps)
            wrong = self._wrong(action, state, before)
            if result.result is not Outcome.SUCCEEDED:
                wrong.append(f"{result.result.name}: {result.message}")
            successes += not wrong
            if wrong:
                failures.append({"state": str(state), "seed": seed, "wrong": wrong})
        return {
            "n": n,
            "successes": successes,
            "rate": successes / max(n, 1),
            "interval": wilson(successes, n),
            "steps_mean": round(float(np.mean(steps)), 1) if steps else None,
            "steps_max": max(steps, default=None),
            "cpu_s_mean": round(seconds / max(n, 1), 3),
            "failures": failures[:_MAX_PRINTED],
        }

    def illegal(self, action: str, n: int) -> dict[str, Any]:
        """From random states where it does not work: unchanged, honest, and still usable."""
        unchanged = honest = recovered = 0
        results: Counter[str] = Counter()
        failures = []
        for _ in range(n):
            state, seed = self._start(action, legal=False)
            before = self.scene.truth_continuous()
            result = self.runner.run(action)
            results[result.result.name] += 1
            wrong = self._wrong("wait", state, before)
            fine = Outcome.SUCCEEDED if action == "wait" else (
                Outcome.NO_EFFECT if _would_try(state, action) else Outcome.PRECONDITION
            )  # fmt: skip
            unchanged += not wrong
            honest += result.result is fine
            usable = self._one_legal_action_works()
            recovered += usable
            if wrong or not usable or result.result is not fine:
                failures.append(
                    {"state": str(state), "seed": seed, "wrong": wrong, "usable": usable,
                     "result": f"{result.result.name}: {result.message}"}
                )  # fmt: skip
        return {
            "n": n,
            "unchanged": unchanged / max(n, 1),
            "honest": honest / max(n, 1),
            "recoverable": recovered / max(n, 1),
            "results": dict(results),
            "failures": failures[:_MAX_PRINTED],
        }

    def stopped(self, n: int) -> dict[str, Any]:
        """Preempted after a random number of steps."""
        at_rest = recovered = 0
        failures = []
        for _ in range(n):
            state, seed = self._start(None, legal=True)
            action = str(self.rng.choice([a for a in ACTIONS if works(state, a)]))
            stop_at = int(self.rng.integers(3, 70))
            count = iter(range(10_000))
            result = self.runner.run(action, should_stop=lambda: next(count) >= stop_at)  # noqa: B023
            rest = self.scene.at_rest(0.02)
            at_rest += rest
            usable = self._one_legal_action_works()
            recovered += usable
            if not (rest and usable):
                failures.append(
                    {"state": str(state), "seed": seed, "action": action, "stop_at": stop_at,
                     "result": f"{result.result.name}: {result.message}"}
                )  # fmt: skip
        return {
            "n": n,
            "at_rest": at_rest / max(n, 1),
            "recoverable": recovered / max(n, 1),
            "failures": failures[:_MAX_PRINTED],
        }

    def chains(self, n: int) -> dict[str, Any]:
        """Random sequences, legal or not: how often the true state is the symbolic one."""
        agreed = total = 0
        failures = []
        for _ in range(n):
            self._start(None, legal=True)
            for _ in range(CHAIN_LENGTH):
                state = self.scene.truth()
                legal = [a for a in ACTIONS if works(state, a)]
                # Two of three legal: otherwise most of a chain would be refusals.
                action = str(self.rng.choice(legal if self.rng.random() < 2 / 3 else ACTIONS))
                result = self.runner.run(action)
                agrees = self.scene.truth() == apply(state, action)
                agreed, total = agreed + agrees, total + 1
                if not agrees:
                    failures.append(
                        {"state": str(state), "action": action, "truth": str(self.scene.truth()),
                         "result": f"{result.result.name}: {result.message}"}
                    )  # fmt: skip
        return {
            "n": n,
            "actions": total,
            "agreed": agreed,
            "rate": agreed / max(total, 1),
            "interval": wilson(agreed, total),
            "failures": failures[:_MAX_PRINTED],
        }

    def tasks(self, n: int) -> dict[str, Any]:
        """OGBench's five tasks by the privileged planner that looks again after each action."""
        table = {}
        for task_id, goal in OFFICIAL_GOALS.items():
            successes, counts = 0, []
            for _ in range(n):
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

    def _start(self, action: str | None, *, legal: bool) -> tuple[SymbolicState, int]:
        states = all_states() if action is None else _states(action, legal=legal)
        state = states[self.rng.integers(len(states))]
        seed = int(self.rng.integers(1 << 30))
        self.scene.reset(state, seed=seed)
        return state, seed

    def _one_legal_action_works(self) -> bool:
        state = self.scene.truth()
        action = str(self.rng.choice([a for a in ACTIONS if works(state, a)]))
        self.runner.run(action)
        return self.scene.truth() == apply(state, action)

    def _wrong(self, action: str, state: SymbolicState, before: dict[str, Any]) -> list[str]:
        """What is not as the action should have left it; empty when all is right."""
        after, truth = self.scene.truth_continuous(), self.scene.truth()
        expected = apply(state, action)
        wrong = [] if truth == expected else [f"state {truth}"]
        if not self.scene.at_rest(0.02):
            wrong.append(f"arm at {np.round(after['effector'], 3).tolist()}")
        for slide, ends in (("drawer", (0.0, -0.16)), ("window", (0.0, 0.2))):
            value = after[f"{slide}_pos"]
            if action in (f"open_{slide}", f"close_{slide}"):
                wanted, allowed = ends[action.startswith("open")], SLIDE_GOAL_M
            else:
                wanted, allowed = before[f"{slide}_pos"], UNTOUCHED_M
            if abs(value - wanted) > allowed:
                wrong.append(f"{slide} at {value:.3f} instead of {wanted:.3f}")
        place = TAKE_OUT_PLACE if action == "take_cube_out" else place_of(action)
        moved_to = PLACES[place] if place else before["cube"][:2]
        allowed = PLACE_GOAL_M if place else UNTOUCHED_M
        if expected.cube != "drawer":
            distance = float(np.linalg.norm(after["cube"][:2] - moved_to))
            if distance > allowed:
                wrong.append(f"cube {distance:.3f} m off")
        return wrong


def _states(action: str, *, legal: bool) -> list[SymbolicState]:
    return [state for state in all_states() if works(state, action) is legal]


def _would_try(state: SymbolicState, action: str) -> bool:
    """Whether an action without effect has nothing to do or is tried (else it is refused)."""
    if action == "put_cube_in_drawer":
        return state.drawer == "open"
    if action == "take_cube_out":
        return False
    return not (place_of(action) and state.cube == "drawer")
