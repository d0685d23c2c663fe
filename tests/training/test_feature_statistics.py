"""Feature statistics: mean and deviation as exact arithmetic gives them, of any type, layout, weight and unit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("sklearn")

import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from gdfast.training.feature_statistics import feature_statistics
from gdfast.training.row_norms import standardized_rows


def exact(values, weights):
    """Mean and variance in fractions."""
    values, weights = [Fraction(float(v)) for v in values], [Fraction(float(w)) for w in weights]
    total = sum(weights)
    mean = sum(v * w for v, w in zip(values, weights, strict=True)) / total
    return float(mean), float(sum(w * (v - mean) ** 2 for v, w in zip(values, weights, strict=True)) / total)


@given(st.integers(1, 30), st.floats(-150, 150), st.floats(-3, 8), st.integers(0, 10**6))
def test_dense_statistics_are_exact(n, power, offset, seed):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, 2)) + 10.0**offset) * 10.0**power
    weights = rng.integers(1, 5, n).astype(float)
    statistics = feature_statistics(X, weights, None, centre=True)
    for j in range(2):
        mean, variance = exact(X[:, j], weights)
        assert statistics.mean[j] == pytest.approx(mean, rel=1e-12)
        assert statistics.deviation[j] ** 2 == pytest.approx(variance, rel=1e-7, abs=1e-25 * mean**2)
    assert statistics.weight == weights.sum()


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "u1"])
def test_types_rows_and_layouts(dtype):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 200, (700, 90)).astype(dtype)
    rows = np.flatnonzero(rng.random(700) < 0.5)
    statistics = feature_statistics(np.asfortranarray(X), None, rows, centre=True)
    assert statistics.mean == pytest.approx(X[rows].astype(float).mean(axis=0))
    assert statistics.scale == pytest.approx(X[rows].astype(float).std(axis=0))
    assert feature_statistics(X, None, None, centre=False).deviation == pytest.approx(
        np.sqrt((X.astype(float) ** 2).mean(axis=0))
    )


@pytest.mark.parametrize("value", [0.0, 1.0, 1e30, 1e-300, -7e307])
def test_a_constant_column_is_scaled_to_nothing_much(value):
    statistics = feature_statistics(np.full((50, 1), value), None, None, centre=True)
    assert statistics.mean[0] == pytest.approx(value)
    assert statistics.scale[0] == (abs(value) or 1.0)


def test_sparse_statistics_have_their_largest_absolute_value():
    rng = np.random.default_rng(0)
    X = sp.random(200, 30, 0.1, random_state=1, format="csr")
    X.data = (X.data - 0.5) * 1e200
    weights = rng.integers(0, 3, 200).astype(float)
    statistics = feature_statistics(X, weights, None, centre=True)
    dense = X.toarray()
    largest = np.abs(dense).max(axis=0)
    assert np.array_equal(statistics.scale, np.where(largest > 0, largest, 1))
    unit = statistics.scale
    expected = unit * np.sqrt(((dense / unit) ** 2 * weights[:, None]).sum(axis=0) / weights.sum())
    assert statistics.deviation == pytest.approx(expected)
    assert statistics.mean is None


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
def test_merged_statistics_are_those_of_all_rows(make):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4)) * [1, 1e6, 1e-6, 3] + [0, 1e6, 0, 9]
    parts = [feature_statistics(make(part), None, None, centre=True) for part in (X[:1], X[1:50], X[50:])]
    merged = parts[0].merged(parts[1]).merged(parts[2])
    whole = feature_statistics(make(X), None, None, centre=True)
    assert merged.weight == whole.weight
    assert merged.scale == pytest.approx(whole.scale)
    assert merged.deviation == pytest.approx(whole.deviation)
    if whole.mean is not None:
        assert merged.mean == pytest.approx(whole.mean)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_rows_are_measured_as_the_model_sees_them(make, offset):
    """Also where they have to be a copy (float32 can't fold 1e9)."""
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(60, 3)) * [1, 100, 1e4] + offset).astype(np.float32)
    weights = rng.integers(1, 4, 60).astype(float)
    statistics = feature_statistics(make(X), weights, None, centre=True)
    rows = standardized_rows(make(X), statistics, weights, None)
    Z = (X.astype(float) - (0 if statistics.mean is None else statistics.mean)) / statistics.scale
    share = weights / weights.mean()
    norms = (Z**2).sum(axis=1)
    assert (rows.X is not X) == (offset > 0 and make is np.asarray) or make is sp.csr_matrix
    assert rows.norms() == pytest.approx(norms, rel=1e-4)
    assert rows.mean_norm() == pytest.approx((share * norms).mean(), rel=1e-4)
    assert rows.spread_norm() == pytest.approx(((share * norms) ** 2).sum() / (share * norms).sum(), rel=1e-4)
    top = np.linalg.eigvalsh((Z * share[:, None]).T @ Z / 60)[-1]
    assert rows.top_eigenvalue() == pytest.approx(top, rel=0.05)
