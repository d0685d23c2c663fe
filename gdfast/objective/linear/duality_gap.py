"""How far weights are from the optimum at most: dual points of a linear objective with L2, L1 or both, what they prove.

With u_i a row's share of the mean, z_i what the model sees of it and s_i = W z_i its scores, let A_i be numbers with

    loss_i(s) >= <A_i, s> - conjugate_i(A_i)        for every s,

so that for every W, by completing the square,

    L(W) >= sum_i u_i <A_i, W z_i> - sum_i u_i conjugate_i(A_i) + l2 ||W||^2
         >= - sum_i u_i conjugate_i(A_i) - ||G||^2 / (4 l2),      G = sum_i u_i A_i z_i'.

With a part l1 |W| the last term is ``sum max(|G| - l1, 0)^2 / (4 l2)``; without L2 no element of G may be beyond l1.

An UNPENALISED bias adds its column to <A, W z> but nothing to the square: the bound then holds only where
r = sum_i u_i A_i = 0, and each dual point (`losses`) is repaired until it is. Ignoring r gives false bounds.

Every loss is >= 0 and 0 at some A = 0, so -conjugate(t A) >= -t conjugate(A) for t <= 1, and the best t is taken:

    D(t) = t linear - t^2 square - conjugate(t G),    0 <= t <= most,    conjugate(t G) that last term at t G.

The floats that are handed to the kernel ARE the dual point. What they lack to be feasible, and what rounding may do to
the sums, is bounded (`doubt`, and the share taken from `linear`, `square` and `most`): a bound is rounded down.

References
----------
S. Shalev-Shwartz and T. Zhang, Stochastic dual coordinate ascent methods, JMLR 14, 2013 (conjugates, gaps).
N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, chapter 3 (errors of sums).
"""

from __future__ import annotations

import math

import numpy as np

from ..._arrays import check_weights
from ...protocols import Array, FloatArray
from ..losses.base import UNIT, Dual
from ..regularizers.regularizers import Strengths
from .certified import certified_strengths, lower_bound, score_errors, value_doubt
from .evaluation import value
from .problem import LinearProblem

INTEGER_ERROR = 4.0  # the value of uint8 X comes by integers, the scores by float32: so many times the latter's error


def duality_gap(problem: LinearProblem, W: Array) -> float:
    """A proven bound on ``value(W) - optimum``, whatever W is.

    With A_i = d loss_i / d scores, repaired until it is feasible, and G = sum_i A_i z_i' / n,
    ``optimum >= -mean_i conjugate_i(A_i) - ||G||^2 / (4 strength)`` for L2; for L1 see
    docs/explanation/certificates.md.

    Parameters
    ----------
    W : float array of `shape`

    Returns
    -------
    float
        In [0, value(W)], and finite unless value(W) itself is not (then infinity).

    Raises
    ------
    ValueError
        Unless the loss is Hinge, SquaredHinge, CrossEntropy, SquaredError or Huber and the regularizer L2, L1 or
        ElasticNet with a strength > 0.

    Notes
    -----
    True for every W, also by the arithmetic's error: sums are in float64 whatever X is, and what rounding may have
    done is added. value(W) may be read as what `value` returns or as the exact value there (where the bound is
    smaller than value's rounding: as what `value` returns). `value` of uint8 X is rounded in ways of its own: a few
    times the error of float32 scores is added for it.

    Tight for the smooth losses: below 1e-7 of the value at the optimum (for X narrower than float64 as much as
    the rounding of float32 scores lets it, about 1e-6). For the hinge it is loose even at the optimum, where a row
    on its kink may have any coefficient in [0, 1] and W alone doesn't tell which: often a fifth of the value,
    sometimes all of it. `minimize(gap_tol=...)` keeps the best bound of a run.

    Two passes over X, the second with twice the classes where X is narrower than float64. The first call also scans
    X once for the largest element of each column; on uint8 X a bound within rounding of 0 asks for `value` again. A
    mini-batch has its own gap.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X, y = np.array([[0.0], [1.0], [3.0]]), np.array([0, 1, 1])
    >>> objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(0.1))
    >>> W0 = np.zeros(objective.shape)
    >>> round(objective.duality_gap(W0), 3)
    0.591
    >>> W = gd.minimize(objective, W0, step="auto", gtol=1e-9).w
    >>> objective.duality_gap(W) < 1e-8
    True
    """
    rows, loss = problem.rows, problem.loss
    W = check_weights(W, rows.shape)
    strengths = certified_strengths(problem)
    found, scores = np.empty(1), np.empty((rows.n_samples, rows.n_classes), dtype=rows.arithmetic)
    rows.counter.add(rows.n_samples)
    problem.kernel.evaluate(W, found, None, scores, rows.is_wide)
    with np.errstate(over="ignore"):
        penalty = problem.penalty(W)
    seen = float(found[0]) + penalty
    if not math.isfinite(seen):
        return math.inf

    scores = scores.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        dual, C = dual_at(problem, scores)
        G, exact = _products(problem, W, C)
    bound = bound_of(problem, dual, G, strengths)

    data, by_integers = float(found[0]), 0.0
    if exact is not None:
        problem.kernel.mix(exact, None, None, None, found, None, None)
        data = float(found[0])
        if rows.matrix.dtype == np.uint8 and not rows.is_sparse:
            by_integers = INTEGER_ERROR * float(np.einsum("ij,ij->", np.abs(C), np.abs(scores - exact)))
    errors = score_errors(loss, W.astype(np.float64), rows.reach)
    doubt = value_doubt(loss, data, errors, rows.whole, rows.n_samples) + (W.size + 8) * UNIT * penalty
    gap = (max(seen, data + penalty + doubt) + by_integers - bound) * (1 + 4 * UNIT)
    if by_integers > 0 and not gap <= seen:
        seen = value(problem, W)
    return min(gap, seen) if math.isfinite(gap) else seen


def dual_at(problem: LinearProblem, scores: FloatArray) -> tuple[Dual, FloatArray]:
    """The dual point that the loss makes of these scores, and its coefficients times the rows' shares, (n, k)."""
    rows = problem.rows
    dual = problem.loss.dual_point(scores, rows.y, rows.normalized_weights, problem.has_free_bias)
    assert dual is not None
    return dual, dual.coefficients * rows.normalized_weights[:, None]


def bound_of(problem: LinearProblem, dual: Dual, G: FloatArray, strengths: Strengths) -> float:
    """What a dual point with this G = sum_i u_i A_i z_i' proves."""
    doubt = 2 * (dual.doubt[:, None] + 1e-150) * problem.rows.reach
    G, doubt = problem.penalised(G), problem.penalised(doubt)
    return lower_bound(dual.linear, dual.square, dual.most, G, doubt, strengths)


def _products(problem: LinearProblem, W: Array, C: FloatArray) -> tuple[FloatArray, FloatArray | None]:
    """sum_i C_i z_i', like W, by one pass in float64; and the scores of W in float64 where X is narrower than
    that, as outputs beside those of the product."""
    rows = problem.rows
    k, before = rows.n_classes, 0 if rows.is_wide else rows.n_classes
    targets = np.zeros((rows.matrix.shape[0], before + k))
    targets[rows.places, before:] = -0.5 * C
    weights = np.zeros((before + k, rows.shape[1]))
    weights[:before] = W[:before]
    unused, gradient = np.empty(1), np.empty_like(weights)
    scores = None if rows.is_wide else np.empty((rows.n_samples, before + k))
    rows.counter.add(rows.n_samples)
    problem.residual_kernel(targets, None, 1.0).evaluate(weights, unused, gradient, scores, True)
    return gradient[before:], None if scores is None else np.ascontiguousarray(scores[:, :k])
