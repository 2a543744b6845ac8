import numpy as np
import pytest

from vljepa_ros.bench import skills as bench
from vljepa_ros.sim.scene import Scene
from vljepa_ros.sim.skills import Outcome, SkillRunner
from vljepa_ros.sim.symbolic import ACTIONS, PLACES, SymbolicState, apply, works

IN_SHUT_DRAWER = SymbolicState(cube="drawer")
LOCKED = SymbolicState("closed", "closed", "locked", "locked", "back_left")


@pytest.fixture(scope="module")
def scene():
    return Scene(64, 64)


@pytest.fixture(scope="module")
def runner(scene):
    return SkillRunner(scene)


def start_for(action):
    start = SymbolicState(cube="back_left")
    if action.startswith("close"):
        start = SymbolicState(drawer="open", window="open")
    elif action == "take_cube_out":
        start = SymbolicState(drawer="open", cube="drawer")
    elif action == "put_cube_in_drawer":
        start = SymbolicState(drawer="open", cube="front_right")
    elif action == "place_back_left":
        start = SymbolicState(cube="front_middle")
    return start


@pytest.mark.parametrize("action", [a for a in ACTIONS if a != "wait"])
def test_every_skill_has_exactly_its_effect(scene, runner, action):
    start = start_for(action)
    assert works(start, action)
    scene.reset(start, seed=4)
    result = runner.run(action)
    assert result.result is Outcome.SUCCEEDED, result.message
    assert scene.truth() == apply(start, action)
    assert scene.at_rest() and not scene.moving()
    assert 20 <= result.steps <= 130


@pytest.mark.parametrize("action", ["open_drawer", "open_window"])
def test_what_is_locked_is_pulled_and_stays_shut(scene, runner, action):
    scene.reset(LOCKED, seed=1)
    result = runner.run(action)
    assert result.result is Outcome.NO_EFFECT and "locked" in result.message
    assert result.steps > 30  # it really went there and tried
    assert scene.truth() == LOCKED
    assert scene.drawer_pos > -0.015 and scene.window_pos < 0.015


@pytest.mark.parametrize(
    ("action", "state", "expected"),
    [
        ("put_cube_in_drawer", LOCKED, Outcome.PRECONDITION),
        ("take_cube_out", IN_SHUT_DRAWER, Outcome.PRECONDITION),
        ("take_cube_out", SymbolicState(drawer="open"), Outcome.PRECONDITION),
        ("place_front_left", IN_SHUT_DRAWER, Outcome.PRECONDITION),
        ("place_back_left", LOCKED, Outcome.NO_EFFECT),
        ("open_drawer", SymbolicState(drawer="open"), Outcome.NO_EFFECT),
        ("close_window", LOCKED, Outcome.NO_EFFECT),
    ],
)
def test_refusals_are_honest_and_touch_nothing(scene, runner, action, state, expected):
    scene.reset(state, seed=2)
    cube = scene.cube_pos
    assert runner.run(action).result is expected
    assert scene.truth() == state
    np.testing.assert_allclose(scene.cube_pos, cube, atol=2e-3)
    assert scene.at_rest()


def test_the_cube_survives_the_drawer_being_shut_and_opened(scene, runner):
    scene.reset(SymbolicState(drawer="open", cube="back_middle"), seed=3)
    for action in ("put_cube_in_drawer", "close_drawer"):
        assert runner.run(action).result is Outcome.SUCCEEDED
    # where OGBench's tasks 4 and 5 want it
    assert np.linalg.norm(scene.cube_pos - [0.33, -0.356, 0.066]) < 0.03
    for action in ("open_drawer", "take_cube_out"):
        assert runner.run(action).result is Outcome.SUCCEEDED
    assert scene.truth() == SymbolicState(drawer="open", cube="front_middle")


@pytest.mark.parametrize("stop_at", [1, 15, 32, 45, 60])
def test_a_stopped_skill_leaves_the_cube_where_it_can_be_fetched(scene, runner, stop_at):
    scene.reset(SymbolicState(drawer="open", cube="drawer"), seed=5)
    calls = iter(range(1000))
    result = runner.run("take_cube_out", should_stop=lambda: next(calls) >= stop_at)
    assert result.result is Outcome.PREEMPTED
    assert scene.at_rest()
    state = scene.truth()
    assert state.cube in (*PLACES, "drawer")
    assert runner.run("place_back_right").result is Outcome.SUCCEEDED


def test_a_timeout_is_reported_and_returns_to_rest(scene, runner):
    scene.reset(SymbolicState(), seed=6)
    result = runner.run("open_drawer", timeout_steps=10)
    assert result.result is Outcome.TIMEOUT and "10 steps" in result.message
    assert scene.at_rest()


def test_a_cube_elsewhere_on_the_table_can_be_fetched(scene, runner):
    scene.reset(SymbolicState(cube="elsewhere"), seed=7)
    assert runner.run("place_front_middle").result is Outcome.SUCCEEDED
    assert scene.truth().cube == "front_middle"


def test_a_target_replaces_the_place_and_is_checked(scene, runner):
    scene.reset(SymbolicState(cube="back_left"), seed=8)
    assert runner.run("place_front_right", target_xy=(0.4, 0.15)).result is Outcome.SUCCEEDED
    np.testing.assert_allclose(scene.cube_pos[:2], [0.4, 0.15], atol=0.015)
    with pytest.raises(ValueError, match="target_xy"):
        runner.run("place_front_right", target_xy=(1.0, 0.0))
    with pytest.raises(ValueError, match="jump"):
        runner.run("jump")


def test_every_step_is_reported(scene, runner):
    scene.reset(SymbolicState(), seed=9)
    phases, steps = [], []
    result = runner.run(
        "press_left_button", on_step=lambda phase, step: (phases.append(phase), steps.append(step))
    )
    assert steps == list(range(1, result.steps + 1))
    assert {"press", "return"} <= set(phases)


def test_a_spot_in_metres_is_hit_also_from_the_open_drawer(scene, runner):
    for start in (SymbolicState(cube="back_left"), SymbolicState(drawer="open", cube="drawer")):
        scene.reset(start, seed=5)
        result = runner.run("place_at", target_xy=(0.37, 0.1))
        assert result.result is Outcome.SUCCEEDED, result.message
        assert np.linalg.norm(scene.cube_pos[:2] - (0.37, 0.1)) < 0.02
    again = runner.run("place_at", target_xy=tuple(scene.cube_pos[:2]))
    assert again.result is Outcome.NO_EFFECT
    moved = runner.run("place_at", target_xy=(0.37, 0.08))
    assert moved.result is Outcome.SUCCEEDED
    assert np.linalg.norm(scene.cube_pos[:2] - (0.37, 0.08)) < 0.02


def test_a_spot_is_refused_with_the_cube_shut_in_and_needs_a_target(scene, runner):
    scene.reset(IN_SHUT_DRAWER, seed=5)
    assert runner.run("place_at", target_xy=(0.37, 0.1)).result is Outcome.PRECONDITION
    with pytest.raises(ValueError, match="target_xy: none; allowed"):
        runner.run("place_at")


def test_the_benchmark_counts_and_is_seeded():
    def run():
        result = bench.run(3, 2, actions=["press_left_button", "wait"], chains=1, task_episodes=0)
        result.pop("seconds")
        result["skills"]["press_left_button"].pop("cpu_s_mean")
        return result

    first = run()
    assert first["skills"]["press_left_button"]["successes"] == 2
    assert first["illegal"]["wait"]["honest"] == 1.0
    assert first["chains"]["actions"] == 8
    assert first == run()


def test_the_interval_is_wilsons():
    assert bench.wilson(50, 50) == pytest.approx([0.9287, 1.0], abs=1e-4)
    assert bench.wilson(0, 0) == [0.0, 1.0]
