"""The picture of a decision: what it shows, what it counts, what it refuses."""

import json

import numpy as np
import pytest
from PIL import Image

from test.nodes.fakes import ACTIONS, ToyModel, ToyStates
from test.planning.test_search import goal_of
from vljepa_ros.bench.spots import read_picture
from vljepa_ros.cli.decision_picture import BRANCHES, REASONS, draw, dropped, shown_nodes
from vljepa_ros.cli.explain import as_json, in_words
from vljepa_ros.planning.protocols import Action
from vljepa_ros.planning.search import SearchConfig, plan

CANDIDATES = [Action(name, text) for name, text in ACTIONS.items()]


@pytest.fixture(scope="module")
def found():
    model = ToyModel()
    more = [Action("wait", f"wait for {i} s") for i in range(9)]
    return plan(model, ToyStates([(0, 0, 0)]), goal_of(model, "cube.1", "drawer.0", "lock.0"),
                [*CANDIDATES, *more], model.vocabulary, SearchConfig(keep_tree=True))


def test_the_plan_is_shown_and_beside_it_a_few_others(found):
    tree = found.tree
    shown = shown_nodes(tree)
    chosen = [tree.nodes[i] for i in shown if tree.nodes[i].chosen]
    assert [n.action_id for n in chosen[1:]] == [s.action.id for s in found.steps]
    assert len(found.steps) == 5 and chosen[-1].fate == "met"
    for depth in range(1, 6):
        assert len([i for i in shown if tree.nodes[i].depth == depth]) <= BRANCHES + 1
    assert all(tree.nodes[i].parent in shown for i in shown[1:])


def test_what_was_dropped_is_told_with_the_reason_and_the_rest_counted(found):
    lines = dropped(found.tree, 0)
    assert len(lines) == REASONS and "fails (0.05)" in lines[0]
    assert "more (" in lines[-1] and "not expected to work" in lines[-1]
    fates = {node.fate for node in found.tree.nodes}
    assert {"root", "met", "fails"} <= fates


def test_the_picture_grows_with_the_plan(found, tmp_path):
    draw(found.tree, found, "goal: all of it", tmp_path / "long.png")
    model = ToyModel()
    short = plan(model, ToyStates([(1, 0, 0)]), goal_of(model, "drawer.1"), CANDIDATES,
                 model.vocabulary, SearchConfig(keep_tree=True))
    draw(short.tree, short, "goal: open", tmp_path / "short.png")
    long, brief = (Image.open(tmp_path / f"{name}.png") for name in ("long", "short"))
    assert long.width > 2 * brief.width and np.array(long).std() > 10


def test_the_scene_it_began_from_stands_under_the_first_state(found, tmp_path):
    scene = np.full((30, 40, 3), (255, 0, 255), np.uint8)
    draw(found.tree, found, "goal: all of it", tmp_path / "scene.png", scene)
    pixels = np.array(Image.open(tmp_path / "scene.png").convert("RGB"))
    rows, columns = np.nonzero((pixels == scene[0, 0]).all(axis=2))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert width / height == pytest.approx(40 / 30, rel=0.02) and rows.min() > 110
    assert len(rows) == height * width and columns.max() < pixels.shape[1] / 5


def test_a_goal_out_of_reach_has_a_picture_too(tmp_path):
    model = ToyModel()
    nothing = plan(model, ToyStates([(0, 0, 0)]), goal_of(model, "cube.1"), CANDIDATES[-1:],
                   model.vocabulary, SearchConfig(keep_tree=True))
    draw(nothing.tree, nothing, "goal: the cube is in the drawer", tmp_path / "none.png")
    assert (tmp_path / "none.png").stat().st_size > 1000
    assert "out of reach" in in_words(nothing, "x")


def test_the_decision_as_json(found):
    data = json.loads(json.dumps(as_json(found, "all of it")))
    assert [s["action"] for s in data["plan"]] == [s.action.id for s in found.steps]
    assert data["complete"] and len(data["tree"]) == len(found.tree.nodes)


def test_no_tree_is_kept_unless_asked():
    model = ToyModel()
    assert plan(model, ToyStates([(0, 0, 0)]), goal_of(model, "cube.1"), CANDIDATES,
                model.vocabulary, SearchConfig()).tree is None


def test_a_picture_that_is_none_is_named(tmp_path):
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"a\.png' cannot be read.*allowed: png, jpg"):
        read_picture(tmp_path / "a.png")
    with pytest.raises(ValueError, match="does not exist"):
        read_picture(tmp_path / "b.png")
