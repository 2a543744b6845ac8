"""The parameters of planner_node; config/planner.yaml lists them too."""

from __future__ import annotations

from .parameters import Parameters


def declare_parameters(parameters: Parameters) -> None:
    """Declare them all, with descriptors."""
    declare = parameters.declare
    declare("actions_file", "", "YAML list of candidate actions; empty: config/actions.yaml.")
    declare("extrinsics_file", "", "YAML with the camera's pose; empty: config/scene.yaml.")
    declare("depth", 8, "Actions the search looks ahead.", between=(1, 16))
    declare("beam", 24, "Imagined states kept at each depth.", between=(1, 512))
    declare("step_cost", 0.02, "Cost of a step, in goal distance.", between=(0.0, 1.0))
    declare(
        "budget_ms",
        20000.0,
        "Milliseconds after which a search ends with the best plan so far; 0: it looks at all.",
        between=(0.0, 600000.0),
    )
    declare("ranking_rate", 5.0, "Most ranked_actions a second.", between=(0.01, 100.0))
    declare(
        "max_plan_age",
        10.0,
        "Seconds after which a plan is made anew although nothing changed.",
        between=(0.1, 86400.0),
    )
    declare(
        "stale_after",
        1.5,
        "Seconds without a semantic_state, or with the camera covered, until the status is STALE.",
        between=(0.05, 3600.0),
    )
    declare("max_actions", 16, "Actions a pursuit executes at most.", between=(1, 1000))
    declare("time_budget", 600.0, "Seconds a pursuit may take.", between=(0.1, 86400.0))
    declare(
        "camera_patience",
        30.0,
        "Seconds a pursuit waits for a silent camera.",
        between=(0.1, 3600.0),
    )
    declare("rest_frames", 3, "States in a row that must read the same.", between=(1, 100))
    declare(
        "rest_tolerance",
        0.1,
        "Largest cosine distance between two states at rest.",
        between=(0.0, 2.0),
    )
    declare(
        "rest_timeout",
        3.0,
        "Seconds after which a scene still moving is taken as it is.",
        between=(0.0, 600.0),
    )
    declare(
        "cover_patience",
        120.0,
        "Seconds a pursuit waits for a covered camera.",
        between=(0.1, 86400.0),
    )
    declare(
        "blind_actions",
        0,
        "Actions a pursuit may do on memory alone while the camera is covered; 0: it waits.",
        between=(0, 100),
    )
