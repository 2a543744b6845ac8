"""Pictures of the scene are told from pictures of anything else by how they look."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import yaml

from test.planning.table_world import TableModel
from vljepa_ros.planning.looks import DIRECTIONS, Looks, thumbnail
from vljepa_ros.planning.picture_goal import goal_of_picture


def scene(rng):
    """A table below a wall, a dark cabinet on the left, a small bright thing somewhere."""
    side = 64
    picture = np.full((side, side, 3), 60.0)
    picture[side // 2 :] = 150
    picture[side // 4 :, : side // 5] = 20
    row, column = rng.integers(side // 2, side - 6), rng.integers(side // 4, side - 6)
    picture[row : row + 5, column : column + 5] = (250, 30, 30)
    picture = picture * rng.uniform(0.6, 1.1) + rng.uniform(0, 20) + rng.normal(0, 3, picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def looks():
    rng = np.random.default_rng(0)
    return Looks.fit(np.stack([scene(rng) for _ in range(60)]),
                     np.stack([scene(rng) for _ in range(60)]))


@pytest.mark.parametrize("size", [(40, 40), (64, 64), (200, 150), (640, 480)])
def test_the_scene_is_known_in_any_light_and_size(looks, size):
    rng = np.random.default_rng(1)
    pictures = [cv2.resize(scene(rng), size, interpolation=cv2.INTER_LINEAR) for _ in range(20)]
    assert all(looks.left_over(picture) < looks.limit for picture in pictures)


@pytest.mark.parametrize("change", [
    lambda p: p[::-1], lambda p: p[:, ::-1], lambda p: p.transpose(1, 0, 2), lambda p: p[24:, 24:],
    lambda p: np.random.default_rng(5).permutation(p), lambda p: 255 - p,
])
def test_turned_cut_scrambled_and_negative_it_is_not(looks, change):
    rng = np.random.default_rng(2)
    assert all(looks.left_over(change(scene(rng))) > looks.limit for _ in range(10))


def test_written_and_read_again_it_judges_the_same(looks):
    again = Looks.from_dict(yaml.safe_load(yaml.safe_dump(looks.to_dict())))
    assert again.directions.shape == (DIRECTIONS, 64)
    picture = scene(np.random.default_rng(3))
    assert again.left_over(picture) == pytest.approx(looks.left_over(picture), abs=1e-2)


def test_bad_looks_are_named(looks):
    with pytest.raises(ValueError, match=r"mean \(3,\), directions \(12, 64\); allowed: \(64,\)"):
        replace(looks, mean=np.zeros(3))
    with pytest.raises(ValueError, match="limit = nan; allowed: above 0"):
        replace(looks, limit=float("nan"))


def test_a_thumbnail_of_any_picture_has_its_size():
    for shape in ((1, 1, 3), (3, 200, 3), (480, 640, 3)):
        assert thumbnail(np.zeros(shape, np.uint8)).shape == (64,)


def test_a_picture_that_does_not_look_like_the_scene_is_no_goal(looks):
    model = TableModel()
    model.vocabulary = replace(model.vocabulary, looks=looks)
    picture = scene(np.random.default_rng(4))
    assert goal_of_picture(model, model.vocabulary, picture).understood
    turned = goal_of_picture(model, model.vocabulary, picture[::-1].copy())
    assert not turned.understood and turned.parts == () and turned.confidence < 0.5
    assert "does not look like the scene" in turned.message and "\n" not in turned.message
