"""FunctionObjective: any callables, any shape; what they return is checked and nothing is cast."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gdfast import FunctionObjective


def bowl(w):
    return float(np.sum(w * w))


def bowl_gradient(w):
    return 2 * w


def points(dtype=np.float64):
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)
    return hnp.arrays(dtype, shapes, elements=st.floats(-10, 10, width=32))


@given(w=points(), own=st.booleans())
def test_any_shape(w, own):
    objective = FunctionObjective(bowl, bowl_gradient if own else None)
    before = w.copy()
    value, gradient = objective.value_and_gradient(w)
    assert value == objective.value(w) == bowl(w)
    assert np.array_equal(gradient, objective.gradient(w))
    assert gradient.shape == w.shape
    np.testing.assert_allclose(gradient, 2 * w, rtol=1e-7, atol=1e-7)
    assert np.array_equal(w, before)


@pytest.mark.parametrize("own", [True, False])
def test_float32_stays_float32_and_is_differentiated_in_float64(own):
    w = np.linspace(-3, 3, 12, dtype=np.float32).reshape(3, 4)
    gradient = FunctionObjective(bowl, bowl_gradient if own else None).gradient(w)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, 2 * w, rtol=1e-6, atol=1e-6)


def test_has_gradient():
    assert FunctionObjective(bowl, bowl_gradient).has_gradient is True
    assert FunctionObjective(bowl).has_gradient is False


def test_lists_and_numbers_are_float64_points():
    objective = FunctionObjective(bowl, bowl_gradient)
    assert objective.value([3.0, 4.0]) == 25.0
    assert objective.value_and_gradient(3.0) == (9.0, np.array(6.0))


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.int64(2), Fraction(2), np.array(2.0), np.array(2)])
def test_one_real_number_is_a_value(number):
    value = FunctionObjective(lambda w: number).value(np.ones(3))
    assert value == 2.0
    assert type(value) is float


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_non_finite_values_are_outcomes(number):
    value, gradient = FunctionObjective(lambda w: number).value_and_gradient(np.ones(3, np.float32))
    assert value == pytest.approx(number, nan_ok=True)
    assert np.isnan(gradient).all()
    assert gradient.dtype == np.float32


@pytest.mark.parametrize(
    ("returned", "named"),
    [
        (None, "NoneType None"),
        (True, "bool True"),
        (1j, "complex 1j"),
        ("2.0", "str '2.0'"),
        (np.array([2.0]), r"ndarray of dtype float64 array\(\[2\.\]\)"),
        (np.ones((2, 2)), "ndarray of dtype float64"),
        (np.array(1j), "ndarray of dtype complex128"),
        (np.bool_(True), "bool"),
        ([2.0], "list"),
        ((2.0, np.ones(3)), "tuple"),
    ],
)
@pytest.mark.parametrize("method", ["value", "value_and_gradient"])
def test_anything_else_is_no_value(returned, named, method):
    objective = FunctionObjective(lambda w: returned, bowl_gradient)
    with pytest.raises(TypeError, match=f"value must return one real number; it returned {named}"):
        getattr(objective, method)(np.ones(3))


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (np.ones(2), ValueError, r"gradient must return an array of w's shape \(3,\); it returned shape \(2,\)"),
        (1.0, ValueError, r"w's shape \(3,\); it returned shape \(\)"),
        (np.ones((3, 1)), ValueError, r"it returned shape \(3, 1\)"),
        (np.ones(3, np.float32), TypeError, "w's dtype float64; it returned ndarray of dtype float32"),
        (np.ones(3, np.int64), TypeError, "w's dtype float64; it returned ndarray of dtype int64"),
        (None, TypeError, "w's dtype float64; it returned NoneType None"),
        (np.ones(3, complex), TypeError, "ndarray of dtype complex128"),
    ],
)
@pytest.mark.parametrize("method", ["gradient", "value_and_gradient"])
def test_a_gradient_is_like_w(returned, error, message, method):
    objective = FunctionObjective(bowl, lambda w: returned)
    with pytest.raises(error, match=message):
        getattr(objective, method)(np.ones(3))


def test_a_list_of_floats_is_a_gradient():
    assert np.array_equal(FunctionObjective(bowl, lambda w: [2.0, 4.0]).gradient([1.0, 2.0]), [2.0, 4.0])


@pytest.mark.parametrize("method", ["value", "gradient", "value_and_gradient"])
@pytest.mark.parametrize(
    ("w", "error", "message"),
    [
        (np.arange(3), TypeError, "w must be a float array.*int64"),
        (np.ma.masked_array(np.ones(3)), TypeError, "w must be a plain array"),
        (np.ones((0, 3)), ValueError, "w must not be empty"),
        ("abc", TypeError, "w must be a float array"),
        (np.ones(3, np.dtype(float).newbyteorder()), ValueError, "w must be in this machine's byte order"),
        ([[1.0], [2.0, 3.0]], ValueError, "w must be an array"),
    ],
)
def test_bad_points(method, w, error, message):
    called = []
    objective = FunctionObjective(called.append, called.append)
    with pytest.raises(error, match=message):
        getattr(objective, method)(w)
    assert called == []


def test_bad_callables():
    with pytest.raises(TypeError, match="value must be callable; it is float 3"):
        FunctionObjective(3.0)
    with pytest.raises(TypeError, match="gradient must be callable or None; it is ndarray"):
        FunctionObjective(bowl, np.ones(3))


def test_exceptions_of_the_user_come_through():
    def broken(w):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        FunctionObjective(broken).value_and_gradient(np.ones(2))
