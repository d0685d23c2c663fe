"""The diagonal is the Gram matrix's; the sketch finds its largest eigenvalues and is nowhere above it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd

KINDS = ["float64", "float32", "float16", "uint8", "csr", "csr32"]


def objective_of(seed, kind, bias=True, n=40, d=12):
    """A random one, with sample weights and a scale."""
    rng = np.random.default_rng(seed)
    X = (rng.integers(0, 9, (n, d)) * (rng.random((n, d)) < 0.6)).astype(
        {"csr": "float64", "csr32": "float32"}.get(kind, kind)
    )
    X = scipy.sparse.csr_array(X) if kind.startswith("csr") else X
    return gd.LinearObjective(
        X, np.arange(n) % 3, bias=bias, sample_weight=rng.random(n) + 0.01, scale=rng.uniform(1, 4, d)
    )


def by_rows(objective, row_weights=None, indices=None):
    """The sum of outer products of rows made dense."""
    at = np.arange(objective.n_samples) if indices is None else np.asarray(indices)
    X = objective.X.toarray() if scipy.sparse.issparse(objective.X) else objective.X
    Z = X.astype(np.float64)[at] / objective.scale
    Z = np.column_stack([Z, np.ones(len(Z))]) if objective.bias else Z
    weights = objective.linear_problem.rows.sample_weight
    shares = weights[at] / weights.mean() / len(at) * (1.0 if row_weights is None else row_weights)
    return Z.T @ (shares[:, None] * Z)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(KINDS),
    bias=st.booleans(),
    chosen=st.booleans(),
    row_weighted=st.booleans(),
)
def test_both_are_of_the_sum_of_outer_products(seed, kind, bias, chosen, row_weighted):
    """Of full rank the sketch is all of it; at a lower one it is nowhere above."""
    objective, rng = objective_of(seed, kind, bias), np.random.default_rng(seed)
    indices = rng.integers(0, 40, int(rng.integers(1, 60))) if chosen else None
    visited = 40 if indices is None else len(indices)
    row_weights = rng.random(visited) * (rng.random(visited) < 0.7) if row_weighted else None
    G = by_rows(objective, row_weights, indices)
    size = np.abs(G).max()
    np.testing.assert_allclose(objective.gram_diagonal(row_weights, indices), np.diag(G), rtol=1e-12)
    assert objective.passes == visited / 40
    for rank in (len(G), int(rng.integers(1, len(G)))):
        vectors, eigenvalues = objective.gram_sketch(rank, seed % 100, row_weights, indices)
        assert vectors.shape == (len(G), rank)
        assert (np.diff(eigenvalues) <= 0).all()
        assert (eigenvalues >= 0).all()
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(rank), atol=1e-12)
        rest = G - vectors @ (eigenvalues[:, None] * vectors.T)
        assert np.linalg.eigvalsh(rest).min() >= -1e-11 * size
        if rank == len(G):
            np.testing.assert_allclose(rest, 0, atol=1e-10 * size)
    assert objective.passes == 3 * visited / 40


def test_the_largest_eigenvalues_are_found():
    """With a spectrum that falls by half each time, to a few percent: what a preconditioner needs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 40)) * 0.5 ** np.arange(40) @ np.linalg.qr(rng.normal(size=(40, 40)))[0]
    objective = gd.LinearObjective(X, np.arange(300) % 2, bias=False)
    vectors, eigenvalues = objective.gram_sketch(12)
    np.testing.assert_allclose(eigenvalues[:6], np.linalg.eigvalsh(X.T @ X / 300)[::-1][:6], rtol=1e-3)
    again = objective.gram_sketch(12)
    assert (again[0] == vectors).all()
    assert (again[1] == eigenvalues).all()
    assert (objective.gram_sketch(12, seed=1)[0] != vectors).any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_mini_batch_has_its_own(kind):
    objective, few = objective_of(0, kind), np.array([3, 3, 39, 0, 17])
    batch, weights = objective.rows(few), np.arange(3.0)
    np.testing.assert_array_equal(batch.gram_diagonal(), objective.gram_diagonal(indices=few))
    np.testing.assert_array_equal(
        batch.gram_sketch(3, 0, weights, [0, 1, 4])[0], objective.gram_sketch(3, 0, weights, few[[0, 1, 4]])[0]
    )


def test_entries_for_one_place_add_up():
    """And the user's arrays stay as they are."""
    data, indices, starts = np.array([1.0, 2.0, 3.0]), np.array([1, 0, 1], dtype=np.int32), np.array([0, 3])
    X = scipy.sparse.csr_array((data, indices, starts), shape=(1, 2))
    objective = gd.LinearObjective(X, np.array([0]), n_classes=2)
    np.testing.assert_array_equal(objective.gram_diagonal(), [4.0, 16.0, 1.0])
    np.testing.assert_array_equal(objective.gram(), np.outer([2.0, 4, 1], [2.0, 4, 1]))
    np.testing.assert_array_equal(X.indices, [1, 0, 1])
    np.testing.assert_array_equal(X.data, [1.0, 2.0, 3.0])


def test_weights_of_zero_give_zeros():
    vectors, eigenvalues = objective_of(0, "float64").gram_sketch(4, row_weights=np.zeros(40))
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(4), atol=1e-14)
    np.testing.assert_array_equal(eigenvalues, np.zeros(4))


def test_products_beyond_float64_are_refused():
    objective = gd.LinearObjective(np.array([[1e200], [1.0]]), np.arange(2))
    with pytest.raises(ValueError, match="X must have products within float64 for a sketch"):
        objective.gram_sketch(2)
    with pytest.raises(ValueError, match="X must have squares within float64 for a diagonal"):
        objective.gram_diagonal()


def test_very_wide_sparse_rows():
    """Where no matrix of the columns would fit."""
    X = scipy.sparse.random_array((60, 50_000), density=2e-3, format="csr", rng=np.random.default_rng(0))
    objective = gd.LinearObjective(X, np.arange(60) % 2, bias=False)
    eigenvalues = objective.gram_sketch(10)[1]
    squared = (X @ X.T).toarray() / 60
    assert eigenvalues.sum() <= np.trace(squared)
    assert 0.5 * np.linalg.eigvalsh(squared)[-1] <= eigenvalues[0] <= np.linalg.eigvalsh(squared)[-1] * (1 + 1e-12)
    np.testing.assert_allclose(objective.gram_diagonal(), X.power(2).sum(axis=0) / 60, rtol=1e-12)
    with pytest.raises(ValueError, match=r"rank must be smaller: a sketch of 50,000 x 5,000 needs 8.0 GB and may use"):
        objective.gram_sketch(5000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rank": 14}, "rank must be at most 13, the columns of W; it is 14"),
        ({"rank": 0}, "rank must be"),
        ({"rank": 3, "seed": -1}, "seed must be"),
        ({"rank": 3, "row_weights": np.ones(3)}, "row_weights must have the shape"),
        ({"rank": 3, "indices": [40]}, "indices must be in"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(arguments, message):
    objective = objective_of(0, "float64")
    with pytest.raises(ValueError, match=message):
        objective.gram_sketch(**arguments)
    assert objective.passes == 0
