"""Objectives whose landscapes the tests of pictures draw."""

from __future__ import annotations

import numpy as np

import gdfast as gd

STEPS = np.linspace(-2, 2, 41)
BOWL = gd.FunctionObjective(lambda w: float((w * w).sum()), lambda w: 2 * w)


def images(n, k=3, d=4, seed=0, loss=None, regularizer=None, dtype=np.float64):
    """An objective on n samples, weights and two directions."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, d)).astype(dtype), rng.integers(0, k, n)
    objective = gd.LinearObjective(X, y, loss or gd.Hinge(), regularizer, n_classes=k)
    return objective, *rng.normal(size=(3, *objective.shape))
