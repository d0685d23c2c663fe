"""Sums over a stack of long arrays, each read once, and the two loops of L-BFGS on them: by kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import _kernels
from ..protocols import Array, FloatArray

COMPILED = (np.dtype(np.float64), np.dtype(np.float32))
"""The types that there are kernels for: an objective of a user's may have float16 or long doubles."""


def dots(rows: Sequence[Array], vectors: Sequence[Array]) -> FloatArray:
    """Each of r rows times each of c vectors, all flat, of one type and as long: (r, c), added up in float64."""
    products = np.empty((len(rows), len(vectors)))
    if rows[0].size == 0 or rows[0].dtype not in COMPILED:
        a, b = (np.array(arrays, dtype=np.float64) for arrays in (rows, vectors))
        return np.asarray(a @ b.T)
    _kernels.stack_products(rows, vectors, products)
    return products


def combination(factors: FloatArray, rows: Sequence[Array]) -> Array:
    """``factors @ rows`` in the rows' type, added up in float64."""
    total = np.empty_like(rows[0])
    if rows[0].size == 0 or rows[0].dtype not in COMPILED:
        return np.asarray(factors @ np.array(rows, dtype=np.float64), dtype=total.dtype)
    _kernels.stack_combination(factors, rows, total)
    return total


def two_loops(products: FloatArray, on_gradient: FloatArray, memory: int, pairs: int) -> FloatArray:
    """The coefficients of H gradient by the stack's rows, and last of P^-1 gradient, (rows + 1,)."""
    found = np.empty(len(products) + 1)
    _kernels.two_loops(products, np.ascontiguousarray(on_gradient), memory, pairs, found)
    return found
