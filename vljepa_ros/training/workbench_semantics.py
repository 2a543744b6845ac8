"""What can be said about the workbench: six colours, places, stacking, counting."""

from __future__ import annotations

from vljepa_ros.sim.symbolic import PLACES

from .scene_semantics import ACTION_TEXTS, FIXTURE_OUTCOMES, PLACE_WORDS
from .scene_semantics import QUESTIONS as SCENE_QUESTIONS
from .scene_semantics import STATEMENTS as SCENE_STATEMENTS
from .scene_semantics import SUBJECTS as SCENE_SUBJECTS
from .semantics import Semantics

COLOURS = ("red", "green", "blue", "yellow", "purple", "white")
FIXTURES = ("drawer", "window", "drawer_lock", "window_lock")
COUNTS = ("one", "two", "three")
HELD_OUT_PLACES = {
    "red": "front_left", "green": "back_middle", "blue": "back_right",
    "yellow": "front_middle", "purple": "back_left", "white": "front_right",
}
"""Colour -> the place where training never shows, asks for or mentions it."""

FIXTURE_ACTIONS = ("press_left_button", "press_right_button", "open_drawer", "close_drawer",
                   "open_window", "close_window", "wait")


def _cube_statements(c: str) -> dict[str, str]:
    return {
        **{f"{c}.{p}": f"the {c} cube is at the {w} of the table" for p, w in PLACE_WORDS.items()},
        f"{c}.drawer": f"the {c} cube is in the drawer",
        **{f"{c}.on_{d}": f"the {c} cube is on the {d} cube" for d in COLOURS if d != c},
        f"{c}.unseen": f"the {c} cube is not in sight",
        f"{c}.table": f"the {c} cube is on the table",
        f"{c}.stacked": f"the {c} cube is on another cube",
    }


STATEMENTS: dict[str, str] = {
    **{k: v for k, v in SCENE_STATEMENTS.items() if k.split(".")[0] in FIXTURES},
    **{k: v for c in COLOURS for k, v in _cube_statements(c).items()},
    "count.one": "there is one cube on the table",
    "count.two": "there are two cubes on the table",
    "count.three": "there are three cubes on the table",
}

SUBJECTS: dict[str, tuple[str, ...]] = {
    **{f: SCENE_SUBJECTS[f] for f in FIXTURES},
    **{
        subject: values
        for c in COLOURS
        for subject, values in (
            (f"{c}_place", (*(f"{c}.{p}" for p in PLACES), f"{c}.drawer",
                            *(f"{c}.on_{d}" for d in COLOURS if d != c), f"{c}.unseen")),
            (f"{c}_in", (f"{c}.table", f"{c}.drawer", f"{c}.stacked", f"{c}.unseen")),
        )
    },
    "count": tuple(f"count.{n}" for n in COUNTS),
}

QUESTIONS: dict[str, str] = {
    **{f: SCENE_QUESTIONS[f] for f in FIXTURES},
    **{
        subject: text
        for c in COLOURS
        for subject, text in (
            (f"{c}_place", f"where is the {c} cube?"),
            (f"{c}_in", f"is the {c} cube on the table, in the drawer or on another cube?"),
        )
    },
    "count": "how many cubes are on the table?",
}

ACTIONS: dict[str, str] = {
    **{a: ACTION_TEXTS[a] for a in FIXTURE_ACTIONS},
    **{
        f"place_{c}_{p}": f"put the {c} cube at the {w} of the table"
        for c in COLOURS for p, w in PLACE_WORDS.items()
    },
    **{f"drawer_{c}": f"put the {c} cube in the drawer" for c in COLOURS},
    **{
        f"stack_{c}_on_{d}": f"put the {c} cube on the {d} cube"
        for c in COLOURS for d in COLOURS if d != c
    },
    **{f"place_{c}_at": f"put the {c} cube at the marked spot" for c in COLOURS},
}
"""What the robot can do; `place_..._at` has its target given with the action."""

WORKBENCH = Semantics(
    name="workbench",
    statements=STATEMENTS,
    questions=QUESTIONS,
    subjects=SUBJECTS,
    actions=ACTIONS,
    compatible_pairs=tuple(
        pair
        for c in COLOURS
        for pair in (
            *((f"{c}.{p}", f"{c}.table") for p in PLACES),
            *((f"{c}.on_{d}", f"{c}.stacked") for d in COLOURS if d != c),
        )
    ),
    things={c: (f"{c}_place", f"where exactly is the {c} cube?") for c in COLOURS},
    outcomes={
        **FIXTURE_OUTCOMES,
        **{f"drawer_{c}": f"{c}.drawer" for c in COLOURS},
        **{f"place_{c}_{p}": f"{c}.{p}" for c in COLOURS for p in PLACES
           if HELD_OUT_PLACES[c] != p},
        **{f"stack_{c}_on_{d}": f"{c}.on_{d}" for c in COLOURS for d in COLOURS if d != c},
    },
    held_out=frozenset(f"{c}.{p}" for c, p in HELD_OUT_PLACES.items()),
    held_out_actions=frozenset(f"place_{c}_{p}" for c, p in HELD_OUT_PLACES.items()),
)
