"""The effect of the learning rate (LECTURE 34): loss after one step, best and exact step, overshoot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..._unwarned import unwarned
from ...objective.capabilities import weights_for
from ...objective.guarded import guarded
from ...objective.rays.generic import MAX_STEP, along_ray, check_points, require_objective
from ...protocols import Array, FloatArray, Objective, Ray
from .saved import Saved, Table


@dataclass(frozen=True, eq=False)
class StepSizes(Saved):
    """The loss after one step from w.

    Attributes
    ----------
    steps, values : arrays (m,)
        The steps tried, and the loss after each.
    start : float
        The loss before.
    best_step, best_value : float
        The best of those tried.
    exact_step, exact_value : float or None
        The step at which the loss is lowest (of an objective that is not convex: the first local minimum); None where
        it falls for ever.
    overshoot : float or None
        The smallest step beyond which the loss is higher than before; None where there is none.
    """

    shapes: ClassVar = {"steps": ("m",), "values": ("m",)}
    steps: FloatArray
    values: FloatArray
    start: float
    best_step: float
    best_value: float
    exact_step: float | None
    exact_value: float | None
    overshoot: float | None

    def table(self) -> Table:
        """Steps and values."""
        return ("step", "value"), np.stack([self.steps, self.values], axis=1).tolist()


def step_sizes(objective: Objective, w: Array, steps: Array, direction: Array | None = None) -> StepSizes:
    """The loss after one step from w, for many step sizes.

    Parameters
    ----------
    objective : Objective
    w : float array
        Where the step starts.
    steps : array (m,)
        The step sizes (learning rates) to try.
    direction : float array, optional
        Where to go; by default along minus the gradient.

    Returns
    -------
    StepSizes

    Raises
    ------
    TypeError, ValueError
        For w or a direction that are not finite arrays of the objective's shape, steps that are empty, not finite or
        too many; where the gradient at w is zero, and there is no descent direction.

    Notes
    -----
    A linear objective makes two passes over X: one for the gradient, one for the ray.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> found = gd.landscape.step_sizes(bowl, np.array([3.0]), [0.01, 0.1, 0.6, 2.0])
    >>> found.best_step, found.exact_step, found.overshoot
    (0.6, 0.5, 1.0)
    """
    points = check_points(steps)
    require_objective(objective)
    point = weights_for(objective, w, "w")
    if direction is None:
        direction = -guarded(objective, "objective").gradient(point)
        if not np.any(direction):
            raise ValueError(
                "the gradient at w is zero everywhere, so there is no descent direction: give another w or a direction"
            )
    ray = along_ray(objective, point, weights_for(objective, direction, "direction"))
    values, start = np.asarray(ray.values(points), dtype=np.float64), ray.value(0.0)
    best = int(np.where(np.isnan(values), math.inf, values).argmin())
    with unwarned(RuntimeWarning):  # a ray that falls for ever is told by None
        exact = float(ray.minimum())
    falls_for_ever = exact >= MAX_STEP
    return StepSizes(
        points,
        values,
        start,
        float(points[best]),
        float(values[best]),
        None if falls_for_ever else exact,
        None if falls_for_ever else ray.value(exact),
        None if falls_for_ever else _overshoot(ray, start, exact),
    )


def _overshoot(ray: Ray, start: float, lowest: float) -> float | None:
    """The first step after the lowest beyond which the ray is above its start, by halving."""
    low, high = lowest, max(2 * lowest, 1.0)
    while not ray.value(high) > start:
        if high >= MAX_STEP:
            return None
        low, high = high, 2 * high
    while low < (middle := low + 0.5 * (high - low)) < high:
        if ray.value(middle) > start:
            high = middle
        else:
            low = middle
    return low
