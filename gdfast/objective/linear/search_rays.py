"""A line search on a linear objective whose scores are there: of a whole step two products with X are left.

    the direction's scores        V z_i               half of a pass
    the loss along the ray        scores + step * them    none, whatever step is tried
    the gradient at the step      sum_i A_i z_i'      the other half, A from the scores there

The scores at the step taken are those that the next search goes on from. Each of their updates adds a rounding, so
that they are made anew now and then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..._arrays import check_weights
from ...protocols import Array, FloatArray
from ..capabilities import linear_problem_of
from ..one_thread import QUIET, dot
from ..regularizers.along_directions import Penalty
from .objective import LinearObjective
from .problem import LinearProblem
from .products import weighted_rows
from .rays import LinearRay, penalties_along, sums_on

HALF = 0.5  # of a pass: one of its two products with X


class ScoredRay:
    """``L(W + step * V)`` for a search: value, slope and coefficients of the step asked for last are there together.

    `W` and `V` are float64; few calls are made for a step, which on small data cost as much as its arithmetic.
    """

    __slots__ = (
        "_V", "_W", "_base", "_coefficients", "_penalised", "_penalties", "_point", "_problem", "_rate", "_slope",
        "_squares", "_value",
    )  # fmt: skip

    def __init__(
        self, problem: LinearProblem, base: FloatArray, rate: FloatArray, W: FloatArray, V: FloatArray
    ) -> None:
        self._problem, self._base, self._rate, self._W, self._V = problem, base, rate, W, V
        self._point, self._value, self._slope = np.full(1, np.nan), np.empty(1), np.empty(1)
        self._coefficients = np.empty_like(base)
        self._penalised = (slice(None), slice(-1 if problem.has_free_bias else None))
        self._penalties: tuple[Penalty, ...] = ()
        self._squares = (0.0, 0.0, 0.0)
        strengths = problem.strengths
        if strengths is not None and strengths.l1 == 0:
            if strengths.l2 > 0:  # a parabola
                w, v = W[self._penalised], V[self._penalised]
                product = np.vdot if w.size <= QUIET else dot
                self._squares = (
                    strengths.l2 * float(product(w, w)),
                    2 * strengths.l2 * float(product(w, v)),
                    strengths.l2 * float(product(v, v)),
                )
        else:
            self._penalties = penalties_along(problem, [W, V])

    def value(self, step: float) -> float:
        """The objective there."""
        if self._point[0] != step:
            self._point[0] = step
            self._problem.kernel.mix(
                self._base, self._rate, None, self._point, self._value, self._slope, self._coefficients
            )
        rest, first, second = self._squares
        value = float(self._value[0]) + (rest + step * (first + step * second))
        for penalty in self._penalties:
            value += float(penalty.values(self._point[:, None])[0])
        return value

    def slope(self, step: float) -> float:
        """The directional derivative there; at a kink, where scores are rounded, that of either side."""
        if self._point[0] != step:
            self.value(step)
        _, first, second = self._squares
        slope = float(self._slope[0]) + (first + 2 * step * second)
        for penalty in self._penalties:
            slope += penalty.slope(step)
        return slope

    def values(self, steps: Array) -> FloatArray:
        """The objective at many steps: (m,) -> (m,)."""
        return self._whole().values(steps)

    def minimum(self, *arguments: float) -> float:
        """The lowest step of the ray."""
        return self._whole().minimum(*arguments)

    def evaluation(self, step: float, W: Array) -> tuple[float, Array, FloatArray]:
        """Value, gradient and scores at that step, which leads to W; half a pass. The ray is used up."""
        value, problem = self.value(step), self._problem
        rows, regularizer = problem.rows, problem.regularizer
        rows.counter.add(HALF * rows.n_samples)
        sums = weighted_rows(rows, problem.scorer, self._coefficients, wide=rows.is_wide)
        gradient = sums.astype(W.dtype, copy=False)
        if regularizer is not None:
            part = gradient[self._penalised]
            part += regularizer.gradient(W[self._penalised])
        scores = self._rate
        scores *= step
        scores += self._base
        return value, gradient, scores

    def _whole(self) -> LinearRay:
        problem, arrays = self._problem, [self._W, self._V]
        sums = sums_on(problem, self._base, self._rate)
        return LinearRay(problem.kernel, problem.loss, self._base, self._rate, sums, penalties_along(problem, arrays))


@dataclass(frozen=True, eq=False)
class ScoredSearch:
    """How the line searches of a run on a linear objective keep its scores."""

    problem: LinearProblem

    @property
    def has_faster_pass(self) -> bool:
        """Without scores a pass takes half as long: the hinge's on bytes, which is in integers."""
        rows = self.problem.rows
        is_bytes = rows.matrix.dtype == np.uint8 and not rows.is_sparse
        return is_bytes and not rows.is_wide and self.problem.loss.has_kinks

    @property
    def shape(self) -> tuple[int, int]:
        """Of the scores."""
        rows = self.problem.rows
        return rows.n_samples, rows.n_classes

    def evaluate(self, W: Array) -> tuple[float, Array, FloatArray]:
        """Value, gradient and scores at W, in one pass."""
        problem, rows = self.problem, self.problem.rows
        W = check_weights(W, rows.shape)
        found, gradient = np.empty(1), np.empty_like(W)
        scores = np.empty(self.shape, dtype=rows.arithmetic)
        rows.counter.add(rows.n_samples)
        problem.kernel.evaluate(W, found, gradient, scores, rows.is_wide)
        value, gradient = problem.with_regularizer(W, float(found[0]), gradient)
        return value, gradient, scores.astype(np.float64, copy=False)

    def ray(self, scores: FloatArray, W: Array, V: Array) -> ScoredRay:
        """Along V from W, whose scores these are; half a pass."""
        problem, rows = self.problem, self.problem.rows
        w, v = W.astype(np.float64, copy=False), V.astype(np.float64, order="C", copy=False)
        rows.counter.add(HALF * rows.n_samples)
        rate = np.empty(scores.shape, dtype=np.float64 if rows.is_wide else np.float32)
        if rows.is_wide:
            problem.kernel.evaluate(v, None, None, rate, True)
            return ScoredRay(problem, scores, rate, w, v)
        unit = 2.0 ** np.floor(np.log2(np.abs(v).max()))  # so that nothing underflows in narrow arithmetic
        problem.kernel.evaluate(v / unit, None, None, rate, False)
        wide = rate.astype(np.float64)
        wide *= unit
        return ScoredRay(problem, scores, wide, w, v)


def scored_search(objective: object) -> ScoredSearch | None:
    """How searches on this objective keep its scores; None where a class of a user's evaluates it its own way."""
    problem, kind = linear_problem_of(objective), type(objective)
    names = ("value", "gradient", "value_and_gradient", "along_ray")
    if problem is None or any(getattr(kind, name) is not getattr(LinearObjective, name) for name in names):
        return None
    return ScoredSearch(problem)
