"""The contracts of gdfast on one page.

An objective is a value and a gradient. Everything else here is optional structure: an object that
has more to offer (a cheap ray, a compiled run of many steps) is asked for it through ONE free
function, which falls back to the plain road. The caller never asks "is it linear?", and the law
that both roads give the same numbers is a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
State = TypeVar("State")

Schedule = Callable[[int], float]
"""Step number k = 0, 1, ... -> learning rate: a pure function."""


@runtime_checkable
class Objective(Protocol):
    """All that a user must write: a function of an array of any shape, and its gradient."""

    def value(self, w: Array) -> float:
        """L(w)."""
        ...

    def gradient(self, w: Array) -> Array:
        """dL/dw, of w's shape and dtype."""
        ...

    def value_and_gradient(self, w: Array) -> tuple[float, Array]:
        """Both, for the price of the gradient where they share work."""
        ...


class Ray(Protocol):
    """L(w + step * direction) as a function of the step alone; immutable."""

    def value(self, step: float) -> float:
        """The objective at that step."""
        ...

    def slope(self, step: float) -> float:
        """The directional derivative there (the right derivative at a kink)."""
        ...

    def values(self, steps: Array) -> FloatArray:
        """The objective at many steps: (m,) -> (m,)."""
        ...

    def minimum(self) -> float:
        """The step >= 0 at which a convex ray is lowest; of any other a local minimum."""
        ...


class Plane(Protocol):
    """L(w + a * u + b * v) as a function of a and b; immutable."""

    def values(self, a: Array, b: Array) -> FloatArray:
        """The objective on a grid: (len(a), len(b))."""
        ...


class Optimizer(Protocol[State]):
    """Which way to go: a frozen dataclass of settings; the state of a run is passed in and out."""

    def init(self, w: Array) -> State:
        """The state before the first step."""
        ...

    def update(self, gradient: Array, state: State, w: Array) -> tuple[Array, State]:
        """A DIRECTION (the driver then moves w by step * direction) and a fresh state."""
        ...


@dataclass(frozen=True)
class Found:
    """What a line search found along a ray.

    Attributes
    ----------
    step, value : the step taken and the objective there
    evaluations : at how many points of the ray its value or slope (or both) were computed
    accepted : False when no step lowers the objective
    """

    step: float
    value: float
    evaluations: int
    accepted: bool


@runtime_checkable
class LineSearch(Protocol):
    """How far to go: finds a step along a ray."""

    def search(self, ray: Ray, value: float, slope: float) -> Found:
        """Start from the ray's value and slope at step 0."""
        ...
