"""The inverse of a symmetric matrix as products: ``P^-1 = M' M`` with M = L^-1 of Cholesky's P = L L'; of a diagonal.

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

SMALL = 64  # of a triangle: inverted as it is
PARTS = 4  # of a triangle's columns in a product: fewer multiply by more zeros
LARGER = 100.0  # the next ridge, where one is not enough


@dataclass(frozen=True, eq=False)
class InverseRoot:
    """M, lower triangular (m, m), in the type that products with it are computed in."""

    root: Array

    @staticmethod
    def of(matrix: FloatArray, dtype: Any) -> InverseRoot:
        """Of a symmetric matrix without negative eigenvalues, rounding apart; an own copy, which is overwritten.

        On a diagonal of 1 a few units of `dtype` are added, more where that leaves it singular: constant, duplicate and
        empty columns, fewer rows than columns.
        """
        m, unit = len(matrix), float(np.finfo(dtype).eps)
        diagonal = matrix.diagonal().copy()
        positive = diagonal > 0
        diagonal[~positive] = diagonal[positive].mean() if positive.any() else 1.0
        scale, cubed = 1 / np.sqrt(diagonal), float(m) ** 3 / 3
        matrix *= scale
        matrix *= scale[:, None]
        ridge = 0.0
        while True:
            wanted = max(10 * unit, LARGER * ridge)
            matrix.flat[:: m + 1] += wanted - ridge
            ridge = wanted
            try:
                L = in_background(cubed, np.linalg.cholesky, matrix)
                break
            except np.linalg.LinAlgError:
                if ridge > m:  # no rounding is as large as that
                    raise
        root = in_background(cubed, _inverse_of_triangle, L.astype(dtype))
        root *= scale.astype(dtype)
        return InverseRoot(root)

    def times(self, V: Array) -> FloatArray:
        """``P^-1 v`` for each row of V (r, m): float64 (r, m)."""
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


@dataclass(frozen=True, eq=False)
class InverseDiagonal:
    """1 over each element of a diagonal, (m,)."""

    inverse: FloatArray

    @staticmethod
    def of(diagonal: FloatArray) -> InverseDiagonal:
        """Of elements >= 0; empty columns get their mean."""
        positive = diagonal > 0
        mean = diagonal[positive].mean() if positive.any() else 1.0
        return InverseDiagonal(1 / np.where(positive, diagonal, mean))

    def times(self, V: Array) -> FloatArray:
        """``P^-1 v`` for each row of V (r, m): float64 (r, m)."""
        return np.asarray(V * self.inverse, dtype=np.float64)


def _inverse_of_triangle(L: Array) -> Array:
    """Of a lower triangle, by halves: ``[[A, 0], [B, C]]^-1 = [[A^-1, 0], [-C^-1 B A^-1, C^-1]]``."""
    inverse = np.zeros_like(L)
    _invert(L, inverse)
    return inverse


def _invert(L: Array, inverse: Array) -> None:
    m = len(L)
    if m <= SMALL:
        inverse[...] = np.tril(np.linalg.inv(L))
        return
    half = m // 2
    _invert(L[:half, :half], inverse[:half, :half])
    _invert(L[half:, half:], inverse[half:, half:])
    below, C, A = L[half:, :half], inverse[half:, half:], inverse[:half, :half]
    width = max(SMALL, half // PARTS)
    middle = np.empty_like(below)
    for first in range(0, half, width):  # what lies above the diagonals of A and C is 0
        part = slice(first, first + width)
        middle[:, part] = below[:, first:] @ A[first:, part]
    for first in range(0, m - half, width):
        last = min(first + width, m - half)
        inverse[half + first : half + last, :half] = -C[first:last, :last] @ middle[:last]
