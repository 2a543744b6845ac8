"""Covered, dark and noisy pictures are told from pictures of something."""

import numpy as np
import pytest

from test.nodes.fakes import picture
from vljepa_ros.bench.disturbance import PICTURES, covered_picture
from vljepa_ros.planning.sight import CONTRAST_FLOOR, contrast


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("size", [(128, 128), (480, 640)])
def test_a_covered_picture_has_no_contrast(kind, size):
    covered = covered_picture(kind, size, np.random.default_rng(0))
    assert covered.shape == (*size, 3) and covered.dtype == np.uint8
    assert contrast(covered) < CONTRAST_FLOOR / 2


def test_a_picture_of_something_has_contrast():
    assert contrast(picture((1, 0, 1))) > 2 * CONTRAST_FLOOR


def test_colour_alone_is_contrast():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :32, 0], pixels[:, 32:, 2] = 120, 120
    assert contrast(pixels) == pytest.approx(60 / 255, abs=0.01)


def test_a_picture_smaller_than_the_grid_is_measured():
    assert contrast(np.full((3, 5, 3), 7, np.uint8)) == 0.0
