"""What the planner knows of one scene: what is in sight, and what it remembers of what is not.

A look corrects what the last action was imagined to do. What is in sight is believed as it is read;
of a thing that reads "not in sight" the planner keeps what it knew, as long as something that it
sees can explain why the thing is hidden, and tells it to the state (``WorldModel.suppose``) before
planning. What was never seen is not invented. There is no clock: looks are counted.

The vocabulary alone says what can be hidden: subjects with the same ``....unseen`` statement speak
of one thing. Nothing here knows of drawers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .misreadings import Misreadings
from .protocols import Action, Array, StateBatch, WorldModel
from .things import (
    Believed,
    believed_as,
    in_agreement,
    is_thing,
    things_of,
    value_of,
    weights_of,
)
from .vocabulary import UNSEEN, Subject, Vocabulary


class Belief:
    """The beliefs about one scene, kept over actions, goals and useless pictures.

    ``state`` is the batch of one that planning starts from: the newest believable picture, told
    what is remembered; while nothing is seen, or what is seen is known to be a misreading, the
    state imagined after the last action. ``surprises``: statements of the last look that were not
    expected. ``doubted``: statements that were read but not believed (:mod:`.misreadings`).
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._subjects = [vocabulary.subjects[i] for i in vocabulary.lasting]
        self._things = things_of(self._subjects)
        self.forget()

    def forget(self) -> None:
        """Know nothing, as before the first look."""
        self.looks = 0
        self.state: StateBatch | None = None
        self.surprises: tuple[str, ...] = ()
        self.doubted: tuple[str, ...] = ()
        self._now: dict[str, Believed] = {}
        self._imagined: tuple[StateBatch, Array] | None = None  # by the action just decided on
        self._acted = False
        # Thing -> how it and what else was when it was last seen.
        self._shown: dict[str, tuple[dict[str, str], frozenset[str]]] = {}
        self._covers: dict[str, frozenset[str]] = {}  # thing out of sight -> what may hide it
        self._seen_while: dict[str, set[str]] = {}  # "drawer" of "red.drawer" -> what else was true
        self._looked: dict[str, set[str]] = {}  # thing never seen -> under what it was not there
        self._misreadings = Misreadings()
        self._studied = False
        self._derived: set[str] = set()  # subjects that tell of the things together, as a count

    # -- what is believed --------------------------------------------------------------------------

    @property
    def beliefs(self) -> tuple[Believed, ...]:
        """One a lasting subject, in the vocabulary's order; empty before the first look."""
        return tuple(self._now.values())

    @property
    def reading(self) -> tuple[int, ...]:
        """The believed statement of every lasting subject, as an index into its statements."""
        return tuple(
            s.statement_ids.index(self._now[s.id].statement_id) for s in self._subjects
        )

    @property
    def things(self) -> tuple[str, ...]:
        """Names of the things that can be out of sight, e.g. "red" of "red.unseen"."""
        return tuple(self._things)

    @property
    def surroundings(self) -> tuple[Subject, ...]:
        """The subjects that can explain why a thing is hidden: neither things nor counts of them.

        That a subject counts things is learnt from imagination (`study`).
        """
        return tuple(
            s for s in self._subjects if not is_thing(s) and s.id not in self._derived
        )

    def of(self, subject: str) -> Believed:
        """What is believed of a subject; KeyError before the first look."""
        return self._now[subject]

    def about(self, thing: str) -> tuple[str, ...]:
        """Ids of the subjects that speak of a thing."""
        return tuple(subject.id for subject in self._things[thing])

    def in_words(self, thing: str) -> str:
        """What is believed of a thing, e.g. "the red cube is not in sight"."""
        return self._now[self._things[thing][0].id].statement

    def missing(self, thing: str) -> bool:
        """Whether a thing is out of sight and nothing is remembered of it."""
        return bool(self._now) and all(self._now[s.id].unseen for s in self._things[thing])

    def looked(self, thing: str) -> frozenset[str]:
        """Under which statements about other subjects a missing thing was looked for in vain."""
        return frozenset(self._looked.get(thing, ()))

    # -- looking and acting ------------------------------------------------------------------------

    def see(self, world: WorldModel, state: StateBatch, answers: Array) -> StateBatch:
        """Take a believable look and return the state to plan from.

        Args:
            state: a batch of one, encoded from the picture.
            answers: (S, D) its answers to the vocabulary's queries.
        """
        self.looks += 1
        weights = [weights_of(s, answers[i])
                   for s, i in zip(self._subjects, self.vocabulary.lasting, strict=True)]
        read = dict(zip((s.id for s in self._subjects), weights, strict=True))
        expected = self._expected()
        others = frozenset(s.statement_ids[int(read[s.id].argmax())] for s in self.surroundings)
        found: dict[str, Believed] = {}
        for subject in self._subjects:
            if not is_thing(subject):
                row = int(read[subject.id].argmax())
                found[subject.id] = believed_as(subject, row, float(read[subject.id][row]))
        for thing, subjects in self._things.items():
            found.update(self._judge(thing, subjects, read, expected, others))
        if self._acted and self._imagined is not None:
            odd = self._misreadings.doubt(self._now, expected, found)
            self.doubted = tuple(dict.fromkeys(found[k].statement for k in odd))
            if odd:
                self.surprises = ()
                kept = {k: replace(expected[k], remembered=True) for k in odd}
                self._keep({**found, **kept})
                self.state, _ = self._imagined
                self._imagined, self._acted = None, False
                return self.state
        self.doubted = ()
        self._misreadings.believed()
        self.surprises = tuple(dict.fromkeys(
            found[s.id].statement for s in self._subjects
            if s.id in expected and expected[s.id].statement_id != found[s.id].statement_id
            and not (found[s.id].unseen and expected[s.id].unseen)
        ))
        self._keep(found)
        self._imagined, self._acted = None, False
        self.state = world.suppose(state, self._to_tell())
        return self.state

    def tell(self, world: WorldModel, state: StateBatch) -> StateBatch:
        """A state (batch of one) that is no look, told what is remembered."""
        told = self._to_tell()
        return world.suppose(state, told) if len(told) else state

    def study(self, world: WorldModel, actions: Sequence[Action], works: float = 0.5) -> None:
        """Learn, once, which subjects tell of the things together: they are imagined to change
        whenever a thing moves. They say nothing about why a thing is hidden."""
        if self.state is None or self._studied:
            return
        actions = [action for action in actions if action.region is None]  # those need a target
        if not actions:
            self._studied = True
            return
        imagined = world.imagine(self.state, actions, self.vocabulary.queries)
        before = self.vocabulary.readings(world.read(self.state, self.vocabulary.queries)[0])
        self._studied = True  # not before: either call may be cut short
        after = self.vocabulary.readings(imagined.readouts[0])
        for row in after[imagined.works[0] >= works]:
            changed = [s for s, i in zip(self._subjects, self.vocabulary.lasting, strict=True)
                       if row[i] != before[i]]
            moved = any(is_thing(s) and not self._now[s.id].unseen for s in changed)
            if moved:
                self._derived.update(s.id for s in changed if not is_thing(s))

    def intend(self, world: WorldModel, action: Action) -> None:
        """Imagine the action that is going to be done from the believed state."""
        assert self.state is not None
        imagined = world.imagine(self.state, [action], self.vocabulary.queries)
        none = np.zeros((0, self.vocabulary.queries.shape[1]), np.float32)
        self._imagined = (world.suppose(imagined.states, none), imagined.readouts[0, 0])
        self._acted = False

    def acted(self, worked: bool) -> None:
        """The intended action was done; ``worked``: as far as the robot can tell."""
        self._acted = worked

    def imagine_on(self) -> StateBatch | None:
        """The believed state when a look showed nothing: as the last action was imagined to leave
        it. None when nothing was ever seen."""
        if self._acted and self._imagined is not None:
            self.state, _ = self._imagined
            self._keep({k: replace(b, remembered=True) for k, b in self._expected().items()})
        else:
            self._now = {k: replace(b, remembered=True) for k, b in self._now.items()}
        self._imagined, self._acted = None, False
        return self.state

    # -- inside ------------------------------------------------------------------------------------

    def _expected(self) -> dict[str, Believed]:
        """What this look should show: as imagined after the action, or as it was."""
        if not self._acted or self._imagined is None:
            return dict(self._now)
        answers = self._imagined[1]
        expected = {}
        for subject, i in zip(self._subjects, self.vocabulary.lasting, strict=True):
            weights = weights_of(subject, answers[i])
            row = int(weights.argmax())
            believed = believed_as(subject, row, float(weights[row]))
            # That the model expects a thing to go out of sight does not say where it is.
            before = self._now[subject.id]
            expected[subject.id] = before if believed.unseen else believed
        return expected

    def _judge(
        self, thing: str, subjects: list[Subject], read: Mapping[str, Array],
        expected: Mapping[str, Believed], others: frozenset[str],
    ) -> dict[str, Believed]:
        """What to believe of a thing: as seen, as remembered, or that it is not in sight."""
        hidden = f"{thing}{UNSEEN}"
        unseen = np.mean([read[s.id][s.statement_ids.index(hidden)] for s in subjects])
        if unseen < 0.5:
            seen = in_agreement(subjects, read, hidden)
            self._shown[thing] = {k: b.statement_id for k, b in seen.items()}, others
            for believed in seen.values():
                self._seen_while.setdefault(value_of(believed), set()).update(others)
            self._covers.pop(thing, None)
            self._looked.pop(thing, None)
            return seen
        kept = {s.id: expected[s.id] for s in subjects if s.id in expected}
        if kept and not any(b.unseen for b in kept.values()):
            covers = self._may_hide(thing, kept, others)
            if covers:
                self._covers[thing] = covers
                return {k: replace(b, remembered=True) for k, b in kept.items()}
        self._covers.pop(thing, None)
        self._looked.setdefault(thing, set()).update(others)
        row = {s.id: s.statement_ids.index(hidden) for s in subjects}
        return {s.id: believed_as(s, row[s.id], float(unseen)) for s in subjects}

    def _may_hide(
        self, thing: str, kept: Mapping[str, Believed], others: frozenset[str]
    ) -> frozenset[str]:
        """What is true now and can explain that a thing is not seen where it is believed.

        A statement is no explanation when anything was ever seen in that place while it was true.
        Unless the robot itself moved the thing, it must have become true since the last sight.
        """
        shown, then = self._shown.get(thing, ({}, frozenset()))
        if thing in self._covers:
            possible = self._covers[thing] & others
        elif any(b.statement_id != shown.get(k) for k, b in kept.items()):
            possible = others
        else:
            possible = others - then
        for believed in kept.values():
            possible -= self._seen_while.get(value_of(believed), set())
        return frozenset(possible)

    def _keep(self, found: Mapping[str, Believed]) -> None:
        kept = {}
        for subject in self._subjects:
            believed, before = found[subject.id], self._now.get(subject.id)
            same = before is not None and before.statement_id == believed.statement_id
            since = before.since if same and before is not None else self.looks
            kept[subject.id] = replace(believed, since=since)
        self._now = kept

    def _to_tell(self) -> Array:
        """(T, D): the statements remembered, one a thing: of its subjects the most precise."""
        rows = []
        for subjects in self._things.values():
            subject = max(subjects, key=lambda s: len(s.statement_ids))
            believed = self._now[subject.id]
            if believed.remembered and not believed.unseen:
                rows.append(subject.embeddings[subject.statement_ids.index(believed.statement_id)])
        width = self.vocabulary.queries.shape[1]
        return np.array(rows, dtype=np.float32).reshape(len(rows), width)
