"""What schedules share and may say of themselves: the step number, for how many steps they have rates."""

from __future__ import annotations

import math
from typing import Any

from ..._arrays import check_integer


def step_number(k: Any) -> int:
    """k as an int >= 0; cheap, because a run asks at every step."""
    return k if type(k) is int and k >= 0 else check_integer(k, "k", minimum=0)


def power(base: float, exponent: int) -> float:
    """``base ** exponent`` for a base > 0; infinite where no float is large enough."""
    try:
        return base**exponent
    except OverflowError:
        return math.inf if base > 1 else 0.0


def steps_covered(schedule: Any) -> int | None:
    """For how many steps k = 0, 1, ... the schedule has a rate; None: for all, or it doesn't say (`steps_covered`)."""
    covered: int | None = getattr(schedule, "steps_covered", None)
    return covered
