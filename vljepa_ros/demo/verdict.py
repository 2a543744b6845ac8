"""Was the goal met? Only when the planner says so and the simulator's true state shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..sim.symbolic import PLACES


def wanted_state(statement_ids: Iterable[str]) -> dict[str, str]:
    """What the simulator must show for a goal, as the model understood it, to hold.

    ``drawer.closed`` -> drawer: closed; ``cube_in.drawer``, ``cube_place.front_left`` -> cube: ...
    Empty when a part of the goal is no known statement: then there is no truth to check against.
    """
    wanted = {}
    for statement in statement_ids:
        subject, _, value = statement.partition(".")
        if not value:
            return {}
        wanted["cube" if subject.startswith("cube") else subject] = value
    return wanted


def wanted_in_words(wanted: Mapping[str, str]) -> str:
    """ "drawer locked, cube in the drawer"."""
    words = []
    for key, value in wanted.items():
        if key == "cube":
            place = {"drawer": "in the drawer", "table": "on the table"}
            words.append(f"cube {place.get(value, 'at the ' + value.replace('_', ' '))}")
        else:
            words.append(f"{key.removesuffix('_lock')} {value}")
    return ", ".join(words)


def wrong_parts(state: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """What of the goal is not so, in words; empty when all of it holds."""
    wrong = []
    for key, value in wanted.items():
        now = state.get(key, "unknown")
        holds = now in PLACES if value == "table" else now == value
        if not holds:
            wrong.append(f"{key} is {now}, not {value}".replace("_", " "))
    return wrong


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
