"""Difference quotients with an estimate of their error, and the step of each that has the smallest.

A quotient D(h) is compared with two whose stencils lie inside its own, D(0.71 h) and D(0.43 h): while truncation rules,
its error is ``|D(h) - D(ch)| / (1 - c**power)``; where rounding does, the quotients differ by more than that error. So
2.5 times the larger of the two, plus what the spacing of f's values may do, bounds it in nearly all cases. (The shares
are no simple fractions: values that are few multiples of a spacing would agree by chance.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .._unwarned import unwarned
from ..protocols import Array, FloatArray
from .points import Points, is_outside

Lines = NDArray[np.int64]

SHARES = (0.71, 0.43)
SAFETY = 2.5
GOOD = 300.0
"""So many times the best relative error that can be hoped for is good enough: no other step is tried."""
RATIO = 5.83
"""Of one step to the next where several are tried."""
MOST_LARGER = 40
NEARBY = (1.0, 0.41, 0.17, 0.067)
"""Around the best of many, which is judged by much smaller steps and so tends to be too large."""
DOUBT = 3.0
"""Two quotients contradict each other where they differ by more than so many times their errors."""
EXPLAINED = 10.0
"""The spacing of f's values explains a quotient up to so many times what it does alone."""
KNOWN = 0.1
"""A derivative whose relative error is below this is known not to be 0."""


class Rule(Protocol):
    """A difference quotient along n lines, each by a step of its own."""

    order: int
    """Of the derivative: rounding is divided by the step to this power."""
    power: int
    """Truncation rises with the step to this power."""

    def __call__(self, lines: Lines, steps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Quotients (m, *out) of some lines by these steps, NaN where f or the step is of no use (as a step of 0), and
        what the spacing of f's values may have done to them (m, *out)."""
        ...

    def resolution(self, lines: Lines) -> FloatArray:
        """The smallest step of each that is not changed much when x + h is rounded, (m,)."""
        ...


@dataclass(frozen=True, eq=False)
class Estimates:
    """Quotients (n, *out), their estimated errors, the steps (n,) that they were made with, and what the spacing of f's
    values may have done to them."""

    steps: FloatArray
    quotients: FloatArray
    errors: FloatArray
    spacing: FloatArray

    def relative(self) -> FloatArray:
        """Error over quotient, (n,): of the norms where there are several; infinite where there is none."""
        with np.errstate(all="ignore"):
            error, size = (
                np.linalg.norm(array.reshape(len(array), -1), axis=1) for array in (self.errors, self.quotients)
            )
            ratio = np.where(error == 0, 0.0, error / size)
        return np.where(np.isnan(ratio), np.inf, ratio)

    def largest(self) -> FloatArray:
        """The largest error of each line, (n,); infinite where it is not known."""
        errors = self.errors.reshape(len(self.errors), -1).max(axis=1)
        return np.asarray(np.where(np.isnan(errors), np.inf, errors))

    def may_be_zero(self) -> NDArray[np.bool_]:
        """(n,): whether the spacing of f's values explains all that there is of the quotients."""
        with np.errstate(invalid="ignore"):
            explained = np.abs(self.quotients) <= EXPLAINED * self.spacing
        return np.asarray(explained.reshape(len(explained), -1).all(axis=1))


def estimated(rule: Rule, lines: Lines, steps: FloatArray) -> Estimates:
    """The quotients by these steps, and their errors (infinite where they can't be told): three evaluations of each."""
    quotients, spacing = rule(lines, steps)
    errors = np.zeros_like(quotients)
    with np.errstate(all="ignore"):
        for share in SHARES:
            nearer, _ = rule(lines, share * steps)
            errors = np.maximum(errors, np.abs(quotients - nearer) / (1 - share**rule.power))
        errors = SAFETY * errors + spacing
        errors[SHARES[-1] * steps < rule.resolution(lines)] = np.inf  # they are the same stencil
    return Estimates(steps, quotients, np.where(np.isnan(errors), np.inf, errors), spacing)


def unjudged(rule: Rule, lines: Lines, steps: FloatArray) -> Estimates:
    """The quotients alone: one evaluation of each; their errors are NaN."""
    quotients, spacing = rule(lines, steps)
    return Estimates(steps, quotients, np.full_like(quotients, np.nan), spacing)


def best(rule: Rule, lines: Lines, first: FloatArray, unit: float, largest: float | FloatArray) -> Estimates:
    """The quotients by the step that suits each line: the first where its error is good, else the best of many.

    These go from far below the first up to `largest`.
    """
    found = estimated(rule, lines, first)
    return improved(rule, lines, found, ~(found.relative() <= good_enough(unit, rule)), unit, largest)


def improved(
    rule: Rule, lines: Lines, found: Estimates, is_poor: NDArray[np.bool_], unit: float, largest: float | FloatArray
) -> Estimates:
    """The same with the best of many steps for the lines that are poor."""
    poor = np.flatnonzero(is_poor)
    if poor.size == 0:
        return found
    parts = found.steps.copy(), found.quotients.copy(), found.errors.copy(), found.spacing.copy()
    limits = np.broadcast_to(largest, found.steps.shape)
    for candidate in (rule, Extrapolated(rule)):
        steps = _best_steps(candidate, lines[poor], found.steps[poor], unit, limits[poor])
        for share in NEARBY:
            new = estimated(candidate, lines[poor], share * steps)
            better = _is_better(new, Estimates(*(part[poor] for part in parts)))
            for part, replaced in zip(parts, (new.steps, new.quotients, new.errors, new.spacing), strict=True):
                part[poor[better]] = replaced[better]
        poor = poor[parts[1][poor].reshape(poor.size, -1).any(axis=1)]  # what is 0 gains nothing
        if poor.size == 0:
            break
    return Estimates(*parts)


def _is_better(new: Estimates, old: Estimates) -> NDArray[np.bool_]:
    """Of each line: by the relative errors; by the errors where both may be of 0."""
    may_be_zero = new.may_be_zero() & old.may_be_zero()
    return np.asarray(np.where(may_be_zero, new.largest() < old.largest(), new.relative() < old.relative()))


class Extrapolated:
    """``(2**power D(h/2) - D(h)) / (2**power - 1)``: the first term of the truncation is gone (Richardson)."""

    def __init__(self, rule: Rule) -> None:
        self._rule, self.order = rule, rule.order
        self.power = rule.power + min(rule.power, 2)

    def __call__(self, lines: Lines, steps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Quotients, and what spacing may have done."""
        (far, spread), (near, spread_near) = self._rule(lines, steps), self._rule(lines, 0.5 * steps)
        factor = 2.0**self._rule.power
        with np.errstate(all="ignore"):
            return (factor * near - far) / (factor - 1), (factor * spread_near + spread) / (factor - 1)

    def resolution(self, lines: Lines) -> FloatArray:
        """That of half the step."""
        return 2 * self._rule.resolution(lines)


def good_enough(unit: float, rule: Rule) -> float:
    """The relative error of a quotient that need not be improved."""
    return min(float(GOOD * unit ** (rule.power / (rule.order + rule.power))), KNOWN)


def _best_steps(rule: Rule, lines: Lines, first: FloatArray, unit: float, largest: FloatArray) -> FloatArray:
    """The step of each line with the smallest relative error; where none tells the derivative from 0, the smallest
    error."""
    down = int(np.ceil(np.log(unit ** (1 / (rule.order + rule.power)) / (4 * unit)) / np.log(RATIO)))
    with np.errstate(over="ignore"):
        reach = min(max(float((largest / first).max()), 1.0), RATIO**MOST_LARGER)
        up = max(2, int(np.ceil(np.log(reach) / np.log(RATIO))))
        levels = [np.where(RATIO**k * first <= RATIO * largest, RATIO**k * first, 0.0) for k in range(-down, up + 1)]
    every, spacings = zip(*(rule(lines, steps) for steps in levels), strict=True)
    candidates = []
    with np.errstate(all="ignore"):
        for i in range(1, len(levels)):
            gap = np.abs(every[i] - every[i - 1]) / (1 - RATIO**-rule.power)
            candidates.append(Estimates(levels[i], every[i], SAFETY * gap + spacings[i], spacings[i]))
        relative = np.stack([candidate.relative() for candidate in candidates])
        errors = np.stack([candidate.largest() for candidate in candidates])
        zeros = np.stack([candidate.may_be_zero() for candidate in candidates])
        against = _contradicts(candidates)
    unknown = np.isinf(errors) & ~np.isfinite(relative)
    zeros = np.logical_and.accumulate((zeros | unknown)[::-1], axis=0)[::-1]  # and at all larger steps
    against |= np.stack([candidate.steps for candidate in candidates]) < RATIO * rule.resolution(lines)
    relative[against] = errors[against | ~zeros] = np.inf
    by_ratio, by_error = relative.argmin(axis=0), errors.argmin(axis=0)
    columns = np.arange(lines.size)
    best_ratio, least_error = relative[by_ratio, columns], errors[by_error, columns]
    chosen = np.where((best_ratio < KNOWN) | np.isinf(least_error), by_ratio, by_error)
    steps = np.stack([candidate.steps for candidate in candidates])[chosen, columns]
    return np.asarray(np.where(np.isfinite(best_ratio) | np.isfinite(least_error), steps, first))


def _contradicts(candidates: list[Estimates]) -> NDArray[np.bool_]:
    """Whether what a step says is not what the smaller ones say, within their errors: (number of steps, n).

    Steps beyond the length over which f bends may agree among themselves: the slope of a bounded function is 0 there.
    """
    low, high = (
        np.stack([(part.quotients + sign * DOUBT * part.errors).reshape(len(part.steps), -1) for part in candidates])
        for sign in (-1, 1)
    )
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    lowest = np.maximum.accumulate(low, axis=0)
    highest = np.minimum.accumulate(high, axis=0)
    return np.asarray(((high < lowest) | (low > highest)).any(axis=2))


class Spacing:
    """How far apart f's values can lie, from those that were seen.

    At least float64's spacing; float32's as long as all of them are float32 numbers; and the largest power of 2 that
    all are multiples of: sums with a large constant leave the last bits of what is added to it 0.
    """

    def __init__(self) -> None:
        self._is_narrow, self._unit = True, np.inf
        self._lowest, self._highest = np.inf, -np.inf

    def __call__(self, values: FloatArray, size: FloatArray) -> FloatArray:
        """Of values of this size (m, *out), with these values seen."""
        finite = values[np.isfinite(values) & (values != 0)]
        with np.errstate(over="ignore"):
            self._is_narrow = self._is_narrow and bool((finite.astype(np.float32) == finite).all())
        if finite.size:
            self._lowest, self._highest = min(self._lowest, finite.min()), max(self._highest, finite.max())
            fractions, exponents = np.frexp(finite)
            digits = np.ldexp(fractions, 53).astype(np.int64)
            self._unit = min(self._unit, float(np.ldexp((digits & -digits).astype(np.float64), exponents - 53).min()))
        relative = np.finfo(np.float32 if self._is_narrow else np.float64).eps
        return np.asarray(np.maximum(relative * size, self._unit if self._lowest < self._highest else 0.0))


class Tolerant:
    """Values at points, NaN where f raises or returns what is no finite number; the first such exception is kept."""

    def __init__(self, values_at: Callable[[Points], FloatArray]) -> None:
        self._values_at = values_at
        self.failure: Exception | None = None

    def __call__(self, points: Points) -> FloatArray:
        """(n, *out)."""
        with unwarned(), np.errstate(all="ignore"):
            parts = self._parts(points)
        shape = next((part.shape[1:] for part, _ in parts if part is not None), ())
        return np.concatenate([np.full((n, *shape), np.nan) if part is None else part for part, n in parts])

    def _parts(self, points: Points) -> list[tuple[FloatArray | None, int]]:
        try:
            return [(self._values_at(points), len(points))]
        except Exception as error:  # f may raise whatever it likes where it is not defined
            if not is_outside(error):
                raise
            self.failure = self.failure or error
        if len(points) == 1:
            return [(None, 1)]
        half = len(points) // 2
        return self._parts(points.some(0, half)) + self._parts(points.some(half, len(points)))


def differences_of(values: Array, taken: FloatArray) -> FloatArray:
    """``values / taken`` line by line, for values (m, *out) and taken (m,); NaN where nothing was taken."""
    with np.errstate(all="ignore"):
        usable = np.where((taken > 0) & (taken < np.inf), taken, np.nan)
        return np.asarray(values / usable.reshape(-1, *(1,) * (values.ndim - 1)))
