"""The base class of the test functions: weights of any shape, known critical points."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .._arrays import check_point
from ..protocols import Array, FloatArray


class KnownFunction:
    """What the functions share; a subclass gives ``_value_and_gradient(x)`` for x of shape (n,)."""

    n: int
    _start: ClassVar[tuple[float, ...]] = ()
    _minima: ClassVar[tuple[tuple[float, ...], ...]] = ()
    _maxima: ClassVar[tuple[tuple[float, ...], ...]] = ()
    _saddles: ClassVar[tuple[tuple[float, ...], ...]] = ()
    _reach: ClassVar[tuple[float, float]] = (-2.0, 2.0)

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        raise TypeError(f"{type(self).__name__} must define _value_and_gradient(x)")

    def value(self, w: Any) -> float:
        """L(w)."""
        return self._evaluate(w)[0]

    def gradient(self, w: Any) -> Array:
        """dL/dw, of w's shape and dtype."""
        return self.value_and_gradient(w)[1]

    def value_and_gradient(self, w: Any) -> tuple[float, Array]:
        """Both at once."""
        w = check_point(w, finite=False)
        value, gradient = self._evaluate(w)
        return value, gradient.reshape(w.shape).astype(w.dtype, copy=False)

    def _evaluate(self, w: Any) -> tuple[float, FloatArray]:
        w = check_point(w, finite=False)
        if w.size != self.n:
            raise ValueError(f"w must hold {self.n} elements for {self!r}; its shape is {w.shape}")
        with np.errstate(over="ignore", invalid="ignore"):  # far away a value may well be infinite
            return self._value_and_gradient(w.astype(np.float64).reshape(self.n))

    @property
    def minima(self) -> FloatArray:
        """Local minima, the lowest first: (m, n)."""
        return np.array(self._minima).reshape(-1, self.n)

    @property
    def maxima(self) -> FloatArray:
        """Local maxima: (m, n)."""
        return np.array(self._maxima).reshape(-1, self.n)

    @property
    def saddles(self) -> FloatArray:
        """Critical points where the function increases in some directions and decreases in others; inflections."""
        return np.array(self._saddles).reshape(-1, self.n)

    @property
    def start(self) -> FloatArray:
        """Where runs usually begin: (n,)."""
        return np.array(self._start)

    @property
    def bounds(self) -> FloatArray:
        """From where to where a picture should go, for each element: (n, 2)."""
        return np.array([self._reach] * self.n)
