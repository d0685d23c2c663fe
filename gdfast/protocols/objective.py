"""An objective: a value and a gradient; and what it is along a ray and on a plane."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from .arrays import Array, FloatArray


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
