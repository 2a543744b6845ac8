"""Was the goal met? Only when the planner says so and the simulator's true state shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..planning.vocabulary import UNSEEN
from ..sim.symbolic import PLACES
from ..sim.workbench_rules import COLOURS
from .terminal import where_in_words

_NUMBERS = {"one": 1, "two": 2, "three": 3}
_COUNT = "cubes on the table"


def wanted_state(statement_ids: Iterable[str]) -> dict[str, str]:
    """What the simulator must show for a goal, as the model understood it, to hold.

    ``drawer.closed`` -> drawer: closed; ``cube_in.drawer``, ``cube_place.front_left`` -> cube: ...;
    ``red.on_blue`` -> red_cube: on_blue. Empty when a part of the goal is no known statement, or
    one about what is in sight: then there is no truth to check against.
    """
    wanted = {}
    for statement in statement_ids:
        subject, _, value = statement.partition(".")
        if not value or statement.endswith(UNSEEN):
            return {}
        wanted[_key(subject)] = value
    return wanted


def _key(subject: str) -> str:
    if subject.startswith("cube"):
        return "cube"
    if subject in COLOURS:
        return f"{subject}_cube"
    return _COUNT if subject == "count" else subject


def wanted_in_words(wanted: Mapping[str, str]) -> str:
    """ "drawer locked, cube in the drawer"."""
    words = []
    for key, value in wanted.items():
        if key.endswith("cube"):
            words.append(f"{key.replace('_', ' ')} {where_in_words(value)}")
        elif key == _COUNT:
            words.append(f"{value} {key}")
        else:
            words.append(f"{key.removesuffix('_lock')} {value}")
    return ", ".join(words)


def wrong_parts(state: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """What of the goal is not so, in words; empty when all of it holds."""
    wrong = []
    for key, value in wanted.items():
        if key == _COUNT:
            there = [now for cube, now in state.items() if cube.endswith("cube")]
            count = sum(now in (*PLACES, "elsewhere") for now in there)
            if count != _NUMBERS[value]:
                wrong.append(f"number of {_COUNT} is {count}, not {_NUMBERS[value]}")
            continue
        now = state.get(key, "unknown")
        if not _holds(now, value):
            wrong.append(f"{key} is {now}, not {value}".replace("_", " "))
    return wrong


def _holds(now: str, value: str) -> bool:
    if value == "table":
        return now in PLACES
    return now.startswith("on_") if value == "stacked" else now == value


def judge(
    ending: str,
    message: str,
    actions: int,
    state: Mapping[str, str] | None,
    wanted: Mapping[str, str],
) -> tuple[bool, str]:
    """(met, one line). ``ending`` is a name of PursueGoal's results, ``state`` the true one."""
    count = f"{actions} action{'s' * (actions != 1)}"
    if ending == "NOT_UNDERSTOOD":
        return False, f"goal not understood, {'nothing was' if actions == 0 else count} done"
    if ending != "MET":
        reason = message or ending.lower().replace("_", " ")
        return False, f"goal not met after {count}: {reason}"
    if state is None:
        return False, "the planner says the goal is met, but the simulator does not answer"
    if not wanted:
        return False, "the planner says the goal is met, but it has no part that can be checked"
    wrong = wrong_parts(state, wanted)
    if wrong:
        return False, f"the planner says the goal is met, but the {', the '.join(wrong)}"
    return True, f"goal met in {count}, confirmed by the simulator's true state"
