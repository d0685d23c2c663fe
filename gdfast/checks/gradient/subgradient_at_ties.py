"""The check at ties: whether a gradient whose entries are each right at a kink is a subgradient.

Each partial derivative may lie between its slopes left and right and the vector still be no subgradient: where
max(x, y) has x = y, (1, 0) and (0, 1) and what is between them are subgradients, (1, 1) is not, though each 1 is right
alone. Where every kink has the same curvature (all convex or all concave) the slope along the gradient has to agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...protocols import FloatArray
from .one_sided_slopes import DirectionSlopes, Evaluations, FirstSlopes
from .sampling import Indices
from .step_ladder import Mask, Noise, estimate, ladder


@dataclass(frozen=True)
class TieDisagreement:
    """The slopes along the gradient's own direction, restricted to kinks: what f says and what the gradient says."""

    left: float
    right: float
    analytic: float


def tie_disagreement(
    evaluations: Evaluations,
    first: FirstSlopes,
    flat: Indices,
    analytic: FloatArray,
    at_kink: Mask,
    noise: Noise,
    rtol: float,
) -> TieDisagreement | None:
    """None where there is none, or nothing to compare. flat (n,): the coordinates; noise: of f's values."""
    point, opening = evaluations.point, (first.right - first.left)[at_kink]
    own = np.where(at_kink, analytic, 0.0)
    length = float(np.sqrt(np.sum(own**2)))
    same_sign = bool((opening > 0).all() or (opening < 0).all())
    if np.count_nonzero(own) < 2 or not same_sign or not 0 < length < np.inf:
        return None
    unit = np.zeros(point.size)
    unit[flat] = own / length
    slopes, h = DirectionSlopes(evaluations, unit.reshape(point.shape)), float(first.steps.min())
    steps, line = np.array([h]), np.zeros(1, dtype=np.int64)
    along = FirstSlopes(slopes, first.value[:1], steps, *slopes.sides(line, steps, first.value[:1]))
    found = estimate(along, line, ladder(along, line, noise, True), noise)
    claimed = np.array([length])
    distance = float(found.distance(claimed)[0])
    left, right = float(found.left[0]), float(found.right[0])
    tolerance = 10 * rtol * max(length, abs(left), abs(right)) + float(found.distance_uncertainty[0])
    if found.near_kink[0] or found.jumps[0] or not distance > tolerance:
        return None
    return TieDisagreement(min(left, right), max(left, right), length)
