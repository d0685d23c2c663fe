"""The loss along a line with its exact kinks (LECTURE 9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..._arrays import plain_array
from ...objective.capabilities import is_convex
from ...objective.rays.generic import Bisected, along_ray, check_points
from ...protocols import Array, FloatArray, Objective
from .saved import Saved, Table
from .weights import MOST_TERMS


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
    terms : array (t, m)
        Each hinge term at the steps, as it enters the loss, where there are at most 50; otherwise t = 0.
    labels : integers (t, 2)
        Each term's sample and wrong class.
    """

    shapes: ClassVar = {"steps": ("m",), "values": ("m",), "kinks": ("n",), "kink_values": ("n",), "labels": ("t", 2)}
    steps: FloatArray
    values: FloatArray
    kinks: FloatArray
    kink_values: FloatArray
    minimum: float | None
    minimum_value: float | None
    terms: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    labels: Array = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))

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
    labels, terms = _few_terms(ray, points)
    lowest = None if minimum is None else ray.value(minimum)
    return Line(points, values, kinks, kink_values, minimum, lowest, terms, labels)


def _few_terms(ray: Any, points: FloatArray) -> tuple[Array, FloatArray]:
    """The hinge terms of few samples: labels (t, 2) and values (t, m); none where there are more."""
    source = getattr(ray, "sums", None)
    if source is None or source.count > MOST_TERMS:
        return np.zeros((0, 2), dtype=np.int64), np.zeros((0, points.size))
    labels, terms = source.largest(points, MOST_TERMS)
    return labels, terms


def _as_point(w: Any, name: str) -> Any:
    return plain_array(w, name) if isinstance(w, list | tuple | float) else w
