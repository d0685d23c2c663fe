"""The eigenvalues of the Gram matrix: one decomposition inverts ``P = c G + 2 strength I`` for all strengths.

With a free bias, which no strength shrinks, ``G = T' [[Q S Q', 0], [0, u]] T``: T takes rows less their mean, u is the
sum of the shares. So ``P^-1 = M' M`` with ``M = (c S + 2 strength)^-1/2 Q'`` beside the bias's own column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...protocols import Array, FloatArray
from .gram import gram
from .in_background import in_background
from .inverse_root import InverseRoot
from .problem import LinearProblem

UNLIKE = 1e12
"""Ratio of mean squares of columns beyond which the small eigenvalues are rounding of the large ones."""


@dataclass(frozen=True, eq=False)
class GramSpectrum:
    """``G = Q S Q'`` of a problem's rows, less their mean where the bias is free.

    Attributes
    ----------
    eigenvalues : (d,), ascending, above rounding of the largest
    vectors : (d, d), Q'
    centre : (d,), the mean row; None without a free bias
    mass : the sum of the rows' shares, where there is a bias
    """

    eigenvalues: FloatArray
    vectors: FloatArray
    centre: FloatArray | None
    mass: float

    @staticmethod
    def of(
        problem: LinearProblem, row_weights: Array | None = None, indices: Array | None = None
    ) -> GramSpectrum | None:
        """Of `gram`'s matrix, see `of_matrix`."""
        return GramSpectrum.of_matrix(gram(problem, row_weights, indices), problem.has_free_bias)

    @staticmethod
    def of_matrix(G: FloatArray, has_free_bias: bool) -> GramSpectrum | None:
        """None where columns are so unlike that a decomposition would lose the small ones."""
        centre, mass = None, float(G[-1, -1])
        if has_free_bias:
            centre = G[-1, :-1] / mass
            G = G[:-1, :-1] - mass * np.outer(centre, centre)
        squares = G.diagonal()
        largest = float(squares.max(initial=0.0))
        if not 0 < largest < UNLIKE * float(squares[squares > 0].min(initial=largest)):
            return None
        eigenvalues, Q = in_background(10 * float(len(G)) ** 3, np.linalg.eigh, G)
        rounding = 10 * float(np.finfo(np.float64).eps) * float(eigenvalues[-1])
        return GramSpectrum(np.maximum(eigenvalues, rounding), np.ascontiguousarray(Q.T), centre, mass)

    def inverse_root(self, curvature: float, strength: float, dtype: Any) -> InverseRoot:
        """M with ``M' M = (curvature G + 2 strength I)^-1``, a free bias without its strength."""
        divisors = curvature * self.eigenvalues + 2 * strength
        unit = 10 * float(np.finfo(dtype).eps)  # a smaller one has no digits in this type
        scaled = self.vectors / np.sqrt(np.maximum(divisors, unit * divisors[-1]))[:, None]
        if self.centre is None:
            return InverseRoot(scaled.astype(dtype))
        d = len(scaled)
        root = np.zeros((d + 1, d + 1), dtype=dtype)
        root[:d, :d], root[:d, d] = scaled, -(scaled @ self.centre)
        root[d, d] = (curvature * self.mass) ** -0.5
        return InverseRoot(root)

    def root(self, curvature: float) -> InverseRoot:
        """M with ``M' M = curvature G``, in float64."""
        scaled = self.vectors * np.sqrt(curvature * self.eigenvalues)[:, None]
        if self.centre is None:
            return InverseRoot(scaled)
        d = len(scaled)
        root = np.zeros((d + 1, d + 1))
        root[:d, :d] = scaled
        root[d] = (curvature * self.mass) ** 0.5 * np.append(self.centre, 1.0)
        return InverseRoot(root)
