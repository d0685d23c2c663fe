"""The loss along a line with its exact kinks (LECTURE 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import plain_array
from ...objective.capabilities import is_convex
from ...objective.rays.generic import Bisected, along_ray, check_points
from ...protocols import Array, FloatArray, Objective
from .saved import Saved, Table


@dataclass(frozen=True, eq=False)
class Line(Saved):
    """``L(w + step * v)`` at many steps.

    Attributes
    ----------
    steps, values : arrays (m,)
    kinks, kink_values : arrays (n,)
        The steps between the smallest and the largest where two pieces meet (hinge-type losses, L1), and the loss
        there; empty for other objectives.
    minimum, minimum_value : float or None
        The step of either sign at which the loss is lowest, and the loss there; None where the objective is not known
        to be convex, or falls for ever.
    """

    steps: FloatArray
    values: FloatArray
    kinks: FloatArray
    kink_values: FloatArray
    minimum: float | None
    minimum_value: float | None

    def table(self) -> Table:
        """Steps and values."""
        return ("step", "value"), np.stack([self.steps, self.values], axis=1).tolist()


def line(objective: Objective, w: Array, v: Array, steps: Array) -> Line:
    """The loss along a line: ``L(w + step * v)`` at many steps.

    Parameters
    ----------
    objective : Objective
    w, v : float arrays of one shape
        The point and the direction.
    steps : array (m,)
        In any order.

    Returns
    -------
    Line

    Raises
    ------
    TypeError, ValueError
        For points that are not finite arrays of the objective's shape, a zero direction, steps that are empty, not
        finite or too many, or more kinks between them than memory should hold.

    Notes
    -----
    A linear objective makes one pass over X. Its values are float64; kinks and minimum are exact to rounding.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> objective = gd.LinearObjective(np.array([[1.0], [2.0]]), np.array([0, 1]), bias=False)
    >>> line = gd.landscape.line(objective, np.zeros((2, 1)), np.array([[1.0], [0.0]]), [-1.0, 0.0, 1.0])
    >>> line.values, line.kinks
    (array([1. , 1. , 1.5]), array([-0.5,  1. ]))
    """
    points = check_points(steps)
    ray = along_ray(objective, _as_point(w, "w"), _as_point(v, "v"))
    values = np.asarray(ray.values(points), dtype=np.float64)
    own = getattr(ray, "breakpoints", None) if getattr(ray, "has_breakpoints", True) else None
    kinks = np.zeros(0) if own is None else np.asarray(own(float(points.min()), float(points.max())))
    kink_values = np.asarray(ray.values(kinks), dtype=np.float64) if kinks.size else np.zeros(0)
    minimum = ray.lowest_anywhere() if isinstance(ray, Bisected) and is_convex(objective) else None
    return Line(points, values, kinks, kink_values, minimum, None if minimum is None else ray.value(minimum))


def _as_point(w: Any, name: str) -> Any:
    return plain_array(w, name) if isinstance(w, list | tuple | float) else w
