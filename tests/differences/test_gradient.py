"""The numerical gradient: the promises about the point, the numbers and the errors of its arguments."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast.differences import directional_derivative, numerical_gradient, numerical_jacobian
from worked_example import POINT, Counted, worked, worked_gradient


@pytest.mark.parametrize(("scheme", "evaluations"), [("centered", 2 * 12), ("forward", 12 + 1)])
def test_lecture_18_evaluations(scheme, evaluations):
    f = Counted(lambda x: float(np.sin(x).sum()))
    numerical_gradient(f, np.ones((3, 4)), scheme=scheme)
    assert len(f.seen) == evaluations


def test_lecture_18_forward_and_centered_are_these_quotients():
    f, x, h = math.exp, np.array(0.3), 2.0**-10  # a power of two: x + h is exact
    assert numerical_gradient(f, x, h, "forward") == (f(0.3 + h) - f(0.3)) / h
    assert numerical_gradient(f, x, h) == (f(0.3 + h) - f(0.3 - h)) / (2 * h)


@pytest.mark.parametrize(("scheme", "order"), [("centered", 2), ("forward", 1)])
def test_lecture_21_truncation_error_falls_with_the_order_of_the_scheme(scheme, order):
    coarse, fine = (abs(numerical_gradient(math.exp, 0.0, h, scheme) - 1) for h in (1e-2, 1e-3))
    assert math.log10(coarse / fine) == pytest.approx(order, abs=0.01)


@pytest.mark.parametrize(("scheme", "tolerance"), [("centered", 1e-8), ("forward", 1e-3)])
def test_lecture_19_worked_example(scheme, tolerance):
    found = numerical_gradient(worked, POINT, scheme=scheme)
    np.testing.assert_allclose(found, worked_gradient(POINT), atol=tolerance, rtol=0)


def test_lecture_19_partial_derivatives_by_flat_index():
    x = np.arange(1.0, 7.0).reshape(2, 3)
    found = numerical_gradient(lambda x: float((x**2).sum()), x, coordinates=[5, 0])
    assert found.shape == (2,)
    np.testing.assert_allclose(found, [12, 2], rtol=1e-9)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3), (2, 1, 3), (1, 1, 1, 2)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_shape(shape, order):
    x = np.asarray(np.random.default_rng(0).normal(size=shape), order=order)
    found = numerical_gradient(lambda x: float(np.sum(x**3)), x)
    assert found.shape == shape
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, 3 * x**2, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("scheme", ["centered", "forward"])
def test_the_result_is_float64_and_divides_by_the_step_really_taken_in_float32(scheme):
    x = np.array([1000.0, 3.0, -0.001], dtype=np.float32)
    # x + 0.001 is rounded to a multiple of 6e-5 at 1000: dividing by 2h itself would be off by percents.
    found = numerical_gradient(lambda x: float(2 * np.float64(x[0]) + x[1]), x, h=1e-3, scheme=scheme)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [2, 1, 0], rtol=1e-4)


def test_the_centered_stencil_is_symmetric_to_the_last_bit():
    t = np.array([1.1, -0.3, 1 / 3, -1e-7, 2.0])
    assert np.array_equal(numerical_gradient(lambda x: float(((x - t) ** 2).sum()), t), np.zeros(5))


def test_x_is_untouched_and_every_call_gets_an_array_of_its_own():
    x = np.arange(1.0, 5.0).reshape(2, 2)
    before = x.copy()

    def spoil(y):
        value = float((y**2).sum())
        y[:] = np.nan
        return value

    f = Counted(spoil)
    np.testing.assert_allclose(numerical_gradient(f, x), 2 * before, rtol=1e-9)
    directional_derivative(f, x, x)
    assert np.array_equal(x, before)
    assert len({id(y) for y in f.seen}) == len(f.seen)
    assert not any(np.shares_memory(x, y) for y in f.seen)


def test_read_only_points_are_welcome():
    x = np.array([1.0, 2.0])
    x.flags.writeable = False
    np.testing.assert_allclose(numerical_gradient(lambda x: float(x @ x), x), [2, 4], rtol=1e-9)


def test_an_exception_of_f_comes_through_unchanged_with_a_note_and_x_is_untouched():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    original = KeyError("mine")

    def f(y):
        if y[1, 0] != 3.0:
            raise original
        return 0.0

    with pytest.raises(KeyError) as caught:
        numerical_gradient(f, x)
    assert caught.value is original
    assert any("x[1, 0]" in note and "h = 1e-05" in note for note in caught.value.__notes__)
    assert np.array_equal(x, [[1, 2], [3, 4]])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_names_the_coordinate(bad):
    with pytest.raises(ValueError, match=r"finite number; at x \+ h in x\[1\]"):
        numerical_gradient(lambda x: bad if x[1] > 2 else 1.0, [1.0, 2.0])


@pytest.mark.parametrize(
    "value", [None, "1.0", 1j, np.complex128(1), np.ones(1), np.ones((2, 2)), True, np.True_, [1.0]]
)
def test_a_value_that_is_no_real_number_is_refused(value):
    for take in (numerical_gradient, lambda f, x: directional_derivative(f, x, [1.0, 0.0])):
        with pytest.raises(TypeError, match="f must return one real number"):
            take(lambda x: value, np.ones(2))


@pytest.mark.parametrize("kind", [float, int, np.float32, np.float64, np.int64, np.array])
def test_real_numbers_of_every_kind_are_welcome(kind):
    assert numerical_gradient(lambda x: kind(3), [1.0]) == [0.0]


@pytest.mark.parametrize("x", [3, [1, 2], np.array([1, 2]), np.array([True]), np.array([1j]), np.array(["a"]), None])
def test_a_point_that_is_not_float_is_refused(x):
    f = Counted(lambda x: 0.0)
    for take in (numerical_gradient, numerical_jacobian, lambda f, x: directional_derivative(f, x, x)):
        with pytest.raises(TypeError, match="x must be a float array"):
            take(f, x)
    assert f.seen == []


@pytest.mark.parametrize("x", [[math.nan], [1.0, math.inf], []])
def test_a_point_that_is_empty_or_not_finite_is_refused(x):
    with pytest.raises(ValueError, match="x must"):
        numerical_gradient(lambda x: 0.0, np.array(x, dtype=float))


@pytest.mark.parametrize("h", [0, 0.0, -1e-5, math.nan, math.inf])
def test_a_step_that_is_not_positive_is_refused(h):
    f = Counted(lambda x: 0.0)
    for take in (numerical_gradient, numerical_jacobian, lambda f, x, h: directional_derivative(f, x, [1.0], h)):
        with pytest.raises(ValueError, match="h must be"):
            take(f, [1.0], h)
    assert f.seen == []


@pytest.mark.parametrize("h", ["1e-5", None, True, 1j, [True], ["1e-5"]])
def test_a_step_that_is_no_number_is_refused(h):
    with pytest.raises(TypeError, match=r"h must (be a|hold) real number"):
        numerical_gradient(lambda x: 0.0, [1.0], h)


def test_a_step_lost_in_rounding_names_the_coordinate_before_f_is_called():
    f = Counted(lambda x: 0.0)
    x = np.array([0.0, 1e4], dtype=np.float32)
    with pytest.raises(ValueError, match=r"h must change x\[1\] when rounded to float32"):
        numerical_gradient(f, x)
    with pytest.raises(ValueError, match="h must change x along the direction"):
        directional_derivative(f, x, [0.0, 1.0])
    with pytest.raises(ValueError, match="overflows"):
        numerical_gradient(f, [1e308], h=1e308)
    assert f.seen == []


def test_other_arguments_are_refused():
    with pytest.raises(TypeError, match="f must be callable"):
        numerical_gradient(3.0, [1.0])
    for scheme in ("backward", None, 2):
        with pytest.raises(ValueError, match="scheme must be"):
            numerical_gradient(worked, POINT, scheme=scheme)


@pytest.mark.parametrize(
    ("coordinates", "error", "match"),
    [
        ([3], ValueError, r"in \[0, 3\); coordinates\[0\] is 3"),
        ([0, -1], ValueError, r"coordinates\[1\] is -1"),
        ([0, 0], ValueError, "distinct"),
        ([], ValueError, "at least one"),
        ([[0, 1]], ValueError, "one-dimensional"),
        ([0.0], TypeError, "integers"),
        ([True], TypeError, "integers"),
        (np.ma.masked_array([0, 1], [False, True]), TypeError, "coordinates must be a plain array"),
    ],
)
def test_coordinates_are_checked(coordinates, error, match):
    with pytest.raises(error, match=match):
        numerical_gradient(worked, POINT, coordinates=coordinates)


def test_what_cannot_be_called_is_no_function():
    for derivative in (numerical_gradient, numerical_jacobian, lambda f, x: directional_derivative(f, x, x)):
        with pytest.raises(TypeError, match="f must be callable; it is float 3"):
            derivative(3.0, POINT)
