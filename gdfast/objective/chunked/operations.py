"""What is computed of ONE chunk: functions of its objective and its share of the mean, as every engine runs them.

Each returns a tuple, which is added up over the chunks. They are looked up by name on other machines, so each stands at
the top of this module and takes what it needs as arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import Array, FloatArray
from ..linear import evaluation
from ..linear.objective import LinearObjective
from ..linear.rays import LinearPlane, LinearRay

Part = tuple[Any, ...]


def value(objective: LinearObjective, share: float, W: Array) -> Part:
    """The data's loss."""
    return (share * objective.value(W),)


def value_and_gradient(objective: LinearObjective, share: float, W: Array) -> Part:
    """The data's loss, and its gradient in float64."""
    found, gradient = objective.value_and_gradient(W)
    return share * found, share * gradient.astype(np.float64)


def values_at(objective: LinearObjective, share: float, Ws: Array) -> Part:
    """The data's loss at many W."""
    return (share * objective.values_at(Ws),)


def scores(objective: LinearObjective, share: float, W: Array) -> Array:
    """Those of its rows; not added up."""
    return objective.scores(W)


def n_right(objective: LinearObjective, share: float, W: Array) -> Part:
    """How many rows have their label's score as the largest."""
    return (int((objective.predict(W) == objective.y).sum()),)


def separation(objective: LinearObjective, share: float, W: Array) -> tuple[float, float]:
    """By how much the own class's score is above the others at least, and the largest own one; not added up."""
    return evaluation.separation(objective.linear_problem, W)


def gram(objective: LinearObjective, share: float) -> Part:
    """The second moments of its rows."""
    return (share * objective.gram(),)


def ray(objective: LinearObjective, share: float, W: FloatArray, V: FloatArray) -> tuple[float, LinearRay]:
    """The data's loss along a direction; kept where the chunk is."""
    return share, objective.along_ray(W, V)


def ray_values(state: tuple[float, LinearRay], steps: FloatArray) -> Part:
    """At many steps."""
    share, along = state
    return (share * along.values(steps),)


def ray_slope(state: tuple[float, LinearRay], step: float, sign: float, rough: bool) -> Part:
    """The derivative by the step, of the ray or (sign -1) of the same line run through the other way."""
    share, along = state
    if rough:
        return (share * sign * along.rough_slope(sign * step),)
    turned = along if sign > 0 else along.reversed()
    return (share * turned.slope(step),)


def plane(
    objective: LinearObjective, share: float, W: FloatArray, U: FloatArray, V: FloatArray
) -> tuple[float, LinearPlane]:
    """The data's loss on a plane; kept where the chunk is."""
    return share, objective.on_plane(W, U, V)


def plane_values(state: tuple[float, LinearPlane], a: FloatArray, b: FloatArray) -> Part:
    """On a grid."""
    share, on = state
    return (share * on.values(a, b),)
