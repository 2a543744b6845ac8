"""Held-out looks lie outside of what training draws from, and stay plausible."""

import numpy as np

from vljepa_ros.sim.appearance import Appearance


def drawn(kind, count=300):
    rng = np.random.default_rng(0)
    return [getattr(Appearance, kind)(rng) for _ in range(count)]


def cast(look):
    """How far apart the light's red and blue are."""
    return abs(look.diffuse_gain[0] - look.diffuse_gain[2])


def test_held_out_light_has_a_cast_that_training_light_never_has():
    assert max(map(cast, drawn("random"))) < min(map(cast, drawn("held_out")))


def test_held_out_floors_repeat_as_training_floors_never_do():
    trained = [look.floor_repeat for look in drawn("random")]
    for look in drawn("held_out"):
        assert not min(trained) <= look.floor_repeat <= max(trained)


def test_held_out_light_comes_from_where_training_light_never_does():
    trained = np.abs([look.light_offset[:2] for look in drawn("random")]).max()
    assert np.abs([look.light_offset[:2] for look in drawn("held_out")]).min() > trained


def test_held_out_looks_are_neither_dark_nor_blinding():
    for look in drawn("held_out"):
        assert 0.45 < min(look.diffuse_gain) and max(look.diffuse_gain) < 1.7
        assert np.abs(look.camera_shift).max() <= 0.01
