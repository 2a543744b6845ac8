import numpy as np
import pytest

from vljepa_ros.sim.appearance import Appearance
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_layout import CUBE_RGBA, PLACE_XY, locate_cubes
from vljepa_ros.sim.workbench_symbolic import COLOURS, PLACES, WorkbenchState, random_state

TOWER = WorkbenchState(
    drawer="open", cubes=(("red", "on_blue"), ("green", "on_red"), ("blue", "back_left"))
)


@pytest.fixture(scope="module")
def bench():
    return Workbench(128, 128)


def test_random_states_can_be_set_stand_still_and_are_read_back(bench):
    rng = np.random.default_rng(0)
    for seed in range(150):
        state = random_state(rng, allow_held_out=True, elsewhere=0.1)
        assert bench.reset(state, seed=seed) == state
        assert bench.at_rest()
        before = bench.cube_positions()
        for _ in range(2):
            bench.step(np.zeros(5))
        assert np.abs(bench.cube_positions() - before).max() < 2e-3


def test_a_tower_still_stands_after_five_seconds(bench):
    bench.reset(TOWER, seed=1)
    for _ in range(100):
        bench.step(np.zeros(5))
    assert bench.truth() == TOWER and not bench.moving()


def test_a_reset_is_seeded(bench):
    first = bench.reset(seed=5, arm="random"), bench.cube_positions()
    bench.reset(seed=6)
    second = bench.reset(seed=5, arm="random"), bench.cube_positions()
    assert first[0] == second[0]
    np.testing.assert_array_equal(first[1], second[1])


def test_positions_can_be_given_and_a_stack_moves_with_its_base(bench):
    bench.reset(TOWER, seed=1, cube_xy={"blue": (0.31, -0.04)}, drawer_pos=-0.14)
    np.testing.assert_allclose(bench.cube_pos("blue"), [0.31, -0.04, 0.02], atol=2e-3)
    np.testing.assert_allclose(bench.cube_pos("green")[:2], [0.31, -0.04], atol=0.012)
    assert bench.drawer_pos == pytest.approx(-0.14, abs=2e-3)
    assert bench.truth() == TOWER


def test_every_colour_is_seen_where_it_is_and_tells_itself_from_the_others(bench):
    seen = {}
    for names in (("red", "green", "blue"), ("yellow", "purple", "white")):
        cubes = tuple(zip(names, ("front_left", "front_middle", "front_right"), strict=True))
        bench.reset(WorkbenchState(cubes=cubes), seed=0)
        picture = bench.render().astype(int)
        for name in names:
            x, y, z = bench.to_optical(bench.cube_pos(name))
            u, v, _ = bench.camera_intrinsics() @ [x / z, y / z, 1.0]
            seen[name] = picture[int(v), int(u)]
    for name, pixel in seen.items():
        others = [np.abs(pixel - seen[other]).max() for other in COLOURS if other != name]
        assert min(others) > 80
        assert int(np.argmax(pixel)) in np.flatnonzero(np.array(CUBE_RGBA[name][:3]) > 0.49)


def test_a_cube_in_the_shut_drawer_cannot_be_seen(bench):
    pictures = {}
    for drawer in ("closed", "open"):
        for hidden in ("red", "green"):
            cubes = ((hidden, "drawer"), ("blue", "back_middle"), ("white", "front_middle"))
            bench.reset(WorkbenchState(drawer=drawer, cubes=cubes), seed=3)
            pictures[drawer, hidden] = bench.render().astype(int)
    assert np.abs(pictures["closed", "red"] - pictures["closed", "green"]).max() == 0
    assert np.abs(pictures["open", "red"] - pictures["open", "green"]).max() > 80


def test_the_appearance_applies_and_is_undone(bench):
    bench.reset(WorkbenchState(), seed=0)
    stock = bench.render()
    assert stock.shape == (128, 128, 3) and stock.dtype == np.uint8
    bench.appearance = Appearance.random(np.random.default_rng(0))
    assert np.abs(bench.render().astype(int) - stock).mean() > 2
    bench.appearance = Appearance()
    np.testing.assert_array_equal(bench.render(), stock)


def test_places_are_named_as_the_camera_sees_them(bench):
    def pixel(name):
        x, y, z = bench.to_optical(np.array([*PLACE_XY[name], 0.02]))
        return x / z, y / z

    for row in ("back", "front"):
        columns = [pixel(f"{row}_{c}")[0] for c in ("left", "middle", "right")]
        assert columns == sorted(columns)
    assert all(pixel(f"front_{c}")[1] > pixel(f"back_{c}")[1] for c in ("left", "right"))


def test_locating_tells_stacks_drawer_and_accidents_apart():
    colours = ("red", "green", "blue")
    base = np.array([*PLACE_XY["front_left"], 0.02])
    on_top, leaning = base + [0.01, 0, 0.04], base + [0.03, 0, 0.045]

    def where(*positions):
        return [w for _, w in locate_cubes(colours, np.array(positions), -0.16)]

    tower = where(on_top + [0, 0, 0.04], base, on_top)
    assert tower == ["on_blue", "front_left", "on_green"]
    assert where(base, leaning, (0.33, -0.21, 0.066)) == ["front_left", "elsewhere", "drawer"]
    beside = where(base, base + [0.04, 0, 0], (0.5, -0.2, 0.02))
    assert beside == ["front_left", "elsewhere", "elsewhere"]
    assert len(set(PLACE_XY.values())) == len(PLACES)


def test_wrong_arguments_are_refused(bench):
    with pytest.raises(ValueError, match="arm"):
        bench.reset(TOWER, arm="up")
    with pytest.raises(ValueError, match="white"):
        bench.reset(TOWER, cube_xy={"white": (0.3, 0.0)})
    with pytest.raises(ValueError, match="goal"):
        bench.set_goal({"cube": "drawer"})
    bench.reset(TOWER)
    bench.set_goal({"red_cube": "on_blue", "drawer": "open"})
    assert bench.goal_holds() and not bench.goal_holds({"red_cube": "table"})
