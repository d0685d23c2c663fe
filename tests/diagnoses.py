"""What tests of the diagnosis share: numbers of many shapes, and a shorter call."""

from __future__ import annotations

import numpy as np

from gdfast.checks.diagnosis import name_bugs

SHAPES = [(6,), (4, 5), (5, 5), (2, 3, 4), (3, 3, 3)]


def generator(seed=0):
    return np.random.default_rng(seed)


def numbers(shape, seed=0):
    """Numbers of either sign, none small."""
    rng = generator(seed)
    return rng.uniform(0.5, 1.5, size=shape) * rng.choice([-1.0, 1.0], size=shape)


def diagnose(analytic, right, point=None, objective=None, coordinates=None, noise=1e-9, **more):
    """name_bugs with quotients that are right but for relative noise."""
    point = numbers(right.shape, 99) if point is None else point
    chosen = np.arange(right.size) if coordinates is None else coordinates
    analytic = np.asarray(analytic, dtype=np.float64).ravel()[chosen]
    numerical = np.asarray(right, dtype=np.float64).ravel()[chosen]
    numerical = numerical + noise * np.abs(numerical).max() * generator(1).normal(size=numerical.size)
    return name_bugs(objective, point, chosen, analytic, numerical, **more)


def sample(right, n=12):
    return np.sort(generator(5).choice(right.size, min(n, right.size), replace=False))
