"""The Jacobian of an array-valued function by difference quotients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import check_flag, check_point, check_positive
from .._returned import require_callable
from ..protocols import Array, FloatArray
from .points import arrays_at
from .stencils import Scheme, check_coordinates, difference_quotients


def numerical_jacobian(
    f: Callable[[Array], Any],
    x: Any,
    h: float = 1e-5,
    scheme: Scheme = "centered",
    *,
    vectorized: bool = False,
) -> FloatArray:
    """The Jacobian of an array-valued f at x: ``J[..., j] = d f / d x_j``.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape and dtype, returns real numbers, always of one shape.
    x, h, scheme
        As for `numerical_gradient`.
    vectorized : bool
        f takes many points at once: (m, *x.shape), and returns (m, *out).

    Returns
    -------
    float64 array of shape ``f(x).shape + x.shape``.

    Raises
    ------
    TypeError, ValueError
        As for `numerical_gradient`; ValueError as well when the shape of f's result changes.

    Notes
    -----
    Evaluations: 2P centred, P + 1 forward, for P = x.size. The values of all of them are kept, so the memory
    is about three times the Jacobian's.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.numerical_jacobian(lambda x: np.array([x[0] * x[1], x[0] ** 2, 3 * x[1]]), [2.0, 5.0]).round(6)
    array([[5., 2.],
           [4., 0.],
           [0., 3.]])
    """
    require_callable(f)
    point, h, vectorized = check_point(x, "x"), check_positive(h, "h"), check_flag(vectorized, "vectorized")
    return jacobian(f, point, h, scheme, vectorized, "f")


def jacobian(f: Callable[[Array], Any], x: Array, h: float, scheme: Scheme, vectorized: bool, name: str) -> FloatArray:
    """The same for arguments that are checked; messages call f by this name."""
    every = check_coordinates(None, x.size)
    columns = difference_quotients(lambda points: arrays_at(f, points, vectorized, name), x, every, h, scheme)
    return np.moveaxis(columns, 0, -1).reshape(columns.shape[1:] + x.shape)
