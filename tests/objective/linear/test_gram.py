"""The Gram matrix is the weighted sum of the outer products of the rows as the model sees them, whatever X is."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
from gdfast.objective.capabilities import gram_of
from gdfast.objective.linear import seen_rows
from reference import HINGE, LinearProblem

KINDS = ["float64", "float32", "float16", "uint8", "csr", "csr32"]
LAYOUTS = ["C", "Fortran", "strided", "reversed", "read-only"]
TOLERANCE = {"float64": 1e-13, "csr": 1e-13, "csr32": 1e-13, "uint8": 2e-6, "float32": 2e-6, "float16": 2e-6}
"""Of the largest products: float32 arithmetic, with totals in float64, for narrower X."""


def laid_out(X, layout):
    """The same numbers elsewhere in memory."""
    if layout == "Fortran":
        return np.asfortranarray(X)
    if layout == "strided":
        wide = np.zeros((2 * len(X), 3 * X.shape[1]), dtype=X.dtype)
        wide[::2, ::3] = X
        return wide[::2, ::3]
    if layout == "reversed":
        return X[::-1, ::-1].copy()[::-1, ::-1]
    if layout == "read-only":
        X.flags.writeable = False
    return X


class Case:
    """A random problem, as an objective and as the plain reference."""

    def __init__(self, seed, kind, layout="C", bias=True, weighted=False, mean=False, scaled=False, shape=None):
        rng = np.random.default_rng(seed)
        n, d = shape or (int(rng.integers(1, 60)), int(rng.integers(1, 20)))
        plain = rng.integers(0, 256 if kind == "uint8" else 9, (n, d)).astype(np.float64)
        self.rng, self.kwargs = rng, {"bias": bias}
        if weighted:
            self.kwargs["sample_weight"] = rng.random(n) * (rng.random(n) < 0.8) + 1e-3
        if scaled:
            self.kwargs["scale"] = rng.uniform(1, 5, d)
        if mean and not kind.startswith("csr"):
            self.kwargs["mean"] = rng.normal(size=d) * 3
        X = plain.astype({"csr": "float64", "csr32": "float32"}.get(kind, kind))
        X = scipy.sparse.csr_array(X) if kind.startswith("csr") else laid_out(X, layout)
        y = np.arange(n) % 3
        self.objective = gd.LinearObjective(X, y, gd.Hinge(), n_classes=3, **self.kwargs)
        self.Z = LinearProblem(plain, y, HINGE, **self.kwargs).features()
        weights = self.kwargs.get("sample_weight", np.ones(n))
        self.shares = weights / weights.sum()


def by_loops(Z, shares):
    """Row by row; and how large the terms are."""
    G, size = np.zeros((Z.shape[1], Z.shape[1])), 0.0
    for z, u in zip(Z, shares, strict=True):
        G += u * np.outer(z, z)
        size += u * float(z @ z)
    return G, size


def assert_is_gram(found, Z, shares, kind):
    """Within the tolerance of the type, column by column; symmetric to the last bit."""
    expected, _ = by_loops(Z, shares)
    sizes = np.sqrt(np.diag(expected))
    assert found.dtype == np.float64
    assert (found == found.T).all()
    assert (np.abs(found - expected) <= TOLERANCE[kind] * np.outer(sizes, sizes) + 1e-300).all()


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(KINDS),
    layout=st.sampled_from(LAYOUTS),
    bias=st.booleans(),
    weighted=st.booleans(),
    mean=st.booleans(),
    scaled=st.booleans(),
    chosen=st.booleans(),
    row_weighted=st.booleans(),
)
def test_it_is_the_sum_of_outer_products(seed, kind, layout, bias, weighted, mean, scaled, chosen, row_weighted):
    case = Case(seed, kind, layout, bias, weighted, mean, scaled)
    n, rng = len(case.Z), case.rng
    indices = rng.integers(0, n, int(rng.integers(1, 80))) if chosen else None
    at = np.arange(n) if indices is None else indices
    row_weights = rng.random(len(at)) * (rng.random(len(at)) < 0.7) if row_weighted else None
    shares = case.shares[at] * n / len(at) * (1.0 if row_weights is None else row_weights)
    found = case.objective.gram(row_weights, indices)
    assert_is_gram(found, case.Z[at], shares, kind)
    assert case.objective.passes == len(at) / n


@pytest.mark.parametrize("kind", KINDS)
def test_a_mini_batch_has_one_of_its_own(kind):
    case = Case(0, kind, weighted=True, mean=True, scaled=True, shape=(50, 7))
    few = np.array([3, 3, 49, 0, 17])
    batch = case.objective.rows(few)
    np.testing.assert_array_equal(batch.gram(), case.objective.gram(indices=few))
    np.testing.assert_array_equal(batch.gram(np.arange(2.0), [4, 2]), case.objective.gram(np.arange(2.0), few[[4, 2]]))
    assert batch.passes == (5 + 2) / 5
    assert case.objective.passes == (5 + 5 + 2 + 2) / 50


def test_it_is_half_the_hessian_of_squared_errors():
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(40, 5)), rng.normal(size=40), rng.random(40)
    objective = gd.LinearObjective(X, y, gd.SquaredError(), sample_weight=w, mean=X.mean(0), scale=X.std(0))
    V = rng.normal(size=objective.shape)
    np.testing.assert_allclose(2 * V @ objective.gram(), objective.hessian_product(V, V), rtol=1e-12)


def test_the_free_function_asks_for_it():
    case = Case(1, "float64")
    np.testing.assert_array_equal(gram_of(case.objective), case.objective.gram())
    np.testing.assert_array_equal(gram_of(case.objective, None, [0]), case.objective.gram(indices=[0]))
    assert gram_of(gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"row_weights": np.ones(4)}, r"row_weights must have the shape \(5,\); its shape is \(4,\)"),
        ({"row_weights": np.array([1, 1, -2.0, 1, 1])}, r"row_weights must be >= 0; row_weights\[2\] is -2"),
        ({"row_weights": np.array([1, 1, np.nan, 1, 1])}, r"row_weights.*\[2\] is nan"),
        ({"indices": [5]}, r"indices must be in \[0, 5\); indices\[0\] is 5"),
        ({"indices": []}, "indices must not be empty"),
        ({"indices": [0, 1], "row_weights": np.ones(5)}, r"row_weights must have the shape \(2,\)"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(arguments, message):
    objective = Case(0, "float64", shape=(5, 3)).objective
    with pytest.raises(ValueError, match=message):
        objective.gram(**arguments)
    assert objective.passes == 0


@pytest.mark.parametrize("kind", ["float64", "csr"])
def test_a_matrix_too_large_is_named_before_it_is_taken(kind):
    X = scipy.sparse.csr_array((3, 200_000)) if kind == "csr" else np.zeros((3, 200_000))
    objective = gd.LinearObjective(X, np.arange(3))
    with pytest.raises(ValueError, match=r"200,001 x 200,001 needs 320.0 GB and may use 4.3: take "):
        objective.gram()
    assert objective.passes == 0


def test_products_beyond_float64_are_refused():
    objective = gd.LinearObjective(np.array([[1e200], [1.0]]), np.arange(2))
    with pytest.raises(ValueError, match="X must have products within float64"):
        objective.gram()


def test_the_blocks_do_not_show(monkeypatch):
    case = Case(3, "float64", weighted=True, mean=True, shape=(100, 6))
    whole = case.objective.gram()
    monkeypatch.setattr(seen_rows, "BLOCK_BYTES", 8 * 7 * 9)
    np.testing.assert_allclose(case.objective.gram(), whole, rtol=1e-13, atol=1e-13)
