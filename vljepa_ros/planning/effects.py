"""What a search has learnt of the actions so far, so that it need not imagine everything.

An action that changed some subjects in one state is expected to change them alike in others. What
it takes is learnt by elimination: a statement that was true when the action worked does not prevent
it, so of a failure the statements that remain are to blame.
"""

from __future__ import annotations

Key = tuple[int, ...]
Facts = frozenset[tuple[int, int]]

PROOFS = 2
"""Failures for which nothing else can be to blame, before a statement is taken to prevent an
action: a single one may be an error of the model."""


class Effects:
    """``columns``: how many of a key's entries are statements; the others tell of the goal."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._known: dict[int, dict[tuple[tuple[int, int], ...], None]] = {}
        self._harmless: dict[int, set[tuple[int, int]]] = {}
        self._blamed: dict[tuple[int, tuple[int, int]], int] = {}
        self._preventing: dict[int, set[tuple[int, int]]] = {}

    def facts(self, key: Key) -> Facts:
        """(Column, value) of every statement that is true in a state."""
        return frozenset(enumerate(key[: self._columns]))

    def worked(self, a: int, before: Key, after: Key) -> None:
        """Action ``a`` led from one state to another."""
        changes = enumerate(zip(before, after, strict=True))
        effect = tuple((column, now) for column, (then, now) in changes if then != now)
        self._known.setdefault(a, {})[effect] = None
        facts = self.facts(before)
        self._harmless.setdefault(a, set()).update(facts)
        self._preventing.get(a, set()).difference_update(facts)

    def failed(self, a: int, facts: Facts) -> None:
        """Action ``a`` is not expected to work where these are true."""
        suspects = facts - self._harmless.get(a, set())
        if len(suspects) == 1:
            (fact,) = suspects
            proofs = self._blamed[a, fact] = self._blamed.get((a, fact), 0) + 1
            if proofs >= PROOFS:
                self._preventing.setdefault(a, set()).add(fact)

    def prevented(self, a: int, facts: Facts) -> bool:
        """Whether something that is true is known to prevent the action."""
        preventing = self._preventing.get(a)
        return preventing is not None and not preventing.isdisjoint(facts)

    def expected(self, a: int, key: Key) -> list[Key]:
        """Where the known effects of an action lead from a state; empty when none is known."""
        keys = []
        for effect in self._known.get(a, ()):
            if all(key[column] == value for column, value in effect):
                continue
            after = list(key)
            for column, value in effect:
                after[column] = value
            keys.append(tuple(after))
        return keys
