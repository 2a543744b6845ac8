import numpy as np
import pytest

from vljepa_ros.sim.appearance import Appearance
from vljepa_ros.sim.layout import locate_cube
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.symbolic import (
    OFFICIAL_GOALS,
    PLACES,
    SymbolicState,
    all_states,
    goal_holds,
)


@pytest.fixture(scope="module")
def scene():
    return Scene(128, 128)


def test_every_state_can_be_set_and_is_read_back(scene):
    for seed, state in enumerate(all_states()):
        assert scene.reset(state, seed=seed) == state
        assert not scene.moving()
        assert scene.at_rest()


def test_a_random_reset_is_seeded(scene):
    first = scene.reset(seed=5, arm="random"), scene.truth_continuous()["cube"]
    scene.reset(seed=6)
    second = scene.reset(seed=5, arm="random"), scene.truth_continuous()["cube"]
    assert first[0] == second[0]
    np.testing.assert_array_equal(first[1], second[1])


def test_positions_can_be_given(scene):
    state = SymbolicState(drawer="open", cube="front_left")
    scene.reset(state, seed=1, cube_xy=(0.40, -0.05), drawer_pos=-0.14)
    np.testing.assert_allclose(scene.cube_pos, [0.40, -0.05, 0.02], atol=2e-3)
    assert scene.drawer_pos == pytest.approx(-0.14, abs=2e-3)


def test_a_cube_on_the_table_beside_the_drawer_is_not_in_it(scene):
    scene.reset(SymbolicState(drawer="open", cube="elsewhere"), seed=0, cube_xy=(0.46, -0.22))
    assert scene.truth().cube == "elsewhere"


@pytest.mark.parametrize("task_id", OFFICIAL_GOALS)
def test_official_tasks_start_at_rest_with_the_goal_not_met(scene, task_id):
    start = scene.reset_task(task_id, seed=3)
    assert scene.at_rest()
    assert not scene.task_success
    scene.set_goal(OFFICIAL_GOALS[task_id])
    assert not scene.goal_holds()
    assert not goal_holds(start, OFFICIAL_GOALS[task_id])


@pytest.mark.parametrize("task_id", OFFICIAL_GOALS)
def test_official_goals_say_what_ogbench_checks(scene, task_id):
    goal, said = scene.env.task_infos[task_id - 1]["goal"], OFFICIAL_GOALS[task_id]
    assert said["drawer"] == ("open" if goal["drawer_pos"] < -0.1 else "closed")
    assert said["window"] == ("open" if goal["window_pos"] > 0.1 else "closed")
    locks = tuple("unlocked" if state else "locked" for state in goal["button_states"])
    assert (said["drawer_lock"], said["window_lock"]) == locks
    assert said["cube"] == locate_cube(goal["block_xyzs"][0], goal["drawer_pos"])


def test_the_official_flag_can_be_met(scene):
    scene.reset_task(1, seed=0)
    scene.data.joint("drawer_slide").qpos[0] = -0.15
    scene.data.joint("window_slide").qpos[0] = 0.19
    assert scene.task_success


def test_the_picture_shows_the_state_and_the_appearance_is_undone(scene):
    scene.reset(SymbolicState(), seed=0)
    stock = scene.render()
    assert stock.shape == (128, 128, 3) and stock.dtype == np.uint8
    scene.appearance = Appearance.random(np.random.default_rng(0))
    assert np.abs(scene.render().astype(int) - stock).mean() > 2
    scene.appearance = Appearance()
    np.testing.assert_array_equal(scene.render(), stock)
    scene.reset(SymbolicState(drawer="open"), seed=0)
    assert np.abs(scene.render().astype(int) - stock).mean() > 1


def test_projection_puts_the_cube_on_its_red_pixels(scene):
    scene.reset(SymbolicState(cube="front_middle"), seed=0)
    x, y, z = scene.to_optical(scene.cube_pos)
    u, v, _ = scene.camera_intrinsics() @ [x / z, y / z, 1.0]
    red, green, blue = scene.render()[int(v), int(u)].astype(int)
    assert z > 0.5 and red > 2 * green and red > 2 * blue


def test_places_are_named_as_the_camera_sees_them(scene):
    def pixel(name):
        x, y, z = scene.to_optical(np.array([*PLACES[name], 0.02]))
        return x / z, y / z

    assert pixel("back_left")[0] < pixel("back_middle")[0] < pixel("back_right")[0]
    assert pixel("front_left")[1] > pixel("back_left")[1]


def test_wrong_arguments_are_refused(scene):
    with pytest.raises(ValueError, match="arm"):
        scene.reset(SymbolicState(), arm="up")
    with pytest.raises(ValueError, match="goal"):
        scene.set_goal({"door": "open"})
