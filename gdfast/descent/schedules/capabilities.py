"""What schedules share and may say of themselves: the step number, for how many steps they have rates."""

from __future__ import annotations

import math
from typing import Any

from ..._arrays import check_integer
from ...describe import shortened

MOST_STEPS = 2**63


def step_number(k: Any) -> int:
    """k as an int in [0, 2**63); cheap, because a run asks at every step."""
    return k if type(k) is int and 0 <= k < MOST_STEPS else check_count(k, "k", minimum=0)


def check_count(value: Any, name: str, minimum: int = 1) -> int:
    """An integer in [minimum, 2**63): steps that a run may take, whose ratios are floats."""
    number = check_integer(value, name, minimum=minimum)
    if number >= MOST_STEPS:
        raise ValueError(f"{name} must be < 2**63; it is {shortened(number)}")
    return number


def power(base: float, exponent: int) -> float:
    """``base ** exponent`` for a base > 0 and steps; infinite where no float is large enough."""
    try:
        return base**exponent
    except OverflowError:
        return math.inf


def steps_covered(schedule: Any) -> int | None:
    """For how many steps k = 0, 1, ... the schedule has a rate; None: for all, or it doesn't say (`steps_covered`)."""
    covered: int | None = getattr(schedule, "steps_covered", None)
    return covered
