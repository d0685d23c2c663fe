"""The blocks of the Hessian on its diagonal: each class's Gram matrix, its rows weighted by how they bend its score.

Confident rows bend the loss for the classes that they hesitate between alone, which one matrix for all cannot say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...protocols import Array, FloatArray
from .gram import gram
from .inverse_root import InverseRoot
from .problem import LinearProblem

LEAST = 0.01
"""Of a class's mean curvature: a row is never quite flat."""


@dataclass(frozen=True, eq=False)
class ClassInverses:
    """``P_k^-1 = M_k' M_k`` for each class, M lower triangular (k, m, m)."""

    roots: Array

    def times(self, V: Array) -> FloatArray:
        """``P_k^-1 v_k``, (r * k, m), the classes in turn: float64 of V's shape."""
        roots = self.roots.astype(np.float64, copy=False)
        classes = V.reshape(-1, len(roots), V.shape[-1]).transpose(1, 0, 2)
        product = np.matmul(np.matmul(classes, roots.transpose(0, 2, 1)), roots)
        return np.ascontiguousarray(product.transpose(1, 0, 2)).reshape(V.shape)


@dataclass(frozen=True, eq=False)
class ClassGrams:
    """``G_k = sum_i u_i c_ik z_i z_i'``, (k, m, m): c_ik is the loss's second derivative by score k."""

    matrices: FloatArray
    has_free_bias: bool
    known: dict[tuple[float, Any], ClassInverses] = field(default_factory=dict)

    @staticmethod
    def of(problem: LinearProblem, w: Array) -> ClassGrams:
        """At w."""
        curvatures = problem.loss.curvatures(problem.wide_scores(w), problem.rows.y)
        weights = np.maximum(curvatures, LEAST * curvatures.mean(axis=0)).T
        return ClassGrams(np.array([gram(problem, each) for each in weights]), problem.has_free_bias)

    def times(self, w: Array) -> FloatArray:
        """``G_k w_k`` for each class."""
        return np.asarray(np.matmul(self.matrices, w.astype(np.float64, copy=False)[:, :, None])[:, :, 0])

    def inverse_root(self, strength: float, dtype: Any) -> ClassInverses:
        """Of ``P_k = G_k + 2 strength I``, a free bias without its strength; kept."""
        found = self.known.get((strength, dtype))
        if found is None:
            ridge = np.full(self.matrices.shape[1], 2 * strength)
            if self.has_free_bias:
                ridge[-1] = 0
            roots = [InverseRoot.of(matrix + np.diag(ridge), dtype).root for matrix in self.matrices]
            found = self.known[strength, dtype] = ClassInverses(np.array(roots))
        return found
