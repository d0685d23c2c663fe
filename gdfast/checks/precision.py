"""How precisely a function and its gradient are computed: by their types, and measured.

Near the point, on a line so short that a smooth function is straight there, whatever is not straight is noise. That
shows what types hide: a function that computes in float32 and returns float64, or sums with large cancelling terms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..protocols import Array, FloatArray

POINTS = 7  # on the line
STEP = 2.0**10  # between them, in rounding units of the point
THIRD_DIFFERENCE = np.sqrt(20.0)  # of independent errors: 1 + 9 + 9 + 1

UNITS = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23}


def rounding_unit(value: Any) -> float:
    """The spacing of floats at 1 in a value's type, as far as its type tells; never finer than float64's."""
    return UNITS.get(str(getattr(value, "dtype", "")).removeprefix("torch."), 2.0**-52)


def nearby(point: Array) -> Array:
    """Points on a short line from the point, which is not among them: (POINTS, *shape)."""
    size = np.abs(point.astype(np.float64))
    size = np.where(size == 0, size.mean() or 1.0, size)
    rng = np.random.default_rng(0)
    direction = size * rng.uniform(0.5, 1.0, point.shape) * rng.choice([-1.0, 1.0], point.shape)
    along = STEP * float(np.finfo(point.dtype).eps) * np.arange(1, POINTS + 1)
    with np.errstate(over="ignore"):
        points: Array = (point + along.reshape(-1, *(1,) * point.ndim) * direction).astype(point.dtype)
    return points


def noise(on_a_line: FloatArray) -> FloatArray:
    """The standard error of what was found at `nearby` points, (POINTS, ...) -> (...)."""
    third = np.diff(on_a_line, n=3, axis=0)
    return np.asarray(np.median(np.abs(third), axis=0) * 1.5 / THIRD_DIFFERENCE)


def gradient_noise(analytic: Callable[[Array], FloatArray], points: Array, shape: tuple[int, ...]) -> FloatArray:
    """The same of a gradient; 0 where it can't be evaluated."""
    try:
        with np.errstate(all="ignore"):
            found = noise(np.stack([analytic(x) for x in points]))
    except Exception:  # the user did not ask for these points
        return np.zeros(shape)
    return np.where(np.isfinite(found), found, 0.0)
