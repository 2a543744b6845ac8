"""The workbench in symbols behind the face of a world model: fast, and wrong as often as asked.

A state is a `WorkbenchState`. Answers are orthonormal statements mixed with a little of another,
so that distances are near 0 and 1 as the trained model's are. ``slips``: the share of (state,
action) pairs about which it is wrong whether the action works; ``misreads``: the share of states
of which one cube is read at another place. Both are always the same for the same state.
"""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np

from test.pairs import Rows
from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.protocols import Action, Imagined, ImaginedPairs
from vljepa_ros.planning.vocabulary import Subject, Vocabulary
from vljepa_ros.sim import workbench_symbolic as symbolic
from vljepa_ros.sim.workbench_symbolic import COLOURS, FIXTURES, PLACES

SUBJECTS: dict[str, tuple[str, ...]] = {
    **{name: tuple(f"{name}.{value}" for value in values) for name, values in FIXTURES.items()},
    **{f"{c}_place": (*(f"{c}.{p}" for p in PLACES), f"{c}.drawer",
                      *(f"{c}.on_{d}" for d in COLOURS if d != c), f"{c}.unseen")
       for c in COLOURS},
    **{f"{c}_in": (f"{c}.table", f"{c}.drawer", f"{c}.stacked", f"{c}.unseen") for c in COLOURS},
    "count": tuple(f"count.{n}" for n in range(4)),
}
STATEMENTS = tuple(dict.fromkeys(s for ids in SUBJECTS.values() for s in ids))
_HOME = {s: name for name, ids in SUBJECTS.items() for s in ids}
_ROWS = np.eye(len(STATEMENTS) + len(SUBJECTS), dtype=np.float32)
_ROW = dict(zip(STATEMENTS, _ROWS, strict=False))


@cache
def vocabulary() -> Vocabulary:
    return Vocabulary("bench-world", tuple(
        Subject(name, _ROWS[len(_ROW) + i], ids, tuple(map(words, ids)),
                np.stack([_ROW[s] for s in ids]))
        for i, (name, ids) in enumerate(SUBJECTS.items())
    ))


def words(statement) -> str:
    thing, value = statement.split(".")
    return f"the {thing}{' cube' if thing in COLOURS else ''} is {value}".replace("_", " ")


def goal_of(goal) -> Goal:
    """A symbolic goal such as {"red_cube": "on_blue", "drawer": "closed"}."""
    ids = [f"{key.removesuffix('_cube')}.{value}" for key, value in goal.items()]
    return Goal(tuple(GoalPart(words(s), _ROW[s], _HOME[s], s) for s in ids))


def candidates(state) -> list[Action]:
    return [Action(a, a.replace("_", " ")) for a in symbolic.actions_for(state.colours)]


def true_statements(state) -> dict[str, str]:
    """Subject -> the statement that is true of it, also of what is shut in the drawer."""
    found = {name: f"{name}.{getattr(state, name)}" for name in FIXTURES}
    for c in COLOURS:
        where = state.where(c) or "unseen"
        kind = "table" if where in PLACES else "stacked" if where.startswith("on_") else where
        found |= {f"{c}_place": f"{c}.{where}", f"{c}_in": f"{c}.{kind}"}
    return found | {"count": f"count.{sum(where in PLACES for _, where in state.cubes)}"}


class BenchStates(Rows):
    def __init__(self, rows):
        self.rows = list(rows)

    def __len__(self):
        return len(self.rows)

    def select(self, indices):
        return BenchStates([self.rows[i] for i in indices])


class BenchWorld:
    """``pairs`` and ``calls`` count what was imagined."""

    model_id = "bench-world"
    can_suppose, can_locate = True, False

    def __init__(self, slips=0.0, misreads=0.0, noise=0.1):
        self.vocabulary = vocabulary()
        self.slips, self.misreads, self.noise = slips, misreads, noise
        self.pairs = self.calls = 0
        self._known, self._can = {}, {}
        at = {s.id: i for i, s in enumerate(self.vocabulary.subjects)}
        self._asks = {}  # row that is asked with -> index of the subject it is about
        for s in self.vocabulary.subjects:
            self._asks[int(s.query.argmax())] = at[s.id]
            for name in s.statement_ids:
                self._asks[int(_ROW[name].argmax())] = at[_HOME[name]]

    def read(self, states, queries):
        asked = [self._asks[int(q)] for q in queries.argmax(axis=1)]
        return np.stack([self._answers(state)[asked] for state in states.rows])

    def suppose(self, states, statements):
        return states

    def imagine(self, states, actions, queries):
        pairs = [(row, a) for row in range(len(states)) for a in range(len(actions))]
        found = self.imagine_pairs(states, actions, pairs, queries)
        shape = (len(states), len(actions))
        return Imagined(found.states, found.works.reshape(shape),
                        found.readouts.reshape(*shape, *found.readouts.shape[1:]))

    def imagine_pairs(self, states, actions, pairs, queries, read_above=0.0, things=None):
        self.calls, self.pairs = self.calls + 1, self.pairs + len(pairs)
        works, after = np.zeros(len(pairs)), []
        for p, (row, a) in enumerate(pairs):
            state, action = states.rows[row], actions[a].id
            works[p] = self._works(state, action)
            if works[p] >= read_above:
                after.append(symbolic.apply(state, action))
        read = np.flatnonzero(works >= read_above)
        kept = BenchStates(after)
        readouts = self.read(kept, queries) if after else np.zeros((0, *queries.shape), np.float32)
        return ImaginedPairs(works, read, kept, readouts, np.zeros((len(after), 0, 3), np.float32))

    def _answers(self, state):
        """(S, D): to every subject's question."""
        if state not in self._known:
            true, luck = true_statements(state), number(state)
            rng = np.random.default_rng(luck)
            if rng.random() < self.misreads:
                colour, wrong = str(rng.choice(state.colours)), str(rng.choice(PLACES))
                true |= {f"{colour}_place": f"{colour}.{wrong}", f"{colour}_in": f"{colour}.table"}
            other = _ROWS[rng.integers(len(_ROW), size=len(self.vocabulary.subjects))]
            said = [_ROW.get(true.get(s.id, ""), o)
                    for s, o in zip(self.vocabulary.subjects, other, strict=True)]
            answers = np.stack(said) + self.noise * other
            self._known[state] = answers / np.linalg.norm(answers, axis=1, keepdims=True)
        return self._known[state]

    def _works(self, state, action):
        if (state, action) not in self._can:
            slips = number(action, seed=number(state)) < self.slips * 2**32
            self._can[state, action] = (0.97 if symbolic.works(state, action) != slips else 0.03)
        return self._can[state, action]


@cache
def number(what, seed=0) -> int:
    """A number below 2**32 that is always the same for the same thing."""
    return zlib.crc32(repr(what).encode(), seed)
