"""How far from the optimum weights are at most: the dual point of a chunked objective, by sums over its chunks.

As in `linear.gradient_bound`, value, gradient and W say all that a dual point's bound needs. Where the bias is not
penalised the dual point is that of W with its best bias, which is found on the scores that the chunks keep.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._arrays import check_weights
from ...protocols import Array, FloatArray
from ..linear.certified import certified_strengths, score_errors, value_doubt
from ..linear.dual_sums import DualSums
from ..linear.gradient_bound import bound_from_gradient
from ..linear.hinge_dual import centred_sums
from ..linear.improved_bound import improved_by
from ..losses.base import UNIT
from ..losses.best_bias import AtBias, best_bias
from . import operations, operations_of_duals
from .problem import ChunkedProblem


def duality_gap(problem: ChunkedProblem, W: Array) -> float:
    """A proven bound on ``value(W) - optimum``, whatever W is: see `LinearObjective.duality_gap`."""
    W = check_weights(W, problem.rows.shape)
    certified_strengths(problem)
    wide, exact = _in_float64(problem), W.astype(np.float64)
    at, found = _best_point(wide, exact)
    own, there, gradient = wide.sum(operations_of_duals.certificate, W, at)
    data = float(there) if found is None else found
    with np.errstate(over="ignore"):
        penalty = problem.penalty(W)
    seen = float(own) + penalty
    if not math.isfinite(seen):
        return math.inf
    bound = _proven(wide, at, float(there), gradient)
    errors = score_errors(problem.loss, exact, problem.reach)
    doubt = value_doubt(problem.loss, data, errors, 1.0, problem.rows.n_samples) + (W.size + 8) * UNIT * penalty
    gap = (max(seen, data + penalty + doubt) - bound) * (1 + 4 * UNIT)
    return min(gap, seen) if math.isfinite(gap) else seen


def improved_bound(
    problem: ChunkedProblem, W: Array, value: float, known: Any, gradient: Array | None = None
) -> tuple[float, Any]:
    """A lower bound of the optimum from W, whose objective is `value`, and from all points before."""
    return improved_by(problem, W, value, known, gradient, lambda: violated_sums(problem, W), proven_bound)


def proven_bound(problem: ChunkedProblem, W: Array) -> float:
    """A lower bound of the optimum by the dual point of W, in float64: one pass over X, two where the bias is free."""
    certified_strengths(problem)
    wide = _in_float64(problem)
    at, _ = _best_point(wide, check_weights(W, problem.rows.shape).astype(np.float64))
    found, gradient = wide.sum(operations.value_and_gradient, at)
    return _proven(wide, at, float(found), gradient)


def violated_sums(problem: ChunkedProblem, W: Array) -> DualSums:
    """Of the duals of a hinge that W proves with: all that the weights allow where a term counts, else 0."""
    rows, W = problem.rows, check_weights(W, problem.rows.shape)
    sums = problem.class_sums
    present = None if sums is None else sums[:, -1] > 0
    found = problem.sum(operations_of_duals.violated_sums, W, rows.mean_weight, present)
    longest = problem.fact("longest row", lambda: max(problem.each(operations_of_duals.longest)))
    return centred_sums(rows, found[0], float(found[1]), float(found[2]), longest)


def _in_float64(problem: ChunkedProblem) -> ChunkedProblem:
    return problem if problem.rows.is_wide else problem.in_float64()


def _best_point(problem: ChunkedProblem, W: FloatArray) -> tuple[FloatArray, float | None]:
    """W with the best bias where that is free, and then the data's loss at W itself."""
    if not (problem.has_free_bias and problem.loss.has_best_bias):
        return W, None
    kept = problem.keep(W)
    found = float(kept.sum(operations_of_duals.value_of_scores)[0])

    def at(bias: FloatArray) -> AtBias:
        return AtBias(*kept.sum(operations_of_duals.at_bias, bias))

    moved = W.copy()
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        moved[:, -1] += best_bias(at, len(W))
    return (moved if np.isfinite(moved).all() else W), found


def _proven(problem: ChunkedProblem, W: FloatArray, data: float, gradient: FloatArray) -> float:
    """By the data's loss and gradient there."""
    value, gradient = problem.with_regularizer(W, data, gradient)
    if not (math.isfinite(value) and np.isfinite(gradient).all()):
        return 0.0
    return bound_from_gradient(problem, W, value, gradient).proven
