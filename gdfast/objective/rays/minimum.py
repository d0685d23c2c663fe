"""The lowest point of a ray from its slopes: where the directional derivative vanishes, or jumps over zero.

The step is bracketed, and the bracket shrinks by Chandrupatla's rule: the inverse parabola through three slopes
where that is safe, otherwise the middle. Smooth rays need about ten slopes; those of hinge losses, whose slope is
a staircase, about fifty.
"""

from __future__ import annotations

import math
from collections.abc import Callable

ROUNDING = 4  # units in the last place that a bracket may be wide at the end


def lowest_step(slope: Callable[[float], float], max_step: float) -> float:
    """The step in [0, max_step] that minimises a convex function with this slope (a local minimum of any other).

    The slope at the step is >= 0, and < 0 just below. 0 when the function rises at once; `max_step` when it still
    falls there. Where the slope is NaN the function has ended: the last step before, if it falls up to there.

    References
    ----------
    T. R. Chandrupatla, A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function
    without using derivatives, Advances in Engineering Software 28, 1997.
    """
    low, below = 0.0, slope(0.0)
    if not below < 0:
        return 0.0
    high = min(1.0, max_step)
    while (above := slope(high)) < 0:
        if high >= max_step:
            return max_step
        low, below, high = high, above, min(_further(low, below, high, above), max_step)
    share = _kept_inside(below / (below - above) if math.isfinite(above) else 0.5, 1e-9)  # where a straight line is 0
    while high - low > ROUNDING * math.ulp(high):
        step = low + share * (high - low)
        if not low < step < high:
            step = 0.5 * (low + high)
        here = slope(step)
        if here == 0:
            return step
        if here < 0:
            replaced, at_replaced = low, below
            low, below = step, here
        else:
            replaced, at_replaced = high, above
            high, above = step, here
        share = _share(low, below, high, above, replaced, at_replaced)
    return low if math.isnan(above) else high


def _further(before: float, slope_before: float, step: float, slope: float) -> float:
    """A longer step, about where the line through two slopes rises to 0: 2 to 100 times as long."""
    rise = slope - slope_before
    line = step - slope * (step - before) / rise if rise > 0 else math.inf
    return min(max(2 * step, 1.1 * line), 100 * step)


def _share(low: float, below: float, high: float, above: float, replaced: float, at_replaced: float) -> float:
    """How far from low to high the next step lies; the end that was moved last stood at `replaced`."""
    newest_is_low = replaced < low
    (a, at_a), (b, at_b) = ((low, below), (high, above)) if newest_is_low else ((high, above), (low, below))
    c, at_c = replaced, at_replaced
    if not (math.isfinite(above) and math.isfinite(at_c)) or at_c == at_b:
        return _middle(low)
    xi, phi = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
    if not (phi * phi < xi and (1 - phi) ** 2 < 1 - xi):
        return _middle(low)
    share = at_a / (at_b - at_a) * (at_c / (at_b - at_c)) + (c - a) / (b - a) * (at_a / (at_c - at_a)) * (
        at_b / (at_c - at_b)
    )
    share = _kept_inside(share, ROUNDING * math.ulp(high) / (2 * (high - low)))
    return share if newest_is_low else 1 - share


def _middle(low: float) -> float:
    """Half the way; a hundredth while the step may be of any size."""
    return 0.01 if low == 0 else 0.5


def _kept_inside(share: float, margin: float) -> float:
    return min(max(share, margin), 1 - margin) if margin < 0.5 else 0.5
