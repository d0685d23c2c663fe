"""Classic test functions of optimization: Rosenbrock, Himmelblau, Rastrigin, Beale."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .._arrays import check_integer
from ..protocols import FloatArray
from .known import KnownFunction


@dataclass(frozen=True)
class Rosenbrock(KnownFunction):
    """A bent, narrow valley: ``sum_i 100 (x_(i+1) - x_i^2)^2 + (1 - x_i)^2``.

    Its minimum is 0, at all ones. For n >= 4 there is one more local minimum, near (-1, 1, ..., 1), which `minima`
    does not list.

    Parameters
    ----------
    n : int
        How many elements, >= 2.

    References
    ----------
    H. H. Rosenbrock, An automatic method for finding the greatest or least value of a function, 1960.

    Examples
    --------
    >>> from gdfast.test_functions import Rosenbrock
    >>> Rosenbrock().value_and_gradient([-1.2, 1.0])
    (24.19..., array([-215.6,  -88. ]))
    """

    n: int = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_integer(self.n, "n", minimum=2))

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        off, short = x[1:] - x[:-1] ** 2, 1.0 - x[:-1]
        gradient = np.zeros_like(x)
        gradient[:-1] = -400.0 * x[:-1] * off - 2.0 * short
        gradient[1:] += 200.0 * off
        return float(np.sum(100.0 * off**2 + short**2)), gradient

    @property
    def minima(self) -> FloatArray:
        """All ones: (1, n)."""
        return np.ones((1, self.n))

    @property
    def start(self) -> FloatArray:
        """(-1.2, 1, -1.2, 1, ...)."""
        return np.where(np.arange(self.n) % 2 == 0, -1.2, 1.0)


@dataclass(frozen=True)
class Himmelblau(KnownFunction):
    """Four minima, all 0: ``(x^2 + y - 11)^2 + (x + y^2 - 7)^2``. Which one a run finds depends on its start.

    References
    ----------
    D. M. Himmelblau, Applied nonlinear programming, 1972.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.test_functions import Himmelblau
    >>> [gd.minimize(Himmelblau(), w0, step=0.01).w.round(3).tolist() for w0 in ([1.0, 1.0], [-1.0, -1.0])]
    [[3.0, 2.0], [-3.779, -3.283]]
    """

    n: int = field(default=2, init=False, repr=False)
    _start: ClassVar = (0.0, 0.0)
    _minima: ClassVar = (
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.2831859912861696),
        (3.5844283403304917, -1.8481265269644036),
    )
    _maxima: ClassVar = ((-0.2708445906673476, -0.9230385564799815),)
    _saddles: ClassVar = (
        (0.08667750455539636, 2.884254701174776),
        (3.385154183607021, 0.07385187983774928),
        (-3.0730257507643897, -0.08135304428796751),
        (-0.12796134673068008, -1.9537149802445763),
    )
    _reach: ClassVar = (-5.0, 5.0)

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        first, second = x[0] ** 2 + x[1] - 11.0, x[0] + x[1] ** 2 - 7.0
        gradient = np.array([4.0 * x[0] * first + 2.0 * second, 2.0 * first + 4.0 * x[1] * second])
        return float(first**2 + second**2), gradient


@dataclass(frozen=True)
class Rastrigin(KnownFunction):
    """An egg box on a bowl: ``10 n + sum_i x_i^2 - 10 cos(2 pi x_i)``; local minima near all whole numbers.

    Its minimum is 0, at 0, the only one that `minima` lists.

    Parameters
    ----------
    n : int
        How many elements, >= 1.

    References
    ----------
    L. A. Rastrigin, Systems of extremal control, 1974 (in Russian).

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.test_functions import Rastrigin
    >>> result = gd.minimize(Rastrigin(1), [2.2], step=0.002)
    >>> result.w.round(3).tolist(), round(result.value, 3)
    ([1.99], 3.98)
    """

    n: int = 2
    _reach: ClassVar = (-5.12, 5.12)

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_integer(self.n, "n", minimum=1))

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        angle = 2.0 * np.pi * x
        value = 10.0 * self.n + float(np.sum(x**2 - 10.0 * np.cos(angle)))
        return value, 2.0 * x + 20.0 * np.pi * np.sin(angle)

    @property
    def minima(self) -> FloatArray:
        """The lowest one, 0: (1, n)."""
        return np.zeros((1, self.n))

    @property
    def start(self) -> FloatArray:
        """(2.2, 2.2, ...)."""
        return np.full(self.n, 2.2)


@dataclass(frozen=True)
class Beale(KnownFunction):
    """Steep walls and a long flat floor: ``sum_(i = 1, 2, 3) (c_i - x + x y^i)^2``, c = (1.5, 2.25, 2.625).

    Its minimum is 0, at (3, 0.5).

    References
    ----------
    E. M. L. Beale, On an iterative method of finding a local minimum of a function of more than one variable, 1958.

    Examples
    --------
    >>> from gdfast.test_functions import Beale
    >>> Beale().value([3.0, 0.5]), Beale().gradient([0.0, 1.0]).tolist()
    (0.0, [0.0, 0.0])
    """

    n: int = field(default=2, init=False, repr=False)
    _start: ClassVar = (1.0, 1.0)
    _minima: ClassVar = ((3.0, 0.5),)
    _saddles: ClassVar = ((0.0, 1.0),)
    _reach: ClassVar = (-4.5, 4.5)

    def _value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        i = np.arange(1, 4)
        power = x[1] ** i
        off = np.array([1.5, 2.25, 2.625]) - x[0] + x[0] * power
        slope = i * x[1] ** (i - 1)
        gradient = 2.0 * np.array([np.sum(off * (power - 1.0)), np.sum(off * x[0] * slope)])
        return float(np.sum(off**2)), gradient
