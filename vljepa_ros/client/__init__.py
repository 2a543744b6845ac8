"""The planner from Python: goals in words, rankings, pursuits; sync or async.

    from vljepa_ros.client import Planner

    with Planner() as planner:
        print(planner.rank("open the window").best.text)
        print(planner.pursue("put the cube in the drawer and shut it").message)

See :class:`Planner` and the folder ``examples``.
"""

from .alerts import AlertAdded, AlertHeard, AlertWatched
from .call import Call
from .planner import Planner
from .requests import PlannerError, PlannerNotFound
from .results import (
    Ending,
    Executed,
    GoalHeard,
    GoalSet,
    Progress,
    Pursuit,
    Ranked,
    Ranking,
    Reading,
    SkillResult,
    Spoken,
    State,
    Status,
    Step,
)

__all__ = [
    "AlertAdded",
    "AlertHeard",
    "AlertWatched",
    "Call",
    "Ending",
    "Executed",
    "GoalHeard",
    "GoalSet",
    "Planner",
    "PlannerError",
    "PlannerNotFound",
    "Progress",
    "Pursuit",
    "Ranked",
    "Ranking",
    "Reading",
    "SkillResult",
    "Spoken",
    "State",
    "Status",
    "Step",
]
