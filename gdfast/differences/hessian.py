"""The Hessian by second differences of a function, or by differences of its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import check_flag, check_point, check_positive
from .._returned import array_like, require_callable
from ..protocols import Array, FloatArray
from .jacobian import jacobian
from .points import numbers_at
from .stencils import moved, usable_stencil


def numerical_hessian(
    f: Callable[[Array], Any] | None,
    x: Any,
    h: float = 1e-4,
    *,
    gradient: Callable[[Array], Any] | None = None,
    vectorized: bool = False,
) -> FloatArray:
    """The matrix of second derivatives of f at x, symmetric to the last bit.

    ``(f(x + h e_i + h e_j) - f(x + h e_i - h e_j) - f(x - h e_i + h e_j) + f(x - h e_i - h e_j)) / 4 h**2``
    beside the diagonal and ``(f(x + h e_i) - 2 f(x) + f(x - h e_i)) / h**2`` on it; or, with a gradient g,
    the columns ``(g(x + h e_j) - g(x - h e_j)) / 2h``, averaged with their transpose.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape and dtype, returns one real number. Not called (and may be None) when a
        gradient is given.
    x : array of any shape, float
        Never modified, also when f raises.
    h : float
        Length of the step along each coordinate, > 0. With a gradient 1e-5 is more precise.
    gradient : callable, optional
        Takes the same array, returns one of its shape and dtype.
    vectorized : bool
        f (or the gradient) takes many points at once: (m, *x.shape), and returns (m,) (or (m, *x.shape)).

    Returns
    -------
    float64 array of shape ``x.shape + x.shape``: (P, P) for a vector.

    Raises
    ------
    TypeError, ValueError
        As for `numerical_gradient`; also where the gradient has another dtype or shape than x.

    Notes
    -----
    Evaluations: 2 P**2 + 1 of f, or 2 P of the gradient, for P = x.size. Exact on quadratic functions up to
    rounding. The truncation error falls with h**2. The rounding error is about eps * abs(f) / h**2 from values,
    2e-8 * abs(f) with the default h, and eps * abs(g) / h from gradients. In float32 values use h about 0.05.

    References
    ----------
    M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 1964, formulas 25.3.23 and 25.3.26.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.numerical_hessian(lambda x: float(x[0] ** 2 + 3 * x[0] * x[1]), [1.0, 2.0]).round(4)
    array([[2., 3.],
           [3., 0.]])
    >>> gd.numerical_hessian(None, [1.0, 2.0], gradient=lambda x: 2 * x).round(6)
    array([[2., 0.],
           [0., 2.]])
    """
    point, h, vectorized = check_point(x, "x"), check_positive(h, "h"), check_flag(vectorized, "vectorized")
    if gradient is not None:
        require_callable(gradient, "gradient")
        hessian = _from_gradients(gradient, point, h, vectorized)
    else:
        require_callable(f)
        hessian = _from_values(lambda points: numbers_at(f, points, vectorized), point, h)  # type: ignore[arg-type]
    return hessian.reshape(point.shape + point.shape)


def _from_gradients(gradient: Callable[[Array], Any], x: Array, h: float, vectorized: bool) -> FloatArray:
    def checked(points: Array) -> Array:
        return array_like(gradient(points), points, "gradient")

    columns = jacobian(checked, x, h, "centered", vectorized, "gradient").reshape(x.size, x.size)
    return (columns + columns.T) / 2


def _from_values(values_at: Callable[..., FloatArray], x: Array, h: float) -> FloatArray:
    size = x.size
    every = np.arange(size)
    ends = usable_stencil(x, every, h, "centered")
    both = np.stack([ends.high, ends.low], axis=1)  # (P, 2)
    steps = ends.taken / 2

    flat = np.append(0, np.repeat(every, 2))[:, np.newaxis]
    values = np.append(x.reshape(-1)[:1], both)[:, np.newaxis]
    middle, *along = values_at(moved(x, flat, values, h))
    ahead, behind = np.reshape(along, (size, 2)).T
    with np.errstate(over="ignore", invalid="ignore"):
        hessian = np.diag(((ahead - middle) - (middle - behind)) / steps**2)

    for i in range(size - 1):  # row by row, so that the points of one row are all that is kept
        others = every[i + 1 :]
        flat = np.stack([np.full(4 * others.size, i), np.repeat(others, 4)], axis=1)
        own = np.tile(np.repeat(both[i], 2), others.size)  # + + - -
        other = np.tile(both[others], 2).reshape(-1)  # + - + -
        corners = values_at(moved(x, flat, np.stack([own, other], axis=1), h)).reshape(-1, 2, 2)
        with np.errstate(over="ignore", invalid="ignore"):
            slopes = corners[:, :, 0] - corners[:, :, 1]
            mixed = (slopes[:, 0] - slopes[:, 1]) / (4 * steps[i] * steps[others])
        hessian[i, others] = hessian[others, i] = mixed
    return hessian
