"""The gradient by difference quotients, coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._arrays import check_flag, check_point, check_positive
from .._returned import require_callable
from ..protocols import Array, FloatArray
from .points import numbers_at
from .stencils import Scheme, check_coordinates, difference_quotients


def numerical_gradient(
    f: Callable[[Array], Any],
    x: Any,
    h: float = 1e-5,
    scheme: Scheme = "centered",
    *,
    coordinates: Any = None,
    vectorized: bool = False,
) -> FloatArray:
    """The gradient of f at x, one difference quotient per coordinate.

    ``(f(x + h e_j) - f(x - h e_j)) / 2h`` (centred) or ``(f(x + h e_j) - f(x)) / h`` (forward).

    Parameters
    ----------
    f : callable
        Takes an array of x's shape and dtype, returns one real number (a Python or NumPy number or a
        0-d array). The array is f's own: a fresh copy in every call.
    x : array of any shape, float
        Never modified, also when f raises.
    h : float
        Length of the step along each coordinate, > 0.
    scheme : "centered" or "forward"
    coordinates : array of int, optional
        Flat indices (C order); only these partial derivatives are computed.
    vectorized : bool
        f takes many points at once: (m, *x.shape), and returns (m,). They come in blocks of at most
        4 MiB (of one point where that is larger).

    Returns
    -------
    float64 array of x's shape, or of shape (len(coordinates),) when coordinates are given.

    Raises
    ------
    TypeError
        x is not a float array; f returns something that is not a real number.
    ValueError
        h is not a positive number, or is lost when x + h is rounded to x's dtype; f returns NaN or
        infinity, or another shape than (m,). Exceptions raised by f come through unchanged, with a note that
        names the coordinate (or the first and the last one of the block).

    Notes
    -----
    Evaluations: 2P centred, P + 1 forward, for P coordinates (`gdfast.differences.evaluations`). The
    truncation error falls with h**2 (centred) or h (forward), the rounding error grows as eps * abs(f) / h:
    `gdfast.step_sweep` shows both and suggests h. In float32 use a much larger h, about 1e-2. A vectorized f
    gives the same bits as its plain form where the two agree to the bit themselves.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.numerical_gradient(lambda x: float(x[0] ** 3 + 5 * x[0] * x[1]), [1.0, 2.0]).round(6)
    array([13.,  5.])
    >>> gd.numerical_gradient(lambda X: X[:, 0] ** 3 + 5 * X[:, 0] * X[:, 1], [1.0, 2.0], vectorized=True).round(6)
    array([13.,  5.])
    """
    require_callable(f)
    point, h, vectorized = check_point(x, "x"), check_positive(h, "h"), check_flag(vectorized, "vectorized")
    flat = check_coordinates(coordinates, point.size)
    partials = difference_quotients(lambda points: numbers_at(f, points, vectorized), point, flat, h, scheme)
    return partials.reshape(point.shape) if coordinates is None else partials
