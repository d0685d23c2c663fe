"""What h may be: one number, one for each coordinate (both absolute), or "auto", relative to each coordinate.

The best step of a difference quotient balances truncation, which rises with h, against the rounding of f's values
divided by ``h**order``: about ``unit**(1 / (order + power))`` times the length over which f bends, of which the
coordinate's own size is the first guess. (Where that guess is poor, `estimates` finds a better one by trying.)
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._arrays import check_positive, check_reals, float64_copy
from ..describe import described
from ..protocols import Array, FloatArray

SMALLEST = 1e-150
"""Coordinates whose squared steps would vanish are as good as 0."""

Steps = float | Array | Literal["auto"]
"""A number or an array of x's shape (absolute), or "auto"."""


def relative_steps(x: Array, flat: NDArray[np.int64], unit: float, order: int = 1, power: int = 2) -> FloatArray:
    """``unit**(1 / (order + power))`` times the size of each coordinate in `flat`.

    For the derivative of this order, by a quotient whose truncation rises with ``h**power`` (2: centred, 1: forward);
    `unit` is the rounding unit of f's values.
    """
    return np.asarray(unit ** (1 / (order + power)) * sizes(x, flat))


def sizes(x: Array, flat: NDArray[np.int64]) -> FloatArray:
    """``|x_j|``; where that is 0, or rounding beside the largest, 1 (or the largest, if that is less): (n,).

    ValueError beyond float64.
    """
    size = np.abs(float64_copy(x, "x").reshape(-1))
    largest = float(size.max())
    zero = min(1.0, largest) if largest > SMALLEST else 1.0
    return np.asarray(np.where(size > max(SMALLEST, np.finfo(np.float64).eps * largest), size, zero)[flat])


def rounding_unit(x: Array) -> float:
    """The spacing of numbers near 1 of x's type, or of float64 where that is coarser: f's values are float64."""
    return max(float(np.finfo(x.dtype).eps), float(np.finfo(np.float64).eps))


def is_auto(h: Any) -> bool:
    """Whether h is "auto"; TypeError for any other text."""
    if isinstance(h, str) and h != "auto":
        raise TypeError(f"h must be a real number, an array of them or 'auto'; it is {described(h)}")
    return isinstance(h, str)


def single_step(h: Any) -> float | None:
    """h where it is one number for all coordinates, checked; else None."""
    return None if isinstance(h, str | np.ndarray | list | tuple) else check_positive(h, "h")


def absolute_steps(h: Any, x: Array, flat: NDArray[np.int64]) -> FloatArray:
    """h, a number or an array of x's shape, as the step of each coordinate in `flat`: (n,)."""
    single = single_step(h)
    if single is not None:
        return np.full(flat.size, single)
    steps = check_reals(h, "h", x.shape, "be a number or have x's shape {}, a step for each")
    if not (steps > 0).all():
        i = np.unravel_index(int(np.argmin(steps)), steps.shape)
        raise ValueError(f"h must be > 0; h[{', '.join(map(str, i))}] is {steps[i]:g}")
    return np.asarray(steps.reshape(-1)[flat])
