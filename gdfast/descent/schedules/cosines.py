"""Cosine schedules: annealing ``(rate - end) * (1 + cos(pi k / steps)) / 2 + end``, with restarts, and one cycle."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..._arrays import check_fraction, check_non_negative, check_positive
from .capabilities import check_count, step_number


@dataclass(frozen=True)
class Cosine:
    """``end + (rate - end) * (1 + cos(pi * k / steps)) / 2``. PyTorch's ``CosineAnnealingLR``.

    Parameters
    ----------
    rate : float
        At k = 0, > 0.
    steps : int
        >= 1; give it the number of steps of the run.
    end : float
        At k = steps, >= 0.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    Notes
    -----
    After `steps` the cosine comes up again, as PyTorch's does (optax's stays at `end`).

    References
    ----------
    I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.

    Examples
    --------
    >>> import gdfast as gd
    >>> falling = gd.Cosine(0.8, steps=4)
    >>> [round(falling(k), 3) for k in range(5)]
    [0.8, 0.683, 0.4, 0.117, 0.0]
    """

    rate: float
    steps: int
    end: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_positive(self.rate, "rate"))
        object.__setattr__(self, "steps", check_count(self.steps, "steps"))
        object.__setattr__(self, "end", check_non_negative(self.end, "end"))

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        return _half_cosine(self.rate, self.end, step_number(k) / self.steps)


@dataclass(frozen=True)
class CosineRestarts:
    """`Cosine` again and again, each period `multiplier` times the one before. ``CosineAnnealingWarmRestarts``.

    Parameters
    ----------
    rate : float
        At the beginning of every period, > 0.
    period : int
        Steps of the first period, >= 1.
    multiplier : int
        >= 1.
    end : float
        What each period falls towards, >= 0. The step that would reach it is the next period's first.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    References
    ----------
    I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.

    Examples
    --------
    >>> import gdfast as gd
    >>> waves = gd.CosineRestarts(0.8, period=2, multiplier=2)
    >>> [round(waves(k), 3) for k in range(7)]
    [0.8, 0.4, 0.8, 0.683, 0.4, 0.117, 0.8]
    """

    rate: float
    period: int
    multiplier: int = 1
    end: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_positive(self.rate, "rate"))
        object.__setattr__(self, "period", check_count(self.period, "period"))
        object.__setattr__(self, "multiplier", check_count(self.multiplier, "multiplier"))
        object.__setattr__(self, "end", check_non_negative(self.end, "end"))

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        k, period = step_number(k), self.period
        if self.multiplier == 1:
            k %= period
        while k >= period:
            k -= period
            period *= self.multiplier
        return _half_cosine(self.rate, self.end, k / period)


@dataclass(frozen=True)
class OneCycle:
    """From ``peak / start_divisor`` up to `peak`, then down to that start ``/ end_divisor``. PyTorch's ``OneCycleLR``.

    Both ways are half cosines. Only the rate is scheduled (PyTorch can move the momentum too).

    Parameters
    ----------
    peak : float
        The largest rate, > 0.
    steps : int
        Of the whole cycle, >= 1: the number of steps of the run. Later steps keep the last rate.
    rise : float
        The part of the cycle in which the rate rises, in (0, 1): the peak is at ``k = rise * steps - 1``.
    start_divisor, end_divisor : float
        > 0.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    References
    ----------
    L. N. Smith and N. Topin, Super-convergence: very fast training of neural networks using large learning
    rates, 2018.

    Examples
    --------
    >>> import gdfast as gd
    >>> cycle = gd.OneCycle(1.0, steps=10)
    >>> [round(cycle(k), 4) for k in (0, 1, 2, 6, 9)]
    [0.04, 0.52, 1.0, 0.3887, 0.0]
    """

    peak: float
    steps: int
    rise: float = 0.3
    start_divisor: float = 25.0
    end_divisor: float = 1e4

    def __post_init__(self) -> None:
        object.__setattr__(self, "peak", check_positive(self.peak, "peak"))
        object.__setattr__(self, "steps", check_count(self.steps, "steps"))
        object.__setattr__(self, "rise", check_positive(check_fraction(self.rise, "rise"), "rise"))
        object.__setattr__(self, "start_divisor", check_positive(self.start_divisor, "start_divisor"))
        object.__setattr__(self, "end_divisor", check_positive(self.end_divisor, "end_divisor"))

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        k = min(step_number(k), self.steps - 1)
        start, top = self.peak / self.start_divisor, self.rise * self.steps - 1.0
        if k < top:
            return _half_cosine(start, self.peak, k / top)
        return _half_cosine(self.peak, start / self.end_divisor, (k - top) / (self.steps - 1.0 - top))


def _half_cosine(start: float, end: float, part: float) -> float:
    """From start (part 0) to end (part 1)."""
    return end + (start - end) * ((1.0 + math.cos(math.pi * part)) / 2.0)
