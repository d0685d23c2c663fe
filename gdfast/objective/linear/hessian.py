"""A linear objective's Hessian, as products with it: the loss's on the scores, between two products with X."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..._arrays import check_weights
from ...protocols import Array, FloatArray
from ..capabilities import hessian_product as product_with
from .problem import LinearProblem


def hessian_product(problem: LinearProblem, W: Array, V: Array) -> FloatArray:
    """``Hessian(W) V = sum_i u_i (D2 loss_i(W z_i) (V z_i)) z_i' + (D2 regularizer) V``."""
    V = check_weights(V, problem.rows.shape, "V")
    return hessian_at(problem, W)(V)


def hessian_at(problem: LinearProblem, W: Array) -> Callable[[Array], FloatArray]:
    """V -> Hessian(W) V, with the scores of W already there."""
    shape = problem.rows.shape
    W = check_weights(W, shape).astype(np.float64)
    check_curvature(problem)
    scores = None if problem.loss.is_quadratic else problem.wide_scores(W)
    return lambda V: _hessian_times(problem, W, scores, check_weights(V, shape, "V").astype(np.float64))


def has_cheap_hessian(problem: LinearProblem) -> bool:
    """Whether a product costs no more than a gradient: for squared error in float64."""
    return problem.loss.is_quadratic and problem.rows.is_wide


def check_curvature(problem: LinearProblem) -> None:
    """ValueError, before any work, where there are kinks instead of curvature."""
    loss, strengths = problem.loss, problem.strengths
    if loss.has_kinks:
        smooth = loss.smoothed()
        remedy = "" if smooth is None else f": take {smooth!r}"
        raise ValueError(f"{loss!r} has kinks and no curvature, so there is no Hessian{remedy}")
    if strengths is not None and strengths.l1 > 0:
        raise ValueError(f"{problem.regularizer!r} has a kink at 0, so there is no Hessian there: take L2(strength)")


def _hessian_times(problem: LinearProblem, W: FloatArray, scores: FloatArray | None, V: FloatArray) -> FloatArray:
    rows, size = problem.rows, float(np.abs(V).max())
    if size == 0:
        return np.zeros(rows.shape)
    unit = 2.0 ** np.floor(np.log2(size))  # rows whose squared coefficients underflow are left out by the kernel
    if scores is None:
        product = _twice_moments_times(problem, V / unit)
    else:
        changes = problem.loss.hessian_times(scores, rows.y, problem.wide_scores(V / unit))
        product = problem.weighted_rows(rows.normalized_weights[:, None] * changes)
    product *= unit
    if problem.regularizer is not None:
        part = problem.penalised(product)
        part += product_with(problem.regularizer, problem.penalised(W), problem.penalised(V))
    return product


def _twice_moments_times(problem: LinearProblem, V: FloatArray) -> FloatArray:
    """``2 V sum_i u_i z_i z_i'``: a gradient of squared errors whose targets are 0, in one pass."""
    rows = problem.rows
    kernel = problem.residual_kernel(
        np.zeros((rows.matrix.shape[0], rows.n_classes)), rows.sample_weight, rows.normalizer
    )
    value, product = np.empty(1), np.empty(rows.shape)
    rows.counter.add(rows.n_samples)
    kernel.evaluate(V, value, product, None, True)
    return product
