"""Objectives as SciPy's optimizers see them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad, minimize

import gdfast as gd


def linear(dtype=np.float64):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)).astype(dtype), rng.integers(0, 4, 30)
    return gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1e-2))


def test_flat_vectors_are_weights_in_c_order():
    objective, W = linear(), np.random.default_rng(1).normal(size=(4, 4))
    fun, jac = gd.to_scipy(objective)
    assert fun(W.ravel()) == objective.value(W)
    assert np.array_equal(jac(W.ravel()), objective.gradient(W).ravel())
    assert check_grad(fun, jac, W.ravel()) < 1e-5


@pytest.mark.parametrize("method", ["L-BFGS-B", "BFGS", "CG"])
def test_scipy_finds_the_optimum_that_gdfast_finds(method):
    objective = linear()
    fun, jac = gd.to_scipy(objective)
    theirs = minimize(fun, np.zeros(16), jac=jac, method=method, options={"maxiter": 1000})
    ours = gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), gd.StrongWolfe(), gtol=1e-9)
    assert abs(theirs.fun - ours.value) < 1e-7


def test_float32_data_and_points():
    fun, jac = gd.to_scipy(linear(np.float32))
    x = np.zeros(16)
    assert isinstance(fun(x), float)
    assert jac(x).dtype == np.float64
    assert jac(x.astype(np.float32)).dtype == np.float64


def test_any_other_objective_gets_the_vector():
    fun, jac = gd.to_scipy(gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w))
    assert fun(np.array([3.0, 4.0])) == 25
    assert jac(np.array([3.0, 4.0])).tolist() == [6, 8]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros(15), ValueError, r"x must have 16 elements, for weights of shape \(4, 4\); it has 15"),
        (np.full(16, np.nan), ValueError, "x"),
        (np.zeros(16, dtype=int), TypeError, "x"),
    ],
)
def test_bad_vectors(x, error, message):
    for function in gd.to_scipy(linear()):
        with pytest.raises(error, match=message):
            function(x)


@pytest.mark.parametrize("objective", [None, 3, gd.LinearObjective, lambda w: 0.0])
def test_no_objective(objective):
    with pytest.raises(TypeError, match="objective must have value"):
        gd.to_scipy(objective)
