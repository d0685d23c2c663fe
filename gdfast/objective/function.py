"""Any callables as an objective: a value, and a gradient where there is one.

This is also where the rules stand for what a function may return: a value is one real number, a
gradient an array of w's shape and dtype. NaN and infinity pass: they are outcomes, which the driver
reports, not wrong types.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import check_point
from ..describe import described
from ..differences import numerical_gradient
from ..protocols import Array


class FunctionObjective:
    """An objective made of callables: ``L(w) = value(w)``, ``dL/dw = gradient(w)``.

    Parameters
    ----------
    value : callable
        Takes an array (of any shape), returns one real number.
    gradient : callable, optional
        Takes the same array, returns an array of its shape and dtype. Without it the gradient is the
        centred difference quotient of `value` (`gdfast.numerical_gradient`, h = 1e-5).

    Attributes
    ----------
    has_gradient : bool
        False when the gradient is numerical.

    Raises
    ------
    TypeError
        value or gradient is not callable. When called: w is not a float array, value does not return
        one real number, the gradient has not w's dtype.
    ValueError
        When called: the gradient has not w's shape.

    Notes
    -----
    A numerical gradient costs 2 evaluations of `value` per element of w, and is computed in float64
    whatever w's dtype. Values that are NaN or infinite are passed on; their numerical gradient is NaN.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> bowl.value_and_gradient([3.0, 4.0])
    (25.0, array([6., 8.]))
    """

    __slots__ = ("_gradient", "_value")

    def __init__(self, value: Callable[[Array], Any], gradient: Callable[[Array], Any] | None = None) -> None:
        if not callable(value):
            raise TypeError(f"value must be callable; it is {described(value)}")
        if gradient is not None and not callable(gradient):
            raise TypeError(f"gradient must be callable or None; it is {described(gradient)}")
        self._value = value
        self._gradient = gradient

    def __repr__(self) -> str:
        return f"FunctionObjective({self._value!r}, {self._gradient!r})"

    @property
    def has_gradient(self) -> bool:
        """Whether the gradient is the user's own (False: difference quotients of the value)."""
        return self._gradient is not None

    def value(self, w: Any) -> float:
        """L(w)."""
        return returned_value(self._value(check_point(w, finite=False)), "value")

    def gradient(self, w: Any) -> Array:
        """dL/dw, of w's shape and dtype."""
        w = check_point(w, finite=False)
        if self._gradient is not None:
            return returned_gradient(self._gradient(w), w, "gradient")
        return numerical_gradient(self._value, w.astype(np.float64)).astype(w.dtype, copy=False)

    def value_and_gradient(self, w: Any) -> tuple[float, Array]:
        """Both, one after the other."""
        w = check_point(w, finite=False)
        value = returned_value(self._value(w), "value")
        if self._gradient is not None:
            return value, returned_gradient(self._gradient(w), w, "gradient")
        if not math.isfinite(value):
            return value, np.full_like(w, math.nan)
        return value, self.gradient(w)


def returned_value(value: Any, name: str) -> float:
    """What the function `name` returned as a float: one real number, NaN and infinity included."""
    if type(value) is float:  # first, because a driver asks at every step
        return value
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    # The 0-d arrays of any library serve; an array of one element is an array.
    dtype = str(getattr(value, "dtype", "")) if getattr(value, "shape", None) == () else ""
    if "float" in dtype or "int" in dtype:
        return float(value)
    raise TypeError(f"{name} must return one real number; it returned {described(value)}")


def returned_gradient(gradient: Any, w: Array, name: str) -> Array:
    """What the function `name` returned as an array: w's shape and dtype, nothing cast."""
    array = gradient if type(gradient) is np.ndarray else np.asarray(gradient)
    if array.dtype != w.dtype:
        raise TypeError(f"{name} must return an array of w's dtype {w.dtype}; it returned {described(gradient)}")
    if array.shape != w.shape:
        raise ValueError(f"{name} must return an array of w's shape {w.shape}; it returned shape {array.shape}")
    return array
