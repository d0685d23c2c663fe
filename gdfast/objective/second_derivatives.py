"""Second derivatives of an objective: their product with a direction, and the step that the largest of them allows.

As in `capabilities`, an objective's own method serves where it has one, and differences of its gradient otherwise.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import check_positive
from ..describe import shortened
from ..protocols import Array, FloatArray, HessianAt, HessianProduct, Lipschitz, Objective
from .capabilities import offered, weights_for
from .guarded import guarded

NUMERICAL_GRADIENT = 2e-11
"""What rounding does to a difference quotient of a function near 1, with h = 1e-5."""


def hessian_product(objective: Any, w: Array, v: Array, h: float | None = None) -> FloatArray:
    """The Hessian of the objective at w, times v.

    ``(gradient(w + h u) - gradient(w - h u)) / 2h * |v|`` with ``u = v / |v|``, or the objective's own
    ``hessian_product(w, v)``.

    Parameters
    ----------
    objective : Objective
        Or whatever has a ``gradient(w)``, such as a regularizer.
    w, v : float arrays of one shape
    h : float > 0, optional
        By default `hessian_step`; the objective's own product needs none.

    Returns
    -------
    float64 array of w's shape

    Raises
    ------
    TypeError, ValueError
        w and v are not finite float arrays of one shape, or h is not a number > 0.

    Notes
    -----
    Two gradients. The error is about h**2 times the fourth derivative, plus the gradient's own rounding / h.
    """
    w, v = weights_for(objective, w), weights_for(objective, v, "v")
    if v.shape != w.shape:
        raise ValueError(f"v must have the shape of w, {w.shape}; its shape is {v.shape}")
    h = None if h is None else check_positive(h, "h")
    objective = guarded(objective, "objective")
    own = offered(objective, HessianProduct)
    if own is not None:
        return np.asarray(own.hessian_product(w, v), dtype=np.float64)
    h = hessian_step(objective, w) if h is None else h
    length = float(np.linalg.norm(np.ravel(v).astype(np.float64)))
    if length == 0:
        return np.zeros(np.shape(w))
    move = (h / length * v).astype(w.dtype)
    ahead, behind = np.asarray(w + move), np.asarray(w - move)
    taken = float(np.vdot(ahead.astype(np.float64) - behind, v.astype(np.float64))) / length**2
    change = np.asarray(objective.gradient(ahead), dtype=np.float64) - objective.gradient(behind)
    return np.asarray(change / taken)


def hessian_at(objective: Any, w: Array) -> Callable[[Array], FloatArray]:
    """v -> Hessian(w) v, where many products are needed at one w."""
    point, own = weights_for(objective, w), offered(guarded(objective, "objective"), HessianAt)
    if own is None:
        return lambda v: hessian_product(objective, point, v)
    times = own.hessian_at(point)
    return lambda v: times(weights_for(objective, v, "v"))


def has_cheap_hessian(objective: Any) -> bool:
    """Whether the objective has a ``hessian_product`` of its own that costs no more than a gradient."""
    own = offered(objective, HessianAt)
    return offered(objective, HessianProduct) is not None if own is None else own.has_cheap_hessian


def hessian_step(objective: Any, w: Array) -> float:
    """The length of the step for second derivatives: ``eps**(1/3) * max(1, |w|)``, eps the error of a gradient."""
    eps = gradient_unit(objective, w)
    return float(eps ** (1 / 3) * max(1.0, float(np.linalg.norm(np.ravel(w).astype(np.float64)))))


def gradient_unit(objective: Any, w: Array) -> float:
    """The relative rounding of a gradient at weights like w."""
    arithmetic = getattr(objective, "arithmetic", w.dtype)
    eps = max(float(np.finfo(w.dtype).eps), float(np.finfo(arithmetic).eps))
    return eps if getattr(objective, "has_gradient", True) else max(eps, NUMERICAL_GRADIENT)


def check_curvature(objective: Any) -> None:
    """ValueError, before any work, where the objective is known to have kinks instead of second derivatives."""
    own = offered(objective, HessianAt)
    if own is not None:
        own.check_curvature()


def suggest_step(objective: Objective) -> float:
    """A step that suits plain gradient descent: ``1 / L``, with L the largest curvature of the objective, estimated.

    Parameters
    ----------
    objective : Objective
        With a method `lipschitz()`, as `LinearObjective` has: the largest eigenvalue of the rows' second moments (as
        the model sees them, bias included) times the loss's curvature (1/2 for cross-entropy, 2 * n_classes for the
        squared hinge, 2 for squared error), plus ``2 * strength`` of L2.

    Returns
    -------
    float
        > 0 and finite; 1 where the objective is flat.

    Raises
    ------
    TypeError
        The objective, its loss or its regularizer can't say how it bends.
    ValueError
        The curvature is beyond float64.

    Notes
    -----
    Steps of up to 2 / L descend, so an estimate within a factor of 2 of L is enough for a descent that never rises. For
    the hinge, which has kinks instead of curvature, L is a rule of thumb (n_classes / 2 times the eigenvalue), and
    no constant step descends all the way.

    Two passes over X, and one more's worth of products with a sample of its rows.

    References
    ----------
    Y. Nesterov, Introductory Lectures on Convex Optimization, 2004, section 2.1.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X = np.array([[1.0], [-1.0], [3.0], [1.0]])
    >>> objective = gd.LinearObjective(X, np.array([0.0, 1, 2, 3]), gd.SquaredError(), bias=False)
    >>> round(gd.suggest_step(objective), 6)  # the mean of x^2 is 3, times 1.1 to be safe
    0.151515
    """
    own = offered(guarded(objective, "objective"), Lipschitz)
    if own is None:
        raise TypeError(
            "suggest_step (step='auto') needs an objective with lipschitz(), as LinearObjective has; it is "
            f"{type(objective).__name__} {shortened(objective)}: give a step, or a line search"
        )
    curvature = float(own.lipschitz())
    if not 0 <= curvature < math.inf:
        raise ValueError(f"objective must have a finite curvature; it is estimated as {curvature}: scale the features")
    return 1.0 if curvature == 0 else min(1 / curvature, sys.float_info.max)
