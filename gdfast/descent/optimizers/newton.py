"""Truncated Newton: ``Hessian direction = -gradient`` by conjugate gradients (Dembo, Steihaug 1983)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..._arrays import check_integer
from ...objective.capabilities import has_cheap_hessian, hessian_at
from ...objective.regularizers.regularizers import strengths_of
from ...protocols import Array, FloatArray, Objective
from .float64_dots import dot, norm

SMALL = 100  # weights: so few that each system is solved to rounding


class NewtonState(NamedTuple):
    """The gradient's norm at the last step, how exactly its system was solved, and the evaluations up to now."""

    norm: float
    tolerance: float
    evaluations: int
    steps: int


@dataclass(frozen=True)
class Newton:
    """Newton's direction, ``Hessian direction = -gradient``, by conjugate gradients.

    Parameters
    ----------
    products : int
        >= 1: at most so many products with the Hessian in one step.

    Raises
    ------
    TypeError, ValueError
        products is no integer >= 1. In `minimize`: the loss is `Hinge`, or the regularizer has an L1 part (neither
        has curvature), or there are mini-batches.

    Notes
    -----
    Give it `step=1.0`, `Backtracking()` or `StrongWolfe()`. A product with the Hessian is the objective's own
    ``hessian_product(w, v)`` where that costs no more than a gradient (squared error in float64, an objective of your
    own), otherwise the difference of two gradients: one evaluation (two for up to 100 weights, on both sides of w). For
    other linear objectives that is as good, and takes half the time of their exact product. Each system is solved to
    ``|residual| <= tolerance * |gradient|`` with
    ``tolerance = min(0.5, 0.9 * (|gradient| / |last gradient|)**2)`` (Eisenstat and Walker), 0.5 at first; to
    rounding for up to 100 weights, and for `SquaredError`, whose first step is the solution. Where a direction of
    negative curvature turns up, the system ends there: the direction is always downhill. With `SquaredHinge` the
    Hessian is a generalised one: that of the margins that count. Products of float32 data are off by some 1e-4, so
    a float32 run ends as near as its gradient is exact, only with a few steps more.

    A step costs one gradient and its products; ``result.evaluations`` and ``result.passes`` count them.

    References
    ----------
    R. S. Dembo, T. Steihaug, Truncated-Newton algorithms for large-scale unconstrained optimization, 1983;
    S. C. Eisenstat, H. F. Walker, Choosing the forcing terms in an inexact Newton method, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> scales = np.array([1.0, 10.0, 100.0])
    >>> bowl = gd.FunctionObjective(lambda w: float(scales @ w**2), lambda w: 2 * scales * w)
    >>> result = gd.minimize(bowl, np.ones(3), gd.Newton(), step=1.0)
    >>> result.steps, result.status.name
    (1, 'CONVERGED')
    """

    products: int = 250

    def __post_init__(self) -> None:
        object.__setattr__(self, "products", check_integer(self.products, "products", minimum=1))

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> Newton:
        """Itself, unless the objective has no curvature or comes in mini-batches."""
        loss, regularizer = getattr(objective, "loss", None), getattr(objective, "regularizer", None)
        if getattr(loss, "has_kinks", False):
            raise ValueError(f"Newton needs curvature, and {loss!r} has none: take SquaredHinge(), or LBFGS()")
        strengths = strengths_of(regularizer)
        if strengths is not None and strengths.l1 > 0:
            raise ValueError(f"Newton needs curvature, and {regularizer!r} has none at 0: take L2, or LBFGS()")
        if batches is not None:
            raise ValueError(f"Newton needs the whole objective: leave batches out; it is {batches!r}")
        return self

    def init(self, w: Array) -> NewtonState:
        """Nothing solved yet."""
        return NewtonState(math.inf, 0.5, 0, 0)

    def direction(self, objective: Objective, k: int, w: Array, state: NewtonState) -> tuple[Array, NewtonState]:
        """The solution of Newton's system, as exactly as it pays."""
        gradient = objective.gradient(w)
        length = norm(gradient)
        tolerance = 0.5 if state.steps == 0 else min(0.5, 0.9 * (length / state.norm) ** 2 if state.norm > 0 else 0.5)
        hessian = _Hessian(objective, w, gradient)
        if hessian.is_exact:
            tolerance = 0.0
        direction, products = _solved(hessian.times, gradient, max(tolerance, hessian.error), self.products)
        evaluations = state.evaluations + 1 + products * hessian.cost
        return direction.astype(w.dtype), NewtonState(length, tolerance, evaluations, state.steps + 1)


class _Hessian:
    """The Hessian at w as products: the objective's own, or differences of gradients over a length `reach`.

    One-sided differences in general; two-sided ones for few weights; a long reach where the gradient is known to be
    a straight line. `error` is what a product may be off by, `cost` how many gradients it takes.
    """

    def __init__(self, objective: Any, w: Array, gradient: Array) -> None:
        arithmetic = getattr(objective, "arithmetic", w.dtype)
        rounding = max(float(np.finfo(w.dtype).eps), float(np.finfo(arithmetic).eps))
        self._own = hessian_at(objective, w) if has_cheap_hessian(objective) else None
        self._objective, self._w, self._gradient = objective, w, gradient.astype(np.float64)
        self.is_exact, self.cost = True, 1
        if self._own is not None or _is_quadratic(objective):
            relative, self.error = 1.0, 10 * rounding
            self.is_exact = _is_quadratic(objective) or w.size <= SMALL
        elif w.size <= SMALL:
            relative, self.error, self.cost = rounding ** (1 / 3), rounding ** (2 / 3) / 10, 2
        else:
            relative, self.error, self.is_exact = math.sqrt(rounding), math.sqrt(rounding) / 10, False
        self._reach = relative * max(1.0, norm(w))

    def times(self, v: FloatArray) -> FloatArray:
        """Hessian v."""
        w = self._w
        if self._own is not None:
            return np.asarray(self._own(v.astype(w.dtype)), dtype=np.float64)
        h = self._reach / norm(v)
        move = (h * v).astype(w.dtype)
        ahead = self._objective.gradient(np.asarray(w + move))
        if self.cost == 1:
            return np.asarray((ahead - self._gradient) / h)
        behind = self._objective.gradient(np.asarray(w - move))
        return np.asarray((ahead.astype(np.float64) - behind) / (2 * h))


def _is_quadratic(objective: Any) -> bool:
    """Whether the Hessian is known to be the same everywhere."""
    strengths = strengths_of(getattr(objective, "regularizer", None))
    is_smooth = strengths is not None and strengths.l1 == 0
    return is_smooth and bool(getattr(getattr(objective, "loss", None), "is_quadratic", False))


def _solved(
    product: Callable[[FloatArray], FloatArray], gradient: Array, tolerance: float, most: int
) -> tuple[FloatArray, int]:
    """Conjugate gradients on ``Hessian x = -gradient``, and the number of products."""
    residual = -gradient.astype(np.float64)
    square = first = dot(residual, residual)
    x, conjugate = np.zeros_like(residual), residual
    largest, products = 0.0, 0
    while products < most and square > tolerance**2 * first:
        image = product(conjugate)
        products += 1
        curvature, length = dot(conjugate, image), dot(conjugate, conjugate)
        largest = max(largest, abs(curvature) / length)
        if not curvature > 1e-8 * largest * length:  # negative, or none to speak of
            if products == 1:
                x = residual / largest if largest > 0 else residual
            break
        step = square / curvature
        x = x + step * conjugate
        residual = residual - step * image
        square, before = dot(residual, residual), square
        conjugate = residual + (square / before) * conjugate
    return x, products
