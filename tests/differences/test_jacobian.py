"""The Jacobian: rows are gradients, and what is no array of one shape is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdfast.differences import numerical_gradient, numerical_jacobian
from worked_example import POINT, worked, worked_gradient


def test_lecture_19_jacobian_rows_are_gradients():
    def f(x):
        return np.array([[worked(x), x[0] * x[1]], [np.sin(x[2]), 4.0]])

    found = numerical_jacobian(f, POINT)
    assert found.shape == (2, 2, 3)
    rows = [worked_gradient(POINT), [POINT[1], POINT[0], 0], [0, 0, np.cos(POINT[2])], [0, 0, 0]]
    np.testing.assert_allclose(found.reshape(4, 3), rows, atol=1e-8)
    for k in range(4):
        partial = numerical_gradient(lambda x, k=k: float(f(x).flat[k]), POINT)
        assert np.array_equal(found.reshape(4, 3)[k], partial)


def test_the_jacobian_refuses_what_is_no_real_array_or_changes_shape():
    with pytest.raises(TypeError, match="array of real numbers"):
        numerical_jacobian(lambda x: None, [1.0])
    with pytest.raises(ValueError, match="finite numbers"):
        numerical_jacobian(lambda x: [1.0, math.nan], [1.0])
    with pytest.raises(ValueError, match="one shape"):
        numerical_jacobian(lambda x: np.ones(2 if x[0] > 1 else 1), [1.0])


def test_the_jacobian_of_a_number_is_the_gradient():
    assert np.array_equal(numerical_jacobian(worked, POINT), numerical_gradient(worked, POINT))


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1), st.sampled_from(["centered", "forward"]))
def test_lecture_19_the_jacobian_of_a_linear_map_is_its_matrix(rows, columns, seed, scheme):
    rng = np.random.default_rng(seed)
    matrix, x = rng.normal(size=(rows, columns)), rng.normal(size=columns)
    for found in (
        numerical_jacobian(lambda x: matrix @ x, x, 0.1, scheme),
        numerical_jacobian(lambda X: X @ matrix.T, x, 0.1, scheme, vectorized=True),
    ):
        np.testing.assert_allclose(found, matrix, rtol=0, atol=1e-12)


def test_a_function_may_return_the_same_buffer_every_time():
    buffer = np.empty(3)
    found = numerical_jacobian(lambda x: np.multiply(x, 2, out=buffer), POINT)
    np.testing.assert_allclose(found, 2 * np.eye(3), atol=1e-9)


@pytest.mark.parametrize("bad", [None, "1", 1j, [[1.0], [1.0, 2.0]], np.ma.zeros(2), [True], [None]])
def test_what_is_no_array_of_real_numbers_is_refused(bad):
    with pytest.raises(TypeError, match=r"f must return an array of real numbers; at x \+ h in x\[0\]"):
        numerical_jacobian(lambda x: bad, POINT)
