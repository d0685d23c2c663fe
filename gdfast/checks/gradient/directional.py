"""An objective along one line through a point, where it has a ray of its own: in float64, whatever it computes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...objective import capabilities
from ...objective.rays.generic import along_ray
from ...protocols import Array, FloatArray


class AlongRay:
    """As a function of points near the line, each of which counts as the point of the line that it lies beside."""

    arithmetic = np.dtype(np.float64)

    def __init__(self, objective: Any, gradient: Callable[[Array], Any], point: Array, unit: FloatArray) -> None:
        self._objective, self._gradient, self._given, self._unit = objective, gradient, point, unit
        self.point = point.astype(np.float64)
        self._ray = along_ray(objective, self.point, unit)

    def value(self, x: Array) -> float:
        """The objective at the line's point beside x."""
        return self._ray.value(float(np.sum((x - self.point) * self._unit)))

    def gradient(self, x: Array) -> Any:
        """The gradient that is checked, at x in the given point's type; as float64, which loses nothing."""
        found = np.asarray(self._gradient(x.astype(self._given.dtype)))
        return found.astype(np.float64) if found.dtype == self._given.dtype else found

    def gradient_rounding(self, x: Array) -> float:
        """How far rounding may have moved the gradient's entries."""
        declared = np.dtype(getattr(self._objective, "arithmetic", self._given.dtype))
        largest = float(np.abs(np.asarray(self.gradient(self.point))).max())
        typical = float(np.finfo(np.result_type(declared, self._given.dtype)).eps) * largest
        return max(typical, capabilities.gradient_rounding(self._objective, self._given))
