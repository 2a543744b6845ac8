"""How episodes came out by what made them hard: length, blocked actions, unseen combinations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from .environment import Environment, Goal
from .episodes import Episode
from .report import share

SHORT = 4  # actions; longer goals are counted apart


def asked(place: Environment, goal: Goal) -> frozenset[str]:
    """The statement ids that a symbolic goal asks for."""
    lasting = {s for k in place.semantics.state_subjects for s in place.semantics.subjects[k]}
    return frozenset(s for s in lasting if not s.endswith(".unseen")
                     and not s.startswith("count.") and place.goal([s]).items() <= goal.items())


def blocked_by(place: Environment, episode: Episode) -> set[str]:
    """Why the actions that would bring about a part of the goal at once cannot work in the start:
    kinds of failure, or "nothing" when one of them works for every part."""
    state, kinds = episode.start, set()
    for statement in sorted(asked(place, episode.goal)):
        subject = statement.split(".")[0]
        if place.goal_holds(state, place.goal([statement])) or subject.endswith("_lock"):
            continue
        why = {place.failure(state, action) for action in place.makers(statement)
               if action in place.actions(state)}
        if why and None not in why:
            kinds |= {str(kind) for kind in why} - {"absent", "done"}
    return kinds or {"nothing"}


def breakdown(
    place: Environment, episodes: Sequence[Episode], success: Sequence[bool]
) -> dict[str, Any]:
    """Shares by length of the shortest plan, by kind of precondition in the way, and for goals with
    a combination that training never showed; empty for episodes without a start of their own."""
    by_length: dict[str, list[bool]] = defaultdict(list)
    by_block: dict[str, list[bool]] = defaultdict(list)
    unseen: dict[str, list[bool]] = defaultdict(list)
    for episode, flag in zip(episodes, success, strict=True):
        if episode.start is None:
            continue
        length = place.plan_length(episode.start, episode.goal)
        if length is None:
            continue
        longer = f"{SHORT + 1} and more"
        by_length[f"1 to {SHORT}" if length <= SHORT else longer].append(flag)
        for kind in blocked_by(place, episode):
            by_block[kind].append(flag)
        if place.semantics.held_out:
            novel = asked(place, episode.goal) & place.semantics.held_out
            unseen["held out" if novel else "trained"].append(flag)
    parts = {"by_length": by_length, "by_precondition": by_block, "combinations": unseen}
    return {name: {key: share(flags) for key, flags in sorted(table.items())}
            for name, table in parts.items() if table}
