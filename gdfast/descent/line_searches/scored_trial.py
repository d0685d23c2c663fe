"""The ray that a line search sees where the objective's scores are there: no step that it tries costs a pass.

Of the step that is taken value and gradient come from the scores, too: half a pass, which with the other half for the
direction's scores makes one pass of a whole step, whatever step is taken.

Where a pass without scores is much faster than the two halves, searches that take the first step that they try go
without: after such a step no scores are kept, and the next search begins with a pass (`Trial`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._returned import require_outside
from ...objective.linear.search_rays import ScoredSearch
from ...protocols import Array, FloatArray
from ..record import Evaluation, largest_element

RENEWED_EVERY = 32  # steps: scores are made anew, for each step adds a rounding to them


class ScoredTrial:
    """``L(w + step * direction)`` from the scores at w."""

    __slots__ = ("_first", "_forgets_first", "_largest", "_most", "_ray", "evaluation")

    def __init__(self, scored: ScoredSearch, scores: FloatArray, w: Array, direction: Array) -> None:
        self._ray = scored.ray(scores, w, direction)
        self._largest = float(np.abs(w).max()), float(np.abs(direction).max())
        self._most = float(np.finfo(w.dtype).max)
        self._first: float | None = None
        self._forgets_first = scored.has_faster_pass
        self.evaluation = None
        """There is no evaluation of the whole objective among the points tried."""

    def value(self, step: float) -> float:
        """The objective at that step; infinite where the weights are, or the regularizer raises."""
        self._first = step if self._first is None else self._first
        if not self._largest[0] + abs(step) * self._largest[1] <= self._most:
            return math.inf
        try:
            return self._ray.value(step)
        except Exception as error:
            require_outside(error)
            return math.inf

    def slope(self, step: float) -> float:
        """The directional derivative there."""
        try:
            return self._ray.slope(step)
        except Exception as error:
            require_outside(error)
            return math.nan

    def values(self, steps: Array) -> FloatArray:
        """The objective at many steps: (m,) -> (m,)."""
        try:
            return self._ray.values(steps)
        except Exception as error:
            require_outside(error)
            return np.array([self.value(float(step)) for step in steps])

    def minimum(self, *arguments: Any) -> float:
        """The lowest step of the ray."""
        return self._ray.minimum(*arguments)

    def evaluation_at(self, step: float, there: Array, k: int) -> Evaluation | None:
        """What is known at that step, which leads to `there` after k steps; None: it is to be evaluated anew."""
        if k % RENEWED_EVERY == 0:
            return None
        value, gradient, scores = self._ray.evaluation(step, there)
        kept = None if self._forgets_first and step == self._first else scores
        return Evaluation(value, gradient, largest_element(gradient), kept)
