"""Any callables as an objective: a value, and a gradient where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .._arrays import float_array
from .._returned import returned_gradient, returned_value
from ..describe import described
from ..differences import numerical_gradient
from ..protocols import Array


class FunctionObjective:
    """An objective made of callables: ``L(w) = value(w)``, ``dL/dw = gradient(w)``.

    Parameters
    ----------
    value : callable
        Takes an array (of any shape), returns one real number. The array is its own: a copy in every call.
    gradient : callable, optional
        Takes such an array, returns one of its shape and dtype, which is copied: it may be a buffer of its own.
        Without it the gradient is the centred difference quotient of `value` (`gdfast.numerical_gradient`, h = 1e-5).

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
    guards_itself: ClassVar[bool] = True

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
        return returned_value(self._value(_own_point(w)), "value")

    def gradient(self, w: Any) -> Array:
        """dL/dw, of w's shape and dtype."""
        point = _own_point(w)
        if self._gradient is not None:
            return _gradient_at(self._gradient, point)
        return numerical_gradient(self._value, point.astype(np.float64)).astype(point.dtype, copy=False)

    def value_and_gradient(self, w: Any) -> tuple[float, Array]:
        """Both, one after the other."""
        point = _own_point(w)
        value = returned_value(self._value(point), "value")
        if self._gradient is None:
            return value, self.gradient(w) if math.isfinite(value) else np.full_like(point, math.nan)
        return value, _gradient_at(self._gradient, _own_point(w))  # whatever value made of its own


def _gradient_at(gradient: Callable[[Array], Any], point: Array) -> Array:
    like = np.empty_like(point)  # the function may give its argument another shape
    return returned_gradient(gradient(point), like, "gradient")


def _own_point(w: Any) -> Array:
    """w for a user's function, which may change what it gets: a copy in C order, float32 or float64."""
    point = float_array(w, "w").copy()
    if point.itemsize < 4:
        raise TypeError(f"w must be float32 or float64; its dtype is {point.dtype}")
    return point
