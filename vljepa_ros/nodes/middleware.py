"""The DDS profile of this package: without it, large best-effort images mostly get lost.

Fast DDS's shared-memory segment holds 512 KB; a 640 x 480 rgb8 image has 900 KB and goes out in
pieces that overwrite each other. ``config/fastdds.xml`` makes the segment 16 MB. It has to be set
on both sides, before rclpy is initialised: by the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .share import share

VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
VARIABLES = (VARIABLE, "FASTDDS_DEFAULT_PROFILES_FILE")  # and Fast DDS's newer name for it


def profile() -> Path:
    """The profile that this package ships."""
    return share("config/fastdds.xml")


def profile_in_force(environment: Mapping[str, str] = os.environ) -> str:
    """Path of the profile that a process with this environment loads; "" for none."""
    return next(filter(None, map(environment.get, VARIABLES)), "")


def environment(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What to add to an environment: our profile, unless the user has set one."""
    return {} if profile_in_force(given) else {VARIABLE: str(profile())}


def advice() -> str:
    """The one line for a camera that was started elsewhere."""
    return f"start the camera with {VARIABLE}={profile()}"
