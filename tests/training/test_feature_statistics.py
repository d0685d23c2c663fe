"""Feature statistics: mean and deviation as exact arithmetic gives them, of any type, layout, weight and unit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("scipy")

import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from gdfast.training.feature_statistics import coefficients_of, feature_statistics, weights_of


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
        near = float(Fraction(mean) ** 2 / 10**25)
        assert statistics.deviation[j] ** 2 == pytest.approx(variance, rel=1e-7, abs=near)
    assert statistics.weight == weights.sum()


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "u1"])
def test_types_rows_and_layouts(dtype):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 200, (700, 90)).astype(dtype)
    rows = np.flatnonzero(rng.random(700) < 0.5)
    statistics = feature_statistics(np.asfortranarray(X), None, rows, centre=True)
    assert statistics.mean == pytest.approx(X[rows].astype(float).mean(axis=0))
    deviation = X[rows].astype(float).std(axis=0)
    assert statistics.deviation == pytest.approx(deviation)
    one = np.full(90, np.sqrt(np.mean(deviation**2)))
    assert statistics.scale == pytest.approx(one if dtype == "u1" else deviation)
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
@pytest.mark.parametrize("has_bias", [True, False])
def test_coefficients_of_x_give_the_scores_of_the_weights_of_z(make, has_bias):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((50, 4)) < 0.5, rng.normal(size=(50, 4)) * [1, 1e5, 1e-5, 3], 0)
    statistics = feature_statistics(make(X), None, None, centre=has_bias)
    W = rng.normal(size=(3, 4 + has_bias))
    Z = (X - (0 if statistics.mean is None else statistics.mean)) / statistics.scale
    coef, intercept = coefficients_of(W, statistics, has_bias)
    assert X @ coef.T + intercept == pytest.approx(Z @ W[:, :4].T + (W[:, 4] if has_bias else 0))
    assert weights_of(coef, intercept, statistics, has_bias) == pytest.approx(W)
    assert weights_of(*coefficients_of(W, None, has_bias), None, has_bias) == pytest.approx(W, rel=0)


def test_images_in_uint8_have_one_scale():
    """Pixels are of one unit: their mean square of z is 1 on average, and a rare one is not blown up. Flags, constant
    columns, tables of few columns and other types have scales of their own."""
    rng = np.random.default_rng(0)
    X = np.clip(rng.normal(100, 50, (400, 70)), 0, 255).astype(np.uint8)
    X[:, 0] = rng.random(400) < 0.3
    X[:, 1] = 7
    X[:, 2] *= rng.random(400) < 0.02
    own = feature_statistics(X.astype(np.float64), None, None, centre=True).scale
    scale = feature_statistics(X, None, None, centre=True).scale
    assert scale[:2] == pytest.approx(own[:2])
    assert scale[2:] == pytest.approx(np.full(68, np.sqrt(np.mean(X[:, 2:].var(axis=0)))))
    assert scale[2] > 2 * own[2]
    few = feature_statistics(np.ascontiguousarray(X[:, :63]), None, None, centre=True).scale
    assert few == pytest.approx(own[:63])
    all_flags = (X > 100).astype(np.uint8)
    assert feature_statistics(all_flags, None, None, centre=True).scale == pytest.approx(
        feature_statistics(all_flags.astype(np.float32), None, None, centre=True).scale
    )
