"""What every test runs under: a ROS domain of its own, no network, no screen, logs in /tmp."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

import pytest

# 0 is where people's robots talk; above 101 the ports meet Linux' ephemeral ones.
DOMAINS = range(1, 101)


def claim_domain() -> tuple[int, IO[str]]:
    """Take a ROS domain that no other test process of this machine has.

    Two workers, or two runs at once, would otherwise hear each other's nodes. It is held as long
    as the file returned is open: the lock goes with the process, also when that is killed.
    """
    for domain in DOMAINS:
        path = Path(tempfile.gettempdir()) / f"vljepa_ros_domain_{domain}.lock"
        try:
            file = path.open("a")
        except PermissionError:  # another user's
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        return domain, file
    raise RuntimeError(f"all ROS domains from {DOMAINS[0]} to {DOMAINS[-1]} are taken by test runs")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the process before any test module is imported."""
    domain, lock = claim_domain()
    config.add_cleanup(lock.close)
    os.environ["ROS_DOMAIN_ID"] = str(domain)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("MUJOCO_GL", "egl")
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="vljepa_ros_log_"))
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Workers share the cores: with torch's default each would start a thread per core.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
