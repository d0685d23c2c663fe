"""The slope along a direction: u . gradient, whatever the length that is given."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdfast.differences import directional_derivative
from worked_example import POINT, worked, worked_gradient


@pytest.mark.parametrize("length", [1.0, 5.0, 1e-200, 1e200])
def test_lecture_20_directional_derivative_is_u_dot_gradient_and_normalises(length):
    u = np.array([2.0, -1.0, 2.0]) / 3
    found = directional_derivative(worked, POINT, length * u)
    assert found == pytest.approx(u @ worked_gradient(POINT), rel=1e-8)


def test_lecture_20_integer_directions_and_matrices():
    x = np.ones((2, 2))
    found = directional_derivative(lambda x: float((x**2).sum()), x, [[3, 0], [0, 4]])
    assert isinstance(found, float)
    assert found == pytest.approx(2 * 7 / 5, rel=1e-9)


@pytest.mark.parametrize(
    ("direction", "error", "match"),
    [
        ([0.0, 0.0, 0.0], ValueError, "must not be zero"),
        ([1.0, 0.0], ValueError, r"x's shape \(3,\)"),
        ([1.0, math.nan, 0.0], ValueError, "finite"),
        ([1j, 0, 0], TypeError, "real numbers"),
        (["a", "b", "c"], TypeError, "real numbers"),
        (None, TypeError, "real numbers"),
        (np.ma.masked_array([1.0, 2.0, 0.0], [False, True, False]), TypeError, "direction must be a plain array"),
        ([[1.0], [2.0, 3.0], 4.0], ValueError, "direction must be an array"),
    ],
)
def test_directions_are_checked(direction, error, match):
    with pytest.raises(error, match=match):
        directional_derivative(worked, POINT, direction)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_lecture_20_the_slope_is_u_dot_gradient(size, seed):
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=(2, size))
    found = directional_derivative(lambda x: float(np.sum(np.sin(x))), x, v)
    assert found == pytest.approx(v @ np.cos(x) / np.linalg.norm(v), abs=1e-9)
    along_gradient = directional_derivative(lambda x: float(np.sum(np.sin(x))), x, np.cos(x))
    assert along_gradient == pytest.approx(np.linalg.norm(np.cos(x)), abs=1e-9)
    assert found <= along_gradient + 1e-9  # no direction is steeper
