"""LECTURE 21: the error of difference quotients against h, its slopes and the h that it suggests."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import gdfast as gd
from gdfast.differences import numerical_gradient, step_sweep
from gdfast.differences.sweep_result import error_curve
from worked_example import POINT, Counted, worked, worked_gradient

A = np.random.default_rng(3).normal(size=(2, 4))


def bent(x):
    return np.exp(x * A.astype(x.dtype)).sum()


def bent_gradient(x):
    return A.astype(x.dtype) * np.exp(x * A.astype(x.dtype))


def test_lecture_21_truncation_falls_with_h_squared_and_with_h_and_cancellation_rises_with_one_over_h():
    sweep = step_sweep(bent, bent_gradient, np.ones((2, 4)))
    assert sweep.truncation_slope == pytest.approx(2, abs=0.05)
    assert sweep.forward.truncation_slope == pytest.approx(1, abs=0.05)
    assert sweep.cancellation_slope == pytest.approx(-1, abs=0.15)
    assert sweep.forward.cancellation_slope == pytest.approx(-1, abs=0.15)


def test_lecture_21_the_best_h_is_near_the_roots_of_eps_and_is_worth_it():
    sweep = step_sweep(bent, bent_gradient, np.ones((2, 4)))
    eps = np.finfo(float).eps
    assert 0.1 < sweep.best_h / eps ** (1 / 3) < 30
    assert 0.1 < sweep.forward.best_h / eps ** (1 / 2) < 30
    assert sweep.best_error < 30 * eps ** (2 / 3)
    assert sweep.forward.best_error < 30 * eps ** (1 / 2)
    assert sweep.best_error == sweep.error[sweep.h == sweep.best_h]


def test_lecture_21_the_errors_are_those_of_numerical_gradient():
    x, hs = np.array([1.0, 0.5, 2.0]), [2.0**-3, 2.0**-9, 2.0**-20]  # x + h is exact: both stencils are the same
    sweep = step_sweep(worked, worked_gradient, x, hs)
    exact = worked_gradient(x)
    for scheme, curve in (("centered", sweep.centered), ("forward", sweep.forward)):
        quotients = [numerical_gradient(worked, x, h, scheme) for h in hs]
        expected = [np.abs(q - exact).max() / np.abs(exact).max() for q in quotients]
        np.testing.assert_allclose(curve.error, expected, rtol=1e-12)


def test_lecture_18_evaluations_are_reported():
    f, g = Counted(bent), Counted(bent_gradient)
    sweep = step_sweep(f, g, np.ones((2, 4)), [1e-2, 1e-3, 1e-4])
    assert sweep.evaluations == len(f.seen) == 2 * 8 * 3 + 1
    assert len(g.seen) == 1
    x = np.ones((2, 4), np.float32)
    f = Counted(bent)
    assert step_sweep(f, bent_gradient, x, [1e-2, 1e-12]).evaluations == len(f.seen) == 2 * 8 + 1


def test_the_default_steps_run_from_a_tenth_to_1e_13_three_per_decade():
    h = step_sweep(worked, worked_gradient, POINT).h
    assert h.size == 37
    np.testing.assert_allclose([h[0], h[3], h[-1]], [1e-1, 1e-2, 1e-13], rtol=1e-12)
    assert (np.diff(h) < 0).all()


def test_steps_are_sorted_and_each_comes_once():
    assert step_sweep(worked, worked_gradient, POINT, [1e-4, 1e-2, 1e-4, 1e-3]).h.tolist() == [1e-2, 1e-3, 1e-4]


@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (2, 1, 2)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_any_shape_and_both_types(shape, order, dtype):
    x = np.asarray(np.random.default_rng(0).uniform(1, 2, size=shape), order=order, dtype=dtype)
    sweep = step_sweep(lambda x: np.sin(x).sum(), np.cos, x)
    assert sweep.shape == shape
    assert sweep.dtype == dtype
    assert sweep.best_error < 10 * np.finfo(dtype).eps ** (2 / 3)


def test_in_float32_lost_steps_are_nan_and_the_text_says_so():
    sweep = step_sweep(bent, bent_gradient, np.ones((2, 4), np.float32))
    lost = np.isnan(sweep.error)
    assert np.array_equal(lost, sweep.h < np.finfo(np.float32).eps / 2)
    assert np.array_equal(lost, np.isnan(sweep.forward.error))
    assert f"At {lost.sum()} of 37 steps h is lost" in " ".join(str(sweep).split())
    assert 5e-4 < sweep.best_h < 0.05
    assert sweep.truncation_slope == pytest.approx(2, abs=0.3)
    assert sweep.cancellation_slope == pytest.approx(-1, abs=0.15)


def test_steps_that_f_does_not_see_are_nan_unless_it_sees_none():
    def coarse(x):  # to 1e-6
        return float(np.round(x[0], 6))

    sweep = step_sweep(coarse, np.ones_like, [0.5], [1e-1, 1e-3, 1e-5, 1e-7, 1e-9])
    assert np.isnan(sweep.error).tolist() == [False, False, False, True, True]
    assert np.isnan(sweep.forward.error).tolist() == [False, False, False, True, True]
    assert sweep.evaluations == 11
    assert not np.isnan(step_sweep(coarse, np.zeros_like, [0.5], [1e-7, 1e-9]).error).any()


@pytest.mark.parametrize(("f", "gradient"), [(lambda x: 4 * x[0] - x[1], [4.0, -1.0]), (lambda x: 3.0, [0.0, 0.0])])
def test_linear_functions_without_any_error_make_no_warning(f, gradient):
    sweep = step_sweep(lambda x: float(f(x)), lambda x: np.array(gradient), np.zeros(2))
    assert not sweep.error.any()
    assert not sweep.forward.error.any()
    assert sweep.best_h == sweep.h[0]  # the largest of equals
    assert math.isnan(sweep.truncation_slope)
    assert math.isnan(sweep.cancellation_slope)
    assert "no error at all" in str(sweep)
    assert str(sweep).count("none") == 4  # truncation and cancellation, centred and forward


def test_quadratic_functions_have_no_truncation_error_centred():
    sweep = step_sweep(lambda x: float(x @ x), lambda x: 2 * x, np.arange(1.0, 5.0))
    assert math.isnan(sweep.truncation_slope)
    assert sweep.forward.truncation_slope == pytest.approx(1, abs=0.02)
    assert sweep.best_h > 0.01


def test_where_the_gradient_is_zero_errors_are_absolute():
    sweep = step_sweep(lambda x: float(x[0] ** 3), lambda x: 3 * x**2, [0.0], [1e-1, 1e-2])
    assert sweep.scale == 1
    np.testing.assert_allclose(sweep.error, [1e-2, 1e-4])
    assert step_sweep(worked, worked_gradient, POINT).scale == np.abs(worked_gradient(POINT)).max()


def rough(x):
    """Values to float32's precision only, whatever the type of x."""
    return float(np.float32(worked(x.astype(np.float64))))


@pytest.mark.parametrize("f", [worked, rough])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("factor", [1.01, 2.0, -1.0, 0.0])
def test_a_wrong_gradient_is_not_given_a_suggestion(f, dtype, factor):
    sweep = step_sweep(f, lambda x: dtype(factor) * worked_gradient(x).astype(dtype), POINT.astype(dtype))
    assert "No h brings the centred error below" in str(sweep)
    assert "Use h" not in str(sweep)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_kink_is_not_given_a_suggestion(dtype):
    sweep = step_sweep(lambda x: float(np.abs(x).sum()), np.ones_like, np.zeros(2, dtype))
    assert "No h brings the centred error below 1e+00" in str(sweep)
    assert "Use h" not in str(sweep)


@pytest.mark.parametrize("size", [1.0, 1e3])
def test_a_function_that_computes_less_precisely_than_the_point_is_given_one(size):
    sweep = step_sweep(lambda x: rough(x) + float(np.float32(size)), worked_gradient, POINT)
    assert f"Use h = {sweep.best_h:.1e}" in str(sweep)
    noisy_line = step_sweep(lambda x: float(np.float32(1e3 + x.sum())), np.ones_like, POINT)
    assert noisy_line.best_h > 0.03
    assert "Use h" in str(noisy_line)


def test_one_lucky_hit_is_not_the_best():
    h = np.logspace(-1, -7, 7)
    error = np.array([1e-2, 1e-4, 1e-6, 1e-8, 1e-7, 1e-20, 1e-5])
    curve = error_curve(h, error)
    assert curve.best_h == h[4]  # neither it nor its neighbours are above 1e-7
    assert curve.best_error == 1e-7
    assert curve.truncation_slope == pytest.approx(2)


def test_slopes_of_exact_powers_are_exact():
    h = np.logspace(-1, -13, 37)
    curve = error_curve(h, 3 * h**1.5 + 1e-16 / h)
    assert curve.truncation_slope == pytest.approx(1.5, abs=0.05)
    assert curve.cancellation_slope == pytest.approx(-1, abs=0.05)
    assert curve.best_h == pytest.approx((1e-16 / 4.5) ** (1 / 2.5), rel=1.2)


def test_large_points_are_sampled():
    x = np.random.default_rng(0).normal(size=(30, 40))

    def sweep(**settings):
        return step_sweep(lambda x: float(np.sin(x).sum()), np.cos, x, [1e-3], **settings)

    assert sweep().coordinates.size == 10
    assert sweep().evaluations == 21
    assert np.array_equal(sweep().coordinates, sweep().coordinates)
    assert not np.array_equal(sweep(rng=1).coordinates, sweep(rng=2).coordinates)
    chosen = sweep(coordinates=[7, 1199])
    assert chosen.coordinates.tolist() == [7, 1199]
    assert chosen.scale == np.abs(np.cos(x).reshape(-1)[[7, 1199]]).max()
    assert step_sweep(lambda x: float(np.sin(x).sum()), np.cos, x[0, :9], [1e-3]).coordinates.size == 9


def test_objectives_serve_by_their_value_and_gradient():
    rng = np.random.default_rng(0)
    objective = gd.LinearObjective(rng.normal(size=(30, 4)), rng.integers(0, 3, 30), gd.CrossEntropy(), gd.L2(0.1))
    W = rng.normal(size=objective.shape)
    by_objective = step_sweep(objective, at=W)
    by_hand = step_sweep(objective.value, objective.gradient, W)
    assert np.array_equal(by_objective.error, by_hand.error)
    assert by_objective.best_error < 1e-9
    wrong = step_sweep(objective, lambda W: 2 * objective.gradient(W), W)
    assert wrong.best_error == pytest.approx(0.5, abs=1e-2)


def test_values_that_overflow_are_an_infinite_error_without_a_warning():
    sweep = step_sweep(lambda x: math.copysign(1.7e308, x[0]), np.ones_like, [0.0])
    assert np.isinf(sweep.error).all()
    assert "No h brings" in str(sweep)


def test_the_result_is_frozen():
    sweep = step_sweep(worked, worked_gradient, POINT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        sweep.h = None
    with pytest.raises(dataclasses.FrozenInstanceError):
        sweep.centered.error = None


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("hs", [None, np.logspace(0, -15, 200)])
def test_the_text_fits_a_terminal_and_names_the_best_steps(dtype, hs):
    sweep = step_sweep(bent, bent_gradient, np.ones((2, 4), dtype), hs)
    lines = str(sweep).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 26
    (best,) = (line for line in lines if "best centred" in line)
    assert best.split()[0] == f"{sweep.best_h:.1e}"
    assert best.split()[1] == f"{sweep.best_error:.1e}"
    (best,) = (line for line in lines if "best forward" in line)
    assert best.split()[2] == f"{sweep.forward.best_error:.1e}"
    assert f"Use h = {sweep.best_h:.1e} with centred" in str(sweep)


@pytest.mark.parametrize(
    ("gradient", "error", "match"),
    [
        (lambda x: x[:2], ValueError, r"gradient must return an array of w's shape \(3,\)"),
        (lambda x: x.astype(np.float32), TypeError, "gradient must return an array of w's dtype float64"),
        (lambda x: None, TypeError, "gradient must return an array of w's dtype"),
        (lambda x: x * np.inf, ValueError, "gradient must return finite numbers; at x"),
        (3.0, TypeError, "gradient must be callable"),
        (None, TypeError, "gradient must be given with a plain function"),
    ],
)
def test_what_is_no_gradient_is_refused_before_f_is_called(gradient, error, match):
    f = Counted(worked)
    with pytest.raises(error, match=match):
        step_sweep(f, gradient, POINT)
    assert f.seen == []


def test_other_arguments_are_refused():
    with pytest.raises(ValueError, match="gradient of its own"):
        step_sweep(gd.FunctionObjective(worked), at=POINT)
    with pytest.raises(TypeError, match="f must be an objective or a callable"):
        step_sweep(3.0, worked_gradient, POINT)
    for points in ({}, {"x": POINT, "at": POINT}):
        with pytest.raises(TypeError, match="x must be the point"):
            step_sweep(worked, worked_gradient, **points)
    with pytest.raises(TypeError, match="at must be a float array"):
        step_sweep(worked, worked_gradient, at=[1, 2, 3])
    with pytest.raises(ValueError, match=r"coordinates\[0\] is 3"):
        step_sweep(worked, worked_gradient, POINT, coordinates=[3])
    with pytest.raises(TypeError, match="rng must be"):
        step_sweep(worked, worked_gradient, np.ones(11), rng="x")


@pytest.mark.parametrize(
    ("hs", "error", "match"),
    [
        ([1e-3, 0.0], ValueError, r"hs must be > 0; hs\[1\] is 0"),
        ([-1e-3], ValueError, r"hs\[0\] is -0.001"),
        ([1e-3, math.nan], ValueError, "hs must be finite"),
        ([], ValueError, "hs must not be empty"),
        ([[1e-3]], ValueError, "hs must be one-dimensional"),
        (["1"], TypeError, "hs must hold real numbers"),
        ([1e-30, 1e-40], ValueError, "all 2 are lost"),
    ],
)
def test_steps_are_checked_before_f_is_called(hs, error, match):
    f = Counted(worked)
    with pytest.raises(error, match=match):
        step_sweep(f, worked_gradient, POINT, hs)
    assert f.seen == []


@pytest.mark.parametrize(
    ("f", "gradient", "x"),
    [
        (lambda x: math.log(x[0]), lambda x: 1 / x, [0.05]),
        (lambda x: math.acos(x[0]), lambda x: -1 / np.sqrt(1 - x**2), [0.95]),
        (lambda x: float(np.log(x[0])), lambda x: 1 / x, [0.05]),  # NaN, with a warning
        (lambda x: 1 / (x[0] if x[0] > 0 else 0), lambda x: -1 / x**2, [0.01]),
        (lambda x: math.log(x[0]) + x[1] ** 2, lambda x: np.array([1 / x[0], 2 * x[1]]), [1e-4, 3.0]),
    ],
)
@pytest.mark.parametrize("vectorized", [False, True])
def test_steps_that_leave_the_domain_have_no_error_and_the_others_a_best_one(f, gradient, x, vectorized):
    many = (lambda points: np.array([f(point) for point in points])) if vectorized else f
    sweep = gd.step_sweep(many, gradient, x, vectorized=vectorized)
    room = min(abs(x[0]), abs(1 - x[0]))
    assert np.isnan(sweep.error[sweep.h > room]).all()
    assert np.isfinite(sweep.error[(sweep.h < 0.9 * room) & (sweep.h > 1e-9)]).all()
    assert 1e-10 < sweep.best_h < room
    assert sweep.best_error < 1e-7
    assert "domain" in str(sweep)


def test_a_function_that_can_be_evaluated_nowhere_near_says_what_it_raised():
    def f(x):
        if x[0] != 1.0:
            raise OSError("mine")
        return 1.0

    with pytest.raises(OSError, match="mine"):
        gd.step_sweep(f, lambda x: x, [1.0])
    with pytest.raises(ZeroDivisionError):
        gd.step_sweep(lambda x: 1 / 0, lambda x: x, [1.0])
