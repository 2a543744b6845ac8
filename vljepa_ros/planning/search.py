"""Search over imagined states, by latent distance to the goal, for the cheapest plan that meets it.

Depth 1 ranks every candidate. Deeper, the most promising states are looked behind first
(:mod:`.frontier`, :mod:`.exploration`), so that there is a plan early and time can run out at any
moment. Deterministic: the only random numbers are those of CEM, which are seeded.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from .exploration import Search
from .goal import Goal
from .imagination import Judge
from .plans import Plan, SearchConfig, Step
from .protocols import Action, StateBatch, WorldModel
from .targets import improve, split
from .vocabulary import Vocabulary

__all__ = ["Plan", "SearchConfig", "Step", "plan"]


def plan(
    world: WorldModel,
    state: StateBatch,
    goal: Goal,
    actions: Sequence[Action],
    vocabulary: Vocabulary,
    config: SearchConfig,
    avoid: frozenset[str] = frozenset(),
    never: frozenset[str] = frozenset(),
) -> Plan:
    """Rank the candidate actions and find the cheapest plan whose imagined end meets the goal.

    Args:
        state: a batch of one state.
        avoid: ids of actions that must not be the first step (they just failed here).
        never: ids of actions that must be no step at all; they are ranked, as failing.
    """
    if len(state) != 1:
        raise ValueError(f"state holds {len(state)} states; allowed: exactly 1")
    started = time.perf_counter()
    judge = Judge(world, vocabulary, goal)
    search = _search(judge, state, actions, config, avoid, never, started)
    best = search.best
    if search.root.unmet == 0:
        status, best = "met", None
    else:
        status = "ok" if best is not None else "out_of_reach"
    if best is not None and search.tree is not None:
        search.tree.choose([node.trace for node in best.path()])
    return Plan(
        status=status,
        distance_now=search.root.distance,
        part_distances=search.part_distances,
        ranked=search.ranking(best),
        steps=search.steps(best) if best else (),
        planning_ms=(time.perf_counter() - started) * 1e3,
        explored=search.explored,
        depth=search.depth,
        complete=search.complete,
        tree=search.tree,
    )


def _search(
    judge: Judge, state: StateBatch, actions: Sequence[Action], config: SearchConfig,
    avoid: frozenset[str], never: frozenset[str], started: float,
) -> Search:
    """A finished search, in which free targets are as good as the model can tell.

    A target is improved where its action works: here, or else in the first imagined state in which
    it does, when the goal's own position alone does not lead to a plan.
    """
    fixed, aimed = split(actions, judge.goal)
    threshold = config.works_threshold
    aimed = [improve(judge, state, a, threshold, config.cem) or a for a in aimed]
    search = Search(judge, [*fixed, *aimed], config, avoid, started, never)
    search.run(state)
    if search.best is not None or search.root.unmet == 0:
        return search
    better = []
    for i, action in enumerate(aimed, len(fixed)):
        node = search.working.get(i)
        if node is None or node.depth == 0:
            continue
        there = node.states.select([node.row])
        better.append(improve(judge, there, action, threshold, config.cem))
    if not any(better):
        return search
    chosen = {action.id: action for action in better if action is not None}
    again = [*fixed, *(chosen.get(action.id, action) for action in aimed)]
    search = Search(judge, again, config, avoid, started, never)
    search.run(state)
    return search
