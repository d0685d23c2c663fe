"""Test functions with plateaus and saddles, where a run may stop away from any minimum."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .._arrays import check_integer
from ..protocols import FloatArray
from .known import KnownFunction


@dataclass(frozen=True)
class Plateau(KnownFunction):
    """A pit in a plain: ``1 - exp(-|x|^2 / 2)``. Far away the gradient is so small that a run ends where it begins.

    Its minimum is 0, at 0. `start` is on the plateau: every element of the gradient there is below 1e-6.

    Parameters
    ----------
    n : int
        How many elements, >= 1.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.test_functions import Plateau
    >>> [gd.minimize(Plateau(), w0, step=1.0).steps for w0 in (Plateau().start, [1.0, 1.0])]
    [0, 4]
    """

    n: int = 2
    _reach: ClassVar = (-6.0, 6.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_integer(self.n, "n", minimum=1))

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        half = 0.5 * float(x @ x)
        return float(-np.expm1(-half)), x * np.exp(-half)

    @property
    def minima(self) -> FloatArray:
        """The pit, 0: (1, n)."""
        return np.zeros((1, self.n))

    @property
    def start(self) -> FloatArray:
        """(6, 0, 0, ...)."""
        return np.where(np.arange(self.n) == 0, 6.0, 0.0)


@dataclass(frozen=True)
class Saddle(KnownFunction):
    """A mountain pass: ``x^2 - y^2``, unbounded below. From y = 0 a run ends at the saddle, 0, which is no minimum.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.test_functions import Saddle
    >>> result = gd.minimize(Saddle(), Saddle().start)
    >>> result.status.name, result.w.round(5).tolist()
    ('CONVERGED', [0.0, 0.0])
    """

    n: int = field(default=2, init=False, repr=False)
    _start: ClassVar = (1.0, 0.0)
    _saddles: ClassVar = ((0.0, 0.0),)

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        return float(x[0] ** 2 - x[1] ** 2), np.array([2.0 * x[0], -2.0 * x[1]])


@dataclass(frozen=True)
class BoundedSaddle(KnownFunction):
    """A pass between two valleys: ``x^2 - y^2 + y^4 / 2``, with minima of -1/2 at (0, 1) and (0, -1).

    `start` is a hair off the line y = 0: a run comes down to the saddle, rests there and leaves it.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.test_functions import BoundedSaddle
    >>> gd.minimize(BoundedSaddle(), BoundedSaddle().start).w.round(5).tolist()
    [0.0, 1.0]
    """

    n: int = field(default=2, init=False, repr=False)
    _start: ClassVar = (1.0, 1e-4)
    _minima: ClassVar = ((0.0, 1.0), (0.0, -1.0))
    _saddles: ClassVar = ((0.0, 0.0),)

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        y = x[1]
        return float(x[0] ** 2 - y**2 + 0.5 * y**4), np.array([2.0 * x[0], 2.0 * y**3 - 2.0 * y])
