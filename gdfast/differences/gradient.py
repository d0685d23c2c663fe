"""The gradient by difference quotients, coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

from .._arrays import check_flag, check_point
from .._returned import require_callable
from ..protocols import Array, FloatArray
from .first import first_derivatives
from .points import numbers_at
from .stencils import Scheme, check_coordinates
from .steps import Steps


@overload
def numerical_gradient(
    f: Callable[[Array], Any],
    x: Any,
    h: Steps = ...,
    scheme: Scheme = ...,
    *,
    coordinates: Any = ...,
    vectorized: bool = ...,
    error: Literal[False] = ...,
) -> FloatArray: ...
@overload
def numerical_gradient(
    f: Callable[[Array], Any],
    x: Any,
    h: Steps = ...,
    scheme: Scheme = ...,
    *,
    coordinates: Any = ...,
    vectorized: bool = ...,
    error: Literal[True],
) -> tuple[FloatArray, FloatArray]: ...
def numerical_gradient(
    f: Callable[[Array], Any],
    x: Any,
    h: Steps = 1e-5,
    scheme: Scheme = "centered",
    *,
    coordinates: Any = None,
    vectorized: bool = False,
    error: bool = False,
) -> Any:
    """The gradient of f at x, one difference quotient per coordinate.

    ``(f(x + h e_j) - f(x - h e_j)) / 2h`` (centred) or ``(f(x + h e_j) - f(x)) / h`` (forward).

    Parameters
    ----------
    f : callable
        Takes an array of x's shape and dtype, returns one real number (a Python or NumPy number or a
        0-d array). The array is f's own: a fresh copy in every call.
    x : array of any shape, float
        Never modified, also when f raises.
    h : float, array of x's shape, or "auto"
        Length of the step, > 0: one for all coordinates, or one for each (both absolute); "auto": relative to each
        coordinate, ``eps**(1/3) * |x_j|`` (forward ``eps**(1/2)``), and another where that step's error is poor: the
        best of many, from x's rounding up to the largest coordinate.
    scheme : "centered" or "forward"
    coordinates : array of int, optional
        Flat indices (C order); only these partial derivatives are computed.
    vectorized : bool
        f takes many points at once: (m, *x.shape), and returns (m,). They come in blocks of at most
        4 MiB (of one point where that is larger).
    error : bool
        Return the estimated absolute errors as well.

    Returns
    -------
    float64 array of x's shape, or of shape (len(coordinates),) when coordinates are given; with ``error=True`` the pair
    (derivatives, errors), two such arrays.

    Raises
    ------
    TypeError
        x is not a float array; f returns something that is not a real number.
    ValueError
        h is not positive or of another shape than x, or is lost when x + h is rounded to x's dtype; f returns NaN or
        infinity (with "auto": at x, or at all steps tried), or another shape than (m,). Exceptions raised by f come
        through unchanged, with a note that names the coordinate (or the first and the last one of the block).

    Notes
    -----
    Evaluations: 2P centred, P + 1 forward, for P coordinates (`gdfast.differences.evaluations`); with ``error=True`` or
    "auto" three times as many, about 200 more for each coordinate whose relative step is poor. Errors are estimated
    by comparing h with 0.71 h and 0.43 h, times 2.5; they bound the true ones of a smooth f in nearly all cases. The
    truncation error falls with h**2 (centred) or h (forward), the rounding error grows as eps * abs(f) / h:
    `gdfast.step_sweep` shows both and suggests h. In float32 use a much larger h, about 1e-2. A vectorized f
    gives the same bits as its plain form where the two agree to the bit themselves.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.numerical_gradient(lambda x: float(x[0] ** 3 + 5 * x[0] * x[1]), [1.0, 2.0]).round(6)
    array([13.,  5.])
    >>> gradient, errors = gd.numerical_gradient(lambda x: float(np.log(x).sum()), [1e-9, 1e9], "auto", error=True)
    >>> bool((abs(gradient * [1e-9, 1e9] - 1) < 1e-8).all()), bool((errors < 1e-7 * gradient).all())
    (True, True)
    >>> gd.numerical_gradient(lambda X: X[:, 0] ** 3 + 5 * X[:, 0] * X[:, 1], [1.0, 2.0], vectorized=True).round(6)
    array([13.,  5.])
    """
    require_callable(f)
    point, vectorized, error = check_point(x, "x"), check_flag(vectorized, "vectorized"), check_flag(error, "error")
    flat = check_coordinates(coordinates, point.size)
    found = first_derivatives(lambda points: numbers_at(f, points, vectorized), point, flat, h, scheme, error)
    if coordinates is None:
        found = tuple(array.reshape(point.shape) for array in found)
    return found if error else found[0]
