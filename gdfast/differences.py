"""Derivatives by difference quotients, from nothing but a callable.

Three promises hold for every function here. The caller's point is never touched: each evaluation
gets a fresh copy of its own, which f may keep or overwrite. The quotient is divided by the step that
was really taken, because x + h is rounded to x's type before f sees it. And whatever goes wrong names
the coordinate: a value that is not finite, and, as a note, an exception raised by f itself.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar

import numpy as np

from ._arrays import check_point, check_positive, plain_array, require_finite
from .protocols import Array, FloatArray

Scheme = Literal["centered", "forward"]
Value = TypeVar("Value", float, FloatArray)


def numerical_gradient(
    f: Callable[[Array], Any],
    x: Any,
    h: float = 1e-5,
    scheme: Scheme = "centered",
    *,
    coordinates: Any = None,
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

    Returns
    -------
    float64 array of x's shape, or of shape (len(coordinates),) when coordinates are given.

    Raises
    ------
    TypeError
        x is not a float array; f returns something that is not a real number.
    ValueError
        h is not a positive number, or is lost when x + h is rounded to x's dtype; f returns NaN or
        infinity. Exceptions raised by f come through unchanged, with a note that names the coordinate.

    Notes
    -----
    Evaluations: 2P centred, P + 1 forward, for P coordinates. The truncation error falls with h**2
    (centred) or h (forward), the rounding error grows as eps * abs(f) / h. In float32 use a much larger
    h, about 1e-2.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.numerical_gradient(lambda x: float(x[0] ** 3 + 5 * x[0] * x[1]), [1.0, 2.0]).round(6)
    array([13.,  5.])
    """
    point = check_point(x, "x")
    indices = _flat_indices(coordinates, point)
    quotients = _quotients(f, real_number, point, h, scheme, indices)
    partials = np.fromiter(quotients, dtype=np.float64, count=len(indices))
    return partials.reshape(point.shape) if coordinates is None else partials


def numerical_jacobian(f: Callable[[Array], Any], x: Any, h: float = 1e-5, scheme: Scheme = "centered") -> FloatArray:
    """The Jacobian of an array-valued f at x: ``J[..., j] = d f / d x_j``.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape and dtype, returns real numbers, always of one shape.
    x, h, scheme
        As for `numerical_gradient`.

    Returns
    -------
    float64 array of shape ``f(x).shape + x.shape``.

    Raises
    ------
    TypeError, ValueError
        As for `numerical_gradient`; ValueError as well when the shape of f's result changes.

    Notes
    -----
    Evaluations: 2P centred, P + 1 forward, for P = x.size.

    Examples
    --------
    >>> import numpy as np
    >>> from gdfast.differences import numerical_jacobian
    >>> numerical_jacobian(lambda x: np.array([x[0] * x[1], x[0] ** 2, 3 * x[1]]), [2.0, 5.0]).round(6)
    array([[5., 2.],
           [4., 0.],
           [0., 3.]])
    """
    point = check_point(x, "x")
    shapes: list[tuple[int, ...]] = []

    def convert(value: Any, place: str) -> FloatArray:
        array = _real_array(value, place)
        shapes.append(array.shape)
        if array.shape != shapes[0]:
            raise ValueError(f"f must always return one shape; it returned {shapes[0]}, and {array.shape} at {place}")
        return array

    columns = list(_quotients(f, convert, point, h, scheme, range(point.size)))
    return np.stack(columns, axis=-1).reshape(shapes[0] + point.shape)


def directional_derivative(f: Callable[[Array], Any], x: Any, direction: Any, h: float = 1e-5) -> float:
    """The slope of f at x in a direction: ``(f(x + h u) - f(x - h u)) / 2h`` with ``u = v / |v|``.

    A direction v that is not of unit length is normalised, so the result is always the slope per unit
    of length: it equals ``u . grad f(x)``.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape and dtype, returns one real number.
    x : array of any shape, float
        Never modified.
    direction : array of real numbers of x's shape
        Any length but zero.
    h : float
        Length of the step along u, > 0.

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
    _require_callable(f)
    point = check_point(x, "x")
    h = check_positive(h, "h")
    unit = _unit(direction, point)
    with np.errstate(over="ignore"):
        plus = np.asarray(point + h * unit, dtype=point.dtype)
        minus = np.asarray(point - h * unit, dtype=point.dtype)
        taken = float(np.sum((plus.astype(np.float64) - minus.astype(np.float64)) * unit))
    _require_step(taken, h, "x along the direction", point)
    ahead = _evaluate(f, real_number, plus, f"x + h * u (h = {h:g})")
    behind = _evaluate(f, real_number, minus, f"x - h * u (h = {h:g})")
    slope: float = (ahead - behind) / taken
    return slope


def real_number(value: Any, place: str) -> float:
    """What f returned as a float; the place (such as ``x``) is named when it is not one finite number."""
    dtype = str(getattr(value, "dtype", ""))  # by name, so that the 0-d arrays of other libraries serve as well
    is_scalar = getattr(value, "ndim", None) == 0 and ("float" in dtype or "int" in dtype)
    if not is_scalar and (isinstance(value, bool) or not isinstance(value, numbers.Real)):
        raise TypeError(f"f must return one real number; at {place} it returned {_kind(value)}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"f must return a finite number; at {place} it returned {number}")
    return number


def name_coordinate(flat: int, shape: tuple[int, ...], name: str = "x") -> str:
    """``x[2, 5]`` for a flat index."""
    index = ", ".join(str(int(i)) for i in np.unravel_index(flat, shape))
    return f"{name}[{index}]" if shape else name


def _quotients(
    f: Callable[[Array], Any],
    convert: Callable[[Any, str], Value],
    x: Array,
    h: float,
    scheme: str,
    coordinates: Sequence[int],
) -> Iterator[Value]:
    """One difference quotient per coordinate. Every argument is checked before f is first called."""
    _require_callable(f)
    h = check_positive(h, "h")
    if scheme not in ("centered", "forward"):
        raise ValueError(f'scheme must be "centered" or "forward"; it is {scheme!r}')
    ends = [_ends(x, flat, h, scheme) for flat in coordinates]
    return _walk(f, convert, x, h, coordinates, ends)


def _require_callable(f: Any) -> None:
    if not callable(f):
        raise TypeError(f"f must be callable; it is {_kind(f)}")


def _walk(
    f: Callable[[Array], Any],
    convert: Callable[[Any, str], Value],
    x: Array,
    h: float,
    coordinates: Sequence[int],
    ends: list[tuple[Any, Any]],
) -> Iterator[Value]:
    forward = ends[0][1] is None
    start = _evaluate(f, convert, _fresh(x), "x") if forward else None
    for flat, (high, low) in zip(coordinates, ends, strict=True):
        name = name_coordinate(flat, x.shape)
        ahead = _evaluate(f, convert, _moved(x, flat, high), f"x + h in {name} (h = {h:g})")
        if start is None:
            behind = _evaluate(f, convert, _moved(x, flat, low), f"x - h in {name} (h = {h:g})")
            yield (ahead - behind) / (float(high) - float(low))
        else:
            yield (ahead - start) / (float(high) - float(x.flat[flat]))


def _ends(x: Array, flat: int, h: float, scheme: str) -> tuple[Any, Any]:
    """The coordinate's values at both ends of the stencil, in x's dtype (None: x itself).

    The centred stencil is rounded once, on the side away from zero, and mirrored: that is exact, so x
    stays its middle to the last bit.
    """
    middle = x.flat[flat]
    with np.errstate(over="ignore", invalid="ignore"):
        if scheme == "forward":
            high, low = x.dtype.type(middle + h), None
        else:
            step = abs((middle + h if middle >= 0 else middle - h) - middle)
            high, low = x.dtype.type(middle + step), x.dtype.type(middle - step)
        taken = float(high) - float(middle if low is None else low)
    _require_step(taken, h, name_coordinate(flat, x.shape), x)
    return high, low


def _require_step(taken: float, h: float, name: str, x: Array) -> None:
    if not 0 < taken < math.inf:
        raise ValueError(f"h must change {name} when rounded to {x.dtype}; h = {h:g} is lost or overflows: use another")


def _evaluate(f: Callable[[Array], Any], convert: Callable[[Any, str], Value], x: Array, place: str) -> Value:
    try:
        value = f(x)
    except Exception as error:
        error.add_note(f"raised by f at {place}, in a difference quotient")
        raise
    return convert(value, place)


def _fresh(x: Array) -> Array:
    return np.array(x, order="C")


def _moved(x: Array, flat: int, value: Any) -> Array:
    copy = _fresh(x)
    copy.reshape(-1)[flat] = value
    return copy


def _flat_indices(coordinates: Any, x: Array) -> Sequence[int]:
    """Flat indices, checked: a range over all, or a list of distinct ones."""
    if coordinates is None:
        return range(x.size)
    return [int(i) for i in check_coordinates(coordinates, x.size)]


def check_coordinates(coordinates: Any, size: int) -> Array:
    """Distinct flat indices into an array of `size` elements, as int64 (size,)."""
    indices = plain_array(coordinates, "coordinates")
    if indices.size == 0:
        raise ValueError("coordinates must hold at least one flat index; it is empty")
    if indices.dtype.kind not in "iu":
        raise TypeError(f"coordinates must be integers (flat indices); it is {_kind(coordinates)}")
    if indices.ndim != 1:
        raise ValueError(f"coordinates must be one-dimensional (flat indices); its shape is {indices.shape}")
    outside = (indices < 0) | (indices >= size)
    if outside.any():
        i = int(np.argmax(outside))
        raise ValueError(f"coordinates must be flat indices in [0, {size}); coordinates[{i}] is {indices[i]}")
    if np.unique(indices).size != indices.size:
        raise ValueError("coordinates must be distinct; a flat index comes twice")
    return indices.astype(np.int64)


def _unit(direction: Any, x: Array) -> FloatArray:
    v = plain_array(direction, "direction")
    if v.dtype.kind not in "fiu":
        raise TypeError(f"direction must hold real numbers; its dtype is {v.dtype}")
    if v.shape != x.shape:
        raise ValueError(f"direction must have x's shape {x.shape}; its shape is {v.shape}")
    v = v.astype(np.float64)
    require_finite(v, "direction")
    largest = float(np.abs(v).max())
    if largest == 0:
        raise ValueError("direction must not be zero")
    v /= largest  # so that the squares neither overflow nor vanish
    unit: FloatArray = v / np.sqrt(np.sum(v * v))
    return unit


def _real_array(value: Any, place: str) -> FloatArray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"f must return an array of real numbers; at {place} it returned {_kind(value)}")
    result = array.astype(np.float64)
    if not np.isfinite(result).all():
        raise ValueError(f"f must return finite numbers; at {place} it returned {_kind(value)}")
    return result


def _kind(value: Any) -> str:
    text = " ".join(repr(value).split())
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"
