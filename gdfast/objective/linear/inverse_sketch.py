"""The inverse of a diagonal and a few columns as products, by Woodbury's formula: for matrices too wide to be made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...protocols import Array, FloatArray
from .inverse_root import QUIET_PRODUCT

LEAST = 1e-3
"""Of a diagonal element: what is left of it beside the columns. With less, P^-1 would be a difference of large numbers.
"""


@dataclass(frozen=True, eq=False)
class InverseSketch:
    """``(D + B B')^-1 = D^-1 - M' M``, with M = L^-1 B' D^-1, (r, m), of L L' = I + B' D^-1 B; 1 over D is (m,)."""

    inverse: FloatArray
    root: FloatArray

    @staticmethod
    def of(diagonal: FloatArray, ridge: FloatArray, B: FloatArray) -> InverseSketch:
        """Of the P that has this diagonal (m,), and a ridge on it, and off it B B', B (m, r).

        Empty columns without a ridge get the mean of the others.
        """
        left = np.maximum(diagonal - np.einsum("ij,ij->i", B, B), LEAST * diagonal) + ridge
        positive = left > 0
        mean = float(left[positive].mean()) if positive.any() else 1.0
        inverse = 1 / np.where(positive, left, mean)
        scaled = np.ascontiguousarray((B * inverse[:, None]).T)
        core = scaled @ B
        core = (core + core.T) / 2
        core.flat[:: len(core) + 1] += 1
        return InverseSketch(inverse, np.linalg.inv(np.linalg.cholesky(core)) @ scaled)

    def times(self, V: Array) -> FloatArray:
        """``(D + B B')^-1 v`` for each row of V (c, m): float64 (c, m)."""
        on_root, product = np.zeros((len(V), len(self.root))), np.empty(V.shape)
        blocks = list(self._blocks(V.astype(np.float64, copy=False), product))
        for M, v, _ in blocks:
            on_root += np.matmul(v, M.transpose(0, 2, 1)).sum(axis=0)
        for M, _, out in blocks:
            np.matmul(on_root, M, out=out)
        return np.asarray(V * self.inverse - product)

    def _blocks(self, V: FloatArray, product: FloatArray) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
        """Views of M, V and the product, some columns each: (blocks, rows, columns)."""
        (r, m), c = self.root.shape, len(V)
        width = max(1, min(m, QUIET_PRODUCT // (r * c)))
        whole = m // width * width
        for first, last, size in ((0, whole, width), (whole, m, m - whole)):
            if first < last:
                yield tuple(  # type: ignore[misc]
                    a[:, first:last].reshape(len(a), -1, size).transpose(1, 0, 2) for a in (self.root, V, product)
                )
