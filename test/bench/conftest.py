"""The shipped model and its scene, for tests in closed loop."""

import pytest

from vljepa_ros.bench.environment import open_environment
from vljepa_ros.bench.worlds import DEFAULT_MODEL
from vljepa_ros.model.world_model import LatentWorldModel


@pytest.fixture(scope="module")
def world():
    return LatentWorldModel.load(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def place():
    return open_environment("scene-v0")
