"""Measuring skills on any tabletop: legal, illegal, stopped, chained; judged on the true state."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from vljepa_ros.bench.progress import progress
from vljepa_ros.bench.report import wilson
from vljepa_ros.sim.skill_runner import Outcome, Skills

SLIDE_GOAL_M = 0.02  # drawer and window end this near to their stops
PLACE_GOAL_M = 0.02  # a cube ends this near to the middle of its place
UNTOUCHED_M = 0.02  # anything else may move by less than this
CHAIN_LENGTH = 8
_MAX_PRINTED = 5
_SLIDE_ENDS = {"drawer": (0.0, -0.16), "window": (0.0, 0.2)}


class SkillBench(ABC):
    """One scene, one stream of random numbers; each method measures one thing.

    A label names what is drawn: an action, or a kind of action in a kind of situation.
    """

    scene: Any
    runner: Skills

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    # -- what a world has to say --

    @abstractmethod
    def draw(self, label: str) -> tuple[Any, str]:
        """A random state and an action to which the label applies."""

    @abstractmethod
    def draw_state(self) -> Any:
        """A random state."""

    @abstractmethod
    def actions(self, state: Any) -> Sequence[str]:
        """Everything that could be asked of the robot in this state."""

    @abstractmethod
    def apply(self, state: Any, action: str) -> Any:
        """The symbolic state afterwards; the same one when the action does not work."""

    @abstractmethod
    def honest(self, state: Any, action: str) -> Outcome:
        """What has to be said of an action that does not work in this state."""

    @abstractmethod
    def cubes_wrong(self, action: str, expected: Any, before: dict[str, Any]) -> list[str]:
        """What is not as it should be with the cubes' positions after the action."""

    # -- measurements --

    def legal(self, label: str, n: int) -> dict[str, Any]:
        """From random states where the action works: exactly its effect, arm back at rest."""
        successes, steps, seconds, failures = 0, [], 0.0, []
        for _ in progress(range(n), f"skills: {label}"):
            state, action, seed = self._start(label)
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
                failures.append(
                    {"state": str(state), "seed": seed, "action": action, "wrong": wrong}
                )
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

    def illegal(self, label: str, n: int) -> dict[str, Any]:
        """From random states where it does not work: unchanged, honest, and still usable."""
        unchanged = honest = recovered = 0
        results: Counter[str] = Counter()
        failures = []
        for _ in progress(range(n), f"skills: {label}"):
            state, action, seed = self._start(label)
            before = self.scene.truth_continuous()
            result = self.runner.run(action)
            results[result.result.name] += 1
            wrong = self._wrong("wait", state, before)
            right = result.result is self.honest(state, action)
            unchanged += not wrong
            honest += right
            usable = self._one_legal_action_works()
            recovered += usable
            if wrong or not usable or not right:
                failures.append(
                    {"state": str(state), "seed": seed, "action": action, "wrong": wrong,
                     "usable": usable, "result": f"{result.result.name}: {result.message}"}
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
        for _ in progress(range(n), "skills: stopped"):
            state, seed = self._start_anywhere()
            action = self._any_legal(state)
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
        agreed = total = whole = 0
        failures = []
        for _ in progress(range(n), "skills: chains"):
            self._start_anywhere()
            right = 0
            for _ in range(CHAIN_LENGTH):
                state = self.scene.truth()
                # Two of three legal: otherwise most of a chain would be refusals.
                legal = self.rng.random() < 2 / 3
                action = self._any_legal(state) if legal else self._any(state)
                result = self.runner.run(action)
                agrees = self.scene.truth() == self.apply(state, action)
                right += agrees
                if not agrees:
                    failures.append(
                        {"state": str(state), "action": action, "truth": str(self.scene.truth()),
                         "result": f"{result.result.name}: {result.message}"}
                    )  # fmt: skip
            agreed, total, whole = agreed + right, total + CHAIN_LENGTH, whole + (
                right == CHAIN_LENGTH
            )  # fmt: skip
        return {
            "n": n,
            "actions": total,
            "agreed": agreed,
            "rate": agreed / max(total, 1),
            "interval": wilson(agreed, total),
            "whole_chains": whole,
            "failures": failures[:_MAX_PRINTED],
        }

    # -- inside --

    def _start(self, label: str) -> tuple[Any, str, int]:
        state, action = self.draw(label)
        seed = int(self.rng.integers(1 << 30))
        self.scene.reset(state, seed=seed)
        return state, action, seed

    def _start_anywhere(self) -> tuple[Any, int]:
        state, seed = self.draw_state(), int(self.rng.integers(1 << 30))
        self.scene.reset(state, seed=seed)
        return state, seed

    def _any(self, state: Any) -> str:
        return str(self.rng.choice(self.actions(state)))

    def _any_legal(self, state: Any) -> str:
        return str(
            self.rng.choice([a for a in self.actions(state) if self.apply(state, a) != state])
        )

    def _one_legal_action_works(self) -> bool:
        state = self.scene.truth()
        action = self._any_legal(state)
        self.runner.run(action)
        return bool(self.scene.truth() == self.apply(state, action))

    def _wrong(self, action: str, state: Any, before: dict[str, Any]) -> list[str]:
        """What is not as the action should have left it; empty when all is right."""
        after, truth = self.scene.truth_continuous(), self.scene.truth()
        expected = self.apply(state, action)
        wrong = [] if truth == expected else [f"state {truth}"]
        if not self.scene.at_rest(0.02):
            wrong.append(f"arm at {np.round(after['effector'], 3).tolist()}")
        for slide, ends in _SLIDE_ENDS.items():
            value = after[f"{slide}_pos"]
            if action in (f"open_{slide}", f"close_{slide}"):
                wanted, allowed = ends[action.startswith("open")], SLIDE_GOAL_M
            else:
                wanted, allowed = before[f"{slide}_pos"], UNTOUCHED_M
            if abs(value - wanted) > allowed:
                wrong.append(f"{slide} at {value:.3f} instead of {wanted:.3f}")
        return wrong + self.cubes_wrong(action, expected, before)
