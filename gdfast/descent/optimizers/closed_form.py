"""The closed form of an objective that has one, ``w = objective.solve()``, as the only step of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..._unwarned import unwarned
from ...protocols import Array


@dataclass(frozen=True)
class ClosedForm:
    """The step from w to where the gradient is 0. Whoever wants another step has come as near as it leads.

    The state is the number of steps.
    """

    sets_own_step: ClassVar[bool] = True

    def init(self, w: Array) -> int:
        """No step yet."""
        return 0

    def update(self, gradient: Array, state: int, w: Array) -> tuple[Array, int]:
        """TypeError: a gradient is not enough, see `direction`."""
        raise TypeError(f"{type(self).__name__} needs the objective, not a gradient: call direction")

    def direction(self, objective: Any, k: int, w: Array, state: int) -> tuple[Array, int]:
        """What leads to the solution."""
        if state > 0:
            return np.zeros_like(w), state + 1
        with unwarned(RuntimeWarning):  # of many minima any will do
            there = objective.solve()
        return np.asarray(there - w, dtype=w.dtype), 1
