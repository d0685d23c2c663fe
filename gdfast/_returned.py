"""What a user's function may return, the only rule: one real number, an array like the point, or real numbers.

Whatever else comes (another shape or dtype, a mask, complex numbers, objects) is refused with the function's name and
what it returned. Every array handed on is a copy of its own, because a function may reuse its buffer, or return its
argument. NaN and infinity pass where they are outcomes that a run reports; where they are of no use, `finite_number`
refuses them.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from .describe import described
from .protocols import Array, FloatArray


class NotFiniteError(ValueError):
    """A function returned NaN or infinity where a number is needed."""


_MISTAKES = (TypeError, LookupError, NameError, AttributeError, ImportError, OSError, MemoryError, StopIteration)


def require_outside(error: Exception) -> None:
    """Raise what a function raised at a point that only a search asked for, if it is a mistake of its author.

    Anything else says that the function is not defined there.
    """
    if isinstance(error, _MISTAKES):
        raise error


def require_callable(f: Any, name: str = "f") -> None:
    """TypeError for what can't be called."""
    if not callable(f):
        raise TypeError(f"{name} must be callable; it is {described(f)}")


def returned_value(value: Any, name: str, place: object = "") -> float:
    """What the function `name` returned (at a place, such as ``x``) as a float; NaN and infinity included."""
    if type(value) is float:  # first, because a driver asks at every step
        return value
    if not _is_number(value):
        raise TypeError(f"{name} must return one real number; {_at(place)}it returned {described(value)}")
    try:
        return float(value.item() if hasattr(value, "item") else value)  # float() of a tensor with a gradient warns
    except TypeError:
        raise TypeError(f"{name} must return one real number; {_at(place)}it returned {described(value)}") from None
    except OverflowError:
        raise ValueError(
            f"{name} must return a number that float64 can hold; {_at(place)}it returned {described(value)}"
        ) from None


def finite_number(value: Any, name: str, place: object = "") -> float:
    """The same; ValueError for NaN and infinity."""
    number = returned_value(value, name, place)
    if not math.isfinite(number):
        raise NotFiniteError(f"{name} must return a finite number; {_at(place)}it returned {number}")
    return number


def returned_gradient(gradient: Any, w: Array, name: str, place: object = "") -> Array:
    """What the function `name` returned as an array of its own: w's shape and dtype, nothing cast; in C order."""
    return array_like(gradient, w, name, place).copy()


def array_like(gradient: Any, w: Array, name: str, place: object = "") -> Array:
    """The same where it is used up at once, or known to be nobody else's: not copied."""
    if type(gradient) is np.ndarray and gradient.dtype == w.dtype and gradient.shape == w.shape:
        return gradient  # first, because a driver asks at every step
    array = _plain(gradient)
    if array is None or array.dtype != w.dtype:
        raise TypeError(
            f"{name} must return an array of w's dtype {w.dtype}; {_at(place)}it returned {described(gradient)}"
        )
    if array.shape != w.shape:
        turned = ": the transpose" if array.ndim > 1 and array.shape == w.shape[::-1] else ""
        raise ValueError(
            f"{name} must return an array of w's shape {w.shape}; {_at(place)}it returned shape {array.shape}{turned}"
        )
    return array


def returned_reals(
    value: Any, name: str, place: object = "", shape: tuple[int, ...] | None = None, is_used_up: bool = False
) -> FloatArray:
    """What the function `name` returned as float64, of this shape where one is given; NaN included.

    An array of its own, unless it is used up at once.
    """
    array = _plain(value)
    if array is None or array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must return an array of real numbers; {_at(place)}it returned {described(value)}")
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} must return the shape {shape}; {_at(place)}it returned shape {array.shape}")
    return np.array(array, dtype=np.float64, order="C", copy=None if is_used_up else True)


def _at(place: object) -> str:
    text = str(place)
    return f"at {text} " if text else ""


def _is_number(value: Any) -> bool:
    """A real number of Python's kind (no bool), or the 0-d array of any library; an array of one element is none."""
    if isinstance(value, np.ma.MaskedArray | np.timedelta64):
        return False
    if isinstance(value, numbers.Real):
        return not isinstance(value, bool)
    dtype = str(getattr(value, "dtype", "")) if getattr(value, "shape", None) == () else ""  # by name: of any library
    return "float" in dtype or "int" in dtype


def _plain(value: Any) -> Array | None:
    """None for what makes no plain array (rows of unequal length, a mask, a tensor that won't be one)."""
    if isinstance(value, np.ma.MaskedArray):
        return None
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        return None
