"""The error of each analytic derivative, corrected for kinks and for the quotient's own error.

For a linear objective the quotients are computed from the scores and its kinks are known exactly; for any other
function the one-sided slopes at several steps show them. Either way the result is a `Comparison`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...objective import capabilities
from ...protocols import Array, FloatArray
from .one_sided_slopes import FirstSlopes
from .sampling import Indices
from .step_ladder import Estimates, Mask, estimate, ladder

FEW = 32  # re-examined first: where none of them turns out right it is a bug, and the rest is spared
SHRINK = 32  # a re-examined quotient from the scores has a step so much smaller
LOPSIDED = 1e-2  # left and right slopes that differ by so much are re-examined, though their mean is right
TINY = 1e-4  # times h: what is still crossed then is a kink at the point itself


@dataclass(eq=False)
class Comparison:
    """The analytic derivatives along n lines against the numerical ones.

    Attributes
    ----------
    numerical : float64 (n,)
        The centred quotients with the step that was asked for.
    corrected : float64 (n,)
        The best estimate of the derivative, after kink correction: what the analytic one is compared with.
    distance : float64 (n,)
        Of the analytic derivative from it, or at a kink from the interval of the slopes that are right there.
    uncertainty : float64 (n,)
        How far `distance` may be wrong.
    crossing : bool (n,)
        The stencil crosses a kink.
    kink_excess : float64 (n,)
        What kinks add to the quotient; only where that is known exactly.
    at_kink : bool (n,)
        The point lies on the kink.
    fades : bool (n,)
        The disagreement is the quotient's own error (truncation or rounding): another h shows none.
    jumps : bool (n,)
        There is no derivative: the slopes grow as h shrinks.
    evaluations : int
        Of the objective, for the coordinates that were re-examined from the scores.
    """

    numerical: FloatArray
    corrected: FloatArray
    distance: FloatArray
    uncertainty: FloatArray
    crossing: Mask
    kink_excess: FloatArray
    evaluations: int = 0
    at_kink: Mask = field(init=False)
    fades: Mask = field(init=False)
    jumps: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.at_kink, self.fades, self.jumps = (np.zeros(self.numerical.size, dtype=bool) for _ in range(3))


def compare_structured(
    objective: Any, point: Array, chosen: Indices, analytic: FloatArray, h: float, rtol: float, floor: float
) -> Comparison:
    """By quotients that the objective computes from its scores, and by its kinks, which it knows exactly."""
    only = None if chosen.size == point.size and np.array_equal(chosen, np.arange(point.size)) else chosen

    def quotients(step: float, flat: Indices | None, scheme: Any = "centered") -> FloatArray:
        found = capabilities.numerical_gradient(objective, point, h=step, scheme=scheme, coordinates=flat)
        return np.asarray(found, dtype=np.float64).reshape(-1)

    numerical = quotients(h, only)
    crossings = capabilities.kink_crossings(objective, point, h=h, coordinates=only)
    crossing, excess = np.zeros(chosen.size, dtype=bool), np.zeros(chosen.size)
    if crossings is not None:
        crossing, excess = np.ravel(crossings[0]) > 0, np.ravel(crossings[1])
    corrected = numerical - excess
    compared = Comparison(
        numerical, corrected, np.abs(analytic - corrected), np.full(chosen.size, floor), crossing, excess
    )

    tolerance = rtol * _scale(analytic, corrected, floor) + compared.uncertainty
    suspect = np.isfinite(analytic) & (compared.distance > tolerance)
    for some in _in_turn(np.flatnonzero(suspect)):
        kinked, straight = some[crossing[some]], some[~crossing[some]]
        right = np.zeros(chosen.size, dtype=bool)
        if kinked.size:  # another choice of slope at a kink of the point is as right as the objective's own
            tiny = h * TINY if np.dtype(getattr(objective, "arithmetic", point.dtype)) == np.float64 else h
            ahead = quotients(tiny, chosen[kinked], "forward")
            behind = 2 * quotients(tiny, chosen[kinked]) - ahead  # the centred quotient is the mean of both
            low, high = np.minimum(ahead, behind), np.maximum(ahead, behind)
            distance = np.maximum(0.0, np.maximum(low - analytic[kinked], analytic[kinked] - high))
            sides = np.maximum(np.abs(low), np.abs(high))
            scale = np.maximum(_scale(analytic[kinked], corrected[kinked], floor), sides)
            right[kinked] = distance <= rtol * scale + floor
            compared.at_kink[kinked] = right[kinked]
            compared.corrected[kinked] = np.where(right[kinked], analytic[kinked], corrected[kinked])
            compared.distance[kinked] = np.where(right[kinked], 0.0, compared.distance[kinked])
            compared.evaluations += 3 * kinked.size
        if straight.size and _is_kept(point, chosen[straight], h / SHRINK):
            # Truncation falls with h squared, 1 / SHRINK**2 of it is left: a disagreement that stays is the gradient's.
            closer = np.abs(analytic[straight] - quotients(h / SHRINK, chosen[straight]))
            right[straight] = compared.fades[straight] = closer <= 0.1 * compared.distance[straight]
            compared.evaluations += 2 * straight.size
        if not right[some].any():
            break
    return compared


def compare_slopes(
    first: FirstSlopes, analytic: FloatArray, rtol: float, floor: FloatArray
) -> tuple[Comparison, Indices]:
    """By slopes at the step that was asked for; and the lines to re-examine: those that disagree, those near a kink."""
    with np.errstate(over="ignore"):
        numerical, gap = (first.left + first.right) / 2, np.abs(first.right - first.left)
    n = numerical.size
    distance = np.abs(analytic - numerical)
    compared = Comparison(numerical, numerical.copy(), distance, floor.copy(), np.zeros(n, dtype=bool), np.zeros(n))
    disagrees = distance > rtol * _scale(analytic, numerical, floor)
    lopsided = gap > np.maximum(20 * floor, LOPSIDED * np.maximum(np.abs(first.left), np.abs(first.right)))
    return compared, np.flatnonzero((disagrees | lopsided) & np.isfinite(analytic))


def refine(
    compared: Comparison,
    suspects: Indices,
    first: FirstSlopes,
    analytic: FloatArray,
    value_noise: float,
    gradient_noise: FloatArray,
    rtol: float,
    floor: FloatArray,
) -> None:
    """Re-examine the suspects with longer and shorter steps; the comparison is changed in place."""
    steepest = float(np.abs(analytic).max(where=np.isfinite(analytic), initial=0.0))
    factors = ladder(float(first.steps.min()), value_noise, first.value, steepest)
    for some in _in_turn(suspects):
        _take(compared, some, estimate(first, some, factors, value_noise), analytic[some])
        asked_noise = 2 * value_noise / first.steps[some]
        unseen = np.abs(analytic[some] - compared.numerical[some]) <= asked_noise  # longer steps alone speak against it
        compared.uncertainty[some] = np.where(
            unseen, np.maximum(compared.uncertainty[some], compared.distance[some]), compared.uncertainty[some]
        )
        tolerance = rtol * _scale(analytic[some], compared.corrected[some], floor[some])
        right = compared.distance[some] <= tolerance + compared.uncertainty[some] + gradient_noise[some]
        disagreed = np.abs(analytic[some] - compared.numerical[some]) > tolerance
        exact = compared.distance[some] <= tolerance
        compared.fades[some] = disagreed & right & exact & ~compared.crossing[some]
        if not right.any() and not compared.crossing[some].any():
            break


def _take(compared: Comparison, some: Indices, found: Estimates, analytic: FloatArray) -> None:
    compared.corrected[some] = found.nearest(analytic)
    compared.distance[some] = np.where(found.jumps, np.inf, found.distance(analytic))
    compared.uncertainty[some] = found.distance_uncertainty
    compared.crossing[some] = found.at_kink | found.near_kink
    compared.at_kink[some] = found.at_kink
    compared.jumps[some] = found.jumps


def _in_turn(suspects: Indices) -> list[Indices]:
    """A few that are spread over all of them, then the rest."""
    if suspects.size <= FEW:
        return [suspects] if suspects.size else []
    few = np.zeros(suspects.size, dtype=bool)
    few[np.linspace(0, suspects.size - 1, FEW).astype(np.int64)] = True
    return [suspects[few], suspects[~few]]


def _scale(a: FloatArray, n: FloatArray, floor: FloatArray | float) -> FloatArray:
    return np.asarray(np.maximum(np.maximum(np.abs(a), np.abs(n)), floor))


def _is_kept(point: Array, flat: Indices, step: float) -> bool:
    """Whether a step is not lost in rounding."""
    return bool(np.spacing(np.abs(point.reshape(-1)[flat])).max() < step)
