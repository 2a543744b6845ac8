"""bench hidden: what is drawn and refused, and its rows in the README."""

import json

import numpy as np
import pytest

from vljepa_ros.bench import hidden, tables
from vljepa_ros.bench.report import share
from vljepa_ros.bench.workbench_environment import WorkbenchEnvironment
from vljepa_ros.cli.main import main
from vljepa_ros.sim.workbench_symbolic import WorkbenchState, plan_length
from vljepa_ros.training.semantics import semantics


def test_a_world_where_nothing_is_out_of_sight_is_refused(capsys):
    with pytest.raises(ValueError, match="env = 'scene-v0'; allowed: workbench"):
        hidden.run(env="scene-v0")
    assert main(["bench", "hidden", "--env", "scene-v0"]) == 2
    assert "allowed: workbench" in capsys.readouterr().err


def test_the_cube_is_wanted_at_a_free_place_that_can_be_reached():
    place = WorkbenchEnvironment.__new__(WorkbenchEnvironment)  # no simulator
    place.semantics = semantics("workbench")
    state = WorkbenchState("closed", "open", "locked", "locked",
                           (("red", "drawer"), ("green", "back_left"), ("blue", "on_green")))
    found = hidden.Stowed("red", state, None, ())
    rng, wanted = np.random.default_rng(3), set()
    for _ in range(60):
        statement, goal = hidden._wanted(place, found, rng)
        assert goal == {"red_cube": statement.removeprefix("red.")}
        assert plan_length(state, goal) == 3  # unlock, open, place
        wanted.add(statement)
    assert len(wanted) == 5 and "red.back_left" not in wanted


def test_the_rows_tell_the_wiped_memory_apart(tmp_path):
    wiped = {"success_rate": 0.4, "remembered": share([False] * 4), "n": 4}
    data = {"model_id": "m-1", "env": "workbench", "success_rate": 0.75, "episodes": 4,
            "interval95": [0.3, 0.95], "remembered": share([True] * 4),
            "baselines": {"wiped": wiped, "random": {"success_rate": 0.0, "said_where": 0.08},
                          "oracle": {"success_rate": 1.0, "said_where": 1.0}}}
    (tmp_path / "hidden_workbench.json").write_text(json.dumps(data))
    lines = tables.table(tmp_path).splitlines()
    fetched, known = [line for line in lines if line.startswith(("| F", "| …"))]
    assert fetched.endswith("| **75.0 (30.0–95.0)** | – | 40.0 | – | 0.0 | 100.0 | 4 |")
    assert "**100.0 (51.0–100.0)** | – | 0.0 | – | 8.0 | 100.0 | 4 |" in known
