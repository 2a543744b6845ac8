"""config/actions_workbench.yaml lists what the workbench's robot can do, aimed where it does it."""

from pathlib import Path

import pytest

from vljepa_ros.planning.candidates import load_candidates, load_frames
from vljepa_ros.sim import environments
from vljepa_ros.sim.workbench_layout import PLACE_XY
from vljepa_ros.sim.workbench_symbolic import ACTIONS, COLOURS, PLACES, move_of

FILE = Path(__file__).resolve().parents[2] / "config" / "actions_workbench.yaml"


@pytest.fixture(scope="module")
def candidates():
    return load_candidates(FILE, load_frames(FILE.with_name("scene.yaml"))).candidates


def test_every_action_is_listed_once_and_carried_out_by_its_own_skill(candidates):
    actions = environments.actions("workbench")
    assert [candidate.id for candidate in candidates] == list(actions)
    assert all(candidate.skill == candidate.id for candidate in candidates)
    assert len({candidate.text for candidate in candidates}) == len(actions)


def test_targets_are_where_the_skills_go(candidates):
    for candidate in (c for c in candidates if c.id in ACTIONS):
        move = move_of(candidate.id)
        if move is not None and move.to in PLACES:
            assert candidate.target.position[:2] == PLACE_XY[move.to]
            assert move.to.replace("_", " ") in candidate.text and move.colour in candidate.text
        elif move is not None and move.to.startswith("on_"):
            assert candidate.target is None
            assert candidate.text == f"put the {move.colour} cube on the {move.to[3:]} cube"


def test_every_cube_has_a_template_for_a_spot_in_metres(candidates):
    templates = [c for c in candidates if "box_min" in c.parameters]
    assert [c.id for c in templates] == [f"place_{colour}_at" for colour in COLOURS]
    assert [c.parameters["thing"] for c in templates] == list(COLOURS)
