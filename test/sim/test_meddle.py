"""A hand in the simulated world: one thing changes, the rest stays."""

import numpy as np
import pytest

from vljepa_ros.sim.meddle import changes, impose
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.symbolic import SymbolicState
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_symbolic import WorkbenchState

SCENE = SymbolicState("open", "closed", "unlocked", "locked", "drawer")
BENCH = WorkbenchState(
    "open", "closed", "unlocked", "locked",
    (("red", "drawer"), ("green", "on_blue"), ("blue", "front_right")),
)


@pytest.mark.parametrize("make, state", [(Scene, SCENE), (Workbench, BENCH)])
def test_every_change_comes_out_in_physics_and_leaves_the_robot_alone(make, state):
    scene = make()
    rng = np.random.default_rng(0)
    wanted = changes(state)
    assert state not in wanted and len(set(wanted)) == len(wanted) >= 9
    for change in wanted:
        scene.reset(state, seed=1)
        arm = scene.effector_pos
        assert impose(scene, change, rng) == change
        assert scene.truth() == change and not scene.moving()
        assert np.linalg.norm(scene.effector_pos - arm) < 0.02


def test_what_is_locked_stays_shut():
    state = SymbolicState("closed", "closed", "locked", "unlocked", "drawer")
    assert all(change.drawer == "closed" for change in changes(state))
    assert all(change.cube == "drawer" for change in changes(state))  # it lies behind the lock


def test_a_cube_under_another_is_not_pulled_out():
    assert all(change.where("blue") == "front_right" for change in changes(BENCH))
