"""The kernel for scores of a few rows: NumPy's sums, the same bits whatever a row comes with, NaN is told."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast import _kernels

ROWS = 16


@pytest.fixture(autouse=True)
def as_many_threads_as_before():
    before = _kernels.get_num_threads()
    yield
    _kernels.set_num_threads(before)


def drawn(k: int, d: int, dtype: str):
    rng = np.random.default_rng([k, d])
    return rng.normal(size=(ROWS, d)).astype(dtype), rng.normal(size=(k, d + 1)).astype(dtype)


def scores_of(X, W, *, bias: bool = True, finite: bool = True):
    scores = np.full((len(X), len(W)), np.nan, X.dtype)
    assert _kernels.few_scores(X, W[:, :-1], W[:, -1] if bias else None, scores) is finite
    return scores


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [(1, 1), (3, 20), (8, 7), (25, 33), (30, 64), (53, 3), (6000, 70)], ids=str)
def test_scores_are_those_of_numpy_whatever_a_row_comes_with(size, dtype):
    X, W = drawn(*size, dtype)
    whole = scores_of(X, W)
    wide, weights = X.astype(np.float64), W.astype(np.float64)
    near = 20 * size[1] * np.finfo(dtype).eps
    np.testing.assert_allclose(whole, wide @ weights[:, :-1].T + weights[:, -1], atol=near)
    np.testing.assert_allclose(scores_of(X, W, bias=False), wide @ weights[:, :-1].T, atol=near)
    for first, last in ((0, 1), (3, 5), (2, 5), (4, 8), (1, 14)):
        for n_threads in (1, 3):
            _kernels.set_num_threads(n_threads)
            assert scores_of(X[first:last], W).tobytes() == whole[first:last].tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_where_arrays_lie_does_not_matter(dtype):
    X, W = drawn(11, 29, dtype)
    apart = np.zeros((3 * ROWS, 40), dtype)[::3, 5 : 5 + 29]
    apart[:] = X
    assert scores_of(apart[::-1], W).tobytes() == scores_of(X[::-1], W).tobytes()
    whole = np.zeros((11, 31), dtype)[:, 1:]
    whole[:] = W
    assert scores_of(X, whole).tobytes() == scores_of(X, W).tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("place", [(0, 0), (5, 28), (15, 3)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_told_and_reaches_its_scores(dtype, place, value):
    X, W = drawn(13, 29, dtype)
    X[place] = value
    scores = scores_of(X, W, finite=False)
    assert not np.isfinite(scores[place[0]]).any()
    assert np.isfinite(np.delete(scores, place[0], axis=0)).all()


def test_scores_that_overflow_are_told():
    X, W = drawn(4, 9, "float32")
    W[2] = 3e38
    scores = scores_of(np.abs(X) + 1, W, finite=False)
    assert np.isposinf(scores[:, 2]).all()
    assert np.isfinite(np.delete(scores, 2, axis=1)).all()


def test_arrays_that_do_not_fit_are_refused():
    X, W = drawn(4, 9, "float64")
    scores = np.zeros((ROWS, 4))
    with pytest.raises(ValueError, match="W must be float64 of shape"):
        _kernels.few_scores(X, W, None, scores)
    with pytest.raises(TypeError, match="W must be float64"):
        _kernels.few_scores(X, W[:, :-1].astype(np.float32), None, scores)
    with pytest.raises(ValueError, match="X must hold its rows' elements one after another"):
        _kernels.few_scores(X[:, ::-1], W[:, :-1], None, scores)
    with pytest.raises(ValueError, match="bias must be float64 of shape"):
        _kernels.few_scores(X, W[:, :-1], W[:3, -1], scores)
    with pytest.raises(ValueError, match="scores must be float64 of shape"):
        _kernels.few_scores(X, W[:, :-1], None, scores[:3])
