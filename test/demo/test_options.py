"""Arguments are checked before anything starts; a bad one is one line and status 2."""

import pytest

from vljepa_ros.cli.main import main
from vljepa_ros.demo.options import (
    DEFAULT_EXPECTED,
    DEFAULT_GOAL,
    WORKBENCH_EXPECTED,
    WORKBENCH_GOAL,
    OptionError,
    parse_start,
)
from vljepa_ros.sim import workbench_symbolic as workbench
from vljepa_ros.sim.symbolic import PLACES, goal_holds, plan_length


def test_default_start_needs_four_actions_through_a_lock():
    for seed in range(20):
        start = parse_start("", seed)
        assert start.drawer_lock == "locked" and start.cube in PLACES
        assert plan_length(start, DEFAULT_EXPECTED) == 4
        assert parse_start("cube=table", seed) == start


def test_start_takes_any_state():
    start = parse_start("drawer=open, drawer_lock=unlocked,window=open,cube=drawer", 0)
    assert goal_holds(start, {"drawer": "open", "window": "open", "cube": "drawer"})
    assert start.window_lock == "locked"


@pytest.mark.parametrize("text", ["door=open", "drawer", "drawer=ajar", "cube=elsewhere", "=", "x"])
def test_bad_starts(text):
    with pytest.raises(OptionError, match=r"^--start: .*; allowed: "):
        parse_start(text, 0)


def test_default_start_of_the_workbench_needs_four_actions_through_a_lock():
    for seed in range(20):
        start = parse_start("", seed, "workbench")
        assert workbench.plan_length(start, WORKBENCH_EXPECTED) == 4
        assert parse_start("", seed, "workbench") == start
        assert not workbench.has_held_out(start)
    assert len({parse_start("", seed, "workbench") for seed in range(20)}) > 10


def test_workbench_start_has_the_cubes_told_and_those_they_stand_on():
    start = parse_start("red_cube=on_white, drawer=open, yellow_cube=drawer", 1, "workbench")
    assert start.colours == ("red", "yellow", "white") and start.drawer == "open"
    assert (start.where("red"), start.where("yellow")) == ("on_white", "drawer")
    assert start.where("white") in workbench.PLACES
    assert parse_start("green_cube=table", 1, "workbench").colours == ("red", "green", "blue")


@pytest.mark.parametrize(
    "text",
    [
        "cube=drawer",
        "red_cube=on_red",
        "red_cube=on_blue,blue_cube=on_red",
        "red_cube=back_left,blue_cube=back_left",
        "red_cube=table,green_cube=table,blue_cube=table,white_cube=table",
    ],
)
def test_bad_workbench_starts(text):
    with pytest.raises(OptionError, match=r"^--start: [^\n]+$"):
        parse_start(text, 0, "workbench")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--goal", " "],
        ["--goal", "x" * 501],
        ["--seed", "one"],
        ["--seed", "-1"],
        ["--max-actions", "0"],
        ["--start", "drawer=half"],
        ["--out", "/proc/nothing"],
        ["--model", "/nowhere"],
        ["--start", "cube=drawer", "--env", "workbench"],
    ],
)
def test_a_bad_argument_is_one_line_and_status_2(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.yaml").touch()
    assert main(["demo", "--model", ".", "--out", "out", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"vljepa demo: {arguments[0]}: ") and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model.yaml"]


def test_the_default_goal_brings_its_own_truth(tmp_path):
    from vljepa_ros.demo import options

    (tmp_path / "model.yaml").touch()

    def expected(goal, env="scene-v0"):
        return options.check_options(
            goal=goal, start="", seed="0", out=str(tmp_path / "out"), max_actions="16",
            video=True, model=str(tmp_path), env=env,
        ).expected

    assert expected(f" {DEFAULT_GOAL}\n") == expected(None) == DEFAULT_EXPECTED
    assert expected("open the window") == expected(DEFAULT_GOAL, "workbench") == {}
    assert expected(WORKBENCH_GOAL, "workbench") == WORKBENCH_EXPECTED


def test_every_world_is_started_with_its_own(tmp_path):
    from vljepa_ros.demo.options import check_options
    from vljepa_ros.demo.session import Session
    from vljepa_ros.sim.environments import ENVIRONMENTS, SHIPPED, start_parameters

    for env in ENVIRONMENTS:
        options = check_options(
            goal=None, start="", seed="7", out=str(tmp_path), max_actions="16", video=False,
            model=None, env=env,
        )
        session = Session(options, None)
        given = {
            name: dict(word.split(":=", 1) for word in session._arguments(name) if ":=" in word)
            for name in ("sim_node", "semantic_state_node", "planner_node")
        }
        assert given["sim_node"].items() >= {"env": env, "seed": "7"}.items()
        assert set(given["sim_node"]) <= {"env", "seed", *start_parameters()}
        assert given["semantic_state_node"]["model"].endswith(f"models/{SHIPPED[env].model}")
        assert given["planner_node"]["actions_file"].endswith(SHIPPED[env].actions_file)
