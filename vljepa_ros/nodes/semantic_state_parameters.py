"""The parameters of semantic_state_node; config/planner.yaml lists them too."""

from __future__ import annotations

from .parameters import Parameters

EVERY_FRAME, PACED = "every_frame", "paced"


def declare_parameters(parameters: Parameters) -> None:
    """Declare them all, with descriptors."""
    declare = parameters.declare
    declare("model", "", "Name of a shipped model or folder of a checkpoint; empty: compact.")
    declare("device", "cpu", "Where the model runs: cpu, cuda or cuda:N.")
    declare("image_transport", "raw", "Type of the topic image.", choices=("raw", "compressed"))
    declare(
        "extrinsics_file",
        "",
        "YAML with the camera's pose; empty: config/scene.yaml of this package.",
    )
    declare(
        "silence_timeout",
        1.0,
        "Seconds without a frame after which the camera counts as silent.",
        between=(0.05, 3600.0),
    )
    declare(
        "outcomes_rate",
        1.0,
        "Most predicted_outcomes a second; 0 publishes none.",
        between=(0.0, 100.0),
    )
    declare(
        "pace",
        EVERY_FRAME,
        "Which frames are embedded: every_frame, or paced: all while something changes, one in "
        "0.4 s while nothing does, one a second while the picture stands still.",
        choices=(EVERY_FRAME, PACED),
    )
    declare("real_states", 64, "States of frames kept for requests.", between=(1, 100000))
    declare("imagined_states", 32768, "Imagined states kept for requests.", between=(1, 1000000))
