"""Scores that a chunk keeps for a ray, a plane or a Hessian: without its rows, which may be read again or forgotten."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...protocols import Array, FloatArray
from ..linear.objective import LinearObjective
from ..linear.problem import LinearProblem
from ..linear.rays import LinearPlane, LinearRay, sums_on
from ..losses.base import Loss
from .chunk import rows_of


@dataclass(frozen=True, eq=False)
class KeptScores:
    """What is kept of a chunk, plain arrays that can be pickled or written to a file.

    Attributes
    ----------
    parts : float64 (m, n, k)
        The scores of m matrices of weights.
    share : float
        Of the mean.
    """

    parts: FloatArray
    y: Array
    sample_weight: FloatArray | None
    loss: Loss
    share: float

    @staticmethod
    def of(objective: LinearObjective, share: float, Ws: FloatArray) -> KeptScores:
        """The scores of these weights (m, k, columns), by one pass over the chunk."""
        problem = objective.linear_problem
        n, k = problem.rows.n_samples, problem.rows.n_classes
        scores = problem.scores(Ws, True).reshape(n, len(Ws), k)
        parts = np.ascontiguousarray(scores.transpose(1, 0, 2))
        return KeptScores(parts, problem.rows.y, problem.rows.sample_weight, problem.loss, share)

    def problem(self) -> LinearProblem:
        """The loss on rows that are the first scores themselves: what mixes of scores are asked of."""
        scores = self.parts[0]
        options = {"bias": False, "n_classes": scores.shape[1]}
        return LinearProblem.of(rows_of(scores, self.y, self.sample_weight, self.loss, options), self.loss, None, False)

    def ray(self) -> LinearRay:
        """The data's loss along the second part."""
        problem, (base, rate) = self.problem(), self.parts
        return LinearRay(problem.kernel, self.loss, base, rate, sums_on(problem, base, rate), ())

    def plane(self) -> LinearPlane:
        """The data's loss on the second and the third part."""
        problem, (base, first, second) = self.problem(), self.parts
        return LinearPlane(problem.kernel, base, first, second, sums_on(problem, base, first, second), ())
