"""Lower bounds of the optimum from a value and a gradient that are there already: a dual point by its sums, no pass.

The derivatives A_i of the loss at the scores s_i = W z_i are a dual point, and by Fenchel's and Young's equality

    - sum_i u_i conjugate_i(A_i) = sum_i u_i (loss_i(s_i) - <A_i, s_i>) = f(W) - <G, W>,    G = gradient of f at W,

so that value, gradient and W say all that `duality_gap` needs to know of it; without an unpenalised bias the gap of L2
is ||gradient||^2 / (4 strength). An unpenalised bias whose derivative is not 0 yet is mended by sums over the rows of
each class, which don't depend on W (each loss says how).

The computed scores s~ are not quite W z. The dual point is that of s~, for which the equality holds: what remains is
<A_i, s~_i - W z_i>, and the rounding of sums over rows. Both are bounded in float64; in narrower arithmetic the bounds
are useless, so that it gives an estimate and proves nothing.
"""

from __future__ import annotations

import numpy as np

from ..._arrays import check_number, check_weights
from ...protocols import Array, FloatArray, GradientBound
from ..losses.base import UNIT, GradientSums, rounding
from ..one_thread import dot
from ..regularizers.regularizers import Strengths
from .certified import certified_strengths, lower_bound, score_errors, value_doubt
from .duality_gap import bound_of, dual_at
from .problem import LinearProblem
from .terms import Terms

SHARE = 16.0


def bound_from_gradient(problem: Terms, W: Array, value: float, gradient: Array) -> GradientBound:
    """Lower bounds of the optimum from L(W) = `value` and its `gradient`, as `value_and_gradient` gave them.

    Parameters
    ----------
    W, gradient : float arrays of `shape`
    value : float

    Returns
    -------
    GradientBound
        `estimate` leaves rounding aside; `proven` is true whatever rounding does, and 0 where the arithmetic is
        narrower than float64.

    Raises
    ------
    TypeError, ValueError
        Arguments of another type or shape, or not finite; as `duality_gap`, where nothing can be proven.

    Notes
    -----
    No pass over X; the first call makes one where the bias is not penalised, and scans X for its largest elements.
    """
    shape, strengths = problem.rows.shape, certified_strengths(problem)
    W, gradient = check_weights(W, shape), check_weights(gradient, shape, "gradient")
    value = check_number(value, "value")
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        estimate = bound_of_sums(problem, at_the_best_bias(problem, W, value, gradient, strengths), strengths)
        proven = 0.0
        if problem.rows.is_wide:
            sums = gradient_sums(problem, W, value, gradient, strengths)
            proven = bound_of_sums(problem, sums._replace(free=problem.free_bias), strengths)
    return GradientBound(max(estimate, proven), proven)


def proven_bound(problem: LinearProblem, W: Array) -> float:
    """A lower bound of the optimum by the dual point of W, in float64: one pass over X, two where the bias is free.

    The second is for the dual point of W with the best bias, of which `bound_from_gradient` knows nothing.
    """
    strengths = certified_strengths(problem)
    wide = problem if problem.rows.is_wide else problem.in_float64()
    W = check_weights(W, problem.rows.shape).astype(np.float64, copy=False)
    rows, found, gradient = wide.rows, np.empty(1), np.empty(wide.rows.shape)
    scores = np.empty((rows.n_samples, rows.n_classes)) if problem.has_free_bias else None
    rows.counter.add(rows.n_samples)
    wide.kernel.evaluate(W, found, gradient, scores, True)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        bound = bound_from_gradient(wide, W, *wide.with_regularizer(W, float(found[0]), gradient)).proven
        if scores is None or not np.isfinite(scores).all():
            return bound
        dual, C = dual_at(wide, scores)
        return max(bound, bound_of(wide, dual, wide.weighted_rows(C), strengths)) if np.isfinite(C).all() else bound


def gradient_sums(problem: Terms, W: Array, value: float, gradient: Array, strengths: Strengths) -> GradientSums:
    """What a dual point's bound is made of, and how far rounding in float64 may have moved each."""
    rows, loss = problem.rows, problem.loss
    n, k = rows.n_samples, rows.n_classes
    wide, whole, share = np.asarray(W, dtype=np.float64), rows.whole, SHARE * rounding(n, k)
    penalty = problem.penalty(W)
    data = value - penalty
    G, doubt = _data_gradient(problem, wide, gradient, strengths), np.abs(gradient).astype(np.float64)
    part, penalised = problem.penalised(doubt), problem.penalised(wide)
    part += strengths.l1 + 2 * strengths.l2 * np.abs(penalised)
    doubt *= 4 * float(np.finfo(gradient.dtype).eps)
    total = loss.coefficient_total(data, whole, k)
    doubt += (share * total + 1e-150) * problem.reach
    errors = score_errors(loss, wide, problem.reach)
    data_doubt = value_doubt(loss, max(data, 0.0), errors, whole, n)
    data_doubt += (W.size + 8) * UNIT * penalty + 4 * UNIT * abs(value)
    product_doubt = float(errors.max()) * total + dot(doubt, np.abs(wide))
    product_doubt += (W.size + 8) * UNIT * dot(np.abs(G), np.abs(wide))
    return GradientSums(data, data_doubt, dot(G, wide), product_doubt, G, doubt, whole, None, share)


def at_the_best_bias(problem: Terms, W: Array, value: float, gradient: Array, strengths: Strengths) -> GradientSums:
    """The same, rounding left aside, as if a free bias were at its best: what `improved_bound` comes to, about."""
    wide, whole, free = np.asarray(W, dtype=np.float64), problem.rows.whole, problem.free_bias
    G = _data_gradient(problem, wide, gradient, strengths)
    if free is not None:
        G -= G[:, -1:] / whole * free.class_rows.sum(axis=0)
    product = float(np.einsum("ij,ij->", problem.penalised(G), problem.penalised(wide)))
    return GradientSums(value - problem.penalty(W), 0.0, product, 0.0, G, np.zeros(G.shape), whole, None, 0.0)


def _data_gradient(problem: Terms, W: FloatArray, gradient: Array, strengths: Strengths) -> FloatArray:
    """The whole's less the regularizer's: rounded in W's type."""
    G = gradient.astype(np.float64)
    part, penalised = problem.penalised(G), problem.penalised(W)
    part -= 2 * strengths.l2 * penalised
    if strengths.l1 > 0:
        part -= strengths.l1 * np.sign(penalised)
    return G


def bound_of_sums(problem: Terms, sums: GradientSums, strengths: Strengths) -> float:
    """What a dual point proves that is known by its sums, or a mixture of such points by the same mixture of theirs."""
    dual = problem.loss.gradient_dual(sums)
    if dual is None:
        return 0.0
    doubt = sums.doubt + dual.added[:, None] * problem.reach
    G, doubt = problem.penalised(dual.G), problem.penalised(doubt)
    return lower_bound(dual.linear, dual.square, dual.most, G, doubt, strengths)
