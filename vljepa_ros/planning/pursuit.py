"""Pursuing a goal: look, plan, execute one action, look again.

No clock, no ROS, no camera: the caller shows a state after every action and is told what to do
next. The node and the benchmarks run this same code.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .belief import Belief
from .goal import Goal
from .in_the_way import REFUSALS, clear_the_way
from .look_for import look_for, missing_things, narrowed
from .plans import UNFINISHED
from .protocols import Action, StateBatch, WorldModel
from .search import Plan, SearchConfig, plan
from .sight import nothing_seen
from .things import Believed
from .vocabulary import Vocabulary

RETRIES = 2  # how often an action that changed nothing may be tried in the same state
DONE_NOTHING = ("NO_EFFECT", "PRECONDITION", "FAILED", "TIMEOUT")


@dataclass(frozen=True)
class Decision:
    """What to do next, and why.

    ``kind``: 'act', 'met', 'out_of_reach', 'max_actions', 'not_understood', or 'blind' (the camera
    sees nothing: look again). ``beliefs``: what was held true, one a subject. ``noticed``: what the
    look showed that had not been expected, in words.
    """

    kind: str
    plan: Plan | None
    action: Action | None = None
    message: str = ""
    beliefs: tuple[Believed, ...] = ()
    noticed: str = ""


@dataclass
class Executed:
    """What was done and whether the scene moved as imagined."""

    action: Action
    result: str
    moved: bool | None = None  # None until the next look
    as_imagined: bool | None = None


@dataclass
class Pursuit:
    """One goal being pursued in one scene.

    ``belief`` is what is known of the scene; given, it is carried over from goal to goal.
    ``blind_actions``: how many actions may follow one another on what is imagined alone while the
    camera sees nothing; with 0 planning waits.
    """

    world: WorldModel
    vocabulary: Vocabulary
    goal: Goal
    actions: Sequence[Action]
    search: SearchConfig = field(default_factory=SearchConfig)
    max_actions: int = 16
    belief: Belief | None = None
    blind_actions: int = 0
    history: list[Executed] = field(default_factory=list)
    _failures: dict[tuple[tuple[int, ...], str], int] = field(default_factory=dict)
    _before: tuple[int, ...] | None = None
    _chosen: Action | None = None
    _in_the_dark: int = 0
    _sought: dict[tuple[str, str], int] = field(default_factory=dict)
    _refused: Counter[str] = field(default_factory=Counter)
    _astray: Counter[tuple[tuple[int, ...], str]] = field(default_factory=Counter)
    _suspected: list[str] = field(default_factory=list)
    _clearing: bool = False  # the last action put something out of the way

    def __post_init__(self) -> None:
        if self.belief is None:
            self.belief = Belief(self.vocabulary)

    def look(self, state: StateBatch, contrast: float = math.inf) -> Decision:
        """Decide what to do in this state (a batch of one).

        An action that left the reading as it was, or that the robot reported as without effect, is
        counted against that state and not chosen there again after RETRIES + 1 attempts; other
        plans are preferred from the first failure on.

        Args:
            contrast: of the picture (:func:`vljepa_ros.planning.sight.contrast`); a look at nothing
                is not believed, and planning waits or goes on from what is believed.
        """
        if not self.goal.understood or not self.goal.parts:
            return Decision("not_understood", None, message=f"not understood: '{self.goal.text}'")
        belief = self._belief
        answers = self.world.read(state, self.vocabulary.queries)[0]
        if why := nothing_seen(self.vocabulary, answers, contrast):
            return self._look_at_nothing(f"the camera sees nothing: {why}")
        self._in_the_dark = 0
        told = belief.see(self.world, state, answers)
        belief.study(self.world, self.actions, self.search.works_threshold)
        self._check_effect(belief.reading)
        decision = self._decide(told)
        if belief.doubted:
            doubt = f"not believed, since it was misread before: {', '.join(belief.doubted)}"
            message = "; ".join(filter(None, (decision.message, doubt)))
            decision = replace(decision, message=message)
        return replace(decision, beliefs=belief.beliefs, noticed=", ".join(belief.surprises))

    def executed(self, action_id: str, result: str) -> None:
        """Tell what the robot answered: a result name of ExecuteAction, e.g. 'SUCCEEDED'."""
        chosen = [self._chosen] if self._chosen is not None else []  # it may have a found target
        action = next((a for a in (*chosen, *self.actions) if a.id == action_id), None)
        if action is None:
            raise ValueError(f"action '{action_id}' is not a candidate")
        self.history.append(Executed(action, result))
        self._belief.acted(result not in DONE_NOTHING)

    @property
    def _belief(self) -> Belief:
        assert self.belief is not None
        return self.belief

    def _look_at_nothing(self, message: str) -> Decision:
        state = self._belief.imagine_on()
        beliefs = self._belief.beliefs
        if state is None or self._in_the_dark >= self.blind_actions:
            return Decision("blind", None, message=message, beliefs=beliefs)
        decision = self._decide(state)
        if decision.kind != "act":  # nothing is said to be met, or given up, unseen
            return Decision("blind", decision.plan, message=message, beliefs=beliefs)
        self._in_the_dark += 1
        return replace(decision, message=f"{message}; going on from memory", beliefs=beliefs)

    def _decide(self, state: StateBatch) -> Decision:
        reading = self._belief.reading
        failed = {a: n for (seen, a), n in self._failures.items() if seen == reading}
        given_up = self._given_up
        avoid = frozenset(failed)
        found = self._plan(state, avoid)
        if found.status == "out_of_reach" and failed:
            avoid = frozenset(a for a, n in failed.items() if n > RETRIES)
            found = self._plan(state, avoid)
        steps = {step.action.id for step in found.steps}
        refused = {a: n for a, n in self._refused.items() if n >= REFUSALS and a in steps}
        if refused:
            if clearing := self._clear_the_way(state, found, refused, given_up.union(failed)):
                return clearing
            # Tried at once or not at all: detours that change nothing about it would never end.
            avoid = frozenset(a for a, n in failed.items() if n > RETRIES)
            found = self._plan(state, avoid, given_up.intersection(refused))
        if found.status == "met":
            return Decision("met", found)
        if found.status == "out_of_reach":
            return self._look_elsewhere(state, found, avoid | given_up)
        return self._act(found, "")

    @property
    def _given_up(self) -> frozenset[str]:
        """Actions that did nothing more than RETRIES times, in whatever states."""
        return frozenset(a for a, n in self._refused.items() if n > RETRIES)

    def _clear_the_way(
        self, state: StateBatch, found: Plan, refused: Mapping[str, int], avoid: frozenset[str]
    ) -> Decision | None:
        """Actions did nothing although they should work: what may be in their way?"""
        planned = {step.action.id: step.action for step in found.steps}  # with found targets
        others = [action for action in self.actions if action.id not in avoid]
        for action in (planned[a.id] for a in self.actions if a.id in refused):
            clearing = clear_the_way(
                self.world, self._belief, state, action, others,
                self.search.works_threshold, self._suspected,
            )
            if clearing is None:
                continue
            self._suspected.append(clearing.thing)
            self._clearing = True
            step = next(s for s in found.ranked if s.action.id == clearing.action.id)
            why = f"'{action.text}' did nothing {refused[action.id]} times"
            return self._act(
                replace(found, steps=(step, *found.steps)),
                f"{why}; {clearing.action.text}, it may be in the way",
            )
        return None

    def _act(self, found: Plan, message: str) -> Decision:
        if len(self.history) >= self.max_actions:
            return Decision("max_actions", found, message=f"{self.max_actions} actions used up")
        action = found.steps[0].action
        self._before = self._belief.reading
        self._chosen = action
        self._belief.intend(self.world, action)
        return Decision("act", found, action, message)

    def _look_elsewhere(self, state: StateBatch, found: Plan, avoid: frozenset[str]) -> Decision:
        """Nothing reaches the goal: look for what it speaks of, if that was never in sight."""
        belief = self._belief
        missing = missing_things(belief, self.goal)
        chance = look_for(
            self.world, belief, state, self.goal, self.actions, self.search, avoid, self._sought
        ) if missing else None
        if chance is None:
            if missing:
                why = "no way to find it, or to do without, was found"
            else:
                why = "no plan reaches the goal from here" if found.complete else UNFINISHED
            texts = {action.id: action.text for action in self.actions}
            in_vain = [f"'{texts[a]}' did nothing {n} times"
                       for a, n in self._refused.items() if n > RETRIES and a in texts]
            reasons = [*map(belief.in_words, missing), *in_vain, why]
            return Decision("out_of_reach", found, message="; ".join(reasons))
        key = chance.thing, chance.toward
        self._sought[key] = self._sought.get(key, 0) + 1
        steps = " and ".join(s.action.text for s in chance.way.steps[: chance.steps])
        way = replace(found, status="ok", steps=chance.way.steps)
        return self._act(way, f"{belief.in_words(chance.thing)}; {steps} to look for it")

    def _plan(
        self, state: StateBatch, avoid: frozenset[str], never: frozenset[str] = frozenset()
    ) -> Plan:
        search = narrowed(self.search, self._belief, self.goal)
        return plan(
            self.world, state, self.goal, self.actions, self.vocabulary, search, avoid, never
        )

    def _check_effect(self, reading: tuple[int, ...]) -> None:
        if self._before is None or not self.history or self.history[-1].moved is not None:
            return
        last = self.history[-1]
        moved = reading != self._before
        as_imagined = moved and not self._belief.surprises
        self.history[-1] = replace(last, moved=moved, as_imagined=as_imagined)
        if self._did_nothing(self.history[-1]):
            key = (reading, last.action.id)
            self._failures[key] = self._failures.get(key, 0) + 1
            self._refused[last.action.id] += 1
        elif self._clearing:  # a new chance for what was refused
            self._refused = Counter({a: min(n, REFUSALS - 1) for a, n in self._refused.items()})
        elif as_imagined:  # it does work: earlier refusals do not add up with later ones
            del self._refused[last.action.id]
        else:
            self._count_astray((self._before, last.action.id))
        self._clearing = False

    def _count_astray(self, key: tuple[tuple[int, ...], str]) -> None:
        """An action led elsewhere than imagined. Once may be chance or somebody's hand; from the
        second time on, in the same state, other ways are preferred: no going round in circles."""
        self._astray[key] += 1
        if self._astray[key] > 1:
            self._failures[key] = max(self._failures.get(key, 0), self._astray[key] - 1)

    @staticmethod
    def _did_nothing(last: Executed) -> bool:
        return not last.moved or last.result in DONE_NOTHING
