"""Decaying schedules: constant, stepwise, exponential, ``rate / (1 + decay k)``, polynomial, piecewise constant."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..._arrays import check_non_negative, check_positive
from .capabilities import check_count, power, step_number


@dataclass(frozen=True)
class Constant:
    """``rate`` at every step; the same as the number itself.

    Parameters
    ----------
    rate : float
        > 0.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.Constant(0.1)(1000)
    0.1
    """

    rate: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_positive(self.rate, "rate"))

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        step_number(k)
        return self.rate


@dataclass(frozen=True)
class StepDecay:
    """``rate * factor ** (k // every)``: times `factor` once in `every` steps. PyTorch's ``StepLR``.

    Parameters
    ----------
    rate : float
        > 0.
    every : int
        Steps on one stair, >= 1.
    factor : float
        > 0; below 1 the rate falls.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    Examples
    --------
    >>> import gdfast as gd
    >>> halving = gd.StepDecay(0.8, every=3, factor=0.5)
    >>> [halving(k) for k in range(7)]
    [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]
    """

    rate: float
    every: int
    factor: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_positive(self.rate, "rate"))
        object.__setattr__(self, "every", check_count(self.every, "every"))
        object.__setattr__(self, "factor", check_positive(self.factor, "factor"))

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        return self.rate * power(self.factor, step_number(k) // self.every)


@dataclass(frozen=True)
class Exponential:
    """``rate * factor ** k``. PyTorch's ``ExponentialLR``.

    Parameters
    ----------
    rate : float
        > 0.
    factor : float
        > 0; below 1 the rate falls, above 1 it grows (to see which rates a run can bear).

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    Examples
    --------
    >>> import gdfast as gd
    >>> fading = gd.Exponential(0.8, 0.5)
    >>> [fading(k) for k in range(4)]
    [0.8, 0.4, 0.2, 0.1]
    """

    rate: float
    factor: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_positive(self.rate, "rate"))
        object.__setattr__(self, "factor", check_positive(self.factor, "factor"))

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        return self.rate * power(self.factor, step_number(k))


@dataclass(frozen=True)
class InverseTime:
    """``rate / (1 + decay * k)``: its sum grows without bound, that of its squares does not (Robbins and Monro).

    Parameters
    ----------
    rate : float
        > 0.
    decay : float
        >= 0; after ``1 / decay`` steps the rate is half of what it was.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    References
    ----------
    H. Robbins and S. Monro, A stochastic approximation method, 1951.

    Examples
    --------
    >>> import gdfast as gd
    >>> gd.InverseTime(0.8, decay=0.25)(4)
    0.4
    """

    rate: float
    decay: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_positive(self.rate, "rate"))
        object.__setattr__(self, "decay", check_non_negative(self.decay, "decay"))

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        return self.rate / (1.0 + self.decay * step_number(k))


@dataclass(frozen=True)
class Polynomial:
    """``end + (rate - end) * (1 - k / steps) ** power``, and `end` from k = steps on.

    With ``end=0`` PyTorch's ``PolynomialLR``, with any end optax's ``polynomial_schedule``.

    Parameters
    ----------
    rate : float
        At k = 0, > 0.
    steps : int
        >= 1.
    power : float
        > 0; 1 is a straight line.
    end : float
        >= 0.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    Examples
    --------
    >>> import gdfast as gd
    >>> falling = gd.Polynomial(0.8, steps=4)
    >>> [round(falling(k), 6) for k in range(6)]
    [0.8, 0.6, 0.4, 0.2, 0.0, 0.0]
    """

    rate: float
    steps: int
    power: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_positive(self.rate, "rate"))
        object.__setattr__(self, "steps", check_count(self.steps, "steps"))
        object.__setattr__(self, "power", check_positive(self.power, "power"))
        object.__setattr__(self, "end", check_non_negative(self.end, "end"))

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        done = min(step_number(k) / self.steps, 1.0)
        return float(self.end + (self.rate - self.end) * (1.0 - done) ** self.power)


@dataclass(frozen=True)
class PiecewiseConstant:
    """``rates[i]`` where i boundaries are <= k. PyTorch's ``MultiStepLR``, with the rates written out.

    Parameters
    ----------
    boundaries : sequence of int
        The steps at which a new rate begins: rising, >= 1.
    rates : sequence of float
        > 0, one more than boundaries.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    Examples
    --------
    >>> import gdfast as gd
    >>> stairs = gd.PiecewiseConstant([2, 5], [0.1, 0.01, 0.001])
    >>> [stairs(k) for k in range(6)]
    [0.1, 0.1, 0.01, 0.01, 0.01, 0.001]
    """

    boundaries: tuple[int, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        boundaries = checked_tuple(self.boundaries, "boundaries", check_count)
        for i, (before, after) in enumerate(pairwise(boundaries), start=1):
            if after <= before:
                raise ValueError(f"boundaries must rise; boundaries[{i}] is {after} after {before}")
        rates = checked_tuple(self.rates, "rates", check_positive)
        if len(rates) != len(boundaries) + 1:
            raise ValueError(f"rates must hold one more than the {len(boundaries)} boundaries; it holds {len(rates)}")
        object.__setattr__(self, "boundaries", boundaries)
        object.__setattr__(self, "rates", rates)

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        return self.rates[bisect_right(self.boundaries, step_number(k))]


def checked_tuple(values: Any, name: str, check: Any) -> tuple[Any, ...]:
    """A list, tuple or one-dimensional array of numbers as a tuple, each one checked by its place."""
    if isinstance(values, str | bytes | set | frozenset | dict) or not hasattr(values, "__len__"):
        raise TypeError(f"{name} must be a list, a tuple or an array of numbers; it is {type(values).__name__}")
    if getattr(values, "ndim", 1) != 1:
        raise ValueError(f"{name} must be one-dimensional; its shape is {values.shape}")
    return tuple(check(value, f"{name}[{i}]") for i, value in enumerate(values))
