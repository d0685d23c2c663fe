"""Is this gradient right? The analytic gradient against difference quotients, coordinate by coordinate.

A quotient can be wrong for two innocent reasons: its stencil crosses a kink, or rounding noise is
larger than what it measures. Both are told apart from a bug. For linear objectives the kinks are known
exactly: which loss terms change sign within the stencil, and what they add to the quotient.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import differences
from .._arrays import check_integer, check_point, check_positive, check_rng
from ..objective import structure
from ..protocols import Array, FloatArray
from .gradient_report import SHRINK, GradientReport, Indices, judge

__all__ = ["GradientReport", "check_gradient"]

CHEAP_COORDINATES = 1000  # 2,000 evaluations


def check_gradient(
    value: Any,
    gradient: Callable[..., Any] | None = None,
    at: Any = None,
    *,
    h: float = 1e-5,
    coordinates: Any = None,
    rtol: float = 1e-5,
    rng: Any = None,
) -> GradientReport:
    """Compare an analytic gradient with centred difference quotients.

    ``check_gradient(objective, at=w)`` checks ``objective.gradient``; ``check_gradient(f, grad, x)``
    checks any pair of callables; ``check_gradient(objective, grad, w)`` checks a gradient of your own
    against the objective's values, with the objective's structure where it has one. The relative error
    of a coordinate is ``|a - n| / max(|a|, |n|, floor)`` with ``floor = 10 eps |f| / h``.

    Parameters
    ----------
    value : objective or callable
        An objective with value and gradient, or a callable that returns one real number.
    gradient : callable, optional
        Returns an array of the point's shape and dtype.
    at : array of any shape, float
        The point. Never modified.
    h : float
        Length of the difference step, > 0.
    coordinates : None, int or array of int
        None: all, when that is cheap (a structured objective, or at most 1,000 coordinates), else a
        sample of 1,000, or of one per row if there are more rows. An int: a sample of that many. An
        array: these flat indices. A sample is stratified: it covers every row (first index) evenly as far
        as it reaches, and the last column, the bias of a linear objective, completely when it is at
        least twice as large as the number of rows, once otherwise.
    rtol : float
        The largest relative error that passes.
    rng : seed, Generator or None
        Draws the sample.

    Returns
    -------
    GradientReport

    Raises
    ------
    TypeError
        value or gradient is not callable, the point or the gradient is not a float array, or f does
        not return a real number.
    ValueError
        The objective has no gradient of its own (it would check itself), the gradient has another
        shape than the point, f is not finite, or an argument is out of range.

    Notes
    -----
    Two evaluations of f per coordinate, one more and one gradient at the point. In float32 the quotient's
    noise is about 1e-7 |f| / h: check float64 copies, or use h about 1e-2. Where the true derivative is
    (nearly) zero, as at a minimum, rounding noise and the quotient's truncation error of order h**2 are
    all that is seen, and make a large relative error: such coordinates are reported and not counted. An
    objective may say in an attribute ``arithmetic`` (a dtype) that it computes less precisely than in
    the point's dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> x = np.array([1.0, 2.0])
    >>> report = gd.check_gradient(lambda x: float(x[0] ** 2 * x[1]), lambda x: 2 * x * x[::-1], x)
    >>> print(report.verdict, report.worst(1))
    FAIL [1]
    """
    objective, f, analytic_gradient = _parts(value, gradient)
    if at is None:
        raise TypeError("at must be the point to check at: check_gradient(objective, at=w) or (f, grad, x)")
    point = np.array(check_point(at, "at"), order="C")
    h, rtol = check_positive(h, "h"), check_positive(rtol, "rtol")
    structured = callable(getattr(objective, "numerical_gradient", None))
    chosen = _choose(coordinates, point.shape, structured, rng)

    start = f(point.copy())
    level = differences.real_number(start, "x")
    analytic = _analytic(analytic_gradient, point)[chosen]
    only = chosen if coordinates is not None or chosen.size < point.size else None

    def quotients(step: float, flat: Indices | None) -> FloatArray:
        if objective is None:
            found = differences.numerical_gradient(f, point, step, coordinates=flat)
        else:
            found = structure.numerical_gradient(objective, point, h=step, coordinates=flat)
        return np.asarray(found, dtype=np.float64).reshape(-1)

    def close_by(flat: Indices) -> FloatArray:
        lost = np.spacing(np.abs(point.reshape(-1)[flat])).max() >= h / SHRINK  # in rounding
        return np.full(flat.size, np.nan) if lost else quotients(h / SHRINK, flat)

    crossings = None if objective is None else structure.kink_crossings(objective, point, h=h, coordinates=only)
    none = np.zeros(chosen.size)
    counts, excess = (none, none) if crossings is None else (np.ravel(crossings[0]), np.ravel(crossings[1]))
    arithmetic = np.dtype(getattr(objective, "arithmetic", point.dtype))
    precision = max(float(np.finfo(point.dtype).eps), float(np.finfo(arithmetic).eps), _epsilon(start))
    rounding = getattr(objective, "gradient_rounding", None)
    steepest = float(np.abs(analytic).max(where=np.isfinite(analytic), initial=0.0))
    gradient_noise = precision * steepest
    if rounding is not None:
        gradient_noise = max(gradient_noise, float(rounding(point)))
    return judge(
        analytic,
        quotients(h, only),
        counts > 0,
        excess,
        close_by,
        value=level,
        shape=point.shape,
        coordinates=chosen,
        h=h,
        rtol=rtol,
        eps=float(np.finfo(np.float64).eps) if structured else precision,
        gradient_noise=10 * gradient_noise,
        structured=structured,
    )


def _parts(value: Any, gradient: Any) -> tuple[Any, Callable[[Array], Any], Callable[[Array], Any]]:
    """The objective (None for plain callables), its value and the gradient to be checked."""
    if gradient is not None and not callable(gradient):
        raise TypeError(
            "gradient must be callable: check_gradient(objective, at=w) or (f, grad, x); "
            f"it is {type(gradient).__name__}"
        )
    if callable(getattr(value, "value", None)):
        if gradient is not None:
            return value, value.value, gradient
        if not getattr(value, "has_gradient", True):
            raise ValueError("objective must have a gradient of its own: its numerical one would only check itself")
        if not callable(getattr(value, "gradient", None)):
            raise TypeError(f"objective must have a gradient method; {type(value).__name__} has none")
        return value, value.value, value.gradient
    if not callable(value):
        raise TypeError(f"value must be an objective or a callable; it is {type(value).__name__}")
    if gradient is None:
        raise TypeError("gradient must be given with a plain function: check_gradient(f, grad, x)")
    return None, value, gradient


def _analytic(gradient: Callable[[Array], Any], point: Array) -> FloatArray:
    """The gradient at (a copy of) the point, flat and as float64."""
    result = np.asarray(gradient(point.copy()))
    if result.dtype.kind != "f":
        raise TypeError(f"gradient(x) must be a float array; its dtype is {result.dtype}")
    if result.dtype != point.dtype:
        raise TypeError(f"gradient(x) must have the point's dtype {point.dtype}; its dtype is {result.dtype}")
    if result.shape != point.shape:
        raise ValueError(f"gradient(x) must have the point's shape {point.shape}; its shape is {result.shape}")
    return result.reshape(-1).astype(np.float64)


def _epsilon(value: Any) -> float:
    """The rounding unit of f's value, as far as its type tells."""
    dtype = getattr(value, "dtype", None)
    precise = not isinstance(dtype, np.dtype) or dtype.kind != "f"
    return float(np.finfo(np.float64 if precise else dtype).eps)


def _choose(coordinates: Any, shape: tuple[int, ...], structured: bool, rng: Any) -> Indices:
    """The flat indices to check, sorted where they are drawn."""
    generator = check_rng(rng)
    size = math.prod(shape)
    rows = shape[0] if len(shape) > 1 else 1
    if coordinates is None:
        n = size if structured else max(CHEAP_COORDINATES, rows)
    elif isinstance(coordinates, str):
        raise TypeError(f"coordinates must be None, an integer or flat indices; it is {coordinates!r}")
    elif np.ndim(coordinates) == 0:
        n = check_integer(coordinates, "coordinates", minimum=1)
    else:
        return differences.check_coordinates(coordinates, size)
    return np.arange(size) if n >= size else _sample(n, rows, size // rows, generator)


def _sample(n: int, rows: int, columns: int, rng: np.random.Generator) -> Indices:
    """n flat indices, every row covered evenly; the last column fully when n >= 2 rows, else once."""
    key = rng.random((rows, columns))
    first = slice(None) if n >= 2 * rows else rng.integers(rows)
    key[first, -1] = -1.0
    rank = key.argsort(axis=1).argsort(axis=1)  # 0 for the row's first choice, 1 for its second ...
    turn = rng.random((rows, 1)) + rank
    turn[first, -1] = -1.0
    chosen: Indices = np.sort(turn.reshape(-1).argpartition(n - 1)[:n])
    return chosen
