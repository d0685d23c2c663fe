"""Newton's system by conjugate gradients: the Hessian as products, and the solution, preconditioned or plain.

M. R. Hestenes, E. Stiefel, Methods of conjugate gradients for solving linear systems, 1952.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...objective.one_thread import dot
from ...objective.regularizers.regularizers import strengths_of
from ...objective.second_derivatives import has_cheap_hessian, hessian_at
from ...protocols import Array, FloatArray
from .float64_dots import norm

SMALL = 100  # weights: so few that each system is solved to rounding


class Hessian:
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


def solved(
    product: Callable[[FloatArray], FloatArray],
    gradient: Array,
    tolerance: float,
    most: int,
    inverse: Callable[[FloatArray], FloatArray] | None = None,
) -> tuple[FloatArray, int]:
    """Conjugate gradients on ``Hessian x = -gradient``, and the number of products.

    `inverse` is a preconditioner's product; squares are then in its metric.
    """
    residual = -gradient.astype(np.float64)
    scaled = residual if inverse is None else inverse(residual)
    square = first = dot(residual, scaled)
    x, conjugate = np.zeros_like(residual), scaled
    largest, products = 0.0, 0
    while products < most and square > tolerance**2 * first:
        image = product(conjugate)
        products += 1
        curvature, length = dot(conjugate, image), dot(conjugate, conjugate)
        largest = max(largest, abs(curvature) / length)
        if not curvature > 1e-8 * largest * length:  # negative, or none to speak of
            if products == 1:
                x = conjugate / largest if largest > 0 and inverse is None else conjugate
            break
        step = square / curvature
        x = x + step * conjugate
        residual = residual - step * image
        scaled = residual if inverse is None else inverse(residual)
        square, before = dot(residual, scaled), square
        conjugate = scaled + (square / before) * conjugate
    return x, products
