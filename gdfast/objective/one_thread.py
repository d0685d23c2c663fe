"""NumPy's products of long arrays in pieces that its library makes on one thread.

Longer ones wake its other threads, which then spin for a tenth of a second and take a core from the next pass over X.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..protocols import Array, FloatArray

QUIET = 8192
"""Elements of a product that NumPy's library makes on one thread."""


def dot(a: Array, b: Array) -> float:
    """``sum(a * b)`` in float64."""
    x, y = a.astype(np.float64, copy=False), b.astype(np.float64, copy=False)
    if x.size <= QUIET:
        return float(np.vdot(x, y))
    x, y = x.reshape(-1), y.reshape(-1)
    return float(sum(np.vdot(x[i : i + QUIET], y[i : i + QUIET]) for i in range(0, x.size, QUIET)))


def weighted_sum(weights: FloatArray, values: FloatArray) -> Any:
    """``weights @ values``: a number of values (n,), an array (k,) of values (n, k)."""
    step = max(1, QUIET // (values.shape[1] if values.ndim == 2 else 1))
    if len(values) <= step:
        return weights @ values
    return sum(weights[i : i + step] @ values[i : i + step] for i in range(0, len(values), step))
