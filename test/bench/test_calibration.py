"""Figures of the benchmarks: AUC, intervals, reliability."""

import numpy as np
import pytest

from vljepa_ros.bench.calibration import auc, auc_interval, reliability


def test_auc_counts_pairs_and_halves_ties():
    assert auc([0.9, 0.8, 0.2, 0.1], [True, True, False, False]) == 1.0
    assert auc([0.1, 0.9], [True, False]) == 0.0
    assert auc([0.5, 0.5, 0.5], [True, False, False]) == 0.5
    assert auc([0.9, 0.3, 0.6], [True, True, False]) == 0.5
    assert auc([0.4], [True]) is None


def test_the_interval_holds_the_figure_and_narrows():
    few = auc_interval([0.9, 0.1] * 5, [True, False] * 5)
    many = auc_interval([0.9, 0.1] * 500, [True, False] * 500)
    assert few[0] < many[0] < 1.0 and few[1] == many[1] == 1.0
    assert auc_interval([0.4], [True]) == [0.0, 1.0]


def test_a_calibrated_forecast_has_little_error_and_a_boast_much():
    rng = np.random.default_rng(0)
    said = rng.random(20000)
    fair = reliability(said, rng.random(20000) < said)
    assert fair["expected_calibration_error"] < 0.02
    assert sum(row["n"] for row in fair["bins"]) == fair["n"] == 20000
    boast = reliability([0.99] * 100, [True, False] * 50)
    assert boast["expected_calibration_error"] == pytest.approx(0.49)
    assert boast["bins"] == [
        {"from": 0.9, "to": 1.0, "n": 100, "confidence": 0.99, "frequency": 0.5}
    ]


def test_full_confidence_falls_into_the_last_bin():
    assert reliability([1.0, 0.0], [True, False])["bins"][-1]["n"] == 1
