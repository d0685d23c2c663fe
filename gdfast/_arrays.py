"""The one place where arguments are checked: numbers, arrays, labels and weights.

Every function returns the argument as the library will use it, or raises: `TypeError` for the
wrong kind, `ValueError` for a wrong shape or range. The message names the argument, what is needed
and what was given. Nothing is repaired, and nothing is copied unless the function says so.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from .protocols import Array


def check_number(value: Any, name: str) -> float:
    """A finite real number (bool is not a number here)."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a real number; it is {_kind(value)}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite; it is {number}")
    return number


def check_positive(value: Any, name: str) -> float:
    """A finite number > 0."""
    number = check_number(value, name)
    if number <= 0:
        raise ValueError(f"{name} must be > 0; it is {number:g}")
    return number


def check_non_negative(value: Any, name: str) -> float:
    """A finite number >= 0."""
    number = check_number(value, name)
    if number < 0:
        raise ValueError(f"{name} must be >= 0; it is {number:g}")
    return number


def check_fraction(value: Any, name: str) -> float:
    """A number in [0, 1)."""
    number = check_number(value, name)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must be in [0, 1); it is {number:g}")
    return number


def check_integer(value: Any, name: str, minimum: int | None = None) -> int:
    """An integer, not below `minimum` where one is given."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer; it is {_kind(value)}")
    number = int(value)
    if minimum is not None and number < minimum:
        raise ValueError(f"{name} must be >= {minimum}; it is {number}")
    return number


def check_flag(value: Any, name: str) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False; it is {_kind(value)}")
    return bool(value)


def check_rng(rng: Any, name: str = "rng") -> np.random.Generator:
    """A seed (integer >= 0), a Generator or None -> a Generator."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    return np.random.default_rng(check_integer(rng, name, minimum=0))


def check_point(w: Any, name: str = "w", *, finite: bool = True) -> Array:
    """A float array of any shape, never copied; a Python float or list becomes float64."""
    if isinstance(w, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a plain array; it is a masked array")
    array = np.asarray(w)
    if array.dtype.kind != "f":
        raise TypeError(f"{name} must be a float array (float32 or float64); its dtype is {array.dtype}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty; its shape is {array.shape}")
    if finite:
        require_finite(array, name)
    return array


def require_finite(array: Array, name: str) -> None:
    """Raise where an element is NaN or infinite, naming the first."""
    if np.isfinite(array).all():
        return
    index = np.unravel_index(int(np.argmin(np.isfinite(array))), array.shape)
    place = ", ".join(str(int(i)) for i in index)
    at = f"[{place}]" if array.ndim else ""
    raise ValueError(f"{name} must be finite; {name}{at} is {array[index]}")


def _kind(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"
