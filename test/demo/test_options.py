"""Arguments are checked before anything starts; a bad one is one line and status 2."""

import pytest

from vljepa_ros.cli.main import main
from vljepa_ros.demo.options import DEFAULT_EXPECTED, DEFAULT_GOAL, OptionError, parse_start
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

    def expected(goal):
        return options.check_options(
            goal=goal, start="", seed="0", out=str(tmp_path / "out"), max_actions="16",
            video=True, model=str(tmp_path),
        ).expected

    assert expected(f" {DEFAULT_GOAL}\n") == DEFAULT_EXPECTED
    assert expected("open the window") == {}
