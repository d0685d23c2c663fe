"""-L as an objective: going up on L is going down on -L, with the structure that L has."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..protocols import Array, FloatArray, Objective, Ray
from .guarded import guarded
from .rays.generic import Bisected, along_ray, reversed_ray, rough_slope


class Negated:
    """The objective ``-L``. What it offers beyond value and gradient needs the same of L."""

    __slots__ = ("_objective",)
    guards_itself: ClassVar[bool] = True

    def __init__(self, objective: Objective) -> None:
        self._objective: Any = guarded(objective, "objective")

    def value(self, w: Array) -> float:
        """-L(w)."""
        return -float(self._objective.value(w))

    def gradient(self, w: Array) -> Array:
        """-dL/dw."""
        return np.asarray(-self._objective.gradient(w))

    def value_and_gradient(self, w: Array) -> tuple[float, Array]:
        """Both."""
        value, gradient = self._objective.value_and_gradient(w)
        return -value, np.asarray(-gradient)

    def rows(self, indices: Array) -> Negated:
        """The mini-batch, negated."""
        return Negated(self._objective.rows(indices))

    def along_ray(self, w: Array, v: Array) -> Ray:
        """L's own ray, negated."""
        return NegatedRay(along_ray(self._objective, w, v))


class NegatedRay(Bisected):
    """``-L(w + step * v)`` as a function of the step."""

    __slots__ = ("_ray",)

    def __init__(self, ray: Ray) -> None:
        self._ray = ray

    def value(self, step: float) -> float:
        """The value there."""
        return -self._ray.value(step)

    def slope(self, step: float) -> float:
        """The slope there."""
        return -self._ray.slope(step)

    def rough_slope(self, step: float) -> float:
        """The slope there, for a search."""
        return -rough_slope(self._ray, step)

    def values(self, steps: Array) -> FloatArray:
        """The values there: (m,) -> (m,)."""
        return -self._ray.values(steps)

    def reversed(self) -> NegatedRay:
        """The same line, run through the other way."""
        return NegatedRay(reversed_ray(self._ray))
