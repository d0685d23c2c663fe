"""The directional derivative by a difference quotient: two evaluations, whatever the number of coordinates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import check_flag, check_point, check_positive, check_reals
from .._returned import require_callable
from ..protocols import Array, FloatArray
from .points import Points, numbers_at
from .stencils import lost_step


def directional_derivative(
    f: Callable[[Array], Any], x: Any, direction: Any, h: float = 1e-5, *, vectorized: bool = False
) -> float:
    """The slope of f at x in a direction: ``(f(x + h u) - f(x - h u)) / 2h`` with ``u = v / |v|``.

    A direction v that is not of unit length is normalised, so the result is always the slope per unit
    of length: it equals ``u . grad f(x)``.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape and dtype, returns one real number.
    x : array of any shape, float
        Never modified, also when f raises.
    direction : array of real numbers of x's shape
        Any length but zero.
    h : float
        Length of the step along u, > 0.
    vectorized : bool
        f takes both points at once: (2, *x.shape), and returns (2,).

    Returns
    -------
    float

    Raises
    ------
    TypeError
        x is not a float array; the direction does not hold real numbers; f does not return one.
    ValueError
        The direction is zero, not finite or of another shape than x; h or f's value is not usable.

    Notes
    -----
    Two evaluations of f.

    Examples
    --------
    >>> import gdfast as gd
    >>> round(gd.directional_derivative(lambda x: float(x[0] * x[1]), [1.0, 2.0], [3.0, 4.0]), 9)
    2.0
    """
    require_callable(f)
    point, h, vectorized = check_point(x, "x"), check_positive(h, "h"), check_flag(vectorized, "vectorized")
    unit = _unit(direction, point)
    with np.errstate(over="ignore", invalid="ignore"):
        ends = np.stack([point + h * unit, point - h * unit]).astype(point.dtype).reshape(2, -1)
        taken = float(np.sum((ends[0].astype(np.float64) - ends[1].astype(np.float64)) * unit.reshape(-1)))
    if not 0 < taken < np.inf:
        raise lost_step("x along the direction", h, point)
    every = np.broadcast_to(np.arange(point.size), ends.shape)
    points = Points(point, every, ends, lambda i: f"x {'+-'[i]} h * u (h = {h:g})")
    ahead, behind = numbers_at(f, points, vectorized).tolist()
    slope: float = (ahead - behind) / taken
    return slope


def _unit(direction: Any, x: Array) -> FloatArray:
    v = check_reals(direction, "direction", x.shape, "have x's shape {}")
    largest = float(np.abs(v).max())
    if largest == 0:
        raise ValueError("direction must not be zero")
    v /= largest  # so that the squares neither overflow nor vanish
    unit: FloatArray = v / np.sqrt(np.sum(v * v))
    return unit
