"""What can be said about the simulated scene: subjects, statements, and which of them are true.

The statement ids tie pictures, sentences and goals together: two sentences with the same id mean
the same and are never negatives of each other; the values of one subject exclude each other and
are the hard negatives.
"""

from __future__ import annotations

import numpy as np

from vljepa_ros.sim.symbolic import ACTIONS, PLACES

from .semantics import Semantics

PLACE_WORDS = {name: name.replace("_", " ") for name in PLACES}

STATEMENTS: dict[str, str] = {
    "drawer.closed": "the drawer is closed",
    "drawer.open": "the drawer is open",
    "window.closed": "the window is closed",
    "window.open": "the window is open",
    "drawer_lock.unlocked": "the drawer is unlocked",
    "drawer_lock.locked": "the drawer is locked",
    "window_lock.unlocked": "the window is unlocked",
    "window_lock.locked": "the window is locked",
    **{f"cube_place.{p}": f"the cube is at the {w} of the table" for p, w in PLACE_WORDS.items()},
    "cube_in.table": "the cube is on the table",
    "cube_in.drawer": "the cube is in the drawer",
    "activity.press_left_button": "the robot is pressing the left button",
    "activity.press_right_button": "the robot is pressing the right button",
    "activity.open_drawer": "the robot is opening the drawer",
    "activity.close_drawer": "the robot is closing the drawer",
    "activity.open_window": "the robot is opening the window",
    "activity.close_window": "the robot is closing the window",
    "activity.put_cube_in_drawer": "the robot is putting the cube in the drawer",
    "activity.take_cube_out": "the robot is taking the cube out of the drawer",
    **{
        f"activity.place_{p}": f"the robot is putting the cube at the {w} of the table"
        for p, w in PLACE_WORDS.items()
    },
    "activity.wait": "the robot is at rest",
}
"""Statement id -> canonical wording; the order is the index used in training."""

STATEMENT_IDS = tuple(STATEMENTS)
INDEX = {statement: i for i, statement in enumerate(STATEMENT_IDS)}

QUESTIONS: dict[str, str] = {
    "drawer": "is the drawer open or closed?",
    "window": "is the window open or closed?",
    "drawer_lock": "is the drawer locked or unlocked?",
    "window_lock": "is the window locked or unlocked?",
    "cube_in": "is the cube in the drawer or on the table?",
    "cube_place": "where on the table is the cube?",
    "activity": "what is the robot doing?",
}

_ACTIVITIES = tuple(f"activity.{action}" for action in ACTIONS)

SUBJECTS: dict[str, tuple[str, ...]] = {
    "drawer": ("drawer.closed", "drawer.open"),
    "window": ("window.closed", "window.open"),
    "drawer_lock": ("drawer_lock.unlocked", "drawer_lock.locked"),
    "window_lock": ("window_lock.unlocked", "window_lock.locked"),
    "cube_in": ("cube_in.table", "cube_in.drawer"),
    "cube_place": (*(f"cube_place.{p}" for p in PLACES), "cube_in.drawer"),
    "activity": _ACTIVITIES,
}
"""Subject -> the statements that exclude each other. Activity is read but never a goal."""

STATE_SUBJECTS = tuple(s for s in SUBJECTS if s != "activity")

ACTION_TEXTS: dict[str, str] = {
    "press_left_button": "press the left button",
    "press_right_button": "press the right button",
    "open_drawer": "open the drawer",
    "close_drawer": "close the drawer",
    "open_window": "open the window",
    "close_window": "close the window",
    "put_cube_in_drawer": "put the cube in the drawer",
    "take_cube_out": "take the cube out of the drawer",
    **{f"place_{p}": f"put the cube at the {w} of the table" for p, w in PLACE_WORDS.items()},
    "wait": "wait",
}

FIXTURE_OUTCOMES = {
    "open_drawer": "drawer.open", "close_drawer": "drawer.closed",
    "open_window": "window.open", "close_window": "window.closed",
}
"""What somebody wants who says the action's sentence as a goal; presses change what they find."""

SPOT_ACTION = "place_at"
SPOT_TEXTS = {SPOT_ACTION: "put the cube at the marked spot"}
"""The action whose target is any position on the table, given with the action."""

SCENE = Semantics(
    name="scene-v0",
    statements=STATEMENTS,
    questions=QUESTIONS,
    subjects=SUBJECTS,
    actions={**ACTION_TEXTS, **SPOT_TEXTS},
    momentary=("activity",),
    compatible_pairs=tuple((f"cube_place.{p}", "cube_in.table") for p in PLACES),
    things={"cube": ("cube_place", "where exactly is the cube?")},
    outcomes={
        **FIXTURE_OUTCOMES,
        "put_cube_in_drawer": "cube_in.drawer", "take_cube_out": "cube_in.table",
        **{f"place_{p}": f"cube_place.{p}" for p in PLACES},
    },
)


def true_statements(labels: np.ndarray) -> np.ndarray:
    """Labels of generate.py (..., >= 6) -> statement index per subject (..., 7), -1 unknown."""
    labels = np.asarray(labels)
    two = [
        np.where(labels[..., i] == 1, INDEX[yes], INDEX[no])
        for i, (yes, no) in enumerate(
            (
                ("drawer.open", "drawer.closed"),
                ("window.open", "window.closed"),
                ("drawer_lock.locked", "drawer_lock.unlocked"),
                ("window_lock.locked", "window_lock.unlocked"),
            )
        )
    ]
    cube = labels[..., 4]
    in_drawer = cube == len(PLACES)
    where = np.where(in_drawer, INDEX["cube_in.drawer"], INDEX["cube_in.table"])
    places = np.array([INDEX[s] for s in SUBJECTS["cube_place"]])
    place = places[np.clip(cube, 0, len(PLACES))]
    unknown = cube < 0
    activity = np.where(
        labels[..., 5] >= len(ACTIONS), INDEX["activity.wait"],
        np.array([INDEX[a] for a in _ACTIVITIES])[np.clip(labels[..., 5], 0, len(ACTIONS) - 1)],
    )
    columns = [*two, where, np.where(unknown, -1, place), activity]
    return np.stack(columns, axis=-1)


def symbolic_goal(statement_ids: list[str]) -> dict[str, str]:
    """Statement ids -> symbolic goal, e.g. ['cube_in.table'] -> {'cube': 'table'}."""
    goal = {}
    for statement in statement_ids:
        subject, value = statement.split(".")
        goal["cube" if subject.startswith("cube") else subject] = value
    return goal
