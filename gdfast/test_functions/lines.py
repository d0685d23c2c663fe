"""Test functions of one weight: the three kinds of critical points, and all of them in one function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from ..protocols import FloatArray
from .known import KnownFunction


@dataclass(frozen=True)
class Valley(KnownFunction):
    """``x^2``: the slope vanishes at a minimum. One of the three kinds of critical points in one dimension.

    Examples
    --------
    >>> from gdfast.test_functions import Valley
    >>> Valley().minima.tolist(), Valley().value(3.0)
    ([[0.0]], 9.0)
    """

    n: int = field(default=1, init=False, repr=False)
    _start: ClassVar = (1.5,)
    _minima: ClassVar = ((0.0,),)

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        return float(x[0] ** 2), 2.0 * x


@dataclass(frozen=True)
class Hill(KnownFunction):
    """``-x^2``: the slope vanishes at a maximum.

    Examples
    --------
    >>> from gdfast.test_functions import Hill
    >>> Hill().maxima.tolist(), Hill().value(3.0)
    ([[0.0]], -9.0)
    """

    n: int = field(default=1, init=False, repr=False)
    _start: ClassVar = (1.5,)
    _maxima: ClassVar = ((0.0,),)

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        return float(-(x[0] ** 2)), -2.0 * x


@dataclass(frozen=True)
class Inflection(KnownFunction):
    """``x^3``: the slope vanishes, and has the same sign on both sides: an inflection, no extremum.

    Examples
    --------
    >>> from gdfast.test_functions import Inflection
    >>> Inflection().saddles.tolist(), Inflection().value(-2.0)
    ([[0.0]], -8.0)
    """

    n: int = field(default=1, init=False, repr=False)
    _start: ClassVar = (1.5,)
    _saddles: ClassVar = ((0.0,),)

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        return float(x[0] ** 3), 3.0 * x**2


@dataclass(frozen=True)
class Bumpy(KnownFunction):
    """Everything on one line: a global minimum at -3, a maximum at -1, an inflection at 1, a local minimum at 3.

    Its slope is ``(x + 3) (x + 1) (x - 1)^2 (x - 3) / 100``, its value 0 at 0.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.test_functions import Bumpy
    >>> ends = [gd.minimize(Bumpy(), w0, step=0.5, max_steps=10_000).w for w0 in (-2.0, 0.0, 2.0)]
    >>> [round(float(w), 2) for w in ends]
    [-3.0, 1.0, 3.0]
    """

    n: int = field(default=1, init=False, repr=False)
    _start: ClassVar = (0.0,)
    _minima: ClassVar = ((-3.0,), (3.0,))
    _maxima: ClassVar = ((-1.0,),)
    _saddles: ClassVar = ((1.0,),)
    _reach: ClassVar = (-3.8, 3.8)

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        t = x[0]
        value = ((((t / 6.0 - 0.2) * t - 2.5) * t + 10.0 / 3.0) * t + 4.5) * t**2 - 9.0 * t
        return float(value) / 100.0, (x + 3.0) * (x + 1.0) * (x - 1.0) ** 2 * (x - 3.0) / 100.0
