"""The inverse of a symmetric matrix as products: ``P^-1 = M' M`` with M = L^-1 of Cholesky's P = L L'.

A product with M'M is the gradient of squares, ``d/dv |M v|^2 / 2``, so the kernels that make passes over X make it too:
one pass over M. NumPy's own products would wake its library's threads, which go on spinning for a tenth of a second
and take a core from the next pass over X.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import _kernels
from ..._arrays import INPUT_CODES
from ...protocols import Array, FloatArray
from ..losses.residual import SquaredError
from .in_background import in_background

SMALL = 64  # of a matrix: factored and inverted as it is
ROWS = 128
PARTS = 4  # of a triangle's columns in a product: fewer multiply by more zeros
QUIET_PRODUCT, QUIET_VECTOR = 1 << 18, 1 << 13  # multiply-adds that NumPy's library makes on one thread
LARGER = 100.0  # the next ridge, where one is not enough


@dataclass(frozen=True, eq=False)
class InverseRoot:
    """M, lower triangular (m, m), in the type that products with it are computed in."""

    root: Array

    @staticmethod
    def of(matrix: FloatArray, dtype: Any) -> InverseRoot:
        """Of a symmetric matrix without negative eigenvalues, rounding apart.

        On a diagonal of 1 a few units of `dtype` are added, more where that leaves it singular: constant, duplicate and
        empty columns, fewer rows than columns. Computed in `dtype`, where that fails in float64 as well.
        """
        m, unit = len(matrix), float(np.finfo(dtype).eps)
        diagonal = matrix.diagonal().copy()
        positive = diagonal > 0
        diagonal[~positive] = diagonal[positive].mean() if positive.any() else 1.0
        scale, ridge = 1 / np.sqrt(diagonal), 10 * unit
        while True:
            for arithmetic in dict.fromkeys((np.dtype(dtype), np.dtype(np.float64))):
                scaled = _scaled(matrix, scale, ridge, arithmetic)
                try:
                    root = in_background(float(m) ** 3 / 2, _inverse_root, scaled)
                except np.linalg.LinAlgError:
                    continue
                root *= scale.astype(arithmetic)
                return InverseRoot(root.astype(dtype, copy=False))
            if ridge > m:  # no rounding is as large as that
                raise np.linalg.LinAlgError("no ridge makes the matrix positive")
            ridge *= LARGER

    def times(self, V: Array) -> FloatArray:
        """``P^-1 v`` for each row of V (r, m): float64 (r, m)."""
        if self.root.size * len(V) <= (QUIET_PRODUCT if len(V) > 1 else QUIET_VECTOR):
            root = self.root.astype(np.float64, copy=False)
            return np.asarray((V @ root.T) @ root)
        size = float(np.abs(V).max(initial=0.0))
        product = np.zeros(V.shape)
        if not 0 < size < np.inf:
            return product if size == 0 else np.full(V.shape, np.nan)
        unit = 2.0 ** np.floor(np.log2(size))  # what has squares that underflow is left out by the kernel
        m, outputs, dtype = len(self.root), len(V), self.root.dtype
        kernel = _kernels.Problem(
            self.root, INPUT_CODES[dtype], None, np.zeros((m, outputs)), None, None, None, None,
            SquaredError.code, SquaredError().parameter, 0.5, outputs, False,
        )  # fmt: skip
        kernel.evaluate(
            np.ascontiguousarray(V / unit, dtype=np.float64), np.empty(1), product, None, dtype.itemsize > 4
        )
        product *= unit
        return product


def _scaled(matrix: FloatArray, scale: FloatArray, ridge: float, dtype: np.dtype[Any]) -> Array:
    """``scale_i matrix_ij scale_j + ridge (i = j)``, some rows at a time: a matrix as large is not made twice."""
    m = len(matrix)
    found = np.empty((m, m), dtype=dtype)
    for first in range(0, m, ROWS):
        part = slice(first, first + ROWS)
        rows = matrix[part] * scale
        rows *= scale[part, None]
        found[part] = rows
    found.flat[:: m + 1] += dtype.type(ridge)
    return found


def _inverse_root(matrix: Array) -> Array:
    """L^-1 of a positive ``matrix = L L'``, which is overwritten; LinAlgError where it is not positive."""
    root = np.zeros_like(matrix)
    _halve(matrix, root)
    return root


def _halve(P: Array, M: Array) -> None:
    """``[[A, B'], [B, C]]``: of A first, then of what B leaves of C; ``M = [[A^-, 0], [-C^- B A^-' A^-, C^-]]``.

    Factor and inverse in one, in products of P's type, for which NumPy's own Cholesky would take float64.
    """
    m = len(P)
    if m <= SMALL:
        M[...] = np.tril(np.linalg.inv(np.linalg.cholesky(P)))
        return
    half = m // 2
    below, upper, lower = P[half:, :half], M[:half, :half], M[half:, half:]
    _halve(P[:half, :half], upper)
    width = max(SMALL, half // PARTS)
    parts = [slice(first, min(first + width, half)) for first in range(0, half, width)]
    factor, middle = np.empty_like(below), np.empty_like(below)
    for part in parts:  # what lies above the diagonal of a triangle is 0
        np.matmul(below[:, : part.stop], upper[part, : part.stop].T, out=factor[:, part])
    P[half:, half:] -= factor @ factor.T
    _halve(P[half:, half:], lower)
    for part in parts:
        np.matmul(factor[:, part.start :], upper[part.start :, part], out=middle[:, part])
    for first in range(0, m - half, width):
        last = min(first + width, m - half)
        M[half + first : half + last, :half] = -(lower[first:last, :last] @ middle[:last])
