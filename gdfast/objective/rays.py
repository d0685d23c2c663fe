"""The objective along a line or on a plane: linear structure, and the generic road for any objective.

Linear scores are affine in W, so along any direction V they are ``S + step * D`` with S and D computed
once, in float64: a point then costs O(n_samples * n_classes) and no pass over X.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _kernels
from .._arrays import check_number, check_point, check_positive, check_steps
from ..protocols import Array, FloatArray, Objective, Plane, Ray
from .lowest import lowest_step
from .regularizers import Regularizer, Separable

MAX_STEP = 1e12


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
        With `value(step)`, `slope(step)` (the right derivative at a kink), `values(steps)` and, for convex
        objectives, `minimum()`.

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
    _require_objective(objective)
    own = getattr(objective, "along_ray", None)
    if own is not None:
        ray: Ray = own(w, v)
        return ray
    point, direction = check_directions(w, v=v)
    return FunctionRay(objective, point.copy(), direction.copy())


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
        As for `along_ray`.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> gd.on_plane(bowl, np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0])).values([0.0, 1.0], [0.0, 2.0])
    array([[0., 4.],
           [1., 5.]])
    """
    _require_objective(objective)
    own = getattr(objective, "on_plane", None)
    if own is not None:
        plane: Plane = own(w, u, v)
        return plane
    point, first, second = check_directions(w, u=u, v=v)
    return FunctionPlane(objective, point.copy(), first.copy(), second.copy())


def _require_objective(objective: Any) -> None:
    if isinstance(objective, type) or not isinstance(objective, Objective):
        raise TypeError(f"objective must have value, gradient and value_and_gradient; it is {objective!r}")


def check_directions(w: Any, **directions: Any) -> list[Array]:
    """A point and directions of its shape, none of them zero."""
    arrays = [check_point(w, "w")]
    for name, direction in directions.items():
        array = check_point(direction, name)
        if array.shape != arrays[0].shape:
            raise ValueError(f"{name} must have the shape of w, {arrays[0].shape}; its shape is {array.shape}")
        if not array.any():
            raise ValueError(f"{name} must not be zero everywhere")
        arrays.append(array)
    return arrays


class Bisected:
    """A ray whose lowest point is found from its slopes."""

    __slots__ = ()

    def slope(self, step: float) -> float:
        """The right derivative there."""
        raise TypeError(f"{type(self).__name__} must define slope(step)")

    def minimum(self, max_step: float = MAX_STEP) -> float:
        """The step >= 0 that minimises a convex ray, from its slopes (`lowest_step`).

        0 when the ray rises at once; `max_step` when it still falls there.
        """
        return lowest_step(self.slope, check_positive(max_step, "max_step"))


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

    def values(self, steps: Array) -> FloatArray:
        """L at many steps: (m,) -> (m,)."""
        return np.array([self.value(float(step)) for step in check_steps(steps)])

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
        first, second = check_steps(a, "a"), check_steps(b, "b")
        return np.array([[self.objective.value(self.w + p * self.u + q * self.v) for q in second] for p in first])


@dataclass(frozen=True, eq=False)
class LinearRay(Bisected):
    """A linear objective along W + step * V, from the scores of W and of V; float64 throughout."""

    problem: _kernels.Problem
    base: FloatArray
    rate: FloatArray
    regularizer: Regularizer | None
    w: FloatArray
    v: FloatArray

    def value(self, step: float) -> float:
        """L(W + step * V)."""
        return float(self.values(np.array([check_number(step, "step")]))[0])

    def slope(self, step: float) -> float:
        """The right derivative there."""
        step = check_number(step, "step")
        value, slope = np.empty(1), np.empty(1)
        self.problem.mix(self.base, self.rate, None, np.array([step]), value, slope, None)
        total = float(slope[0])
        if self.regularizer is not None:
            point = self.w + step * self.v
            if isinstance(self.regularizer, Separable):
                total += self.regularizer.slope(point, self.v)
            else:
                total += float(np.vdot(self.regularizer.gradient(point), self.v))
        return total

    def values(self, steps: Array) -> FloatArray:
        """L at many steps: (m,) -> (m,)."""
        points = check_steps(steps)
        values = np.empty(points.size)
        self.problem.mix(self.base, self.rate, None, points, values, None, None)
        if self.regularizer is not None:
            values += [self.regularizer.value(self.w + step * self.v) for step in points]
        return values


@dataclass(frozen=True, eq=False)
class LinearPlane:
    """A linear objective on W + a * U + b * V, from three sets of scores."""

    problem: _kernels.Problem
    base: FloatArray
    first: FloatArray
    second: FloatArray
    regularizer: Regularizer | None
    w: FloatArray
    u: FloatArray
    v: FloatArray

    def values(self, a: Array, b: Array) -> FloatArray:
        """L on the grid: (len(a), len(b))."""
        rows, columns = check_steps(a, "a"), check_steps(b, "b")
        grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
        values = np.empty(len(grid))
        self.problem.mix(self.base, self.first, self.second, np.ascontiguousarray(grid), values, None, None)
        if self.regularizer is not None:
            values += [self.regularizer.value(self.w + p * self.u + q * self.v) for p, q in grid]
        return values.reshape(rows.size, columns.size)
