"""The scores that a linear problem really has: one for two classes whose loss depends on their difference alone.

``W = [-v / 2, v / 2]`` is then the best W of all with the difference v: L2 is least there, and L1 is |v| wherever
v is split between the two rows. What follows is about V: W itself, or v alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..._derived import derived
from ...protocols import Array, FloatArray
from ..losses.base import ScoreCurvature
from .problem import LinearProblem


@dataclass(frozen=True, eq=False)
class Outputs:
    """V (n_outputs, columns of W), its scores (n_outputs, n_samples), and the problem in terms of them; float64."""

    problem: LinearProblem

    @derived
    def is_difference(self) -> bool:
        """V is the second row less the first."""
        return self.problem.rows.n_classes == 2 and self.problem.loss.is_shift_invariant

    @derived
    def n_outputs(self) -> int:
        """Rows of V."""
        return 1 if self.is_difference else self.problem.rows.n_classes

    @derived
    def weights(self) -> FloatArray:
        """u, (n_samples,)."""
        return self.problem.rows.normalized_weights

    @derived
    def strengths(self) -> tuple[float, float]:
        """l1 and l2 of V."""
        strengths = self.problem.strengths
        assert strengths is not None
        return strengths.l1, strengths.l2 / 2 if self.is_difference else strengths.l2

    def penalty(self, V: FloatArray) -> float:
        """Of these weights, none of which is a free bias."""
        l1, l2 = self.strengths
        return l1 * float(np.abs(V).sum()) + l2 * float(np.vdot(V, V))

    def of_weights(self, W: Array) -> FloatArray:
        """V."""
        wide = np.array(W, dtype=np.float64)
        return wide[1:] - wide[:1] if self.is_difference else wide

    def of_gradient(self, gradient: FloatArray) -> FloatArray:
        """By V, of one by W."""
        return (gradient[1:] - gradient[:1]) / 2 if self.is_difference else gradient

    def to_weights(self, V: FloatArray) -> FloatArray:
        """W."""
        return np.concatenate([-V / 2, V / 2]) if self.is_difference else V

    def base(self, scores: FloatArray) -> FloatArray:
        """The scores of W, (n_samples, n_classes), that belong to those of V."""
        return np.ascontiguousarray(self.to_weights(scores).T)

    def value(self, scores: FloatArray) -> float:
        """The data's part of the objective."""
        value = np.empty(1)
        self.problem.kernel.mix(self.base(scores), None, None, None, value, None, None)
        return float(value[0])

    def slopes(self, scores: FloatArray) -> FloatArray:
        """Its derivatives by the scores, each row's share of the mean included: (n_outputs, n_samples)."""
        base = self.base(scores)
        slopes = np.empty_like(base)
        self.problem.kernel.mix(base, None, None, None, None, None, slopes)
        return np.ascontiguousarray(self.of_gradient(slopes.T))

    def curvature(self, scores: FloatArray) -> ScoreCurvature:
        """Second derivatives by the scores, times u: (n_outputs, n_samples) each."""
        loss, rows = self.problem.loss, self.problem.rows
        diagonal, less, more = loss.score_curvature(self.base(scores), rows.y)
        if self.is_difference:
            middle = diagonal.sum(axis=1)
            if less is not None:
                middle -= (less[:, 1] - less[:, 0]) ** 2
            if more is not None:
                middle += (more[:, 1] - more[:, 0]) ** 2
            diagonal, less, more = middle[:, None] / 4, None, None
        floor = LEAST_CURVATURE * (loss.largest_curvature(rows.n_classes) or 1.0)
        diagonal = np.ascontiguousarray(np.maximum(diagonal, floor).T) * self.weights
        roots = np.sqrt(self.weights)
        less, more = (None if part is None else np.ascontiguousarray(part.T) * roots for part in (less, more))
        return ScoreCurvature(diagonal, less, more)


LEAST_CURVATURE = 1e-6
"""Of the largest: rows without any would let weights run away."""
