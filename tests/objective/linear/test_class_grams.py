"""Each class's Gram matrix: the block of the Hessian on its diagonal, and the inverse of that with a strength."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.descent.path_descent import SharedGram
from gdfast.objective.linear.class_grams import ClassGrams

rng = np.random.default_rng(0)
N, D, K, STRENGTH = 60, 5, 3, 0.3
X, LABELS = rng.normal(size=(N, D)) + 1, np.arange(N) % K
WEIGHTS = rng.uniform(0.5, 2, N)


def objective(penalize_bias: bool, strength: float = STRENGTH):
    return gd.LinearObjective(
        X, LABELS, gd.CrossEntropy(), gd.L2(strength), sample_weight=WEIGHTS, penalize_bias=penalize_bias
    )


def block(own, w, k):
    """Of the Hessian, by differences of the gradient."""
    h, rows = 1e-5, []
    for j in range(w.shape[1]):
        step = np.zeros_like(w)
        step[k, j] = h
        rows.append((own.gradient(w + step)[k] - own.gradient(w - step)[k]) / (2 * h))
    return np.array(rows)


@pytest.mark.parametrize("penalize_bias", [False, True])
def test_products_are_those_of_the_hessian_s_blocks(penalize_bias):
    own, w, v = objective(penalize_bias), 0.3 * rng.normal(size=(K, D + 1)), rng.normal(size=(4, K, D + 1))
    grams = ClassGrams.of(own.linear_problem, w)
    inverse = grams.inverse_root(STRENGTH, np.dtype(np.float64))
    ridge = np.diag([2 * STRENGTH] * D + [2 * STRENGTH * penalize_bias])
    many = inverse.times(v.reshape(-1, D + 1)).reshape(v.shape)
    for k in range(K):
        P = block(own, w, k)
        np.testing.assert_allclose(grams.times(w)[k], (P - ridge) @ w[k], atol=1e-8)
        np.testing.assert_allclose(many[:, k] @ P, v[:, k], atol=1e-7)
    assert grams.inverse_root(STRENGTH, np.dtype(np.float64)) is inverse


def test_classes_get_their_own_where_points_are_many():
    own, w = objective(False), np.zeros((K, D + 1))
    shared = SharedGram.of(own, 100)
    assert isinstance(shared.near(own, w, 1), ClassGrams)
    assert isinstance(shared.near(own, w, 0), SharedGram)
