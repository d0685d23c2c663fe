"""The rounding noise of a function and of its gradient: by their types, and measured.

Near the point, on a line so short that a smooth function is straight there, whatever is not straight is noise. That
shows what types hide: a function that computes in float32 and returns float64, or sums with large cancelling terms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...protocols import Array, FloatArray

POINTS = 7  # on the line
STEP = 2.0**10  # between them, in rounding units of the point: no kink will be so near
LONG_STEP = 2.0**-16  # where f is constant by that: it computes in float32, or is flat
DISTINCT = 4  # values that a function which is not constant takes at the least
THIRD_DIFFERENCE = np.sqrt(20.0)  # of independent errors: 1 + 9 + 9 + 1

UNITS = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23}


def rounding_unit(value: Any) -> float:
    """The spacing of floats at 1 in a value's type, as far as its type tells; never finer than float64's."""
    return UNITS.get(str(getattr(value, "dtype", "")).removeprefix("torch."), 2.0**-52)


def nearby(point: Array, step: float) -> Array:
    """Points on a short line from the point, which is not among them: (POINTS, *shape)."""
    size = np.abs(point.astype(np.float64))
    size = np.where(size == 0, size.mean() or 1.0, size)
    rng = np.random.default_rng(0)
    direction = size * rng.uniform(0.5, 1.0, point.shape) * rng.choice([-1.0, 1.0], point.shape)
    along = step * np.arange(1, POINTS + 1)
    with np.errstate(over="ignore"):
        points: Array = (point + along.reshape(-1, *(1,) * point.ndim) * direction).astype(point.dtype)
    return points


def value_noise(f: Callable[[Array], FloatArray], point: Array, unit: float) -> float:
    """The standard error of f's values, NaN where f can't be evaluated. f takes points (m, *shape).

    Where f is constant nothing can be measured (a saturated loss, which is the rest of a difference): then the error is
    that of numbers near 1, the rounding unit.
    """
    values = f(close_by(point))
    if np.unique(values).size >= DISTINCT:
        return float(noise(values))
    values = f(nearby(point, max(LONG_STEP, STEP * float(np.finfo(point.dtype).eps))))
    return max(float(noise(values)), unit) if np.unique(values).size < DISTINCT else float(noise(values))


def close_by(point: Array) -> Array:
    """The nearest of such points that differ by more than rounding."""
    return nearby(point, STEP * float(np.finfo(point.dtype).eps))


def noise(on_a_line: FloatArray) -> FloatArray:
    """The standard error of what was found at `nearby` points, (POINTS, ...) -> (...)."""
    # Third differences are 0 for parabolas; the median of normal errors' sizes is 0.67 of their standard error.
    third = np.diff(on_a_line, n=3, axis=0)
    return np.asarray(np.median(np.abs(third), axis=0) * 1.5 / THIRD_DIFFERENCE)


def gradient_noise(analytic: Callable[[Array], FloatArray], point: Array, n: int) -> FloatArray:
    """The same of n partial derivatives; 0 where they can't be evaluated."""
    try:
        with np.errstate(all="ignore"):
            found = noise(np.stack([analytic(x) for x in close_by(point)]))
    except Exception:  # the user did not ask for these points
        return np.zeros(n)
    return np.where(np.isfinite(found), found, 0.0)
