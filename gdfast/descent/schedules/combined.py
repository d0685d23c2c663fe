"""Schedules made of others or of plain numbers: a linear warm-up, a sequence."""

from __future__ import annotations

from dataclasses import dataclass

from ..._arrays import check_positive
from ..._returned import returned_value
from ...describe import described
from ...protocols import Schedule
from .capabilities import check_count, step_number, steps_covered
from .decays import checked_tuple


@dataclass(frozen=True)
class Warmup:
    """``then(0) * (k + 1) / steps`` for the first `steps` steps, ``then(k - steps)`` afterwards.

    Parameters
    ----------
    steps : int
        >= 1.
    then : schedule
        Any callable of k; ``Constant(rate)`` for a number.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range. When called: k is not an integer >= 0.

    Notes
    -----
    The last step of the warm-up has the rate ``then(0)`` already. In PyTorch: ``SequentialLR`` of
    ``LinearLR(start_factor=1 / steps, total_iters=steps - 1)`` and the other schedule, with milestone `steps`.

    Examples
    --------
    >>> import gdfast as gd
    >>> gentle = gd.Warmup(4, gd.Exponential(0.8, 0.5))
    >>> [round(gentle(k), 6) for k in range(7)]
    [0.2, 0.4, 0.6, 0.8, 0.8, 0.4, 0.2]
    """

    steps: int
    then: Schedule

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", check_count(self.steps, "steps"))
        if isinstance(self.then, type) or not callable(self.then):
            raise TypeError(
                f"then must be a schedule (callable of k), such as Constant(0.1); it is {described(self.then)}"
            )

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        k = step_number(k)
        if k < self.steps:
            return returned_value(self.then(0), "then") * (k + 1) / self.steps
        return returned_value(self.then(k - self.steps), "then")

    @property
    def steps_covered(self) -> int | None:
        """For how many steps there is a rate; None: for all of them."""
        covered = steps_covered(self.then)
        return None if covered is None else self.steps + covered


@dataclass(frozen=True)
class Sequence:
    """``rates[k]``: the learning rates a_1..a_K written out.

    Parameters
    ----------
    rates : sequence of float
        > 0, at least one. The tuple is a copy.

    Raises
    ------
    TypeError, ValueError
        rates is no list, tuple or array of numbers > 0. When called: k is beyond the last of them. `minimize`
        refuses a sequence shorter than its max_steps before any work.

    Examples
    --------
    >>> import gdfast as gd
    >>> rates = gd.Sequence([0.3, 0.2, 0.1])
    >>> rates(2), rates.steps_covered
    (0.1, 3)
    """

    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rates", checked_tuple(self.rates, "rates", check_positive))
        if not self.rates:
            raise ValueError("rates must hold at least one learning rate; it is empty")

    def __call__(self, k: int) -> float:
        """The learning rate of step k."""
        k = step_number(k)
        if k >= len(self.rates):
            raise ValueError(f"k must be < {len(self.rates)}, the number of rates; it is {k}")
        return self.rates[k]

    @property
    def steps_covered(self) -> int:
        """For how many steps there is a rate."""
        return len(self.rates)
