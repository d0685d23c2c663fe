"""Checks of what a user's function returns: one real number, an array of them, or a gradient like the point.

Whatever else comes is refused with the function's name, the place where it was called and what it returned.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from ..describe import described
from ..protocols import Array, FloatArray


def real_number(value: Any, place: object) -> float:
    """What f returned as a float; the place (such as ``x``) is named when it is not one finite number."""
    if type(value) is not float:
        dtype = str(getattr(value, "dtype", ""))  # by name, so that the 0-d arrays of other libraries serve as well
        is_scalar = getattr(value, "ndim", None) == 0 and ("float" in dtype or "int" in dtype)
        if not is_scalar and (isinstance(value, bool) or not isinstance(value, numbers.Real)):
            raise TypeError(f"f must return one real number; at {place} it returned {described(value)}")
    number = float(value.item() if hasattr(value, "item") else value)  # float() of a tensor with a gradient warns
    if not math.isfinite(number):
        raise ValueError(f"f must return a finite number; at {place} it returned {number}")
    return number


def real_array(value: Any, place: object, name: str = "f") -> FloatArray:
    """What the function `name` returned as a float64 array of its own; the caller checks for NaN and infinity."""
    array = _array(value)
    if array is None or array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must return an array of real numbers; at {place} it returned {described(value)}")
    return np.array(array, dtype=np.float64)


def like_the_point(value: Any, point: Array, name: str = "gradient") -> Array:
    """The gradient that the function `name` returned: an array of the point's shape and dtype, nothing cast."""
    array = _array(value)
    if array is None or array.dtype != point.dtype:
        raise TypeError(
            f"{name} must return an array of the point's dtype {point.dtype}; it returned {described(value)}"
        )
    if array.shape != point.shape:
        raise ValueError(f"{name} must return an array of the point's shape {point.shape}; its shape is {array.shape}")
    return array


def require_callable(f: Any, name: str = "f") -> None:
    """TypeError for what can't be called."""
    if not callable(f):
        raise TypeError(f"{name} must be callable; it is {described(f)}")


def _array(value: Any) -> Array | None:
    """None for what makes no plain array (rows of unequal length, a mask, a tensor that won't be one)."""
    if isinstance(value, np.ma.MaskedArray):
        return None
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        return None
