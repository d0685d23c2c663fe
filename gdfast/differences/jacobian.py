"""The Jacobian of an array-valued function by difference quotients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np

from .._arrays import check_flag, check_point
from .._returned import require_callable
from ..protocols import Array, FloatArray
from .first import first_derivatives
from .points import arrays_at
from .stencils import Scheme
from .steps import Steps


@overload
def numerical_jacobian(
    f: Callable[[Array], Any],
    x: Any,
    h: Steps = ...,
    scheme: Scheme = ...,
    *,
    vectorized: bool = ...,
    error: Literal[False] = ...,
) -> FloatArray: ...
@overload
def numerical_jacobian(
    f: Callable[[Array], Any],
    x: Any,
    h: Steps = ...,
    scheme: Scheme = ...,
    *,
    vectorized: bool = ...,
    error: Literal[True],
) -> tuple[FloatArray, FloatArray]: ...
def numerical_jacobian(
    f: Callable[[Array], Any],
    x: Any,
    h: Steps = 1e-5,
    scheme: Scheme = "centered",
    *,
    vectorized: bool = False,
    error: bool = False,
) -> Any:
    """The Jacobian of an array-valued f at x: ``J[..., j] = d f / d x_j``.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape and dtype, returns real numbers, always of one shape.
    x, h, scheme
        As for `numerical_gradient`.
    vectorized : bool
        f takes many points at once: (m, *x.shape), and returns (m, *out).
    error : bool
        Return the estimated absolute errors as well.

    Returns
    -------
    float64 array of shape ``f(x).shape + x.shape``; with ``error=True`` two of them, (derivatives, errors).

    Raises
    ------
    TypeError, ValueError
        As for `numerical_gradient`; ValueError as well when the shape of f's result changes.

    Notes
    -----
    Evaluations: 2P centred, P + 1 forward, for P = x.size; three times as many with ``error=True`` or "auto", which
    judges a column by its 2-norm, and about 200 more for each column whose relative step is poor. The values of all of
    them are kept, so the memory is about three times the Jacobian's.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.numerical_jacobian(lambda x: np.array([x[0] * x[1], x[0] ** 2, 3 * x[1]]), [2.0, 5.0]).round(6)
    array([[5., 2.],
           [4., 0.],
           [0., 3.]])
    """
    require_callable(f)
    point, vectorized, error = check_point(x, "x"), check_flag(vectorized, "vectorized"), check_flag(error, "error")
    every = np.arange(point.size)
    found = first_derivatives(lambda points: arrays_at(f, points, vectorized), point, every, h, scheme, error)
    jacobians = tuple(np.moveaxis(columns, 0, -1).reshape(columns.shape[1:] + point.shape) for columns in found)
    return jacobians if error else jacobians[0]
