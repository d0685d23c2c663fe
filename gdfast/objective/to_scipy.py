"""An objective as two functions of a flat vector, which is what scipy.optimize takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import check_point
from ..protocols import Array, FloatArray, Objective
from .guarded import guarded


def to_scipy(objective: Objective) -> tuple[Callable[[Any], float], Callable[[Any], FloatArray]]:
    """The value and the gradient of an objective as functions of a flat float64 vector.

    Parameters
    ----------
    objective : Objective
        Where it has a `shape` (as `LinearObjective` has), vectors of so many elements are reshaped to it in C order;
        any other objective gets the vector as it is.

    Returns
    -------
    fun, jac : callables
        ``fun(x) -> float`` and ``jac(x) -> float64 array like x``, for ``scipy.optimize.minimize(fun, x0, jac=jac)``.

    Raises
    ------
    TypeError
        The objective has no value and gradient.
    ValueError
        From fun and jac: x has another number of elements, or is not finite.

    Notes
    -----
    fun costs one value, jac one gradient: on a linear objective a pass over X each.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> from scipy.optimize import minimize
    >>> X, y = np.array([[0.0], [1.0], [3.0]]), np.array([0, 1, 1])
    >>> objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(0.1))
    >>> fun, jac = gd.to_scipy(objective)
    >>> result = minimize(fun, np.zeros(4), jac=jac, method="BFGS")
    >>> round(float(result.fun), 3), objective.shape
    (0.376, (2, 2))
    """
    if isinstance(objective, type) or not isinstance(objective, Objective):
        raise TypeError(f"objective must have value, gradient and value_and_gradient; it is {objective!r:.60}")
    shape, objective = getattr(objective, "shape", None), guarded(objective, "objective")

    def at(x: Any) -> Array:
        point = check_point(x, "x")
        if shape is None:
            return point
        if point.size != math.prod(shape):
            raise ValueError(
                f"x must have {math.prod(shape)} elements, for weights of shape {shape}; it has {point.size}"
            )
        return np.ascontiguousarray(point).reshape(shape)

    def fun(x: Any) -> float:
        return float(objective.value(at(x)))

    def jac(x: Any) -> FloatArray:
        w = at(x)
        return np.asarray(objective.gradient(w), dtype=np.float64).reshape(np.shape(x))

    return fun, jac
