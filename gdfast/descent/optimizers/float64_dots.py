"""Dot products whose totals are float64, whatever the arrays are: for the rules that use curvature."""

from __future__ import annotations

import math

import numpy as np

from ...protocols import Array, FloatArray

BLOCK = 1024
QUIET = 8192
"""Elements of a product that NumPy's library makes on one thread. Longer ones wake its others, which then spin for a
tenth of a second and take a core from the next pass over X."""

QUIET_PRODUCT = 1 << 18
"""Multiply-adds of a product of matrices that it makes on one thread."""


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


def dots(rows: Array, vectors: Array) -> FloatArray:
    """Each row times each vector: (r, P), (c, P) -> (r, c) in float64.

    Products of blocks of 1,024 elements, which stay in cache, are made in the arrays' own type and added in float64.
    """
    if rows.size * len(vectors) <= QUIET_PRODUCT:
        return np.asarray(rows.astype(np.float64, copy=False) @ vectors.T.astype(np.float64, copy=False))
    whole = rows.shape[1] // BLOCK * BLOCK
    total: FloatArray = rows[:, whole:].astype(np.float64) @ vectors[:, whole:].T.astype(np.float64)
    if whole:
        blocks = rows[:, :whole].reshape(len(rows), -1, BLOCK).transpose(1, 0, 2)
        others = vectors[:, :whole].reshape(len(vectors), -1, BLOCK).transpose(1, 2, 0)
        total += np.matmul(blocks, others).sum(axis=0, dtype=np.float64)
    return total


def first_scale(length: float) -> float:
    """The factor that makes a gradient of this 2-norm no longer than 1: all that is known of the right step."""
    return 1.0 if length <= 1 else 1.0 / length
