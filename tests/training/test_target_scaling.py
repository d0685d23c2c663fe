"""Target scaling: location and spread move with y, and outliers do not move the robust ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdfast as gd
from gdfast.training.settings import Settings
from gdfast.training.target_scaling import in_type, location_and_scale, weighted_median

SQUARED, HUBER = Settings(gd.SquaredError()), Settings(gd.Huber(0.5))


@pytest.mark.parametrize("settings", [SQUARED, HUBER], ids=lambda settings: str(settings.loss))
@given(st.integers(2, 30), st.floats(-8, 8), st.floats(-5, 5), st.integers(0, 1000), st.booleans())
def test_they_move_with_the_unit_and_the_origin_of_y(settings, n, power, shift, seed, weighted):
    rng = np.random.default_rng(seed)
    y, unit = rng.normal(size=n), 10.0**power
    weights = rng.integers(1, 4, n).astype(float) if weighted else None
    offset, scale = location_and_scale(y, weights, settings)
    moved_offset, moved_scale = location_and_scale((y + shift) * unit, weights, settings)
    assert moved_offset == pytest.approx((offset + shift) * unit, rel=1e-9, abs=1e-9 * unit)
    assert moved_scale == pytest.approx(scale * unit, rel=1e-6)


def test_weights_count_rows():
    rng = np.random.default_rng(0)
    y, counts = rng.normal(size=21), rng.integers(0, 4, 21)
    for settings in (SQUARED, HUBER):
        weighted = np.array(location_and_scale(y, counts.astype(float), settings))
        assert weighted == pytest.approx(np.array(location_and_scale(np.repeat(y, counts), None, settings)))
    assert weighted_median(y, counts.astype(float)) == np.sort(np.repeat(y, counts))[(counts.sum() - 1) // 2]


def test_outliers_move_the_mean_and_not_the_median():
    y = np.linspace(0, 1, 101)
    spoilt = np.where(y > 0.95, 1e6, y)
    robust = np.array(location_and_scale(spoilt, None, HUBER))
    assert robust == pytest.approx(np.array(location_and_scale(y, None, HUBER)), rel=0.1)
    assert location_and_scale(spoilt, None, SQUARED)[0] > 1e4


@pytest.mark.parametrize("y", [np.zeros(5), np.full(5, 3.0), np.array([1e300, 1e300]), np.array([7.0])])
@pytest.mark.parametrize("settings", [SQUARED, HUBER], ids=lambda settings: str(settings.loss))
def test_equal_targets_have_a_scale_that_can_be_divided_by(y, settings):
    offset, scale = location_and_scale(y, None, settings)
    assert offset == pytest.approx(y[:1])
    assert 0 < scale[0] < np.inf


def test_several_outputs_are_scaled_each_by_itself():
    y = np.random.default_rng(0).normal(size=(30, 3)) * [1.0, 1e3, 1e-3] + [0.0, 5.0, -1.0]
    for settings in (SQUARED, HUBER):
        offset, unit = location_and_scale(y, None, settings)
        for j in range(3):
            assert (offset[j], unit[j]) == location_and_scale(y[:, j], None, settings)
    lasso = Settings(gd.SquaredError(), l1_ratio=1.0)  # whose penalty is one number
    assert len(set(location_and_scale(y, None, lasso)[1])) == 1


def test_numbers_beyond_float32_become_float64():
    assert in_type(np.array([1.0]), np.float32, 0.0, 1.0).dtype == np.float32
    for values, offset in ((np.array([1e38]), 0.0), (np.array([1e-31]), 0.0), (np.array([1.0]), 1e4)):
        assert in_type(values, np.float32, offset, 1.0).dtype == np.float64
