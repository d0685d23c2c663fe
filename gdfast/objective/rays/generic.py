"""The objective along a line or on a plane: the two free functions, and the generic implementation for any objective.

An objective with more structure makes rays and planes of its own (`linear.rays`); both give the same numbers.
"""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import check_number, check_positive, check_steps, plain_array
from ..._returned import require_outside
from ...describe import described
from ...protocols import AlongRay, Array, FloatArray, Objective, OnPlane, Plane, Ray
from ..capabilities import offered, weights_for
from ..guarded import guarded
from .directions import check_directions
from .minimum import lowest_step

MAX_STEP = 1e12
MOST_POINTS = 1 << 24
BYTES_PER_POINT = 64  # coordinates, values, and what each thread adds up


def along_ray(objective: Objective, w: Array, v: Array) -> Ray:
    """``L(w + step * v)`` as a function of the step.

    Parameters
    ----------
    objective : Objective
        Its own `along_ray` is used where it has one; a linear objective then computes its scores once.
    w, v : float arrays of one shape
        The point and the direction; a direction of zeros is refused.

    Returns
    -------
    Ray
        With `value(step)`, `slope(step)` (the right derivative at a kink; `slope_left` is the other), `values(steps)`
        and `minimum()`: the step >= 0 that is lowest, exact for convex objectives. Rays of a linear objective know
        their `breakpoints(lo, hi)`, too.

    Raises
    ------
    TypeError, ValueError
        For points that are not finite float arrays of one shape, or a zero direction.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> ray = gd.along_ray(bowl, np.array([3.0, 4.0]), np.array([-3.0, -4.0]))
    >>> ray.value(1.0), ray.slope(0.0)
    (0.0, -50.0)
    """
    require_objective(objective)
    own = offered(objective, AlongRay)
    if own is not None:
        try:
            return own.along_ray(w, v)
        except (TypeError, ValueError):
            check_directions(weights_for(objective, w), v=v)  # what any objective refuses, in the same words
            raise
    point, direction = check_directions(weights_for(objective, w), v=v)
    return FunctionRay(guarded(objective, "objective"), point.copy(), direction.copy())


def on_plane(objective: Objective, w: Array, u: Array, v: Array) -> Plane:
    """``L(w + a * u + b * v)`` as a function of a and b.

    Parameters
    ----------
    objective : Objective
        Its own `on_plane` is used where it has one.
    w, u, v : float arrays of one shape

    Returns
    -------
    Plane
        With `values(a, b)` -> (len(a), len(b)).

    Raises
    ------
    TypeError, ValueError
        As for `along_ray`; u and v are parallel.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> gd.on_plane(bowl, np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0])).values([0.0, 1.0], [0.0, 2.0])
    array([[0., 4.],
           [1., 5.]])
    """
    require_objective(objective)
    own = offered(objective, OnPlane)
    if own is not None:
        try:
            return own.on_plane(w, u, v)
        except (TypeError, ValueError):
            check_directions(weights_for(objective, w), u=u, v=v)
            raise
    point, first, second = check_directions(weights_for(objective, w), u=u, v=v)
    return FunctionPlane(guarded(objective, "objective"), point.copy(), first.copy(), second.copy())


def rough_slope(ray: Ray, step: float) -> float:
    """The slope for a search: at a kink that of either side, where that is faster."""
    own = getattr(ray, "rough_slope", None)
    return ray.slope(step) if own is None else float(own(step))


def reversed_ray(ray: Ray) -> Ray:
    """The same line, run through the other way."""
    own = getattr(ray, "reversed", None)
    if own is None:
        raise TypeError(f"{type(ray).__name__} must define reversed(), as gdfast's own rays do")
    turned: Ray = own()
    return turned


def require_objective(objective: Any) -> None:
    """TypeError for what has no value and gradient."""
    if offered(objective, Objective) is None:
        raise TypeError(f"objective must have value, gradient and value_and_gradient; it is {described(objective)}")


def check_points(steps: Any, name: str = "steps") -> FloatArray:
    """Finite steps (m,), no more than memory should hold."""
    array = plain_array(steps, name)
    _require_room(array.size, f"{name} must hold")
    return check_steps(array, name)


def check_grid(a: Any, b: Any) -> tuple[FloatArray, FloatArray]:
    """Finite coordinates on two axes, whose grid is no more than memory should hold."""
    rows, columns = check_points(a, "a"), check_points(b, "b")
    _require_room(rows.size * columns.size, f"the grid of a and b ({rows.size:,} x {columns.size:,}) must have")
    return rows, columns


def _require_room(count: int, subject: str) -> None:
    if count > MOST_POINTS:
        raise ValueError(
            f"{subject} at most {MOST_POINTS:,} points; {count:,} would take about "
            f"{count * BYTES_PER_POINT / 2**30:,.1f} GiB"
        )


class Bisected(ABC):
    """A ray whose lowest point is found from its slopes."""

    __slots__ = ()

    @abstractmethod
    def slope(self, step: float) -> float:
        """The right derivative there."""

    @abstractmethod
    def reversed(self) -> Bisected:
        """The same line, run through the other way."""

    def rough_slope(self, step: float) -> float:
        """The same for a search: at a kink that of either side, where that is faster."""
        return self.slope(step)

    def slope_left(self, step: float) -> float:
        """The left derivative there: less than the right one at a kink of a convex ray."""
        return -self.reversed().slope(-check_number(step, "step"))

    def minimum(self, max_step: float = MAX_STEP) -> float:
        """The step >= 0 that minimises a convex ray (of any other: a local minimum), from its slopes.

        0 when the ray rises at once; `max_step`, with a RuntimeWarning, when it still falls there. A ray that ends on
        the way (its values are NaN or infinite, or the objective raises) has its minimum before.
        """
        max_step = check_positive(max_step, "max_step")
        step = self._lowest(max_step)
        if step == max_step and self.slope(step) < 0:
            warnings.warn(
                f"the ray still falls at max_step = {max_step:g}: its minimum, if it has one, lies beyond",
                RuntimeWarning,
                stacklevel=2,
            )
        return step

    def lowest_anywhere(self) -> float | None:
        """The step of either sign that minimises a convex ray; None where it falls beyond ``MAX_STEP``."""
        sign, ray = 1.0, self
        if not self.slope(0.0) < 0:
            sign, ray = -1.0, self.reversed()
            if not ray.slope(0.0) < 0:
                return 0.0
        step = ray._lowest(MAX_STEP)
        return None if step == MAX_STEP and ray.slope(step) < 0 else sign * step

    def _lowest(self, max_step: float) -> float:
        with np.errstate(all="ignore"):  # out there are overflow and NaN no surprise
            return lowest_step(self.rough_slope, max_step)


@dataclass(frozen=True, eq=False)
class FunctionRay(Bisected):
    """The generic ray: every value is one evaluation of the objective."""

    objective: Objective
    w: Array
    v: Array

    def value(self, step: float) -> float:
        """L(w + step * v)."""
        return self.objective.value(self._at(check_number(step, "step")))

    def slope(self, step: float) -> float:
        """The gradient there, times v."""
        return float(np.vdot(self.objective.gradient(self._at(check_number(step, "step"))), self.v))

    def rough_slope(self, step: float) -> float:
        """The same for a search: NaN where the objective ends (it raises, or is not finite)."""
        there = self._at(check_number(step, "step"))
        try:
            value, gradient = self.objective.value_and_gradient(there)
        except Exception as error:
            require_outside(error)
            return math.nan
        return float(np.vdot(gradient, self.v)) if math.isfinite(value) else math.nan

    def values(self, steps: Array) -> FloatArray:
        """L at many steps: (m,) -> (m,)."""
        return np.array([self.value(float(step)) for step in check_points(steps)])

    def reversed(self) -> FunctionRay:
        """The same line, run through the other way."""
        return FunctionRay(self.objective, self.w, -self.v)

    def _at(self, step: float) -> Array:
        return np.asarray(self.w + self.w.dtype.type(step) * self.v, dtype=self.w.dtype)


@dataclass(frozen=True, eq=False)
class FunctionPlane:
    """The generic plane."""

    objective: Objective
    w: Array
    u: Array
    v: Array

    def values(self, a: Array, b: Array) -> FloatArray:
        """L on the grid: (len(a), len(b))."""
        first, second = check_grid(a, b)
        return np.array([[self.objective.value(self._at(p, q)) for q in second] for p in first])

    def _at(self, p: float, q: float) -> Array:
        return np.asarray(self.w + p * self.u + q * self.v, dtype=self.w.dtype)
