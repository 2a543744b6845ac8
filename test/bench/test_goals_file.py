"""Goals from outside: read, or refused with one line."""

import numpy as np
import pytest

from vljepa_ros.bench.goals_file import read_goals


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


@pytest.mark.parametrize("text, message", [
    ("{", "is not YAML"), ("a: 1", "is not a list"), ("[]", "is not a list"), ("[3]", "mapping"),
    ("- {text: ''}", "text = ''"), ("- {text: x, env: moon}", "env = 'moon'; allowed: scene-v0"),
    ("- {text: x, task_id: 9}", "task_id = 9; allowed: 1..5"), ("- {text: x}", "needs task_id"),
    ("- {text: x, goal: {drawer: ajar}}", "goal drawer is 'ajar'; allowed"),
    ("- {text: x, goal: {lamp: 'on'}}", "goal key is 'lamp'; allowed"),
    ("- {text: x, colour: red}", "key 'colour' is unknown"),
    ("- {text: x, image: a.png}", "picture goals are not available yet"),
])
def test_what_cannot_be_used_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read_goals(write(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        read_goals(tmp_path / "none.yaml")
