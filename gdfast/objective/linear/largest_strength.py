"""The bias of an objective whose other weights are 0, and the smallest strength of L1 at which they all are."""

from __future__ import annotations

import numpy as np

from ...protocols import FloatArray
from .outputs import Outputs
from .problem import LinearProblem
from .terms import Terms

STEPS = 200
HALVINGS = 40
VANISHED = 1e-15


def bias_optimum(outputs: Outputs, bias: FloatArray) -> FloatArray:
    """The free bias (n_outputs,) with the smallest data term where all other weights are 0; no pass over X.

    Newton's steps from `bias`, halved where they lead uphill, until rounding ends them. Of a class without samples the
    bias goes to minus infinity, and is left where its derivative vanishes.
    """
    n = outputs.problem.rows.n_samples

    def scores_of(b: FloatArray) -> FloatArray:
        return np.repeat(b[:, None], n, axis=1)

    scores = scores_of(bias)
    value, slopes = outputs.value(scores), outputs.slopes(scores).sum(axis=1)
    for _ in range(STEPS):
        if not np.abs(slopes).max() > VANISHED:
            break
        diagonal, less, more = outputs.curvature(scores)
        matrix = np.diag(diagonal.sum(axis=1))
        if less is not None:
            matrix -= less @ less.T
        if more is not None:
            matrix += more @ more.T
        step = -np.linalg.lstsq(matrix, slopes, rcond=1e-12)[0]
        length = 1.0
        for _ in range(HALVINGS):
            there = scores_of(bias + length * step)
            after = outputs.value(there)
            if after <= value:
                break
            length /= 2
        else:
            break
        slopes_after = outputs.slopes(there).sum(axis=1)
        if after == value and not np.abs(slopes_after).max() < np.abs(slopes).max():
            break
        bias, scores, value, slopes = bias + length * step, there, after, slopes_after
    return bias


def largest_strength(problem: LinearProblem) -> float:
    """The smallest strength of L1 for which all weights are 0 at the optimum, a free bias apart; one pass over X.

    It is the largest element of the data's gradient where they are 0 and the bias at its optimum. What the problem's
    regularizer is, does not matter.

    Raises
    ------
    ValueError
        The loss knows no curvature, as the hinge.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> from gdfast.objective.linear.largest_strength import largest_strength
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> lasso = gd.LinearObjective(X, y, gd.SquaredError())
    >>> round(largest_strength(lasso.linear_problem), 12)  # twice the covariance of x and y
    2.666666666667
    """
    require_curvature(problem)
    outputs, rows = Outputs(problem), problem.rows
    scores = np.zeros((outputs.n_outputs, rows.n_samples))
    if problem.has_free_bias:
        scores += bias_optimum(outputs, np.zeros(outputs.n_outputs))[:, None]
    gradient = problem.weighted_rows(np.ascontiguousarray(outputs.slopes(scores).T))
    return float(np.abs(problem.penalised(gradient)).max(initial=0.0))


def has_curvature(terms: Terms) -> bool:
    """Whether the loss is smooth and knows how much it curves at most."""
    return not terms.loss.has_kinks and terms.loss.largest_curvature(terms.rows.n_classes) is not None


def require_curvature(terms: Terms) -> None:
    """ValueError for losses that aren't smooth."""
    loss = terms.loss
    if not has_curvature(terms):
        smooth = loss.smoothed()
        remedy = "" if smooth is None else f": take {smooth!r}"
        raise ValueError(f"exact zeros need a smooth loss, which knows its curvature; it is {loss!r}{remedy}")
