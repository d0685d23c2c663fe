"""The Gram preconditioner: what P is, against NumPy; and what the methods that have one keep of their laws."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent.preconditioners import PreconditionerState, preconditioner_for
from gdfast.objective.linear.inverse_root import InverseRoot

LOSSES = {
    "softmax": gd.CrossEntropy(),
    "squared hinge": gd.SquaredHinge(),
    "hinge": gd.Hinge(),
    "squared error": gd.SquaredError(),
    "Huber": gd.Huber(0.5),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def problem(loss, dtype=np.float64, n=90, d=6, k=3, seed=0, **options):
    """Features of different sizes that correlate."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * np.geomspace(0.05, 3, d) + rng.normal(size=(n, 1))
    if dtype == np.uint8:
        X = np.clip(40 * X + 100, 0, 255)
    y = rng.integers(0, k, n) if loss.classifies else rng.normal(size=(n, k)) + X[:, :1] / X[:, :1].std()
    return gd.LinearObjective(X.astype(dtype), y, loss, options.pop("regularizer", gd.L2(0.01)), **options)


def curvatures(objective, W):
    """The mean of the second derivatives by the scores, by hand."""
    S, y, k = objective.scores(W).astype(np.float64), objective.y, objective.n_classes
    name = type(objective.loss).__name__
    if name == "CrossEntropy":
        p = np.exp(S - S.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return (p - p * p).mean(axis=1)
    if name == "SquaredHinge":
        own = S[np.arange(len(y)), y]
        return np.array([4 * sum(S[i, c] - own[i] + 1 > 0 for c in range(k) if c != y[i]) / k for i in range(len(y))])
    if name == "Huber":
        return np.mean([2 * np.minimum(1, 0.5 / np.abs(S[:, c] - y[:, c])) for c in range(k)], axis=0)
    return np.full(len(S), 2.0 if name == "SquaredError" else 1.0)


@every_loss
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"penalize_bias": True}], ids=str)
def test_p_is_the_rows_curvature_and_the_strength(loss, options):
    objective = problem(loss, **options)
    W = np.random.default_rng(1).normal(size=objective.shape)
    Z = objective.X if options == {"bias": False} else np.column_stack([objective.X, np.ones(90)])
    P = (Z * curvatures(objective, W)[:, None] / 90).T @ Z
    free = options == {}
    P[np.diag_indices(len(P) - free)] += 2 * 0.01
    bound = preconditioner_for(gd.GramPreconditioner(), objective, W, None, 1.0)
    V = np.random.default_rng(2).normal(size=objective.shape)
    found = bound.times(V, PreconditionerState(W, 1.0, 1))
    np.testing.assert_allclose(found, np.linalg.solve(P, V.T).T, rtol=1e-8)


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 1e-5), (np.float64, 1e-12)])
@pytest.mark.parametrize("m", [1, 2, 63, 64, 65, 130, 201])
def test_the_inverse_of_a_matrix(m, dtype, error):
    rng = np.random.default_rng(m)
    A = rng.normal(size=(m, 2 * m))
    P, V = A @ A.T / m, rng.normal(size=(3, m)) * 1e-30
    expected = np.linalg.solve(P, V.T).T
    found = InverseRoot.of(P.copy(), dtype).times(V)
    assert np.abs(found - expected).max() < error * m * np.abs(expected).max()


@pytest.mark.parametrize("case", ["zero column", "duplicate column", "fewer rows than columns", "all zero", "tiny"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_singular_matrix_has_an_answer(case, dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4 if case == "fewer rows than columns" else 60, 6)).astype(dtype)
    if case == "zero column":
        X[:, 2] = 0
    elif case == "duplicate column":
        X[:, 2] = X[:, 3]
    elif case == "all zero":
        X[...] = 0
    elif case == "tiny":
        X *= dtype(1e-18)
    objective = gd.LinearObjective(X, np.arange(len(X)) % 3, gd.CrossEntropy())
    rule = gd.LBFGS(preconditioner=gd.GramPreconditioner())
    start = objective.value(np.zeros(objective.shape, dtype))
    with np.errstate(all="raise"):
        result = gd.minimize(objective, np.zeros(objective.shape, dtype), rule, gd.StrongWolfe(), max_steps=20)
    assert result.status is not gd.Status.DIVERGED
    assert result.value <= start
    assert np.isfinite(result.w).all()


@every_loss
@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_the_minimum_is_that_of_the_plain_method_and_sooner(loss, dtype):
    objective = problem(loss, dtype)
    w0 = np.zeros(objective.shape)
    plain = gd.minimize(objective, w0, gd.LBFGS(), gd.StrongWolfe(), max_steps=400)
    rule = gd.LBFGS(preconditioner=gd.GramPreconditioner())
    found = gd.minimize(objective, w0, rule, gd.StrongWolfe(), max_steps=400)
    if loss == gd.Hinge():  # kinks: neither arrives, both go down
        assert found.value < 0.9 * objective.value(w0)
        return
    assert found.value <= plain.value * (1 + 1e-5)
    assert found.value >= plain.value * (1 - 1e-3)
    assert found.passes < plain.passes


def test_objectives_without_a_gram_matrix_are_refused_by_name():
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    with pytest.raises(TypeError, match=r"LinearObjective; it is FunctionObjective.*leave the preconditioner out"):
        gd.minimize(bowl, np.ones(3), gd.LBFGS(preconditioner=gd.GramPreconditioner()), gd.StrongWolfe())


def test_mini_batches_are_refused():
    objective = problem(gd.CrossEntropy())
    rule = gd.LBFGS(preconditioner=gd.GramPreconditioner())
    with pytest.raises(ValueError, match="leave batches out"):
        gd.minimize(objective, np.zeros(objective.shape), rule, 0.1, batches=10)
