"""How a search is set up, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .cem import CemConfig
from .protocols import Action
from .tree import SearchTree

UNFINISHED = "no plan was found in what budget_ms and the beam allow"


MANY = 24  # candidate actions for which the beam is meant
WIDER = 2  # beams that a search without a plan may fill in all


@dataclass(frozen=True)
class SearchConfig:
    """How far and how wide to look."""

    depth: int = 8  # actions ahead
    beam: int = 24  # imagined states looked behind at each depth, see `width`
    step_cost: float = 0.02  # per action, in units of goal distance
    works_threshold: float = 0.5  # actions less likely to work are not imagined further
    budget_ms: float = 0.0  # stop after the chunk in which this has passed; 0 = no limit
    keep_tree: bool = False  # keep what was looked at, for explanations
    cem: CemConfig = field(default_factory=lambda: CemConfig(enough=0.05))  # for free targets

    def width(self, actions: int) -> int:
        """States looked behind at each depth: the beam, and more where there are many candidates
        (68 of 34 on the workbench: with 24 states plans of six actions are lost)."""
        return self.beam if actions <= MANY else self.beam * actions // (MANY // 2)

    def states(self, actions: int) -> int:
        """States looked behind at most, while there is no plan."""
        return WIDER * self.depth * self.width(actions)

    def __post_init__(self) -> None:
        for name, low, high in (("depth", 1, 16), ("beam", 1, 512)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"search.{name} = {value} is not usable; allowed: {low}..{high}")
        if not 0 <= self.step_cost <= 1:
            raise ValueError(f"search.step_cost = {self.step_cost} is not usable; allowed: 0..1")
        if not 0 <= self.budget_ms <= 1e7:
            raise ValueError(f"search.budget_ms = {self.budget_ms} is not usable; allowed: 0..1e7")


@dataclass(frozen=True)
class Step:
    """An action with what the model expects of it.

    ``distance_after``: goal distance of the imagined state right after the action.
    ``plan_distance``: goal distance at the end of the best way found that starts with it, step
    costs included; infinite when there is none. ``outcome``: what changes, in words.
    """

    action: Action
    distance_after: float
    plan_distance: float
    works: float
    outcome: str


@dataclass(frozen=True)
class Plan:
    """``status`` is 'ok', 'met' or 'out_of_reach'; ``ranked`` every candidate, best first.

    ``complete``: False when the time budget ended the search, or when it found no plan and states
    were left over; there may be a cheaper plan then, or one at all. ``explored``: pairs imagined;
    ``depth``: of the deepest state looked behind, plus 1.
    """

    status: str
    distance_now: float
    part_distances: tuple[float, ...]
    ranked: tuple[Step, ...]
    steps: tuple[Step, ...]
    planning_ms: float = 0.0
    explored: int = 0
    depth: int = 0
    complete: bool = True
    tree: SearchTree | None = None
