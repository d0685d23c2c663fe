"""What tests of rays share: a problem twice, gdfast's and the oracle's, and an objective without structure."""

from __future__ import annotations

import numpy as np

import gdfast as gd
import reference

MAKERS = {
    reference.HINGE: gd.Hinge,
    reference.SQUARED_HINGE: gd.SquaredHinge,
    reference.CROSS_ENTROPY: lambda margin: gd.CrossEntropy(),
    reference.SQUARED_ERROR: lambda margin: gd.SquaredError(),
    reference.HUBER: lambda margin: gd.Huber(margin),
}
STEPS = np.array([-3.0, -0.7, 0.0, 0.1, 0.5, 2.0, 10.0])


def pair(loss, seed=0, n=15, d=4, k=3, margin=1.0, bias=True, l1=0.0, l2=0.0, dtype=np.float64, **options):
    """The same problem twice: gdfast's and the oracle's; weights and a direction."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(dtype)
    y = rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else rng.integers(0, k, n)
    regularizer = gd.ElasticNet(l1, l2) if l1 or l2 else None
    classes = None if loss in reference.REGRESSIONS else k
    objective = gd.LinearObjective(X, y, MAKERS[loss](margin), regularizer, bias=bias, n_classes=classes, **options)
    problem = reference.LinearProblem(X, y, loss, margin, l1, l2, bias, **options)
    return objective, problem, rng.normal(size=objective.shape), rng.normal(size=objective.shape)


class Plain:
    """An objective without structure: only what the protocol asks for."""

    def __init__(self, objective):
        self.value, self.gradient = objective.value, objective.gradient
        self.value_and_gradient = objective.value_and_gradient
