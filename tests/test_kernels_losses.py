"""The table of losses in the compiled core: its names, and the generic differences against those made for each loss."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from gdfast import _kernels
from gdfast.objective.losses import Loss
from gdfast.objective.losses.table import COMPILED

N, D, K = 70, 9, 5
INPUTS = {"uint8": 0, "float16": 1, "float32": 2, "float64": 3}
X_TYPES = [*((dtype, False) for dtype in INPUTS), ("float32", True), ("float64", True)]


def rows_of(X: np.ndarray) -> _kernels.SparseRows:
    i, j = np.nonzero(X)
    starts = np.searchsorted(i, np.arange(len(X) + 1))
    return _kernels.SparseRows(X[i, j], j.astype(np.int32), starts, X.shape)


def made(kind: type[Loss], dtype: str, is_sparse: bool, weighted: bool, margin: float = 0.7):
    """A problem of this loss, and W."""
    rng = np.random.default_rng(N)
    X = rng.integers(0, 3, (N, D)).astype(dtype) if dtype == "uint8" else rng.normal(size=(N, D)).astype(dtype)
    if is_sparse:
        X[rng.random((N, D)) < 0.6] = 0
    labels = rng.integers(0, K, N).astype(np.int32) if kind.classifies else None
    targets = None if kind.classifies else rng.normal(size=(N, K))
    weights = rng.integers(0, 3, N) * rng.uniform(0.5, 1, N) if weighted else None
    scale = rng.uniform(0.5, 2, D)
    mean = None if is_sparse else rng.normal(size=D)
    make = _kernels.SparseProblem if is_sparse else _kernels.Problem
    rows = rows_of(X) if is_sparse else X
    problem = make(rows, INPUTS[dtype], labels, targets, weights, None, mean, scale, kind.code, margin, 1 / N, K, True)
    return problem, rng.normal(size=(K, D + 1))


def differences(problem: _kernels.Problem, W: np.ndarray, h: float, scheme: int, generic: bool):
    columns = np.array([0, 2, 3, D])
    difference, crossings = np.full((K, 4), np.nan), np.full((K, 4), -1)
    problem.differences(W, h, scheme, columns, difference, crossings, generic)
    return difference, crossings


def test_the_kernels_and_the_python_classes_number_the_losses_alike():
    assert _kernels.loss_names() == tuple(kind.name for kind in COMPILED)
    assert [kind.code for kind in COMPILED] == list(range(len(COMPILED)))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("dtype", "is_sparse"), X_TYPES)
@pytest.mark.parametrize("kind", COMPILED, ids=lambda kind: kind.name)
@pytest.mark.parametrize("threads", [1, 2])
def test_generic_differences_are_those_of_the_formulas_made_for_a_loss(kind, dtype, is_sparse, weighted, threads):
    # The generic ones subtract a row's losses: they are as near as the rounding of these.
    _kernels.set_num_threads(threads)
    problem, W = made(kind, dtype, is_sparse, weighted)
    value = np.empty(1)
    problem.evaluate(W, value, None, None, True)
    for scheme in (0, 1):
        for h in (1e-3, 0.5, 3.0):
            own, generic = (differences(problem, W, h, scheme, flag)[0] for flag in (False, True))
            np.testing.assert_allclose(generic, own, rtol=1e-11, atol=1e-13 * (1 + value[0]))
            assert np.abs(own).max() > 0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("dtype", "is_sparse"), X_TYPES)
def test_generic_crossings_are_where_the_terms_of_the_hinge_are_crossed(dtype, is_sparse, weighted):
    hinge = next(kind for kind in COMPILED if kind.name == "hinge")
    problem, W = made(hinge, dtype, is_sparse, weighted)
    some = 0
    for h in (1e-3, 0.05, 0.5):
        (excess, count), (generic_excess, generic_count) = (
            differences(problem, W, h, 2, flag) for flag in (False, True)
        )
        np.testing.assert_allclose(generic_excess, excess, rtol=1e-9, atol=1e-13)
        # The generic ones count rows, the others terms: moving a row's own score moves all of its margins.
        assert (generic_count <= count).all()
        assert ((generic_count > 0) == (count > 0)).all()
        some += generic_count.sum()
    assert some > 0


@pytest.mark.parametrize("kind", COMPILED, ids=lambda kind: kind.name)
def test_generic_differences_against_the_oracle(kind):
    rng = np.random.default_rng(1)
    X, W = rng.normal(size=(N, D)), rng.normal(size=(K, D + 1))
    loss = kind.name
    y = rng.normal(size=(N, K)) if loss in reference.REGRESSIONS else rng.integers(0, K, N).astype(np.int32)
    labels, targets = (None, y) if loss in reference.REGRESSIONS else (y, None)
    problem = _kernels.Problem(X, 3, labels, targets, None, None, None, None, kind.code, 1.0, 1 / N, K, True)
    h, expected = 1e-2, np.empty((K, 4))
    oracle = reference.LinearProblem(X, y, loss)
    for c in range(K):
        for i, j in enumerate((0, 2, 3, D)):
            ahead, behind = W.copy(), W.copy()
            ahead[c, j] += h
            behind[c, j] -= h
            expected[c, i] = oracle.data_loss(ahead)[0] - oracle.data_loss(behind)[0]
    np.testing.assert_allclose(differences(problem, W, h, 0, True)[0], expected, rtol=0, atol=1e-13 * N)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("dtype", "is_sparse"), X_TYPES)
def test_pair_squares_are_those_of_differences_of_scores(dtype, is_sparse, threads):
    _kernels.set_num_threads(threads)
    hinge = next(kind for kind in COMPILED if kind.name == "hinge")
    rng = np.random.default_rng(1)
    X = rng.integers(0, 3, (N, D)).astype(dtype)
    y, scale, V = rng.integers(0, K, N).astype(np.int32), rng.uniform(0.5, 2, D), rng.normal(size=(K, D + 1))
    make = _kernels.SparseProblem if is_sparse else _kernels.Problem
    rows, weights = rows_of(X) if is_sparse else X, rng.uniform(0.5, 1, N)
    whole = make(rows, INPUTS[dtype], y, None, weights, None, None, scale, hinge.code, 1.0, 1 / N, K, True)
    factors = rng.uniform(size=(N, K)) * (rng.random((N, K)) < 0.5)
    some = np.sort(rng.choice(N, 40, replace=False))
    Z = np.column_stack([X / scale, np.ones(N)])
    scores = Z @ V.T
    differences = scores - scores[np.arange(N), y][:, None]
    C = factors * differences
    value = (C * differences)[some].sum() / 2
    C[np.arange(N), y] = -C.sum(axis=1)
    for wide in [True] if dtype == "float64" else [True, False]:
        tolerance = 1e-12 if wide else 1e-5
        found, product = np.empty(1), np.empty_like(V)
        whole.on_rows(some, 1.0).with_pairs(factors).evaluate(V, found, product, None, wide)
        np.testing.assert_allclose(found[0], value, rtol=tolerance)
        np.testing.assert_allclose(product, C[some].T @ Z[some], rtol=tolerance, atol=tolerance * np.abs(product).max())


def test_pair_squares_need_labels_and_are_no_loss_that_a_problem_is_made_with():
    problem, _ = made(next(kind for kind in COMPILED if not kind.classifies), "float64", False, weighted=False)
    with pytest.raises(ValueError, match="labels must be given"):
        problem.with_pairs(np.ones((N, K)))
    with pytest.raises(ValueError, match="loss must be in"):
        _kernels.Problem(
            np.ones((N, D)), 3, None, None, None, None, None, None, len(COMPILED), 1.0, 1.0, K, True
        )  # fmt: skip
