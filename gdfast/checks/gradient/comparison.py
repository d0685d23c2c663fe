"""Two ways to look at derivatives: of a linear objective by structure, which knows its kinks; of others by slopes.

Either gives a `Look`: the quotients, and for every coordinate how far the analytic derivative is from being right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...objective import capabilities
from ...protocols import Array, FloatArray
from .one_sided_slopes import FirstLook
from .sampling import Indices
from .step_ladder import Evidence, Mask, gather, ladder

FEW = 32  # second looks decide whether the others are looked at: where many disagree it is mostly a bug
SHRINK = 32  # by structure a second look is taken with a step so much smaller
LOPSIDED = 1e-2  # the slopes left and right differ by so much: worth a second look, though their mean is right
TINY = 1e-4  # times h: what is still crossed then is a kink at the point itself


@dataclass(eq=False)
class Look:
    """What was seen along n lines.

    Attributes
    ----------
    numerical : float64 (n,)
        The centred quotients with the step that was asked for.
    smooth : float64 (n,)
        The derivative as well as it is known, kinks taken out: what the analytic one is compared with.
    outside : float64 (n,)
        How far the analytic derivative is from it, or at a kink from what is right there.
    doubt : float64 (n,)
        How far `outside` may be wrong.
    crossing : bool (n,)
        The stencil crosses a kink.
    excess : float64 (n,)
        What kinks add to the quotient; only where that is known exactly.
    at_kink : bool (n,)
        The point lies on the kink.
    fades : bool (n,)
        The disagreement is the quotient's own error: it fades as h shrinks.
    jumps : bool (n,)
        There is no derivative: the slopes grow as h shrinks.
    """

    numerical: FloatArray
    smooth: FloatArray
    outside: FloatArray
    doubt: FloatArray
    crossing: Mask
    excess: FloatArray
    looked_at: int = 0
    at_kink: Mask = field(init=False)
    fades: Mask = field(init=False)
    jumps: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.at_kink, self.fades, self.jumps = (np.zeros(self.numerical.size, dtype=bool) for _ in range(3))


def by_structure(
    objective: Any, point: Array, chosen: Indices, analytic: FloatArray, h: float, rtol: float, floor: float
) -> Look:
    """Quotients by the objective's own structure, and its kinks exactly."""
    only = None if chosen.size == point.size and np.array_equal(chosen, np.arange(point.size)) else chosen

    def quotients(step: float, flat: Indices | None, scheme: Any = "centered") -> FloatArray:
        found = capabilities.numerical_gradient(objective, point, h=step, scheme=scheme, coordinates=flat)
        return np.asarray(found, dtype=np.float64).reshape(-1)

    numerical = quotients(h, only)
    crossings = capabilities.kink_crossings(objective, point, h=h, coordinates=only)
    crossing, excess = np.zeros(chosen.size, dtype=bool), np.zeros(chosen.size)
    if crossings is not None:
        crossing, excess = np.ravel(crossings[0]) > 0, np.ravel(crossings[1])
    smooth = numerical - excess
    look = Look(numerical, smooth, np.abs(analytic - smooth), np.full(chosen.size, floor), crossing, excess)

    suspect = np.isfinite(analytic) & (look.outside > rtol * _scale(analytic, smooth, floor) + look.doubt)
    for some in _in_turn(np.flatnonzero(suspect)):
        kinked, straight = some[crossing[some]], some[~crossing[some]]
        right = np.zeros(chosen.size, dtype=bool)
        if kinked.size:  # another choice of slope at a kink of the point is as right as the objective's own
            tiny = h * TINY if np.dtype(getattr(objective, "arithmetic", point.dtype)) == np.float64 else h
            ahead = quotients(tiny, chosen[kinked], "forward")
            behind = 2 * quotients(tiny, chosen[kinked]) - ahead
            low, high = np.minimum(ahead, behind), np.maximum(ahead, behind)
            outside = np.maximum(0.0, np.maximum(low - analytic[kinked], analytic[kinked] - high))
            sides = np.maximum(np.abs(low), np.abs(high))
            right[kinked] = outside <= rtol * np.maximum(_scale(analytic[kinked], smooth[kinked], floor), sides) + floor
            look.at_kink[kinked] = right[kinked]
            look.smooth[kinked] = np.where(right[kinked], analytic[kinked], smooth[kinked])
            look.outside[kinked] = np.where(right[kinked], 0.0, look.outside[kinked])
            look.looked_at += 3 * kinked.size
        if straight.size and _is_kept(point, chosen[straight], h / SHRINK):
            closer = np.abs(analytic[straight] - quotients(h / SHRINK, chosen[straight]))
            right[straight] = look.fades[straight] = closer <= 0.1 * look.outside[straight]
            look.looked_at += 2 * straight.size
        if not right[some].any():
            break
    return look


def by_slopes(first: FirstLook, analytic: FloatArray, rtol: float, floor: FloatArray) -> tuple[Look, Indices]:
    """The first look at a function, and the lines that need a second one: those that disagree, those near a kink."""
    with np.errstate(over="ignore"):
        numerical, gap = (first.left + first.right) / 2, np.abs(first.right - first.left)
    n = numerical.size
    outside = np.abs(analytic - numerical)
    look = Look(numerical, numerical.copy(), outside, floor.copy(), np.zeros(n, dtype=bool), np.zeros(n))
    disagrees = outside > rtol * _scale(analytic, numerical, floor)
    lopsided = gap > np.maximum(20 * floor, LOPSIDED * np.maximum(np.abs(first.left), np.abs(first.right)))
    return look, np.flatnonzero((disagrees | lopsided) & np.isfinite(analytic))


def look_again(
    look: Look,
    suspects: Indices,
    first: FirstLook,
    analytic: FloatArray,
    value_noise: float,
    gradient_noise: FloatArray,
    rtol: float,
    floor: FloatArray,
) -> None:
    """Second looks at the suspects with longer and shorter steps; the look is changed in place."""
    steepest = float(np.abs(analytic).max(where=np.isfinite(analytic), initial=0.0))
    factors = ladder(float(first.steps.min()), value_noise, first.value, steepest)
    for some in _in_turn(suspects):
        _take(look, some, gather(first, some, factors, value_noise), analytic[some])
        asked_noise = 2 * value_noise / first.steps[some]
        unseen = np.abs(analytic[some] - look.numerical[some]) <= asked_noise  # longer steps alone speak against it
        look.doubt[some] = np.where(unseen, np.maximum(look.doubt[some], look.outside[some]), look.doubt[some])
        tolerance = rtol * _scale(analytic[some], look.smooth[some], floor[some])
        right = look.outside[some] <= tolerance + look.doubt[some] + gradient_noise[some]
        disagreed = np.abs(analytic[some] - look.numerical[some]) > tolerance
        exact = look.outside[some] <= tolerance
        look.fades[some] = disagreed & right & exact & ~look.crossing[some]
        if not right.any() and not look.crossing[some].any():
            break


def _take(look: Look, some: Indices, found: Evidence, analytic: FloatArray) -> None:
    look.smooth[some] = found.nearest(analytic)
    look.outside[some] = np.where(found.jumps, np.inf, found.outside(analytic))
    look.doubt[some] = found.doubt
    look.crossing[some] = found.at_kink | found.near_kink
    look.at_kink[some] = found.at_kink
    look.jumps[some] = found.jumps


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
