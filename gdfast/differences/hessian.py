"""The Hessian by second differences of a function, or by differences of its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np

from .._arrays import check_flag, check_point
from .._returned import array_like, require_callable
from ..protocols import Array, FloatArray
from .estimates import KNOWN, Tolerant, best, estimated, good_enough, improved, unjudged
from .first import first_derivatives, require_known
from .points import Points, arrays_at, numbers_at
from .rules import MixedDerivatives, SecondDerivatives
from .stencils import unmoved, usable_stencil
from .steps import Steps, absolute_steps, is_auto, relative_steps, rounding_unit, sizes


@overload
def numerical_hessian(
    f: Callable[[Array], Any] | None,
    x: Any,
    h: Steps = ...,
    *,
    gradient: Callable[[Array], Any] | None = ...,
    vectorized: bool = ...,
    error: Literal[False] = ...,
) -> FloatArray: ...
@overload
def numerical_hessian(
    f: Callable[[Array], Any] | None,
    x: Any,
    h: Steps = ...,
    *,
    gradient: Callable[[Array], Any] | None = ...,
    vectorized: bool = ...,
    error: Literal[True],
) -> tuple[FloatArray, FloatArray]: ...
def numerical_hessian(
    f: Callable[[Array], Any] | None,
    x: Any,
    h: Steps = "auto",
    *,
    gradient: Callable[[Array], Any] | None = None,
    vectorized: bool = False,
    error: bool = False,
) -> Any:
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
    h : float, array of x's shape, or "auto"
        Length of the step, > 0: one for all coordinates, or one for each (both absolute); "auto": relative to each
        coordinate, ``eps**(1/4) * |x_j|`` (with a gradient ``eps**(1/3)``), and another where that step's error is
        poor, as where a large value drowns the changes: the best of many, up to the largest coordinate.
    gradient : callable, optional
        Takes the same array, returns one of its shape and dtype.
    vectorized : bool
        f (or the gradient) takes many points at once: (m, *x.shape), and returns (m,) (or (m, *x.shape)).

    error : bool
        Return the estimated absolute errors as well.

    Returns
    -------
    float64 array of shape ``x.shape + x.shape``: (P, P) for a vector; with ``error=True`` two of them, (second
    derivatives, errors).

    Raises
    ------
    TypeError, ValueError
        As for `numerical_gradient`; also where the gradient has another dtype or shape than x.

    Notes
    -----
    Evaluations: 2 P**2 + 1 of f, or 2 P of the gradient, for P = x.size; "auto" takes 4 P more, and about 200 for each
    step that has to be searched (400 for a mixed derivative); ``error=True`` three times as many. Exact on quadratic
    functions up to rounding. The truncation error falls with h**2. The rounding error is about eps * abs(f) / h**2 from
    values and eps * abs(g) / h from gradients. An error is estimated as by `numerical_gradient`.

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
    point, vectorized, error = check_point(x, "x"), check_flag(vectorized, "vectorized"), check_flag(error, "error")
    if gradient is not None:
        require_callable(gradient, "gradient")
        found = from_gradients(gradient, point, h, vectorized, error)
    else:
        require_callable(f)
        found = _from_values(lambda points: numbers_at(f, points, vectorized), point, h, error)  # type: ignore[arg-type]
    hessians = tuple(matrix.reshape(point.shape + point.shape) for matrix in found)
    return hessians if error else hessians[0]


def from_gradients(
    gradient: Callable[[Array], Any], x: Array, h: Any, vectorized: bool, error: bool, unit: float | None = None
) -> tuple[FloatArray, ...]:
    """(P, P) by differences of the gradient, and with `error` what it may be off by.

    `unit` is the relative rounding of the gradient where that is coarser than x's type says.
    """

    def weighted_at(points: Points) -> FloatArray:  # element i times |x_i|, so that all have f's unit
        found = arrays_at(lambda at: array_like(gradient(at), at, "gradient"), points, vectorized, "gradient")
        return found.reshape(len(points), -1) * weights

    every = np.arange(x.size)
    weights = 2.0 ** np.round(np.log2(sizes(x, every))) if is_auto(h) else np.ones(x.size)
    columns = (
        part.T / weights[:, np.newaxis] for part in first_derivatives(weighted_at, x, every, h, "centered", error, unit)
    )
    return tuple((part + part.T) / 2 for part in columns)


def _from_values(values_at: Callable[[Points], FloatArray], x: Array, h: Any, error: bool) -> tuple[FloatArray, ...]:
    """The same from values: the diagonal first, then row by row, so that one row's points are all that is kept."""
    every, unit, auto = np.arange(x.size), rounding_unit(x), is_auto(h)
    steps = relative_steps(x, every, unit, order=2) if auto else absolute_steps(h, x, every)
    if not auto:
        usable_stencil(x, every, steps, "centered")
    at = Tolerant(values_at) if auto else values_at
    rule = SecondDerivatives(at, x, float(values_at(unmoved(x))[0]))
    largest, noise = max(1.0, float(np.abs(x).max())), np.zeros(x.size)
    judge = estimated if error else unjudged
    diagonal = best(rule, every, steps, unit, largest) if auto else judge(rule, every, steps)
    require_known(diagonal.quotients, at, every, x)
    if auto:
        with np.errstate(all="ignore"):
            noise = np.nan_to_num(diagonal.errors * diagonal.steps**2, posinf=0.0)
        steps = np.where(diagonal.relative() < KNOWN, diagonal.steps, steps)
    hessian, errors = np.diag(diagonal.quotients), np.diag(diagonal.errors)
    for i in range(x.size - 1):
        others = every[i + 1 :]
        pairs = np.stack([np.full(others.size, i), others], axis=1)
        mixed, lines = MixedDerivatives(at, x, pairs, steps), np.arange(others.size)
        row = judge(mixed, lines, np.ones(others.size))
        if auto:
            with np.errstate(all="ignore"):
                expected = row.errors if error else (noise[i] + noise[others]) / (steps[i] * steps[others])
                scale = np.sqrt(np.abs(diagonal.quotients[i] * diagonal.quotients[others]))
                poor = ~(expected <= good_enough(unit, mixed) * np.maximum(np.abs(row.quotients), scale))
            row = improved(mixed, lines, row, poor, unit, largest / np.minimum(steps[i], steps[others]))
        require_known(row.quotients, at, others, x)
        hessian[i, others] = hessian[others, i] = row.quotients
        errors[i, others] = errors[others, i] = row.errors
    return (hessian, errors) if error else (hessian,)
