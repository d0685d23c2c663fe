"""The ray that a line search sees: its first trial is the whole objective, whose gradient the next step needs anyway.

Most searches take the first step that they try. So the first value asked for is computed together with the gradient
there; if that step is taken, the run has its next evaluation for nothing. (An exact search asks for slopes only, and
then for the value where they vanish.) Any other question goes to the objective's own ray, which is made then.
A step that leads out of the objective's domain, where it raises, is infinitely high.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._returned import require_outside
from ...objective.rays.generic import along_ray, rough_slope
from ...protocols import Array, FloatArray, Objective, Ray
from ..record import Evaluation


class Trial:
    """``L(w + step * direction)``; the first step whose value is asked for is kept as an `Evaluation`."""

    __slots__ = ("_direction", "_evaluate", "_objective", "_ray", "_w", "evaluation", "step")

    def __init__(
        self, objective: Objective, w: Array, direction: Array, evaluate: Callable[[Objective, Array], Evaluation]
    ) -> None:
        self._objective = objective
        self._w = w
        self._direction = direction
        self._evaluate = evaluate
        self._ray: Ray | None = None
        self.step: float | None = None
        self.evaluation: Evaluation | None = None

    def value(self, step: float) -> float:
        """The objective at that step."""
        if self.evaluation is None:
            there = moved(self._w, step, self._direction)
            if not is_finite(there):
                return math.inf
            try:
                self.step, self.evaluation = step, self._evaluate(self._objective, there)
            except Exception as error:
                require_outside(error)
                return math.inf
        if self.evaluation is not None and step == self.step:
            return self.evaluation.value
        try:
            return self._own().value(step)
        except Exception as error:
            require_outside(error)
            return math.inf

    def slope(self, step: float) -> float:
        """The directional derivative there."""
        if self.evaluation is not None and step == self.step:
            return float(np.sum(np.multiply(self.evaluation.gradient, self._direction, dtype=np.float64)))
        try:
            return rough_slope(self._own(), step)
        except Exception as error:
            require_outside(error)
            return math.nan

    def values(self, steps: Array) -> FloatArray:
        """The objective at many steps: (m,) -> (m,)."""
        try:
            return self._own().values(steps)
        except Exception as error:
            require_outside(error)
            return np.array([self.value(float(step)) for step in steps])

    def minimum(self, *arguments: Any) -> float:
        """The lowest step of the objective's own ray."""
        own: Any = self._own()
        return float(own.minimum(*arguments))

    def evaluation_at(self, step: float, there: Array, k: int) -> Evaluation | None:
        """What is known at that step, which leads to `there` after k steps, if it is the first that was tried."""
        return self.evaluation if step == self.step else None

    def _own(self) -> Ray:
        if self._ray is None:
            self._ray = along_ray(self._objective, self._w, self._direction)
        return self._ray


def moved(w: Array, step: float, direction: Array) -> Array:
    """``w + step * direction``."""
    there = w + step * direction
    return there if type(there) is np.ndarray else np.asarray(there)  # of 0-d arrays NumPy makes scalars


def is_finite(w: Array) -> bool:
    """Whether every element is: a finite sum proves it, otherwise each one is tested."""
    return math.isfinite(w.sum()) or bool(np.isfinite(w).all())
