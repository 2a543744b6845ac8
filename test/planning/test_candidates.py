"""Candidate lists: read, checked as a whole, and seen from the camera."""

from __future__ import annotations

import numpy as np
import pytest

from vljepa_ros.planning.candidates import (
    Candidate,
    CandidateError,
    Frames,
    Pose,
    check_candidates,
    load_candidates,
    load_frames,
)

SCENE = """
optical_frame: eye
frames:
  # A camera one metre in front of the world's origin, half a metre up, looking back at it.
  world: {position: [1.0, 0.0, 0.5], orientation: [-0.5, -0.5, 0.5, 0.5]}
"""


@pytest.fixture
def frames(tmp_path):
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE)
    return load_frames(path)


@pytest.fixture
def actions_file(tmp_path):
    def write(text):
        path = tmp_path / "actions.yaml"
        path.write_text(text)
        return path

    return write


def test_targets_are_seen_from_the_optical_frame(frames):
    """REP-103: z forward, x right, y down."""
    at = {
        "origin": (0.0, 0.0, 0.5),
        "nearer": (0.5, 0.0, 0.5),
        "higher": (0.0, 0.0, 0.7),
        "right": (0.0, 0.2, 0.5),  # of a camera that looks along -x
    }
    listed = [Candidate(k, k, target=Pose("world", xyz)) for k, xyz in at.items()]
    targets = {a.id: a.target for a in check_candidates(listed, frames).actions}
    np.testing.assert_allclose(targets["origin"], (0, 0, 1), atol=1e-9)
    np.testing.assert_allclose(targets["nearer"], (0, 0, 0.5), atol=1e-9)
    np.testing.assert_allclose(targets["higher"], (0, -0.2, 1), atol=1e-9)
    np.testing.assert_allclose(targets["right"], (0.2, 0, 1), atol=1e-9)


def test_targets_in_the_optical_frame_stay_as_they_are(frames):
    listed = [Candidate("a", "a", target=Pose("eye", (0.1, 0.2, 0.3)))]
    assert check_candidates(listed, frames).actions[0].target == (0.1, 0.2, 0.3)


def test_a_file_is_read_with_defaults(frames, actions_file):
    path = actions_file("""
frame_id: world
actions:
  - id: go
    text: go to the door
    skill: navigate
    parameters: {speed: 0.5, door: left}
    target: {position: [0, 0, 0.5]}
    cost: 1
    timeout: 20
  - {id: wait, text: wait}
""")
    found = load_candidates(path, frames)
    go, wait = found.actions
    assert go.parameters == {"speed": "0.5", "door": "left"} and go.cost == 1.0
    assert go.target == pytest.approx((0, 0, 1)) and wait.target is None
    assert found.set_id == load_candidates(path, frames).set_id
    assert found.set_id != check_candidates(found.candidates[:1], frames).set_id


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("actions: {", "not YAML"),
        ("- a\n- b", "a list; allowed: a mapping"),
        ("actions: 3", "actions: a int; allowed: a list"),
        ("actions: []", "actions: 0 of them; allowed: 1 to 128"),
        ("actions: [5]", "actions[0]: a int; allowed: a mapping"),
        ("acts: []", "key 'acts'; allowed: actions, frame_id"),
        ("actions: [{id: a, text: x, speed: 1}]", "actions[0]: key 'speed'; allowed: cost, id"),
        ("actions: [{id: a}]", "actions[0] (a).text: ''; allowed: 1 to 256 characters"),
        ("actions: [{text: x}]", "actions[0].id: ''; allowed: 1 to 64 characters"),
        ("actions: [{id: a, text: x, cost: -1}]", "cost: -1.0; allowed: 0 to 10"),
        ("actions: [{id: a, text: x, cost: .nan}]", "cost: nan; allowed: 0 to 10"),
        ("actions: [{id: a, text: x, cost: dear}]", "cost: 'dear'; allowed: a number"),
        ("actions: [{id: a, text: x, timeout: .inf}]", "timeout: inf; allowed: 0 to 3600"),
        ("actions: [{id: a, text: x, parameters: [1]}]", "parameters: a list; allowed: a mapping"),
        ("actions: [{id: a, text: x, parameters: {k: [1]}}]", "parameters.k: a list"),
        ("actions: [{id: a, text: x, target: {position: [1, 2]}}]", "allowed: 3 numbers"),
        (
            "actions: [{id: a, text: x, target: {position: [1, 2, 3], frame_id: moon}}]",
            "target.frame_id: 'moon'; allowed: eye, world",
        ),
        (
            "frame_id: world\nactions: [{id: a, text: x, target: "
            "{position: [1, 2, 3], orientation: [0, 0, 0, 0]}}]",
            "of length 0; allowed: a unit quaternion",
        ),
    ],
)
def test_bad_files_are_refused_in_one_line(frames, actions_file, text, complaint):
    path = actions_file(text)
    with pytest.raises(CandidateError) as caught:
        load_candidates(path, frames)
    message = str(caught.value)
    assert complaint in message and str(path) in message and "\n" not in message


def test_a_missing_file_is_named():
    with pytest.raises(CandidateError, match=r"/nowhere\.yaml: cannot be read"):
        load_candidates("/nowhere.yaml", Frames("eye", {}))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("frames: {}", "optical_frame: None; allowed: a frame's name"),
        ("optical_frame: eye\nframes: {w: {position: [0, 0]}}", "frames.w.position"),
        ("optical_frame: eye\nframes: {w: {position: [0, .nan, 0]}}", "position.y: nan"),
    ],
)
def test_bad_extrinsics_are_refused_in_one_line(tmp_path, text, complaint):
    path = tmp_path / "scene.yaml"
    path.write_text(text)
    with pytest.raises(CandidateError) as caught:
        load_frames(path)
    assert complaint in str(caught.value) and "\n" not in str(caught.value)
