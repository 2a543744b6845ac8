"""The cross-entropy method: a bounded, seeded search for the best point of a box.

Draw points from a normal distribution, keep the best few, fit the distribution to them, repeat
(de Boer et al., A Tutorial on the Cross-Entropy Method, 2005).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .protocols import Array

KEPT = 0.4  # share of the deviation kept: without it the points draw together on the way


@dataclass(frozen=True)
class CemConfig:
    """How hard to look. ``spread``: the first standard deviation, in units of the box."""

    population: int = 24
    elites: int = 6
    iterations: int = 6
    spread: float = 0.15
    smallest: float = 0.005  # stop when every deviation is below this
    enough: float = -math.inf  # stop at a score at or below this
    budget_ms: float = 0.0  # stop after the generation in which this has passed; 0 = no limit
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("population", 2, 1024), ("elites", 1, self.population), ("iterations", 1, 100),
            ("spread", 1e-6, 10), ("budget_ms", 0, 1e6),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"cem.{name} = {value} is not usable; allowed: {low}..{high}")


@dataclass(frozen=True)
class CemResult:
    """The best point (d,) seen and its score; ``ended``: enough, narrow, budget or iterations."""

    point: Array
    score: float
    evaluations: int
    iterations: int
    ended: str


def minimise(score: Callable[[Array], Array], start: Array, config: CemConfig) -> CemResult:
    """The best point of the unit box for ``score``: (N, d) -> (N,).

    ``start`` (d,), clipped into the box, is the first mean and among the first points; the same
    seed, start and scores give the same result. Scores of +inf mark points that cannot be used.
    """
    rng = np.random.default_rng(config.seed)
    started = time.perf_counter()
    mean = np.clip(np.asarray(start, dtype=float), 0.0, 1.0)
    deviation = np.full(mean.shape, config.spread)
    best, best_score, evaluations, ended = mean, np.inf, 0, "iterations"
    iteration = 0
    while iteration < config.iterations:
        iteration += 1
        drawn = mean + deviation * rng.standard_normal((config.population, len(mean)))
        drawn[0] = mean
        points = np.clip(drawn, 0.0, 1.0)
        scores = np.asarray(score(points), dtype=float)
        evaluations += len(points)
        order = scores.argsort(kind="stable")[: config.elites]
        if scores[order[0]] < best_score:
            best, best_score = points[order[0]], float(scores[order[0]])
        if best_score <= config.enough:
            ended = "enough"
            break
        elites = points[order][np.isfinite(scores[order])]
        if not len(elites):
            ended = "narrow"  # nothing can be used, and nothing says where to look
            break
        mean = elites.mean(axis=0)
        deviation = KEPT * deviation + (1 - KEPT) * elites.std(axis=0)
        if deviation.max(initial=0.0) < config.smallest:
            ended = "narrow"
            break
        if config.budget_ms and (time.perf_counter() - started) * 1e3 > config.budget_ms:
            ended = "budget"
            break
    return CemResult(best, best_score, evaluations, iteration, ended)
