"""Readings that are known to be wrong: a thing read elsewhere, and back again, though nothing moved
it."""

from __future__ import annotations

from collections.abc import Mapping

from .things import Believed

DOUBTS = 3  # looks in a row that may be taken for misread; then they are believed after all

Jump = tuple[str, str, str]


class Misreadings:
    """What was read of subjects that no action was imagined to change, and which of it was wrong.

    A thing that no action moved and that reads as elsewhere may have been moved by somebody: that
    is believed. If it later reads as where it was, and nothing moved it then either, it never was
    elsewhere; when the same is read again, the expectation is to be kept.
    """

    def __init__(self) -> None:
        self._jumped: set[Jump] = set()  # (subject, from, to)
        self._known: set[Jump] = set()  # those of which the second statement is misread
        self._in_a_row = 0

    def believed(self) -> None:
        """A look was believed."""
        self._in_a_row = 0

    def doubt(
        self, before: Mapping[str, Believed], expected: Mapping[str, Believed],
        found: Mapping[str, Believed],
    ) -> tuple[str, ...]:
        """The subjects of a look that contradict the expectation, when all are known to be misread.

        Empty when the look is to be believed. What an action was imagined to change is never
        called misread, nor anything in more than `DOUBTS` looks in a row.

        Args:
            before: what was believed before the action; all three by subject.
            expected: what the action was imagined to leave.
            found: what the look after it shows.
        """
        odd = [k for k, b in expected.items() if found[k].statement_id != b.statement_id]
        known = [
            before[k].statement_id == expected[k].statement_id
            and self._is_known(k, expected[k].statement_id, found[k].statement_id)
            for k in odd
        ]
        self._in_a_row += 1
        if not odd or not all(known) or self._in_a_row > DOUBTS:
            return ()
        return tuple(odd)

    def _is_known(self, subject: str, then: str, now: str) -> bool:
        """Whether the jump is known to be misread; if not, it is learnt from."""
        if (subject, then, now) in self._known:
            return True
        if (subject, now, then) in self._jumped:
            self._known.add((subject, now, then))
        self._jumped.add((subject, then, now))
        return False
