"""A linear objective's Hessian, as products with it: the loss's on the scores, between two products with X."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..._arrays import check_weights
from ...protocols import Array, FloatArray
from ..second_derivatives import hessian_product as product_with
from .terms import Terms


def hessian_product(problem: Terms, W: Array, V: Array) -> FloatArray:
    """``Hessian(W) V = sum_i u_i (D2 loss_i(W z_i) (V z_i)) z_i' + (D2 regularizer) V``, exact up to rounding.

    z_i is what the model sees of row i and u_i its share of the mean.

    Parameters
    ----------
    W, V : float arrays of `shape`, float64 or float32

    Returns
    -------
    float64 array of `shape`

    Raises
    ------
    ValueError
        The loss is Hinge, or the regularizer has an L1 part: they have kinks where others have curvature. W or V
        has another shape, or an element that is not finite.

    Notes
    -----
    In float64 arithmetic whatever X is where V is float64; where V is float32, in X's own. For SquaredHinge and Huber a
    generalised Hessian: the margins that are > 0, the residuals within delta count. A regularizer of your own is asked
    for its ``hessian_product(W, V)``, else differences of its gradient are taken.

    One pass over X for SquaredError, otherwise two: the scores of W, and the product, which takes no longer than loss
    and gradient in the same arithmetic. Where many products are needed at one W, `hessian_at` makes the scores once. (A
    `ScoreLoss` needs a pass more for each product.)

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X, y = np.array([[1.0], [2.0]]), np.array([3.0, 5.0])
    >>> objective = gd.LinearObjective(X, y, gd.SquaredError(), gd.L2(0.5), bias=False)
    >>> objective.hessian_product(np.zeros((1, 1)), np.ones((1, 1)))  # twice the mean of x^2, and 2 * 0.5
    array([[6.]])
    """
    V = check_weights(V, problem.rows.shape, "V")
    return hessian_at(problem, W)(V)


def hessian_at(problem: Terms, W: Array) -> Callable[[Array], FloatArray]:
    """V -> Hessian(W) V, with what the scores of W say of it already there: 8 bytes for each row and class."""
    shape = problem.rows.shape
    W = check_weights(W, shape).astype(np.float64)
    check_curvature(problem)
    of_data = problem.data_curvature(W)
    return lambda V: _hessian_times(problem, W, of_data, check_weights(V, shape, "V"))


def has_cheap_hessian(problem: Terms) -> bool:
    """Whether a product costs no more than a gradient: for squared error in float64."""
    return bool(problem.loss.is_quadratic and problem.rows.is_wide)


def check_curvature(problem: Terms) -> None:
    """ValueError, before any work, where there are kinks instead of curvature."""
    loss, strengths = problem.loss, problem.strengths
    if loss.has_kinks:
        smooth = loss.smoothed()
        remedy = "" if smooth is None else f": take {smooth!r}"
        raise ValueError(f"{loss!r} has kinks and no curvature, so there is no Hessian{remedy}")
    if strengths is not None and strengths.l1 > 0:
        raise ValueError(f"{problem.regularizer!r} has a kink at 0, so there is no Hessian there: take L2(strength)")


def _hessian_times(problem: Terms, W: FloatArray, of_data: Callable[[Array], FloatArray], V: Array) -> FloatArray:
    size = float(np.abs(V).max())
    if size == 0:
        return np.zeros(problem.rows.shape)
    unit = 2.0 ** np.floor(np.log2(size))  # rows whose squared coefficients underflow are left out by the kernel
    product = of_data((V / unit).astype(V.dtype, copy=False))
    product *= unit
    V = V.astype(np.float64, copy=False)
    if problem.regularizer is not None:
        part = problem.penalised(product)
        part += product_with(problem.regularizer, problem.penalised(W), problem.penalised(V))
    return product
