"""Slopes of a function to the left and to the right of a point, along coordinates or along one direction.

With the step that was asked for, what f raises comes through, with a note that names the coordinate. With other steps,
which nobody asked for, the slope is NaN where f can't be evaluated.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...differences.points import Points, numbers_at
from ...differences.stencils import lost_step, moved, name_coordinate, stencil
from ...protocols import Array, FloatArray
from .noise import rounding_unit
from .sampling import Indices


class Evaluations:
    """f near its point; every evaluation is counted, and the coarsest type that f returned is remembered."""

    def __init__(self, f: Callable[[Array], Any], point: Array, vectorized: bool) -> None:
        self._f, self.point, self._vectorized = f, point, vectorized
        self.count = 0
        self.unit = rounding_unit(point)

    def __call__(self, points: Points) -> FloatArray:
        """f at the points, (m,); what goes wrong comes through and names the point."""
        return numbers_at(self._asked, points, self._vectorized)

    def at_point(self) -> float:
        """f at the point itself."""
        return float(self(self.points_at(self.point[np.newaxis], lambda i: "x"))[0])

    def or_nan(self, points: Points) -> FloatArray:
        """f at the points, (m,), NaN where something goes wrong."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                return self(points)
            except Exception:  # the user did not ask for these points: one by one, what there is
                return np.array([self._one_or_nan(points, i) for i in range(len(points))])

    def points_at(self, many: Array, place: Callable[[int], str]) -> Points:
        """Points that differ from the point in every coordinate: (m, *shape)."""
        values = many.reshape(len(many), -1)
        return Points(self.point, np.broadcast_to(np.arange(values.shape[1]), values.shape), values, place)

    def _one_or_nan(self, points: Points, i: int) -> float:
        try:
            return float(self(Points(points.x, points.flat[i : i + 1], points.values[i : i + 1], lambda _: "x"))[0])
        except Exception:
            return np.nan

    def _asked(self, x: Array) -> Any:
        self.count += len(x) if self._vectorized else 1
        value = self._f(x)
        self.unit = max(self.unit, rounding_unit(value))
        return value


class Slopes(ABC):
    """One-sided slopes of one function, along n lines through its point."""

    sizes: FloatArray
    """(n,) The size of the numbers that a step changes, at least 1."""

    def __init__(self, evaluations: Evaluations) -> None:
        self.f, self.point = evaluations, evaluations.point

    @abstractmethod
    def _ends(self, lines: Indices, steps: FloatArray) -> tuple[Points, FloatArray]:
        """Two points for each line, ahead and behind, and their distances from the middle after rounding, (2 m,)."""

    def sides(self, lines: Indices, steps: FloatArray, value: float) -> tuple[FloatArray, FloatArray]:
        """The slopes to the left and to the right of some lines, (m,) each, by steps (m,); value is f at the point."""
        points, taken = self._ends(lines, steps)
        lost = ~((taken > 0) & (taken < np.inf))
        if lost.any():
            i = int(np.argmax(lost)) // 2
            raise lost_step(self.name(int(lines[i])), float(steps[i]), self.point)
        return self._divided(self.f(points), taken, value)

    def sides_or_nan(self, lines: Indices, steps: FloatArray, value: float) -> tuple[FloatArray, FloatArray]:
        """The same, NaN where a step is lost in rounding or f can't be evaluated."""
        points, taken = self._ends(lines, steps)
        taken[~((taken > 0) & (taken < np.inf))] = np.nan
        return self._divided(self.f.or_nan(points), taken, value)

    @abstractmethod
    def name(self, line: int) -> str:
        """Of a line, for messages."""

    def _divided(self, values: FloatArray, taken: FloatArray, value: float) -> tuple[FloatArray, FloatArray]:
        with np.errstate(over="ignore", invalid="ignore"):
            return (value - values[1::2]) / taken[1::2], (values[0::2] - value) / taken[0::2]


class CoordinateSlopes(Slopes):
    """Along coordinates of the point."""

    def __init__(self, evaluations: Evaluations, flat: Indices) -> None:
        super().__init__(evaluations)
        self.flat = flat
        self.sizes = np.maximum(1.0, np.abs(self.point.reshape(-1)[flat].astype(np.float64)))

    def name(self, line: int) -> str:
        """``x[2, 5]``."""
        return name_coordinate(int(self.flat[line]), self.point.shape)

    def _ends(self, lines: Indices, steps: FloatArray) -> tuple[Points, FloatArray]:
        flat = self.flat[lines]
        own: Any = steps.astype(self.point.dtype)
        ends = stencil(self.point, flat, own, "centered")
        values = np.stack([ends.high, ends.low], axis=1).reshape(-1)
        points = moved(self.point, np.repeat(flat, 2)[:, np.newaxis], values[:, np.newaxis], np.repeat(steps, 2))
        return points, np.repeat(ends.taken / 2, 2)


class DirectionSlopes(Slopes):
    """Along one direction of length 1."""

    def __init__(self, evaluations: Evaluations, unit: FloatArray) -> None:
        super().__init__(evaluations)
        self.unit = unit
        self.sizes = np.maximum(1.0, np.abs(np.sum(self.point * unit, keepdims=True, dtype=np.float64)).reshape(1))

    def name(self, line: int) -> str:
        """Of the one line."""
        return "x along the direction"

    def _ends(self, lines: Indices, steps: FloatArray) -> tuple[Points, FloatArray]:
        signed = np.repeat(steps, 2) * np.tile([1.0, -1.0], len(steps))
        by = signed.reshape(-1, *(1,) * self.unit.ndim) * self.unit
        with np.errstate(over="ignore", invalid="ignore"):
            ends = (self.point + by).astype(self.point.dtype)
            went = (ends.astype(np.float64) - self.point.astype(np.float64)) * self.unit
        points = self.f.points_at(ends, lambda i: f"x {'+-'[i % 2]} h * u (h = {abs(signed[i]):g})")
        return points, np.sign(signed) * went.reshape(len(ends), -1).sum(axis=1)


@dataclass(frozen=True, eq=False)
class FirstSlopes:
    """The slopes of n lines with the steps that were asked for.

    Attributes
    ----------
    slopes : Slopes
        To evaluate other steps with.
    value : float
        f at the point.
    steps, left, right : float64 (n,)
    """

    slopes: Slopes
    value: float
    steps: FloatArray
    left: FloatArray
    right: FloatArray
