"""The strong Wolfe line search: bracket a step, then zoom into the bracket (Nocedal, Wright 2006, algorithm 3.5)."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...protocols import Ray

TRIALS = 100
NARROW = 1e-9  # of the step: a bracket that is narrower holds a kink
EPS = 2.0**-53


class Point(NamedTuple):
    """The ray at a step; the slope is NaN where it was not asked for."""

    step: float
    value: float
    slope: float


class Points:
    """A ray whose points are counted: value and slope at one step are one point."""

    __slots__ = ("_ray", "_seen")

    def __init__(self, ray: Ray) -> None:
        self._ray = ray
        self._seen: set[float] = set()

    @property
    def count(self) -> int:
        """At how many steps it was computed."""
        return len(self._seen)

    def value(self, step: float) -> float:
        """The value there."""
        self._seen.add(step)
        return self._ray.value(step)

    def slope(self, step: float) -> float:
        """The slope there."""
        self._seen.add(step)
        return self._ray.slope(step)


def strong_wolfe(
    points: Points, value: float, slope: float, start: float, sufficient: float, curvature: float, max_step: float
) -> Point:
    """A point that falls enough and is flat enough; failing that the lowest that falls enough (step 0: none does)."""
    origin = Point(0.0, value, slope)

    def seen_at(step: float, always: bool = False) -> tuple[Point, bool]:
        """The ray there, and whether it falls enough; the slope is asked for where it does (or always)."""
        there = points.value(step)
        falls = math.isfinite(there) and there <= value + sufficient * step * slope
        slope_there = points.slope(step) if falls or (always and math.isfinite(there)) else math.nan
        return Point(step, there, slope_there), falls and math.isfinite(slope_there)

    def is_flat(point: Point) -> bool:
        return abs(point.slope) <= -curvature * slope

    def zoom(low: Point, high: Point) -> Point:
        """`low` falls enough and is the lowest so far; the slope there points to `high`."""
        widths = [math.inf, math.inf]
        for _ in range(TRIALS):
            width = abs(high.step - low.step)
            if width <= NARROW * max(low.step, high.step) or width * abs(low.slope) <= EPS * abs(low.value):
                break
            step = _between(low, high, middle=width > 0.66 * widths[-2])
            widths.append(width)
            here, falls = seen_at(step)
            if not falls or here.value >= low.value:
                high = here
                continue
            if is_flat(here):
                return here
            low, high = here, (low if here.slope * (high.step - low.step) >= 0 else high)
        return low

    before, step = origin, min(start, max_step)
    for trial in range(TRIALS):
        here, falls = seen_at(step, always=trial == 0)
        if not falls or (trial > 0 and here.value >= before.value):
            return zoom(before, here)
        if is_flat(here) or (here.slope < 0 and step >= max_step):
            return here
        if here.slope >= 0:
            return zoom(here, before)
        step = min(_beyond(before, here), max_step)
        before = here
    return before


def cubic_minimum(a: Point, b: Point) -> float:
    """Where the cubic with these values and slopes has its minimum; the parabola's where b's slope is not known."""
    width = b.step - a.step
    if math.isfinite(b.slope):
        d1 = a.slope + b.slope - 3 * (b.value - a.value) / width
        square = d1 * d1 - a.slope * b.slope
        if square < 0:
            return math.nan
        d2 = math.copysign(math.sqrt(square), width)
        bottom = b.slope - a.slope + 2 * d2
        return b.step - width * (b.slope + d2 - d1) / bottom if bottom != 0 else math.nan
    bottom = 2 * (b.value - a.value - a.slope * width)
    return a.step - a.slope * width * width / bottom if bottom > 0 else math.nan


def _between(low: Point, high: Point, middle: bool) -> float:
    """A step inside the bracket, a hundredth of its width from both ends at least."""
    width = high.step - low.step
    step = cubic_minimum(low, high) if math.isfinite(high.value) and not middle else math.nan
    if not math.isfinite(step):
        return low.step + (0.5 if math.isfinite(high.value) else 0.1) * width
    share = min(max((step - low.step) / width, 0.01), 0.99)
    return low.step + share * width


def _beyond(before: Point, here: Point) -> float:
    """A step further on: the cubic's minimum, but 2 to 10 times as far."""
    step = cubic_minimum(before, here)
    return min(max(step, 2 * here.step), 10 * here.step) if math.isfinite(step) else 10 * here.step
