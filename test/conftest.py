"""What every test runs under: a ROS domain of its own, no network, no screen, logs in /tmp."""

import os
import tempfile

import pytest

from vljepa_ros.demo.domain import claim_domain
from vljepa_ros.nodes import middleware


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the process before any test module is imported."""
    domain, lock = claim_domain()
    config.add_cleanup(lock.close)
    os.environ["ROS_DOMAIN_ID"] = str(domain)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ.update(middleware.environment())
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("MUJOCO_GL", "egl")
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="vljepa_ros_log_"))
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Workers share the cores: with torch's default each would start a thread per core.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
