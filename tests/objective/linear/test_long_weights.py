"""Weights so long that the regularizer works on them row by row: the formulas of NumPy on whole arrays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import random as random_csr

import gdfast as gd
from gdfast.objective.regularizers.along_directions import penalties

K, D, STRENGTH = 3, 30_000, 0.01
rng = np.random.default_rng(0)
X = random_csr(9, D, 0.001, format="csr", random_state=0)
LABELS = np.arange(9) % K
W, V = rng.normal(size=(2, K, D + 1))


@pytest.mark.parametrize("penalize_bias", [False, True])
def test_gradients_and_rays_are_those_of_whole_arrays(penalize_bias):
    with_l2, plain = (
        gd.LinearObjective(X, LABELS, gd.CrossEntropy(), regularizer, penalize_bias=penalize_bias)
        for regularizer in (gd.L2(STRENGTH), None)
    )
    kept = np.ones(D + 1)
    kept[-1] = penalize_bias
    np.testing.assert_allclose(with_l2.gradient(W), plain.gradient(W) + 2 * STRENGTH * W * kept, rtol=1e-14)
    ray, steps = with_l2.along_ray(W, V), np.array([-1.5, 0.0, 0.3, 1e3])
    expected = [plain.value(W + t * V) + STRENGTH * float((((W + t * V) * kept) ** 2).sum()) for t in steps]
    np.testing.assert_allclose(ray.values(steps), expected, rtol=1e-12)


@pytest.mark.parametrize("size", [1e-100, 1.0, 1e140])
def test_a_sum_of_squares_loses_no_digits_where_it_nearly_vanishes(size):
    (part,) = penalties(gd.L2(1.0), W * size, (1 + 1e-9 * V) * W * size)
    left = -1e-9 * V * W
    found = part.values(np.array([[-1.0]]))[0] / size / size
    np.testing.assert_allclose(found, float((left * left).sum()), rtol=1e-4)
