"""Difference quotients with an estimate of their error, and the step of each that has the smallest.

A quotient D(h) is compared with D(3h/4) and D(h/2), whose stencils lie inside its own: while truncation rules, its
error is ``|D(h) - D(ch)| / (1 - c**power)``; where rounding does, the quotients differ by more than that error. So
twice the larger of the two bounds it in nearly all cases; the spacing of f's values bounds it from below.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..protocols import Array, FloatArray
from .points import Points, is_outside

Lines = NDArray[np.int64]

SHARES = (0.75, 0.5)
SAFETY = 2.0
GOOD = 300.0
"""So many times the best relative error that can be hoped for is good enough: no other step is tried."""
RATIO = 6.0
"""Of one step to the next where several are tried."""
MOST_LARGER = 40
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


@dataclass(frozen=True, eq=False)
class Estimates:
    """Quotients (n, *out), their estimated errors and the steps (n,) that they were made with."""

    steps: FloatArray
    quotients: FloatArray
    errors: FloatArray

    def relative(self) -> FloatArray:
        """Error over quotient, (n,): of the norms where there are several; infinite where there is none."""
        with np.errstate(all="ignore"):
            error, size = (
                np.linalg.norm(array.reshape(len(array), -1), axis=1) for array in (self.errors, self.quotients)
            )
            ratio = np.where(error == 0, 0.0, error / size)
        return np.where(np.isnan(ratio), np.inf, ratio)


def estimated(rule: Rule, lines: Lines, steps: FloatArray) -> Estimates:
    """The quotients by these steps, and their errors (infinite where they can't be told): three evaluations of each."""
    quotients, spacing = rule(lines, steps)
    errors = np.zeros_like(quotients)
    with np.errstate(all="ignore"):
        for share in SHARES:
            nearer, _ = rule(lines, share * steps)
            errors = np.maximum(errors, np.abs(quotients - nearer) / (1 - share**rule.power))
        errors = SAFETY * errors + spacing
    return Estimates(steps, quotients, np.where(np.isnan(errors), np.inf, errors))


def unjudged(rule: Rule, lines: Lines, steps: FloatArray) -> Estimates:
    """The quotients alone: one evaluation of each; their errors are NaN."""
    quotients, _ = rule(lines, steps)
    return Estimates(steps, quotients, np.full_like(quotients, np.nan))


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
    steps, quotients, errors = found.steps.copy(), found.quotients.copy(), found.errors.copy()
    limits = np.broadcast_to(largest, steps.shape)[poor]
    steps[poor] = _best_steps(rule, lines[poor], steps[poor], unit, limits)
    again = estimated(rule, lines[poor], steps[poor])
    quotients[poor], errors[poor] = again.quotients, again.errors
    return Estimates(steps, quotients, errors)


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
        for i in range(2, len(levels)):
            gaps = (np.abs(every[i] - every[i - 1]) / (1 - RATIO**-rule.power), np.abs(every[i] - every[i - 2]))
            candidates.append(Estimates(levels[i], every[i], SAFETY * np.maximum(*gaps) + spacings[i]))
        relative = np.stack([candidate.relative() for candidate in candidates])
        errors = np.stack([candidate.errors.reshape(len(lines), -1).max(axis=1) for candidate in candidates])
    errors = np.where(np.isnan(errors), np.inf, errors)
    by_ratio, by_error = relative.argmin(axis=0), errors.argmin(axis=0)
    columns = np.arange(lines.size)
    chosen = np.where(relative[by_ratio, columns] < KNOWN, by_ratio, by_error)
    steps = np.stack([candidate.steps for candidate in candidates])[chosen, columns]
    return np.asarray(np.where(np.isfinite(errors[by_error, columns]), steps, first))


def spacing_of(values: FloatArray) -> float:
    """The relative spacing of f's values: float32's where all of them are float32 numbers, else float64's."""
    finite = values[np.isfinite(values)]
    with np.errstate(over="ignore"):
        narrow = finite.size > 0 and bool((finite.astype(np.float32) == finite).all()) and bool(finite.any())
    return float(np.finfo(np.float32 if narrow else np.float64).eps)


class Tolerant:
    """Values at points, NaN where f raises or returns what is no finite number; the first such exception is kept."""

    def __init__(self, values_at: Callable[[Points], FloatArray]) -> None:
        self._values_at = values_at
        self.failure: Exception | None = None

    def __call__(self, points: Points) -> FloatArray:
        """(n, *out)."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            parts = self._parts(points)
        shape = next((part.shape[1:] for part, _ in parts if part is not None), ())
        return np.concatenate([np.full((n, *shape), np.nan) if part is None else part for part, n in parts])

    def _parts(self, points: Points) -> list[tuple[FloatArray | None, int]]:
        try:
            return [(self._values_at(points), len(points))]
        except Exception as error:  # f may raise whatever it likes where it is not defined
            if not is_outside(error) or isinstance(error, MemoryError):
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
