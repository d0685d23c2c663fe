"""How far to go: whatever was given as `step` becomes a function of k, or a line search."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from .._arrays import check_positive
from .._returned import returned_value
from ..describe import described
from ..protocols import Array, LineSearch, Schedule
from .schedules import steps_covered

Step = float | Literal["auto"] | Sequence[float] | Array | Schedule | LineSearch
"""A positive number, "auto", numbers a_1..a_K, a function of k = 0, 1, ... or a line search."""

_NEEDED = "step must be a positive number, a sequence of them, a schedule (callable of k), a line search or 'auto'"


class StepRule(NamedTuple):
    """The learning rate as a function of k, unless a line search decides; and what was given as `step`."""

    given: Any
    rate_of: Callable[[int], float]
    line_search: LineSearch | None
    is_constant: bool

    def rates(self, k: int, n: int) -> Array:
        """The learning rates of steps k .. k + n - 1."""
        if self.is_constant:
            return np.full(n, self.rate_of(k))
        if isinstance(self.given, np.ndarray):
            return self.given[k : k + n].copy()
        return np.array([self.rate_of(i) for i in range(k, k + n)], dtype=np.float64)


def step_rule(step: Any, max_steps: int) -> StepRule:
    """`step`, "auto" apart, as a rule for max_steps steps, or TypeError/ValueError."""
    if isinstance(step, type):
        raise TypeError(f"{_NEEDED}; it is {described(step)}: make an instance, {step.__name__}(...)")
    if isinstance(step, LineSearch):
        return StepRule(step, _no_rate, step, is_constant=False)
    if callable(step):
        covered = steps_covered(step)
        if covered is not None:
            _check_length(covered, max_steps)
        return StepRule(step, _checked_schedule(step), None, is_constant=False)
    if isinstance(step, numbers.Number):
        rate = check_positive(step, "step")
        return StepRule(rate, lambda k: rate, None, is_constant=True)
    if isinstance(step, Sequence | np.ndarray) and not isinstance(step, str | bytes) and np.ndim(step) > 0:
        rates = _checked_sequence(step, max_steps)
        return StepRule(rates, rates.item if isinstance(rates, np.ndarray) else rates.__getitem__, None, False)
    raise TypeError(f"{_NEEDED}; it is {described(step)}")


def _checked_sequence(step: Sequence[float] | Array, max_steps: int) -> list[float] | Array:
    _check_length(len(step), max_steps)
    if isinstance(step, np.ndarray) and step.ndim == 1 and step.dtype == np.float64 and _all_positive(step):
        return np.array(step)
    return [check_positive(rate, f"step[{i}]") for i, rate in enumerate(step)]


def _all_positive(rates: Array) -> bool:
    """At once: there may be millions."""
    return bool(((rates > 0) & np.isfinite(rates)).all())


def _check_length(length: int, max_steps: int) -> None:
    if length < max_steps:
        raise ValueError(f"step must hold a learning rate for each of the {max_steps} steps; it holds {length}")


def _checked_schedule(schedule: Callable[[int], Any]) -> Callable[[int], float]:
    def rate_at(k: int) -> float:
        try:
            rate = schedule(k)
        except Exception as error:
            error.add_note(f"raised by step at k = {k}")
            raise
        if type(rate) is not float:
            rate = returned_value(rate, "step", f"k = {k}")
        if not 0 <= rate < math.inf:
            raise ValueError(f"step must return a finite number >= 0; at k = {k} it returned {rate}")
        return rate

    return rate_at


def _no_rate(k: int) -> float:
    raise AssertionError("a line search decides how far")
