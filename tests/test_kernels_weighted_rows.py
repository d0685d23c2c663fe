"""Half a pass: sums of rows of X times coefficients, and products with second derivatives, against the formulas."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import gdfast as gd
from gdfast import _kernels
from gdfast.objective.linear.products import weighted_rows

KINDS = ["float64", "float32", "float16", "uint8", "csr64", "csr32"]
SIZES = [(1, 1, 1), (3, 9, 2), (33, 64, 5), (70, 100, 10), (97, 31, 33), (130, 17, 150), (600, 70, 4)]


def linear(kind, n, d, k, seed=0, X=None, **options):
    rng = np.random.default_rng((seed, n, d, k))
    drawn = rng.integers(0, 256, (n, d)) if kind == "uint8" else rng.normal(size=(n, d))
    if kind.startswith("csr"):
        drawn = scipy.sparse.csr_array((drawn * (rng.random((n, d)) < 0.5)).astype("float" + kind[3:]))
    else:
        drawn = drawn.astype(kind)
        options = {"mean": rng.normal(size=d)} | options
    options = {"scale": rng.uniform(1, 2, d), "sample_weight": rng.random(n)} | options
    return gd.LinearObjective(drawn if X is None else X, rng.normal(size=(n, k)), gd.SquaredError(), **options)


def seen(objective):
    """(n, columns), as the model sees them."""
    return objective.linear_problem.rows.seen(np.arange(objective.n_samples))


def sums_of(objective, C, wide, dtype=np.float64):
    found = np.full((C.shape[1], objective.shape[1]), np.nan, dtype)
    _kernels.weighted_rows(objective.linear_problem.scorer, C, found, wide)
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_they_are_the_product(kind, size):
    n, d, k = size
    objective = linear(kind, n, d, k)
    Z = seen(objective)
    for m in {1, k}:  # not only as many as W has rows
        C = np.random.default_rng(m).normal(size=(n, m))
        C[::3] = 0
        for wide in {True, objective.linear_problem.rows.is_wide}:
            tolerance = 1e-12 if wide else 2e-5
            for dtype in (np.float64, np.float32):
                found = sums_of(objective, C, wide, dtype)
                room = (tolerance if dtype == np.float64 else 2e-5) * np.abs(C.T) @ np.abs(Z)
                assert (np.abs(found - C.T @ Z) <= room + 1e-300).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_s_own_coefficients_give_the_gradient(kind):
    objective = linear(kind, 300, 70, 6)
    problem = objective.linear_problem
    W = np.random.default_rng(1).normal(size=objective.shape) / 100
    scores = np.ascontiguousarray(problem.scores(W, True))
    C = np.empty_like(scores)
    problem.kernel.mix(scores, None, None, None, None, None, C)
    value, gradient = np.empty(1), np.empty(objective.shape)
    problem.kernel.evaluate(W, value, gradient, None, True)
    found = weighted_rows(problem.rows, problem.scorer, C, wide=True)
    np.testing.assert_allclose(found, gradient, rtol=1e-11, atol=1e-13 * np.abs(gradient).max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [5, 40])
def test_any_number_of_threads_and_rows_of_a_mini_batch(kind, k):
    objective = linear(kind, 2000, 33, k)
    index = np.random.default_rng(0).integers(0, 2000, 1500)
    batch = objective.rows(index)
    C = np.random.default_rng(2).normal(size=(1500, k))
    threads, found = gd.get_num_threads(), []
    try:
        for count in (1, 2, 5):
            gd.set_num_threads(count)
            found.append(sums_of(batch, C, True))
    finally:
        gd.set_num_threads(threads)
    assert len({a.tobytes() for a in found}) == 1
    Z = seen(objective)[index]
    assert (np.abs(found[0] - C.T @ Z) <= 1e-12 * np.abs(C.T) @ np.abs(Z)).all()


@pytest.mark.parametrize("kind", ["float64", "float32", "uint8", "csr64"])
@pytest.mark.parametrize("k", [3, 40])
def test_what_is_not_finite_is_seen(kind, k):
    objective = linear(kind, 50, 20, k)
    for bad in (np.nan, np.inf):
        C = np.ones((50, k))
        C[7, 1] = bad
        found = sums_of(objective, C, True)
        assert not np.isfinite(found[1, -1])
        assert np.isfinite(np.delete(found, 1, axis=0)).all()


def test_wrong_sizes_are_refused():
    objective = linear("float64", 50, 20, 3)
    kernel = objective.linear_problem.scorer
    for rows, shape in ((49, (3, 21)), (50, (2, 21)), (50, (3, 20))):
        with pytest.raises(ValueError, match=r"coefficients|sums"):
            _kernels.weighted_rows(kernel, np.ones((rows, 3)), np.empty(shape), True)
    with pytest.raises(ValueError, match="double_arithmetic must be True"):
        _kernels.weighted_rows(kernel, np.ones((50, 3)), np.empty((3, 21)), False)


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("k", [4, 37])
def test_second_derivatives_are_multiplied_in_one_pass(kind, wide, k):
    rng = np.random.default_rng(k)
    n, d = 200, 12
    X, y = rng.normal(size=(n, d)).astype(np.float32), rng.integers(0, k, n)
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=k, sample_weight=rng.random(n))
    rows, V = objective.linear_problem.rows, rng.normal(size=objective.shape)
    f = rng.random((n, k))
    f[np.arange(n), y] = 0.0
    f /= f.sum(axis=1, keepdims=True)
    kernel = _kernels.with_curvature(objective.linear_problem.compiled, f, kind)
    assert isinstance(kernel, _kernels.Problem)
    value, product = np.empty(1), np.empty(V.shape)
    kernel.evaluate(V, value, product, None, wide)
    Z = seen(objective)
    expected = np.zeros(V.shape)
    for z, label, factors, u in zip(Z, y, f, rows.normalized_weights, strict=True):
        D = np.diag(factors)
        if kind == 1:
            D = D - np.outer(factors, factors)
        elif kind == 2:
            E = np.eye(k) - np.eye(k)[label]
            D = E.T @ np.diag(factors) @ E
        expected += u * np.outer(D @ (V @ z), z)
    np.testing.assert_allclose(product, expected, rtol=0, atol=(1e-13 if wide else 1e-5) * np.abs(expected).max())
    assert value[0] == pytest.approx(0.5 * np.vdot(V, expected), rel=1e-12 if wide else 1e-4)
