"""The Hessian: exact on quadratic functions, symmetric to the bit, from values and from gradients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gdfast.differences import numerical_hessian
from worked_example import POINT, Counted, worked, worked_gradient

NUMBERS = st.floats(-10, 10, allow_subnormal=False)


def worked_hessian(x):
    return np.array([[6 * x[0], 5, 0], [5, 0, -6 * x[2]], [0, -6 * x[2], -6 * x[1]]])


def test_lecture_19_the_worked_example_has_this_hessian():
    np.testing.assert_allclose(numerical_hessian(worked, POINT), worked_hessian(POINT), atol=5e-6)
    found = numerical_hessian(worked, POINT, 1e-5, gradient=worked_gradient)
    np.testing.assert_allclose(found, worked_hessian(POINT), atol=1e-8)


def test_the_quotients_are_these_formulas():
    x, h = np.array([0.25, -0.5]), 2.0**-10  # x +- h is exact

    def f(x):
        return float(np.exp(x[0]) * np.sin(x[1]))

    def at(i, j):
        return f(x + h * np.array([i, j]))

    found = numerical_hessian(f, x, h)
    assert found[0, 0] == ((at(1, 0) - at(0, 0)) - (at(0, 0) - at(-1, 0))) / h**2
    assert found[0, 1] == ((at(1, 1) - at(1, -1)) - (at(-1, 1) - at(-1, -1))) / (4 * h**2)


@st.composite
def quadratics(draw):
    size = draw(st.integers(1, 5))
    matrix, b, x = (draw(arrays(np.float64, shape, elements=NUMBERS)) for shape in ((size, size), size, size))
    return matrix, b, draw(NUMBERS), x


@given(quadratics(), st.floats(1e-3, 1.0))
def test_quadratic_functions_have_exact_hessians_up_to_rounding(parts, h):
    matrix, b, c, x = parts
    far = np.abs(x) + h
    bound = 64 * np.finfo(float).eps * (far @ np.abs(matrix) @ far + np.abs(b) @ far + abs(c) + 1) / h**2
    found = numerical_hessian(lambda x: float(x @ matrix @ x + b @ x + c), x, h)
    assert np.array_equal(found, found.T)
    np.testing.assert_allclose(found, matrix + matrix.T, rtol=0, atol=bound)
    from_gradients = numerical_hessian(None, x, h, gradient=lambda x: (matrix + matrix.T) @ x + b)
    assert np.array_equal(from_gradients, from_gradients.T)
    np.testing.assert_allclose(from_gradients, matrix + matrix.T, rtol=0, atol=bound)


def test_the_truncation_error_falls_with_the_square_of_h():
    x = np.array([0.3, -0.2])
    true = np.exp(x[0] + 2 * x[1]) * np.array([[1, 2], [2, 4]])
    coarse, fine = (np.abs(numerical_hessian(lambda x: np.exp(x[0] + 2 * x[1]), x, h) - true) for h in (1e-1, 1e-2))
    np.testing.assert_allclose(np.log10(coarse / fine), 2, atol=0.01)


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (2, 1, 2)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_shape(shape, order):
    x = np.asarray(np.random.default_rng(0).normal(size=shape), order=order)
    expected = np.diag(6 * x.reshape(-1)).reshape(shape + shape)
    for found in (
        numerical_hessian(lambda x: float(np.sum(x**3)), x),
        numerical_hessian(None, x, gradient=lambda x: 3 * x**2),
    ):
        assert found.shape == shape + shape
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_float32_points_with_a_wide_step():
    x = np.array([1.0, -2.0], dtype=np.float32)
    found = numerical_hessian(lambda x: x[0] ** 2 * x[1], x, h=0.05)
    np.testing.assert_allclose(found, [[-4, 2], [2, 0]], atol=2e-3)
    found = numerical_hessian(None, x, h=0.05, gradient=lambda x: np.array([2 * x[0] * x[1], x[0] ** 2]))
    np.testing.assert_allclose(found, [[-4, 2], [2, 0]], atol=1e-4)


def test_with_a_gradient_f_is_not_called():
    f = Counted(worked)
    numerical_hessian(f, POINT, gradient=worked_gradient)
    assert f.seen == []


@pytest.mark.parametrize(
    ("gradient", "error", "match"),
    [
        (3.0, TypeError, "gradient must be callable; it is float 3.0"),
        (lambda x: x[:2], ValueError, r"w's shape \(3,\); it returned shape \(2,\)"),
        (lambda x: x[:, np.newaxis], ValueError, r"w's shape \(3,\); it returned shape \(3, 1\)"),
        (lambda x: x.astype(np.float32), TypeError, "w's dtype float64; it returned ndarray of dtype float32"),
        (lambda x: x.astype(int), TypeError, "w's dtype float64; it returned ndarray of dtype int64"),
        (lambda x: x * 1j, TypeError, "w's dtype float64"),
        (lambda x: None, TypeError, "w's dtype float64; it returned NoneType None"),
        (lambda x: [[1.0], [2.0, 3.0]], TypeError, "w's dtype float64; it returned list"),
        (lambda x: np.ma.array(x), TypeError, "w's dtype float64; it returned MaskedArray"),
        (lambda x: x * np.nan, ValueError, r"gradient must return finite numbers; at x it returned"),
    ],
)
def test_what_is_no_gradient_is_refused(gradient, error, match):
    with pytest.raises(error, match=match):
        numerical_hessian(None, POINT, gradient=gradient)


def test_without_a_gradient_f_is_needed():
    with pytest.raises(TypeError, match="f must be callable; it is NoneType"):
        numerical_hessian(None, POINT)


def test_values_that_overflow_make_no_warning():
    found = numerical_hessian(lambda x: float(1.7e308 * np.sign(x[0] * x[1])), [0.0, 0.0], 1e-4)
    assert not np.isfinite(found[0, 1])
