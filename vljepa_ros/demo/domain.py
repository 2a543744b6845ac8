"""A ROS domain of the demo's own, so that it neither hears nor moves anybody else's robot."""

from __future__ import annotations

import fcntl
import socket
import tempfile
from pathlib import Path
from typing import IO

# 0 is where people's robots talk; above 101 the ports meet Linux' ephemeral ones.
DOMAINS = range(100, 0, -1)
_PORT_BASE, _PORTS_A_DOMAIN, _FIRST_PARTICIPANT = 7400, 250, 10  # DDSI-RTPS 9.6.2


def claim_domain() -> tuple[int, IO[str]]:
    """A domain that nothing on this machine uses, held as long as the returned file is open.

    The lock keeps other demos and test runs out (and goes with the process, also when that is
    killed); the port shows any other participant. Raises RuntimeError when all are taken.
    """
    for domain in DOMAINS:
        path = Path(tempfile.gettempdir(), f"vljepa_ros_domain_{domain}.lock")
        try:
            file = path.open("a")
        except PermissionError:  # another user's
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        if _unused(domain):
            return domain, file
        file.close()
    raise RuntimeError(
        f"ROS domains {DOMAINS[-1]} to {DOMAINS[0]} are all in use; name one with ROS_DOMAIN_ID"
    )


def _unused(domain: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", _PORT_BASE + _PORTS_A_DOMAIN * domain + _FIRST_PARTICIPANT))
        except OSError:
            return False
    return True
