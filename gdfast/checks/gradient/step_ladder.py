"""Estimates of a derivative from one-sided slopes at a ladder of steps: its value and uncertainty, or a kink.

A smooth function's slopes to the left and to the right of the point close as the step shrinks. At a kink they stay
apart; close to one they are apart until the step no longer reaches it. Noise grows as the step shrinks. So every
step has an error of its own, which is estimated, and the step with the smallest one gives the estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...protocols import FloatArray
from .one_sided_slopes import FirstSlopes
from .sampling import Indices

RATIO = 8.0  # of one step to the next
LARGER = 2  # steps above the one that was asked for
SMALLER = 8  # at most, below it
RESOLVED = 10.0  # a gap between left and right slope is real if so many times its noise
OPEN = 0.6  # and does not close if so much of it is left at the next step: of a smooth function's it is 1/8
STEADY, CLOSED = 0.8, 0.02  # a gap that has not begun to close; one that nearly has
GROWS = 1.7  # at a jump, or where the slope is infinite: 8, or 2.8 for a root
CHANGE_LEFT = 0.55  # of the last change is yet to come, if the error falls as slowly as the step's root
CHANGE_TO_COME = 1.6  # times the next change is all of it
USUAL = 0.75
SAFETY = 2.0
ABRUPT = 1000.0  # a quotient whose error falls so much from one step to the next has left a kink behind

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Estimates:
    """The derivatives along m lines.

    Attributes
    ----------
    derivative, uncertainty : float64 (m,)
        By the step with the smallest estimated error.
    at_kink : bool (m,)
        The point itself is on a kink (as far as the smallest step can tell): any slope from `left` to `right` is right.
    left, right, side_uncertainty : float64 (m,)
        The one-sided slopes at a kink; the derivative elsewhere.
    near_kink : bool (m,)
        The step that was asked for crosses a kink, a smaller one does not.
    jumps : bool (m,)
        The slopes grow as the step shrinks: f has no derivative there.
    """

    derivative: FloatArray
    uncertainty: FloatArray
    at_kink: Mask
    left: FloatArray
    right: FloatArray
    side_uncertainty: FloatArray
    near_kink: Mask
    jumps: Mask

    def distance(self, analytic: FloatArray) -> FloatArray:
        """Of the analytic derivatives from the derivative, or from the interval that is right at the kink."""
        low, high = np.minimum(self.left, self.right), np.maximum(self.left, self.right)
        return np.maximum(0.0, np.maximum(low - analytic, analytic - high))

    @property
    def distance_uncertainty(self) -> FloatArray:
        """(m,) The uncertainty that belongs to `distance`."""
        return np.where(self.at_kink, self.side_uncertainty, self.uncertainty)

    def nearest(self, analytic: FloatArray) -> FloatArray:
        """The right derivative nearest to the analytic one."""
        return np.clip(analytic, np.minimum(self.left, self.right), np.maximum(self.left, self.right))


def ladder(h: float, value_noise: float, value: float, steepest: float) -> FloatArray:
    """Factors of h, falling: some above 1, then 1, then down to the square root of the values' relative noise.

    That root is in units of the length along which f changes by as much as it is, where that is below 1.
    """
    unit = max(value_noise / max(abs(value), value_noise), 2.0**-52) if value_noise > 0 else 2.0**-52
    length = min(1.0, max(1e-6, abs(value) / steepest)) if steepest > 0 and value != 0 else 1.0
    smallest = math.sqrt(unit) / RATIO * length
    n = max(2, math.ceil(math.log(h / smallest) / math.log(RATIO))) if h > smallest else 2
    return np.asarray(RATIO ** np.arange(LARGER, -min(n, SMALLER) - 1.0, -1.0))


def estimate(first: FirstSlopes, lines: Indices, factors: FloatArray, value_noise: float) -> Estimates:
    """For some lines, by the steps of the first slopes times the factors."""
    steps = first.steps[lines]
    found = [
        (first.left[lines], first.right[lines])
        if factor == 1
        else first.slopes.sides_or_nan(lines, factor * steps, first.value)
        for factor in factors.tolist()
    ]
    left, right = (np.stack(side) for side in zip(*found, strict=True))
    with np.errstate(over="ignore"):
        noise = value_noise / (factors[:, np.newaxis] * steps)
    return estimates_from(left, right, noise, int(np.flatnonzero(factors == 1)[0]))


def estimates_from(left: FloatArray, right: FloatArray, noise: FloatArray, asked: int) -> Estimates:
    """From slopes (n_steps, m), the longest step first, NaN where there is none; noise is that of a centred quotient,
    asked the row of the step that was asked for."""
    left, right = _without_half_left_kinks(left, right)
    n, m = left.shape
    with np.errstate(invalid="ignore", over="ignore"):
        middle, gap = (left + right) / 2, right - left
    usable = np.isfinite(middle)
    columns = np.arange(m)
    # With values off by d, a centred quotient is off by d / h, a one-sided one by 2 d / h, their gap by 4 d / h.
    gap_noise = np.where(usable, 4 * noise, np.inf)
    size = np.where(usable, np.abs(gap), 0.0)
    resolved = size > RESOLVED * gap_noise
    sides = SAFETY * np.maximum(_errors(left, 2 * noise, usable), _errors(right, 2 * noise, usable))
    at_kink, jumps = np.zeros(m, dtype=bool), np.zeros(m, dtype=bool)
    lefts, rights, side_error = np.zeros(m), np.zeros(m), np.full(m, np.inf)
    for k in range(1, n):
        # A kink: the gap has the same sign as at the longer step, does not close, and no shorter step closes it, the
        # next of which would show that above its noise.
        alike = usable[k - 1] & (gap[k] * gap[k - 1] > 0)
        stays = resolved[k] & alike & (size[k] >= OPEN * size[k - 1])
        for finer in range(k + 1, n):
            stays &= ~usable[finer] | (size[finer] + gap_noise[finer] >= OPEN * size[k])
        if k + 1 < n:
            stays &= ~usable[k + 1] | (gap_noise[k + 1] < 0.3 * size[k])
        grows = stays & (size[k] >= GROWS * size[k - 1])
        # Twice in a row: one growing gap alone may be a kink that the longer step averaged out.
        jumps |= grows & (size[k - 1] >= GROWS * size[k - 2]) if k > 1 else False
        better = stays & ~grows & (sides[k] < side_error)
        at_kink |= better
        side_error[better] = sides[k][better]
        lefts[better], rights[better] = left[k][better], right[k][better]

    at_kink &= ~jumps
    error = _errors(middle, noise, usable) + _unclosed_gap(size, ~at_kink)
    best = np.argmin(error, axis=0)
    derivative, uncertainty = middle[best, columns], SAFETY * error[best, columns]
    lefts, rights = np.where(at_kink, lefts, derivative), np.where(at_kink, rights, derivative)

    # A kink beside the point, within the step asked for: on one side the slope is another, so the gap is at least the
    # error of the middle, until at a shorter step the error is all at once gone (truncation would only fall by 64).
    off = np.where(usable, np.abs(middle - derivative), 0.0)
    near = np.zeros(m, dtype=bool)
    one_sided = resolved[asked] & (size[asked] >= off[asked]) & (size[asked] <= 20 * off[asked])
    for k in range(asked + 1, n):
        near |= usable[k] & (off[k - 1] > ABRUPT * (off[k] + noise[k]))
    near &= one_sided & ~at_kink
    return Estimates(derivative, uncertainty, at_kink, lefts, rights, side_error, near, jumps)


def _without_half_left_kinks(left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The slopes without the shortest step where that step alone begins to leave a kink behind: it can't tell how near
    the kink is, and as far as the others can tell the point is on it."""
    if len(left) < 4:
        return left, right
    with np.errstate(invalid="ignore", over="ignore"):
        third, second, first, last = np.abs(right - left)[-4:]
        begins = (first >= STEADY * second) & (second >= STEADY * third)
        begins &= (last < OPEN * first) & (last > CLOSED * first)
    left, right = left.copy(), right.copy()
    left[-1, begins] = right[-1, begins] = np.nan
    return left, right


def _errors(slope: FloatArray, noise: FloatArray, usable: Mask) -> FloatArray:
    """How far each step's quotient may be from the slope that it stands for: its noise; what is left of the change
    from the next longer step, or all of that to the next shorter one; and what shorter steps contradict."""
    n, m = slope.shape
    error = np.where(usable, noise, np.inf)
    with np.errstate(invalid="ignore", over="ignore"):
        changes = [_at_least_usual(np.abs(slope[k + 1] - slope[k])) for k in range(n - 1)]
        for k in range(n):
            longer = CHANGE_LEFT * changes[k - 1] if k > 0 else np.full(m, np.inf)
            shorter = CHANGE_TO_COME * changes[k] + noise[k + 1] if k < n - 1 else np.full(m, np.inf)
            change = np.fmin(longer, shorter)  # both are bounds: the smaller is nearer to the error
            error[k] += np.where(np.isfinite(change), change, 0.0)
            for finer in range(k + 1, n):
                apart = np.abs(slope[finer] - slope[k])
                contradicts = usable[finer] & (apart > noise[finer] + noise[k])
                error[k] = np.maximum(error[k], np.where(contradicts, apart + noise[finer], 0.0))
    return error


def _at_least_usual(change: FloatArray, among: Mask | None = None) -> FloatArray:
    """Sizes (m,), none smaller than three quarters of them are: a small one among large ones is an accident."""
    known = change[np.isfinite(change) if among is None else np.isfinite(change) & among]
    return np.asarray(np.maximum(change, np.quantile(known, USUAL) if known.size else 0.0))


def _unclosed_gap(size: FloatArray, among: Mask) -> FloatArray:
    """Twice the gap between the slopes left and right, where it has not closed since the next longer step as a smooth
    function's does. Kinks that bend both ways move the middle by about as much as they open the gap. among (m,): the
    lines whose gaps tell what is usual; one at a kink of its own stays open whatever the others do."""
    # A smooth function's gap is h f'' and falls by 8: a seventh of the longer step's is its own, with room for f'''.
    # The longest step has none before it; it is open where the next one has kept more than a quarter.
    opened = np.concatenate([np.where(4 * size[1:2] > size[:1], size[:1], 0.0), size[1:] - size[:-1] / 7])
    return np.stack([2 * _at_least_usual(np.maximum(0.0, step), among) for step in opened])
