"""Test functions: gradients are derivatives, known points are what they are said to be, runs end where they should."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdfast as gd
from gdfast import test_functions as functions
from gdfast.protocols import Objective

ALL = [
    functions.Rosenbrock(),
    functions.Rosenbrock(5),
    functions.Himmelblau(),
    functions.Rastrigin(),
    functions.Rastrigin(3),
    functions.Beale(),
    functions.Plateau(),
    functions.Plateau(1),
    functions.Saddle(),
    functions.BoundedSaddle(),
    functions.Valley(),
    functions.Hill(),
    functions.Inflection(),
    functions.Bumpy(),
]
LOWEST = {"BoundedSaddle": -0.5, "Bumpy": -0.549}
EVERY = pytest.mark.parametrize("function", ALL, ids=repr)


def hessian(function, w):
    return gd.numerical_jacobian(function.gradient, w, h=1e-4)


def points(name):
    return [pytest.param(f, w, id=f"{f!r} at {w.tolist()}") for f in ALL for w in getattr(f, name)]


def test_all_are_here():
    assert {type(function).__name__ for function in ALL} == set(functions.__all__) - {"KnownFunction"}


@EVERY
@given(data=st.data())
def test_the_gradient_is_the_derivative(function, data):
    lo, hi = function.bounds.T
    parts = data.draw(st.lists(st.floats(0, 1), min_size=function.n, max_size=function.n))
    w = lo + (hi - lo) * np.array(parts)
    numerical = gd.numerical_gradient(function.value, w, h=1e-5)
    scale = max(1.0, float(np.abs(numerical).max()), abs(function.value(w)))
    np.testing.assert_allclose(function.gradient(w), numerical, atol=1e-6 * scale)
    value, gradient = function.value_and_gradient(w)
    assert value == function.value(w)
    assert np.array_equal(gradient, function.gradient(w))


@pytest.mark.parametrize(("function", "w"), [*points("minima"), *points("maxima"), *points("saddles")])
def test_lecture_24_the_gradient_vanishes_at_each_critical_point(function, w):
    np.testing.assert_allclose(function.gradient(w), np.zeros(function.n), atol=1e-12)


@pytest.mark.parametrize(("function", "w"), points("minima"))
def test_a_minimum_is_one(function, w):
    assert (np.linalg.eigvalsh(hessian(function, w)) > 0).all()
    first = function.minima[0]
    assert function.value(first) <= function.value(w) + 1e-12
    assert function.value(first) == pytest.approx(LOWEST.get(type(function).__name__, 0.0), abs=1e-12)
    # Nothing in the picture is lower than the first.
    trials = np.random.default_rng(0).uniform(*function.bounds.T, size=(300, function.n))
    assert min(map(function.value, trials)) >= function.value(first)


@pytest.mark.parametrize(("function", "w"), points("maxima"))
def test_a_maximum_is_one(function, w):
    assert (np.linalg.eigvalsh(hessian(function, w)) < 0).all()


@pytest.mark.parametrize(("function", "w"), points("saddles"))
def test_a_saddle_rises_and_falls(function, w):
    around = w + 1e-3 * np.random.default_rng(0).normal(size=(200, function.n))
    rises = np.array([function.value(x) for x in around]) - function.value(w)
    assert rises.min() < 0 < rises.max()


@EVERY
def test_a_function_is_an_objective_and_a_value(function):
    assert isinstance(function, Objective)
    assert function == dataclasses.replace(function)
    assert function.start.shape == (function.n,)
    assert function.bounds.shape == (function.n, 2)
    for name in ("minima", "maxima", "saddles"):
        known = getattr(function, name)
        assert known.dtype == np.float64
        assert known.shape[1:] == (function.n,)
        known[:] = 7.0  # a copy
        assert not (getattr(function, name) == 7.0).any()
    assert all(((function.bounds[:, 0] <= w) & (w <= function.bounds[:, 1])).all() for w in function.minima)


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_shape_and_either_dtype(function, dtype):
    w = function.start.astype(dtype)
    for shape in [(function.n,), (1, function.n), (function.n, 1), *([()] if function.n == 1 else [])]:
        gradient = function.gradient(w.reshape(shape))
        assert (gradient.dtype, gradient.shape) == (dtype, shape)
        assert type(function.value(w.reshape(shape))) is float
    assert np.array_equal(w, function.start.astype(dtype))


@EVERY
def test_far_away_is_no_error(function):
    for far in (1e200, np.inf, np.nan):
        assert type(function.value(np.full(function.n, far))) is float


@EVERY
def test_bad_points_are_refused(function):
    with pytest.raises(ValueError, match=rf"w must hold {function.n} elements .*its shape is \({function.n + 1},\)"):
        function.value(np.zeros(function.n + 1))
    with pytest.raises(TypeError, match="w must be a float array"):
        function.gradient(np.zeros(function.n, dtype=int))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: functions.Rosenbrock(1), ValueError, "n must be >= 2; it is 1"),
        (lambda: functions.Rastrigin(0), ValueError, "n must be >= 1; it is 0"),
        (lambda: functions.Plateau(2.0), TypeError, "n must be an integer; it is float 2.0"),
    ],
)
def test_bad_settings(make, error, message):
    with pytest.raises(error, match=message):
        make()


# LECTURE 25: where a run ends.


@pytest.mark.parametrize(
    ("function", "w0", "step", "end"),
    [
        (functions.Bumpy(), [-2.0], 0.5, [-3.0]),  # the global minimum
        (functions.Bumpy(), [2.0], 0.5, [3.0]),  # a local one
        (functions.Himmelblau(), [1.0, 1.0], 0.01, [3.0, 2.0]),
        (functions.Himmelblau(), [-1.0, 1.0], 0.01, functions.Himmelblau().minima[1]),
        (functions.Himmelblau(), [-1.0, -1.0], 0.01, functions.Himmelblau().minima[2]),
        (functions.Himmelblau(), [1.0, -1.0], 0.01, functions.Himmelblau().minima[3]),
        (functions.BoundedSaddle(), [1.0, 0.5], 0.1, [0.0, 1.0]),
        (functions.BoundedSaddle(), [1.0, -0.5], 0.1, [0.0, -1.0]),
        (functions.Rastrigin(), [0.4, -0.4], 0.002, [0.0, 0.0]),
        (functions.Plateau(), [1.0, 2.0], 1.0, [0.0, 0.0]),
    ],
)
def test_lecture_25_a_run_ends_in_the_basin_where_it_starts(function, w0, step, end):
    result = gd.minimize(function, w0, step=step, max_steps=5000).require()
    np.testing.assert_allclose(result.w, end, atol=1e-4)


def test_lecture_25_a_local_minimum_holds_a_run_that_a_better_one_would_have_suited():
    function = functions.Rastrigin()
    result = gd.minimize(function, function.start, step=0.002).require()
    assert result.value > 7
    np.testing.assert_allclose(result.w, [1.99, 1.99], atol=0.01)
    assert gd.random_search(function, 2, 1000, scale=1.0, rng=0).value < result.value


def test_lecture_25_a_run_on_a_plateau_ends_where_it_begins():
    function = functions.Plateau()
    result = gd.minimize(function, function.start)
    assert (result.status, result.steps) == (gd.Status.CONVERGED, 0)
    assert result.value > 0.999


def test_lecture_25_a_run_ends_at_a_saddle_when_nothing_pushes_it_off():
    result = gd.minimize(functions.BoundedSaddle(), [1.0, 0.0]).require()
    np.testing.assert_allclose(result.w, [0.0, 0.0], atol=1e-6)
    assert result.value > functions.BoundedSaddle().value([0.0, 1.0]) + 0.4


def test_lecture_25_a_saddle_delays_a_run():
    """From a hair beside the ridge the gradient first falls, rests and rises again: the objective shows a stair."""
    function = functions.BoundedSaddle()
    result = gd.minimize(function, function.start)
    assert result.status is gd.Status.CONVERGED
    np.testing.assert_allclose(result.w, [0.0, 1.0], atol=1e-5)
    norms = result.history.gradient_norms
    rest = int(np.argmin(norms[:60]))
    assert 10 < rest < 50
    assert norms[rest] < 0.01 * norms[0]
    assert norms[rest:].max() > 50 * norms[rest]


def test_lecture_25_a_flat_inflection_stops_a_run():
    function = functions.Bumpy()
    result = gd.minimize(function, function.start, step=0.5, max_steps=10_000).require()
    assert result.w[0] == pytest.approx(1.0, abs=0.01)
    assert function.value([3.0]) < result.value


def test_rosenbrock_and_beale_are_solved_in_time():
    for function, step in ((functions.Rosenbrock(), 0.001), (functions.Beale(), 0.01)):
        result = gd.minimize(function, function.start, gd.Nesterov(), step, max_steps=20_000).require()
        np.testing.assert_allclose(result.w, function.minima[0], atol=1e-4)


def test_a_saddle_without_a_floor_diverges():
    result = gd.minimize(functions.Saddle(), [1.0, 1e-3], step=0.5, max_steps=5000)
    assert result.status is gd.Status.DIVERGED
    assert np.isfinite(result.w).all()


def test_rosenbrock_s_second_minimum_in_five_dimensions():
    result = gd.minimize(functions.Rosenbrock(5), [-1.0, 1, 1, 1, 1], gd.Nesterov(), 0.0005, max_steps=20_000).require()
    assert result.w[0] < -0.9
    assert result.value == pytest.approx(3.93, abs=0.01)
