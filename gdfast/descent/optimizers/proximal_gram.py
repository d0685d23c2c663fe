"""Proximal gradient in the metric of the Gram matrix: ``w = argmin_v <gradient, v> + h/2 |v - y|_G^2 + R(v)``.

With h the largest curvature of the loss, ``h G`` is nowhere below the Hessian of the data's term, and for squared error
it is the Hessian. So features that correlate cost steps on one matrix (coordinate descent, without a pass) instead of
passes over the rows. Accelerated as `gdfast.ProximalGradient` is: Beck and Teboulle's FISTA (2009), restarted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...describe import described
from ...objective.capabilities import gram_of, terms_of
from ...objective.linear.largest_strength import has_curvature
from ...objective.linear.terms import Terms
from ...objective.regularizers.regularizers import Strengths
from ...protocols import Array, FloatArray
from .proximal_gradient import BoundProximalGradient, ProximalGradient, ProximalGradientState

MOST_COLUMNS = 4000
SWEEPS, VISITS = 100, 50_000  # over the columns in one step, or visits of a column, whichever is more
SETTLED = 1e-9  # of the first sweep's movement
SAFETY = 1 + 1e-6  # of the curvature: the matrix is rounded


@dataclass(frozen=True)
class ProximalGram(ProximalGradient):
    """For a smooth loss of the library's on the scores of rows, with L1 or ElasticNet."""

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> BoundProximalGradient:
        """With the matrix: one pass."""
        known, terms, G = super().bind(objective, w0, batches, sign), terms_of(objective), gram_of(objective)
        if terms is None or G is None or not serves(terms):
            raise TypeError(f"{type(self).__name__} needs a smooth loss on few columns; it is {described(objective)}")
        return _InMetric(self.momentum, known.regularizer, known.free_bias, Metric.of(terms, G))


def serves(terms: Terms) -> bool:
    """Whether the loss is smooth, and the matrix not too large to go through its columns."""
    return has_curvature(terms) and 0 < terms.rows.n_features <= MOST_COLUMNS


@dataclass(frozen=True, eq=False)
class Metric:
    """``h G``: of the penalised columns less their mean where the bias is free, which is then at its best.

    `row` (m,) is that mean, `mass` the sum of the rows' shares times h; row None: there is no free bias.
    """

    matrix: FloatArray
    row: FloatArray | None
    mass: float
    strengths: Strengths

    @staticmethod
    def of(terms: Terms, G: FloatArray) -> Metric:
        """Of a smooth loss."""
        h = terms.loss.largest_curvature(terms.rows.n_classes)
        assert h is not None
        assert terms.strengths is not None
        G, row, mass = h * SAFETY * G, None, 0.0
        if terms.has_free_bias:
            mass = float(G[-1, -1])
            row = G[-1, :-1] / mass
            G = G[:-1, :-1] - mass * np.outer(row, row)
        return Metric(G, row, mass, terms.strengths)

    def lowest(self, slopes: FloatArray, y: FloatArray) -> FloatArray:
        """``argmin_v <slopes, v> + |v - y|^2 / 2 + R(v)`` in this metric."""
        if self.row is None:
            return self._swept(slopes, y)
        found = np.empty_like(y)
        found[:, :-1] = self._swept(slopes[:, :-1] - slopes[:, -1:] * self.row, y[:, :-1])
        found[:, -1] = y[:, -1] - slopes[:, -1] / self.mass - (found[:, :-1] - y[:, :-1]) @ self.row
        return found

    def _swept(self, slopes: FloatArray, y: FloatArray) -> FloatArray:
        """Column by column, for all classes at once; columns that are 0 rest until the others have settled."""
        l1, l2 = self.strengths
        V, S = y.copy(), slopes + 2 * l2 * y
        curvatures = self.matrix.diagonal() + 2 * l2
        first, everywhere = 0.0, True
        for _ in range(max(SWEEPS, VISITS // V.shape[1])):
            columns = range(V.shape[1]) if everywhere else np.flatnonzero(V.any(axis=0)).tolist()
            moved = 0.0
            for j in columns:
                a = float(curvatures[j])
                before = V[:, j]
                if not a > 0:
                    V[:, j] = 0.0
                    continue
                z = before - S[:, j] / a
                change = np.sign(z) * np.maximum(np.abs(z) - l1 / a, 0.0) - before
                if change.any():
                    V[:, j] += change
                    S += change[:, None] * self.matrix[j]
                    S[:, j] += 2 * l2 * change
                    moved += a * float(change @ change)
            first = max(first, moved)
            if moved <= SETTLED * first:
                if everywhere:
                    break
                everywhere = True
            else:
                everywhere = False
        return V


@dataclass(frozen=True)
class _InMetric(BoundProximalGradient):
    """For one objective. The metric says how far a step leads: its length is 1."""

    metric: Metric | None = None

    def suggest_step(self, objective: Any) -> float:
        """See above."""
        return 1.0

    def in_float64(self) -> _InMetric:
        """Itself: the metric serves both."""
        return self

    def state_in_float64(self, objective: Any, w: Array, state: ProximalGradientState) -> ProximalGradientState:
        """The same."""
        return state

    def _proximal_step(self, gradient: Array, y: Array, length: float) -> Array:
        assert self.metric is not None
        slopes = gradient.astype(np.float64)
        part, penalized = self._penalized(slopes), self._penalized(y)
        part -= self.regularizer.gradient(penalized)
        if not np.isfinite(slopes).all():
            return slopes  # the run has diverged, and says so
        return self.metric.lowest(slopes, y.astype(np.float64)).astype(y.dtype)
