"""Goals from outside: read, or refused with one line."""

import numpy as np
import pytest
from PIL import Image

from vljepa_ros.bench.goals_file import read_goals
from vljepa_ros.sim.symbolic import PLACES


def write(tmp_path, text):
    path = tmp_path / "goals.yaml"
    path.write_text(text)
    return path


def test_both_kinds_of_goal_are_read(tmp_path):
    first, second = read_goals(write(tmp_path, """
- text: put the cube away in the drawer and shut it
  env: scene-v0
  task_id: 4
- text: shut the window
  start: {window: open, window_lock: unlocked, cube: table}
  goal: {window: closed}
"""))
    assert first.task_id == 4
    start = second.start_state(np.random.default_rng(0))
    assert start.window == "open" and start.cube_on_table


def test_a_workbench_goal_says_where_the_cubes_it_names_are(tmp_path):
    (goal,) = read_goals(write(tmp_path, """
- text: stack the red cube on the blue one
  env: workbench
  start: {red_cube: drawer, white_cube: table, drawer: open}
  goal: {red_cube: on_blue}
"""))
    assert goal.env == "workbench"
    for seed in range(20):
        start = goal.start_state(np.random.default_rng(seed))
        assert start.drawer == "open" and start.where("red") == "drawer"
        assert {start.where("white"), start.where("blue")} <= set(PLACES)


@pytest.mark.parametrize("text, message", [
    ("- {text: x, env: workbench, task_id: 4}", "task_id is for scene-v0"),
    ("- {text: x, env: workbench, goal: {cube: drawer}}", "goal key is 'cube'; allowed"),
    ("- {text: x, env: workbench, goal: {red_cube: on_red}}", "red_cube is 'on_red'; allowed"),
    ("- {text: x, env: workbench, start: {red_cube: back_left, blue_cube: back_left}, "
     "goal: {drawer: open}}", "start: two cubes are 'back_left'"),
    ("- {text: x, env: workbench, start: {red_cube: drawer, blue_cube: table}, "
     "goal: {white_cube: on_green}}", "allowed: 3 colours"),
    ("{", "is not YAML"), ("a: 1", "is not a list"), ("[]", "is not a list"), ("[3]", "mapping"),
    ("- {text: ''}", "text = ''"),
    ("- {text: x, env: moon}", "env = 'moon'; allowed: scene-v0, workbench"),
    ("- {text: x, task_id: 9}", "task_id = 9; allowed: 1..5"), ("- {text: x}", "needs task_id"),
    ("- {text: x, goal: {drawer: ajar}}", "goal drawer is 'ajar'; allowed"),
    ("- {text: x, goal: {lamp: 'on'}}", "goal key is 'lamp'; allowed"),
    ("- {text: x, colour: red}", "key 'colour' is unknown"),
    ("- {text: x, image: a.png}", "text and image; allowed: one of them"),
    ("- {image: a.png}", "image: picture .*a.png' does not exist"),
    ("- {image: 3}", "image = 3; allowed: a file name"),
    ("- {image: goals.yaml}", "goals.yaml' cannot be read .*; allowed: png, jpg"),
])
def test_what_cannot_be_used_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read_goals(write(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        read_goals(tmp_path / "none.yaml")


def test_a_picture_is_taken_from_beside_the_file(tmp_path):
    Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(tmp_path / "goal.png")
    (goal,) = read_goals(write(tmp_path, "- {image: goal.png, goal: {cube: back_left}}"))
    assert goal.image == tmp_path / "goal.png" and goal.text == "the picture goal.png"
    assert goal.goal == {"cube": "back_left"}
