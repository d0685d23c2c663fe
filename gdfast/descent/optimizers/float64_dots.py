"""Dot products whose totals are float64, whatever the arrays are: for the rules that use curvature."""

from __future__ import annotations

import math

import numpy as np

from ...protocols import Array

QUIET = 8192
"""Elements of a product that NumPy's library makes on one thread. Longer ones wake its others, which then spin for a
tenth of a second and take a core from the next pass over X."""


def dot(a: Array, b: Array) -> float:
    """``sum(a * b)`` in float64."""
    x, y = a.astype(np.float64, copy=False), b.astype(np.float64, copy=False)
    if x.size <= QUIET:
        return float(np.vdot(x, y))
    x, y = x.reshape(-1), y.reshape(-1)
    return float(sum(np.vdot(x[i : i + QUIET], y[i : i + QUIET]) for i in range(0, x.size, QUIET)))


def norm(a: Array) -> float:
    """The 2-norm, in float64."""
    return math.sqrt(dot(a, a))


def first_scale(length: float) -> float:
    """The factor that makes a gradient of this 2-norm no longer than 1: all that is known of the right step."""
    return 1.0 if length <= 1 else 1.0 / length
