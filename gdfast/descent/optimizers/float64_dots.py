"""Dot products whose totals are float64, whatever the arrays are: for the rules that use curvature."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ...protocols import Array, FloatArray

BLOCK = 1024
PART = 16 * BLOCK
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


def dots(rows: Sequence[Array], vectors: Sequence[Array]) -> FloatArray:
    """Each of r rows times each of c vectors, all flat and as long: (r, c) in float64.

    Products of blocks of 1,024 elements are made in the arrays' own type and added in float64.
    """
    if rows[0].size * len(rows) * len(vectors) <= QUIET_PRODUCT:
        # (np.stack takes several times as long.)
        a, b = np.concatenate(rows).reshape(len(rows), -1), np.concatenate(vectors).reshape(len(vectors), -1)
        return np.asarray(a.astype(np.float64, copy=False) @ b.astype(np.float64, copy=False).T)
    total: FloatArray = np.zeros((len(rows), len(vectors)))
    for part in parts_of(rows[0].size):
        some = np.stack([vector[part] for vector in vectors])
        whole = some.shape[1] // BLOCK * BLOCK
        blocks = some[:, :whole].reshape(len(some), -1, BLOCK).transpose(1, 0, 2)
        rest = some[:, whole:].astype(np.float64)
        for products, row in zip(total, rows, strict=True):
            here = row[part]
            products += rest @ here[whole:].astype(np.float64)
            if whole:
                found = np.matmul(blocks, here[:whole].reshape(-1, BLOCK, 1))
                products += found[:, :, 0].sum(axis=0, dtype=np.float64)
    return total


def parts_of(size: int) -> Iterator[slice]:
    """Long arrays a part at a time: so much as stays in cache while it is worked on."""
    for first in range(0, size, PART):
        yield slice(first, first + PART)


def first_scale(length: float) -> float:
    """The factor that makes a gradient of this 2-norm no longer than 1: all that is known of the right step."""
    return 1.0 if length <= 1 else 1.0 / length
