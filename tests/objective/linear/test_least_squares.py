"""LECTURE 26: squared error with L2 is solved in closed form; gradient = 0 there, to rounding."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
from gdfast.objective.linear import least_squares, seen_rows
from reference import SQUARED_ERROR, LinearProblem

MODES = [{"bias": True}, {"bias": True, "penalize_bias": True}, {"bias": False}]


def largest_terms(problem, W):
    """How large the numbers are whose sum the gradient is."""
    Z, residuals = np.abs(problem.features()), np.abs(problem.scores(W) - np.reshape(problem.y, (len(problem.X), -1)))
    return float((2 * residuals.T @ Z / len(Z)).max() + 2 * problem.l2 * np.abs(W).max() + np.abs(Z).max() ** 2 * 1e-3)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["float64", "float32", "float16", "uint8", "csr", "csr32"]),
    mode=st.sampled_from(MODES),
    n=st.integers(1, 40),
    d=st.integers(1, 25),
    outputs=st.integers(0, 3),
    strength=st.sampled_from([1e-3, 0.1, 10.0]),
    weighted=st.booleans(),
    scaled=st.booleans(),
)
def test_the_gradient_is_zero(seed, kind, mode, n, d, outputs, strength, weighted, scaled):
    """By the plain reference, on tall and wide data of every type."""
    rng = np.random.default_rng(seed)
    plain = rng.integers(0, 9, (n, d)).astype(np.float64)
    X = plain.astype({"csr": "float64", "csr32": "float32"}.get(kind, kind))
    X = scipy.sparse.csr_array(X) if kind.startswith("csr") else X
    y = rng.normal(size=(n, outputs)) if outputs else rng.normal(size=n)
    kwargs = dict(mode)
    if weighted:
        kwargs["sample_weight"] = rng.random(n) * (rng.random(n) < 0.8) + 1e-3
    if scaled:
        kwargs["scale"] = rng.uniform(1, 5, d)
        if not kind.startswith("csr"):
            kwargs["mean"] = rng.normal(size=d) * 3
    W = gd.LinearObjective(X, y, gd.SquaredError(), gd.L2(strength), **kwargs).solve()
    problem = LinearProblem(plain, np.reshape(y, (n, -1)), SQUARED_ERROR, l2=strength, **kwargs)
    assert W.dtype == np.float64
    assert np.abs(problem.gradient(W)).max() <= 1e-12 * largest_terms(problem, W)


def quiet_solve(objective):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        W = objective.solve()
    return W, [str(w.message) for w in seen]


@pytest.mark.parametrize("shape", [(50, 6), (8, 20)])
@pytest.mark.parametrize("mode", MODES[1:])
def test_without_l2_it_is_numpy_s_least_squares(shape, mode):
    """Also the minimum-norm solution of wide data."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=shape), rng.normal(size=(shape[0], 2))
    Z = np.column_stack([X, np.ones(len(X))]) if mode["bias"] else X
    W, said = quiet_solve(gd.LinearObjective(X, y, gd.SquaredError(), **mode))
    np.testing.assert_allclose(W, np.linalg.lstsq(Z, y)[0].T, atol=1e-12)
    assert len(said) == (shape[0] < shape[1])


@pytest.mark.parametrize("shape", [(50, 6), (8, 20), (30, 30)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_it_is_scikit_learn_s_ridge(shape, bias, sparse):
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(1)
    X, y, weights = rng.normal(size=shape) + 2, rng.normal(size=(shape[0], 3)), rng.random(shape[0]) + 0.1
    given = scipy.sparse.csr_array(X) if sparse else X
    W = gd.LinearObjective(given, y, gd.SquaredError(), gd.L2(0.3), bias=bias, sample_weight=weights).solve()
    ridge = linear_model.Ridge(alpha=0.3 * weights.sum(), fit_intercept=bias, solver="svd").fit(X, y, weights)
    np.testing.assert_allclose(W[:, : shape[1]], ridge.coef_, rtol=1e-9, atol=1e-11)
    if bias:
        np.testing.assert_allclose(W[:, -1], ridge.intercept_, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize("n", [40, 4])
def test_columns_that_depend_on_each_other(kind, n):
    """Of all minima the one whose weights are shortest: the limit of a vanishing L2; and it is said."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(n, 4)) @ rng.normal(size=(4, 7))
    X[:, 3] = X[:, 0]
    X[:, 5] = 0.0
    y = rng.normal(size=n)
    given = scipy.sparse.csr_array(X) if kind == "csr" else X
    W, said = quiet_solve(gd.LinearObjective(given, y, gd.SquaredError()))
    assert len(said) == 1
    assert "singular" in said[0]
    centred = X - X.mean(axis=0)
    expected = np.linalg.lstsq(centred, y - y.mean(), rcond=1e-10)[0]
    np.testing.assert_allclose(W[0, :-1], expected, atol=1e-10)
    assert W[0, -1] == pytest.approx(y.mean() - X.mean(axis=0) @ expected, abs=1e-10)
    problem = LinearProblem(X, y[:, None], SQUARED_ERROR)
    assert np.abs(problem.gradient(W)).max() < 1e-12
    near, said = quiet_solve(gd.LinearObjective(given, y, gd.SquaredError(), gd.L2(1e-7)))
    assert said == []
    np.testing.assert_allclose(near, W, atol=1e-4)


def test_a_condition_whose_square_is_beyond_float64():
    """Singular values from 1 to 1e-10: normal equations know nothing of the last ones; the reflections do."""
    rng = np.random.default_rng(3)
    U, _ = np.linalg.qr(rng.normal(size=(60, 8)))
    V, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    X = U * np.geomspace(1, 1e-10, 8) @ V.T
    true_w = rng.normal(size=8)
    W, said = quiet_solve(gd.LinearObjective(X, X @ true_w, gd.SquaredError(), bias=False))
    assert said == []
    np.testing.assert_allclose(W[0], true_w, atol=1e-4)


def test_features_of_any_size_and_offset():
    """What scaling and centring would do to the features does not matter."""
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(200, 5)), rng.normal(size=200)
    plain = gd.LinearObjective(X, y, gd.SquaredError()).solve()
    sizes, offsets = 10.0 ** np.array([-8, -3, 0, 3, 8]), np.array([0, 1, -10, 100, 1000.0])
    moved, said = quiet_solve(gd.LinearObjective((X + offsets) * sizes, y, gd.SquaredError()))
    assert said == []
    np.testing.assert_allclose(moved[0, :-1] * sizes, plain[0, :-1], rtol=1e-9, atol=1e-11)


def test_mini_batches_and_repeated_rows():
    rng = np.random.default_rng(5)
    X, y, weights = rng.normal(size=(30, 4)), rng.normal(size=(30, 2)), rng.random(30)
    whole = gd.LinearObjective(X, y, gd.SquaredError(), gd.L2(0.1), sample_weight=weights)
    rows = rng.integers(0, 30, 50)
    batch = whole.rows(rows)
    assert np.abs(batch.gradient(batch.solve())).max() < 1e-14
    few = whole.rows(rows[:3])
    assert np.abs(few.gradient(few.solve())).max() < 1e-14
    assert np.abs(whole.gradient(batch.solve())).max() > 1e-4


def test_rows_without_weight():
    X, y = np.arange(6.0).reshape(3, 2), np.arange(3.0)
    whole = gd.LinearObjective(X, y, gd.SquaredError(), sample_weight=np.array([0.0, 1.0, 1.0]))
    W, said = quiet_solve(whole.rows(np.array([0, 0])))
    assert not W.any()
    assert len(said) == 1


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("shape", [(70, 9), (9, 70)])
def test_blocks_of_rows_make_no_difference(sparse, shape, monkeypatch):
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=shape), rng.normal(size=shape[0])
    given = scipy.sparse.csr_array(X) if sparse else X
    objectives = [gd.LinearObjective(given, y, gd.SquaredError(), r) for r in (gd.L2(0.01), None)]
    whole = [quiet_solve(objective)[0] for objective in objectives]
    monkeypatch.setattr(seen_rows, "BLOCK_BYTES", 400)
    monkeypatch.setattr(least_squares, "CLEARLY_REGULAR", 2.0)  # so that the other factorisations are taken
    for objective, expected in zip(objectives, whole, strict=True):
        np.testing.assert_allclose(quiet_solve(objective)[0], expected, atol=1e-12)


def test_newton_arrives_where_it_is():
    rng = np.random.default_rng(7)
    objective = gd.LinearObjective(rng.normal(size=(300, 20)), rng.normal(size=300), gd.SquaredError(), gd.L2(0.01))
    result = gd.minimize(objective, np.zeros(objective.shape), gd.Newton(), 1.0, gtol=1e-12)
    np.testing.assert_allclose(objective.solve(), result.w, atol=1e-11)


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy()], ids=repr)
def test_other_losses_are_refused_by_name(loss):
    objective = gd.LinearObjective(np.eye(3), np.array([0, 1, 2]), loss)
    with pytest.raises(ValueError, match=f"solve needs SquaredError.*{type(loss).__name__}.*solve_critical_point"):
        objective.solve()
    assert objective.passes == 0


def test_other_regularizers_are_refused_by_name():
    for regularizer in (gd.L1(0.1), gd.ElasticNet(0.1, 0.1)):
        objective = gd.LinearObjective(np.eye(3), np.arange(3.0), gd.SquaredError(), regularizer)
        with pytest.raises(ValueError, match=f"it is {type(regularizer).__name__}"):
            objective.solve()
    net, plain = (
        gd.LinearObjective(np.eye(3), np.arange(3.0), gd.SquaredError(), r).solve()
        for r in (gd.ElasticNet(0.0, 0.1), gd.L2(0.1))
    )
    assert np.array_equal(net, plain)


def test_what_is_beyond_memory_or_float64():
    X = scipy.sparse.csr_array((30_000, 20_000))
    with pytest.raises(ValueError, match=r"20,000 x 20,000, 13 GB in all.*LBFGS"):
        gd.LinearObjective(X, np.zeros(30_000), gd.SquaredError(), gd.L2(1.0)).solve()
    huge = gd.LinearObjective(np.full((3, 1), 1e200), np.arange(3.0), gd.SquaredError(), gd.L2(1.0), bias=False)
    with pytest.raises(ValueError, match="scale the features"):
        huge.solve()
