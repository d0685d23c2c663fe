"""Slopes of a function to the left and to the right of a point, along coordinates or along one direction.

Where a moved point lies outside the function's domain (a value that is not finite, an ArithmeticError, or a ValueError
as of ``math.log(-1)``) the slope is NaN. With the first steps any other exception is a bug of the function's and comes
through, with a note that names the coordinate; at points that the user did not ask for it too is the domain's end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._unwarned import unwarned
from ...differences.points import Points, is_outside, numbers_at
from ...differences.stencils import moved, name_coordinate, stencil
from ...objective import capabilities
from ...protocols import Array, FloatArray
from .noise import FLOAT32, is_float32, rounding_unit
from .sampling import Indices

OUTSIDE = (ArithmeticError, ValueError)  # what functions raise beyond their domain
TELLING = 2  # numbers that all fit into float32, of which it is no accident


class Evaluations:
    """f near its point; every evaluation is counted, and the coarsest type that f returned is remembered."""

    def __init__(self, f: Callable[[Array], Any], point: Array, vectorized: bool) -> None:
        self._f, self.point, self._vectorized = f, point, vectorized
        self.count = 0
        self.lenient = False  # at points that the user did not ask for every exception is the end of the domain
        self._declared = rounding_unit(point)
        self._in_float32: set[float] | None = set()  # numbers seen, None once one is finer

    @property
    def unit(self) -> float:
        """The rounding unit of f's values: by the types of point and values, and float32's where all fit into it."""
        seen = self._in_float32
        return max(self._declared, FLOAT32 if seen is not None and len(seen) >= TELLING else 0.0)

    def __call__(self, points: Points) -> FloatArray:
        """f at the points, (m,); what goes wrong comes through and names the point."""
        return numbers_at(self._asked, points, self._vectorized)

    def at_point(self) -> float:
        """f at the point itself."""
        return float(self(self.points_at(self.point[np.newaxis], lambda i: "x"))[0])

    def or_nan(self, points: Points) -> FloatArray:
        """f at the points, (m,), NaN outside its domain."""
        with unwarned(RuntimeWarning), np.errstate(all="ignore"):
            try:
                return self(points)
            except Exception as error:  # one by one, what there is
                self._let_through(error)
                return np.array([self._one_or_nan(points, i) for i in range(len(points))])

    def points_at(self, many: Array, place: Callable[[int], str]) -> Points:
        """Points that differ from the point in every coordinate: (m, *shape)."""
        values = many.reshape(len(many), -1)
        return Points(self.point, np.broadcast_to(np.arange(values.shape[1]), values.shape), values, place)

    def _one_or_nan(self, points: Points, i: int) -> float:
        one = Points(points.x, points.flat[i : i + 1], points.values[i : i + 1], lambda _: points.place(i))
        try:
            return float(self(one)[0])
        except Exception as error:
            self._let_through(error)
            return np.nan

    def _let_through(self, error: Exception) -> None:
        """Raise what is a mistake of the function's, not the end of its domain."""
        if not is_outside(error) or not (self.lenient or isinstance(error, OUTSIDE)):
            raise error

    def _asked(self, x: Array) -> Any:
        self.count += len(x) if self._vectorized else 1
        value = self._f(x)
        self._declared = max(self._declared, rounding_unit(value))
        if self._in_float32 is not None and len(self._in_float32) < 10 * TELLING:
            self._remember_type(value)
        return value

    def _remember_type(self, value: Any) -> None:
        try:
            numbers = np.ravel(np.asarray(value.detach() if hasattr(value, "detach") else value, dtype=np.float64))
        except (TypeError, ValueError, OverflowError, RuntimeError):  # the check of what f returns says it better
            return
        for number in numbers[: 10 * TELLING].tolist():
            fits = is_float32(number)
            if fits is False:
                self._in_float32 = None
                return
            if fits and self._in_float32 is not None:
                self._in_float32.add(number)


class Slopes(ABC):
    """One-sided slopes along n lines through a point."""

    sizes: FloatArray
    """(n,) The length over which a line's function is taken to change: the size of the numbers that a step changes,
    at least 1, or what the user says."""
    smallest: FloatArray
    """(n,) The same, where the numbers are smaller than 1."""
    cheap = False
    """Whether many steps cost little, so that a step that was asked for need not spare them."""

    @abstractmethod
    def sides(self, lines: Indices, steps: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The slopes to the left and to the right of some lines, (m,) each, by steps (m,); value (m,) is f at the
        point. NaN where a step is lost in rounding or f can't be evaluated."""

    @abstractmethod
    def name(self, line: int) -> str:
        """Of a line, for messages."""


class MovedPoints(Slopes):
    """Slopes of one function, by its values ahead and behind."""

    def __init__(self, evaluations: Evaluations) -> None:
        self.f, self.point = evaluations, evaluations.point

    @abstractmethod
    def ends(self, lines: Indices, steps: FloatArray) -> tuple[Points, FloatArray]:
        """Two points for each line, ahead and behind, and their distances from the middle after rounding, (2 m,)."""

    def sides(self, lines: Indices, steps: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
        """By the values at both ends."""
        points, taken = self.ends(lines, steps)
        usable = np.repeat(((taken > 0) & (taken < np.inf)).reshape(-1, 2).all(axis=1), 2)
        values = np.full(taken.size, np.nan)
        if usable.any():
            kept = np.flatnonzero(usable)
            values[kept] = self.f.or_nan(
                Points(points.x, points.flat[kept], points.values[kept], lambda i: points.place(int(kept[i])))
            )
        taken = np.where(usable, taken, np.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            return (value - values[1::2]) / taken[1::2], (values[0::2] - value) / taken[0::2]


class CoordinateSlopes(MovedPoints):
    """Along coordinates of the point. sizes (n,): the coordinates' own, max(1, |x|) by default."""

    def __init__(
        self,
        evaluations: Evaluations,
        flat: Indices,
        sizes: FloatArray | None = None,
        rounded: Callable[[Array, Indices], Array] | None = None,
    ) -> None:
        super().__init__(evaluations)
        self.flat, self._rounded = flat, rounded
        self.smallest = np.abs(self.point.reshape(-1)[flat].astype(np.float64))
        self.sizes = np.maximum(1.0, self.smallest) if sizes is None else sizes
        self.smallest = np.where(self.smallest > 0, np.minimum(self.smallest, self.sizes), self.sizes)

    def name(self, line: int) -> str:
        """``x[2, 5]``."""
        return name_coordinate(int(self.flat[line]), self.point.shape)

    def ends(self, lines: Indices, steps: FloatArray) -> tuple[Points, FloatArray]:
        flat = self.flat[lines]
        own: Any = steps.astype(self.point.dtype)
        ends = stencil(self.point, flat, own, "centered")
        values, flat = np.stack([ends.high, ends.low], axis=1).reshape(-1), np.repeat(flat, 2)
        taken = np.repeat(ends.taken / 2, 2)
        if self._rounded is not None:  # parameters of several types
            values = self._rounded(values, flat)
            taken = np.abs(values.astype(np.float64) - self.point.reshape(-1)[flat].astype(np.float64))
        return moved(self.point, flat[:, np.newaxis], values[:, np.newaxis], np.repeat(steps, 2)), taken


class DirectionSlopes(MovedPoints):
    """Along one direction of length 1."""

    def __init__(self, evaluations: Evaluations, unit: FloatArray, sizes: FloatArray | None = None) -> None:
        super().__init__(evaluations)
        self.unit = unit
        if sizes is None:
            self.sizes = np.maximum(1.0, np.abs(np.sum(self.point * unit, keepdims=True, dtype=np.float64)).reshape(1))
        else:  # no coordinate moves by more than its own
            with np.errstate(divide="ignore"):
                self.sizes = np.min(sizes / np.abs(unit)).reshape(1)
        self.smallest = self.sizes

    def name(self, line: int) -> str:
        """Of the one line."""
        return "x along the direction"

    def ends(self, lines: Indices, steps: FloatArray) -> tuple[Points, FloatArray]:
        signed = np.repeat(steps, 2) * np.tile([1.0, -1.0], len(steps))
        by = signed.reshape(-1, *(1,) * self.unit.ndim) * self.unit
        with np.errstate(over="ignore", invalid="ignore"):
            ends = (self.point + by).astype(self.point.dtype)
            went = (ends.astype(np.float64) - self.point.astype(np.float64)) * self.unit
        points = self.f.points_at(ends, lambda i: f"x {'+-'[i % 2]} h * u (h = {abs(signed[i]):g})")
        return points, np.sign(signed) * went.reshape(len(ends), -1).sum(axis=1)


class ScoreSlopes(Slopes):
    """Along coordinates of an objective that computes its quotients from the scores."""

    cheap = True

    def __init__(self, objective: Any, point: Array, flat: Indices, sizes: FloatArray) -> None:
        self._objective, self.point, self.flat, self.sizes = objective, point, flat, sizes
        own = np.abs(point.reshape(-1)[flat].astype(np.float64))
        self.smallest = np.where(own > 0, np.minimum(own, sizes), sizes)
        self.count = 0

    def name(self, line: int) -> str:
        """``x[2, 5]``."""
        return name_coordinate(int(self.flat[line]), self.point.shape)

    def quotients(self, lines: Indices, steps: FloatArray, scheme: Any = "centered") -> FloatArray:
        """(m,), one pass for each different step."""
        self.count += (2 if scheme == "centered" else 1) * lines.size
        found = np.empty(lines.size)
        whole = lines.size == self.point.size and np.array_equal(self.flat[lines], np.arange(self.point.size))
        for step in np.unique(steps).tolist():
            here = steps == step
            if not 0 < step < np.inf:
                found[here] = np.nan
                continue
            flat = None if whole and here.all() else self.flat[lines[here]]
            got = capabilities.numerical_gradient(self._objective, self.point, h=step, scheme=scheme, coordinates=flat)
            found[here] = np.asarray(got, dtype=np.float64).reshape(-1)
        return found

    def sides(self, lines: Indices, steps: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The centred quotient is the mean of both."""
        middle, right = self.quotients(lines, steps), self.quotients(lines, steps, "forward")
        return 2 * middle - right, right


@dataclass(frozen=True, eq=False)
class FirstSlopes:
    """The slopes of n lines with the steps that were asked for.

    Attributes
    ----------
    slopes : Slopes
        To evaluate other steps with.
    value : float64 (n,)
        f at the point, of each line.
    steps, left, right : float64 (n,)
    """

    slopes: Slopes
    value: FloatArray
    steps: FloatArray
    left: FloatArray
    right: FloatArray
