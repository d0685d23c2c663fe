"""Estimates of a derivative from one-sided slopes at a ladder of steps: its value and uncertainty, or a kink.

A smooth function's slopes to the left and to the right of the point close as the step shrinks. At a kink they stay
apart; close to one they are apart until the step no longer reaches it. Noise grows as the step shrinks. So every
step has an error of its own, which is estimated, and the step with the smallest one gives the estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ...protocols import FloatArray
from .one_sided_slopes import FirstSlopes
from .sampling import Indices

RATIO = 8.0  # of one step to the next
LONGEST = 0.5  # of a line's length
SHORTEST = 2.0**-30  # of the size of the number that is moved
MOST = 40  # steps below the first
MOST = 40  # steps below the first
LARGER, SMALLER = 2, 8  # steps above and below one that the user asked for, at most
ROUNDINGS = 3.0  # in a value of f, at the least
ONE_SIDED = 2.5  # times the noise of a centred quotient, in an extrapolated one-sided one
RESOLVED = 10.0  # a gap between left and right slope is real if so many times its noise
OPEN = 0.6  # and does not close if so much of it is left at the next step: of a smooth function's it is 1/8
STEADY, CLOSED = 0.8, 0.02  # a gap that has not begun to close; one that nearly has
GROWS = 1.7  # at a jump, or where the slope is infinite: 8, or 2.8 for a root
JUMPS = 100.0  # times its noise, the gap at a jump
CHANGE_LEFT = 0.55  # of the last change is yet to come, if the error falls as slowly as the step's root
FASTER = 16.0  # changes fall where the error falls with the step's square: 64
SMOOTH_LEFT = 1 / 16  # of a smooth function's: 1/63
CHANGE_TO_COME = 1.6  # times the next change is all of it
SAFETY = 2.0
ABRUPT = 1000.0  # a quotient whose error falls so much from one step to the next has left a kink behind

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Estimates:
    """The derivatives along m lines.

    Attributes
    ----------
    derivative, uncertainty, step : float64 (m,)
        By the step with the smallest estimated error.
    at_kink : bool (m,)
        The point itself is on a kink (as far as the smallest step can tell): any slope from `left` to `right` is right.
    left, right, side_uncertainty : float64 (m,)
        The one-sided slopes at a kink; the derivative elsewhere.
    near_kink : bool (m,)
        The step that was asked for crosses a kink, a smaller one does not.
    jumps : bool (m,)
        The slopes grow as the step shrinks: f has no derivative there.
    steps, rises, quotients, noise : float64 (n_steps, m)
        All steps, by how much f changes at most over each, the centred quotients and their noise; NaN where f can't be
        evaluated.
    """

    derivative: FloatArray
    uncertainty: FloatArray
    step: FloatArray
    at_kink: Mask
    left: FloatArray
    right: FloatArray
    side_uncertainty: FloatArray
    near_kink: Mask
    jumps: Mask
    steps: FloatArray
    rises: FloatArray
    quotients: FloatArray
    noise: FloatArray

    def witnesses(self, analytic: FloatArray, longest: FloatArray) -> Indices:
        """(m,) How many steps' quotients speak against the analytic derivatives: they agree with each other, are too
        precise to err so much, and not much longer than the number that is moved: f may change over as little."""
        with np.errstate(invalid="ignore", over="ignore"):
            off = np.abs(analytic - self.derivative)
            agree = np.abs(self.quotients - self.derivative) <= 0.3 * off
            short = self.steps <= RATIO * longest
            return np.asarray((agree & (self.noise < 0.3 * off) & short).sum(axis=0))

    def distance(self, analytic: FloatArray) -> FloatArray:
        """Of the analytic derivatives from the derivative, or from the interval that is right at the kink."""
        low, high = np.minimum(self.left, self.right), np.maximum(self.left, self.right)
        return np.maximum(0.0, np.maximum(low - analytic, analytic - high))

    @property
    def distance_uncertainty(self) -> FloatArray:
        """(m,) The uncertainty that belongs to `distance`."""
        return np.where(self.at_kink, self.side_uncertainty, self.uncertainty)

    def of(self, lines: Indices) -> Estimates:
        """Of some lines."""
        return Estimates(**{f.name: getattr(self, f.name)[..., lines] for f in fields(self)})

    def nearest(self, analytic: FloatArray) -> FloatArray:
        """The right derivative nearest to the analytic one."""
        return np.clip(analytic, np.minimum(self.left, self.right), np.maximum(self.left, self.right))


@dataclass(frozen=True, eq=False)
class Noise:
    """How far values of f may be off: value (n,) for each line near the point, and `unit` of themselves anywhere."""

    value: FloatArray
    unit: float


def ladder(first: FirstSlopes, lines: Indices, noise: Noise, asked: bool) -> FloatArray:
    """Factors of the first steps, falling, 1 among them.

    From half a line's length down to what the smallest number that is moved can resolve; around a step that was asked
    for only some above it, then down to the square root of the values' relative noise, in units of the length along
    which f changes by as much as it is, where that is below 1.
    """
    steps, sizes, smallest = first.steps[lines], first.slopes.sizes[lines], first.slopes.smallest[lines]
    if not asked:
        with np.errstate(over="ignore", divide="ignore"):
            above = min(float((LONGEST * sizes / steps).max()), RATIO**MOST)
            below = min(float((steps / (SHORTEST * smallest)).max()), RATIO**MOST)
        longer, shorter = (math.ceil(math.log(ratio) / math.log(RATIO)) for ratio in (above, below))
        return np.asarray(RATIO ** np.arange(max(0, longer), -max(2, shorter) - 1.0, -1.0))
    value = float(np.abs(first.value[lines]).max())
    steepest = float(np.fmax(np.abs(first.left[lines]), np.abs(first.right[lines])).max())
    value_noise = float(noise.value[lines].max())
    unit = max(value_noise / max(value, value_noise), 2.0**-52) if value_noise > 0 else 2.0**-52
    length = min(1.0, max(1e-6, value / steepest)) if 0 < steepest < math.inf and value != 0 else 1.0
    h, shortest = float(steps.min()), math.sqrt(unit) / RATIO * length
    n = max(2, math.ceil(math.log(min(h / shortest, RATIO**MOST)) / math.log(RATIO))) if h > shortest else 2
    return np.asarray(RATIO ** np.arange(LARGER, -min(n, SMALLER) - 1.0, -1.0))


def estimate(first: FirstSlopes, lines: Indices, factors: FloatArray, noise: Noise) -> Estimates:
    """For some lines, by the steps of the first slopes times the factors."""
    steps, value = first.steps[lines], first.value[lines]
    found = [
        (first.left[lines], first.right[lines]) if factor == 1 else first.slopes.sides(lines, factor * steps, value)
        for factor in factors.tolist()
    ]
    left, right = (np.stack(side) for side in zip(*found, strict=True))
    with np.errstate(over="ignore", invalid="ignore"):
        all_steps = factors[:, np.newaxis] * steps
        rises = np.fmax(np.abs(left), np.abs(right)) * all_steps
        farthest = np.where(np.isfinite(rises), rises, 0.0) + np.abs(value)
        by_step = np.maximum(noise.value[lines], ROUNDINGS * noise.unit * farthest) / all_steps
    # Where one side lies outside the domain the other is extrapolated, and stands for both.
    half = np.isnan(left) != np.isnan(right)
    one = np.where(np.isnan(left), _extrapolated(right), _extrapolated(left))
    left, right, by_step = np.where(half, one, left), np.where(half, one, right), np.where(half, ONE_SIDED, 1) * by_step
    return estimates_from(left, right, by_step, int(np.flatnonzero(factors == 1)[0]), all_steps, rises)


def _extrapolated(side: FloatArray) -> FloatArray:
    """The slopes of one side, whose error falls with the step, by each step and the next longer one."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.concatenate([np.full_like(side[:1], np.nan), (RATIO * side[1:] - side[:-1]) / (RATIO - 1)])


def estimates_from(
    left: FloatArray, right: FloatArray, noise: FloatArray, asked: int, steps: FloatArray, rises: FloatArray
) -> Estimates:
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
        with np.errstate(invalid="ignore", over="ignore"):
            alike = usable[k - 1] & (gap[k] * gap[k - 1] > 0)
        stays = resolved[k] & alike & (size[k] >= OPEN * size[k - 1])
        for finer in range(k + 1, n):
            stays &= ~usable[finer] | (size[finer] + gap_noise[finer] >= OPEN * size[k])
        if k + 1 < n:
            stays &= ~usable[k + 1] | (gap_noise[k + 1] < 0.3 * size[k])
        grows = stays & (size[k] >= GROWS * size[k - 1])
        # Twice in a row: one growing gap alone may be a kink that the longer step averaged out.
        if k > 1:
            jumps |= grows & (size[k - 1] >= GROWS * size[k - 2]) & (size[k] > JUMPS * gap_noise[k])
        better = stays & ~grows & (sides[k] < side_error)
        at_kink |= better
        side_error[better] = sides[k][better]
        lefts[better], rights[better] = left[k][better], right[k][better]

    # A slope that grew and then closes again belongs to a curve that is shorter than the longer steps.
    peak = np.maximum.accumulate(size, axis=0)
    jumps &= ~(usable & (size + gap_noise < OPEN * peak)).any(axis=0)
    at_kink &= ~jumps
    error = _errors(middle, noise, usable, size) + _unclosed_gap(size)
    best = np.argmin(error, axis=0)
    derivative = middle[best, columns]
    with np.errstate(invalid="ignore"):
        uncertainty = SAFETY * error[best, columns] - (SAFETY - 1) * noise[best, columns]  # which is one with a margin
    lefts, rights = np.where(at_kink, lefts, derivative), np.where(at_kink, rights, derivative)

    # A kink beside the point, within the step asked for: on one side the slope is another, so the gap is at least the
    # error of the middle, until at a shorter step the error is all at once gone (truncation would only fall by 64).
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.where(usable, np.abs(middle - derivative), 0.0)
    near = np.zeros(m, dtype=bool)
    one_sided = resolved[asked] & (size[asked] >= off[asked]) & (size[asked] <= 20 * off[asked])
    for k in range(asked + 1, n):
        near |= usable[k] & (off[k - 1] > ABRUPT * (off[k] + noise[k]))
    near &= one_sided & ~at_kink
    step = steps[best, columns]
    return Estimates(
        derivative, uncertainty, step, at_kink, lefts, rights, side_error, near, jumps, steps, rises, middle, noise
    )  # fmt: skip


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


def _errors(slope: FloatArray, noise: FloatArray, usable: Mask, gap: FloatArray | None = None) -> FloatArray:
    """How far each step's quotient may be from the slope that it stands for: its noise; what is left of the change
    from the next longer step, or all of that to the next shorter one; and what shorter steps contradict. gap: between
    the sides' slopes, where the quotients are centred."""
    n, m = slope.shape
    error = np.where(usable, noise, np.inf)
    with np.errstate(invalid="ignore", over="ignore"):
        changes = np.abs(np.diff(slope, axis=0))
        for k in range(n):
            longer = _left_of_change(changes, noise, gap, k) if k > 0 else np.full(m, np.inf)
            shorter = CHANGE_TO_COME * changes[k] + noise[k + 1] if k < n - 1 else np.full(m, np.inf)
            change = np.fmin(longer, shorter)  # both are bounds: the smaller is nearer to the error
            error[k] += np.where(np.isfinite(change), change, np.inf)
            for finer in range(k + 1, n):
                apart = np.abs(slope[finer] - slope[k])
                contradicts = usable[finer] & (apart > noise[finer] + noise[k])
                error[k] = np.maximum(error[k], np.where(contradicts, apart + noise[finer], 0.0))
    return error


def _left_of_change(changes: FloatArray, noise: FloatArray, gap: FloatArray | None, k: int) -> FloatArray:
    """How much of the change from the next longer step is yet to come: more than is known where changes grow, little
    where they and the gap between the sides fall as a smooth function's."""
    change = changes[k - 1]
    if k < 2:
        return np.asarray(CHANGE_LEFT * change)
    unseen = noise[k - 1] + noise[k]
    left = np.where(change > changes[k - 2] + unseen, np.inf, CHANGE_LEFT)
    if gap is not None:
        falls = (change <= changes[k - 2] / FASTER + unseen) & (gap[k] <= gap[k - 1] / 4 + 4 * noise[k])
        left = np.where(falls, SMOOTH_LEFT, left)
    return np.asarray(np.where(change == 0, 0.0, left * change))


def _unclosed_gap(size: FloatArray) -> FloatArray:
    """Twice the gap between the slopes left and right, where it has not closed since the next longer step as a smooth
    function's does. Kinks that bend both ways move the middle by about as much as they open the gap."""
    # A smooth function's gap is h f'' and falls by 8: a seventh of the longer step's is its own, with room for f'''.
    # The longest step has none before it; it is open where the next one has kept more than a quarter.
    opened = np.concatenate([np.where(4 * size[1:2] > size[:1], size[:1], 0.0), size[1:] - size[:-1] / 7])
    return np.asarray(2 * np.maximum(0.0, opened))
