"""Sums of hinge terms at many points at once are the sums one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdfast.objective.rays.hinge_terms import sums_of_hinge_terms

POINTS = {
    "even": np.linspace(-2, 3, 41),
    "one": np.array([0.5]),
    "many times the same": np.full(5, -0.25),
    "of every size, in no order": np.array([1e-6, -3.0, 1e4, 0.0, -1e-3, 2.0, 2.0]),
    "far away, close together": 1e3 + np.linspace(0, 1e-3, 17),
}


@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS.keys())
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 30), scale=st.sampled_from([1e-3, 1.0, 1e3]))
def test_all_at_once_are_one_by_one(points, seed, count, scale):
    rng = np.random.default_rng(seed)
    margins, rates, moves = rng.normal(size=(3, count))
    rates *= scale * rng.integers(0, 2, count)
    rows = np.array([-1.0, 0.0, 0.7])
    plane = np.maximum(0, margins + rows[:, None, None] * moves + points[None, :, None] * rates).sum(axis=2)
    size = (np.abs(margins) + np.abs(moves) + np.abs(points[:, None] * rates)).sum(axis=1)
    assert np.all(np.abs(sums_of_hinge_terms(margins, rates, points, moves, rows) - plane) <= 1e-14 * size)
    line = np.maximum(0, margins + points[:, None] * rates).sum(axis=1)
    found = sums_of_hinge_terms(margins, rates, points)
    assert found.shape == (1, points.size)
    assert np.all(np.abs(found[0] - line) <= 1e-14 * size)


def test_many_terms_lose_no_digits():
    rng = np.random.default_rng(0)
    margins, rates = rng.normal(size=(2, 100_000))
    points = np.linspace(-1, 1, 33)
    exact = np.maximum(0, margins + points[:, None] * rates).sum(axis=1)
    np.testing.assert_allclose(sums_of_hinge_terms(margins, rates, points)[0], exact, rtol=1e-13)


def test_no_ramp_that_has_begun_is_exactly_nothing():
    assert not sums_of_hinge_terms(np.array([-1.0, -2.0]), np.array([1.0, -1.0]), np.linspace(-1.5, 0.5, 40)).any()


def test_terms_that_hardly_move_stand_still():
    found = sums_of_hinge_terms(np.array([2.0, 0.0, -1.0]), np.array([1e-320, -1e-320, 0.0]), np.linspace(-1, 1, 40))
    np.testing.assert_array_equal(found, np.full((1, 40), 2.0))
