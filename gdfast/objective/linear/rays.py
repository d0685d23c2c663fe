"""A linear objective along a line or on a plane.

Linear scores are affine in W, so along any direction V they are ``S + step * D`` with S and D computed
once, in float64: a point then costs O(n_samples * n_classes) and no pass over X. Many points together cost
less: the kernels know for each loss what points of a line or a grid have in common, and of a great many points
the hinge's terms are visited once for all (`hinge_terms`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..._arrays import check_number, check_steps, check_weights, float64_copy
from ...protocols import Array, FloatArray
from ..losses.base import Loss
from ..rays.directions import check_directions
from ..rays.generic import check_grid, check_points
from ..rays.pieces import PiecewiseRay
from ..rays.sums import RaySums, Smooth
from ..regularizers.along_directions import Penalty, penalties
from .problem import Kernel, LinearProblem
from .terms import Terms

MANY = 700  # points of a line from which on sums of sorted terms are sooner made than the kernel's, point by point
MANY_COLUMNS = 70  # of a plane
EDGES_OF = 100  # n_samples * n_classes of the largest problem whose edges are drawn


@dataclass(frozen=True, eq=False)
class LinearRay(PiecewiseRay):
    """A linear objective along W + step * V, from the scores of W and of V; float64 throughout."""

    kernel: Kernel
    loss: Loss
    base: FloatArray
    rate: FloatArray
    sums: RaySums | None
    penalties: tuple[Penalty, ...]

    def value(self, step: float) -> float:
        """L(W + step * V)."""
        return float(self.values(np.array([check_number(step, "step")]))[0])

    def slope(self, step: float) -> float:
        """The right derivative there, exact at the hinge's `breakpoints` too."""
        if self.sums is None or not self.sums.is_piecewise_linear:
            return self.rough_slope(step)
        step = check_number(step, "step")
        return self.sums.slope(step) + sum(penalty.slope(step) for penalty in self.penalties)

    def rough_slope(self, step: float) -> float:
        """The same, several times as fast; at a breakpoint, where scores are rounded, that of either side."""
        step = check_number(step, "step")
        value, slope = np.empty(1), np.empty(1)
        self.kernel.mix(self.base, self.rate, None, np.array([step]), value, slope, None)
        return float(slope[0]) + sum(penalty.slope(step) for penalty in self.penalties)

    def values(self, steps: Array) -> FloatArray:
        """L at many steps: (m,) -> (m,)."""
        points = check_points(steps)
        values = self._at_once(points)
        if values is None:
            values = np.empty(points.size)
            self.kernel.mix(self.base, self.rate, None, points, values, None, None)
        for penalty in self.penalties:
            values += penalty.values(points[:, None])
        return values

    def reversed(self) -> LinearRay:
        """The same line, run through the other way."""
        rate, penalties = -self.rate, tuple(penalty.reversed() for penalty in self.penalties)
        sums = None if self.sums is None else self.sums.on_parts((self.base, rate))
        return replace(self, rate=rate, sums=sums, penalties=penalties)

    def _at_once(self, points: FloatArray) -> FloatArray | None:
        """The data's loss at many points together; None where that is not known or would lose digits."""
        if self.sums is None or points.size < MANY:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return self.sums.on_line(points)

    @property
    def is_straight(self) -> bool:
        """See `PiecewiseRay`."""
        return self.sums is not None and self.sums.is_piecewise_linear

    @property
    def knows_terms(self) -> bool:
        """See `PiecewiseRay`."""
        return self.sums is not None

    def _data_kinks(self, low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """See `PiecewiseRay`."""
        return Smooth().kinks(low, high) if self.sums is None else self.sums.kinks(low, high)


@dataclass(frozen=True, eq=False)
class LinearPlane:
    """A linear objective on W + a * U + b * V, from three sets of scores."""

    kernel: Kernel
    base: FloatArray
    first: FloatArray
    second: FloatArray
    sums: RaySums | None
    penalties: tuple[Penalty, ...]

    def values(self, a: Array, b: Array) -> FloatArray:
        """L on the grid: (len(a), len(b))."""
        rows, columns = check_grid(a, b)
        values = self._at_once(rows, columns)
        if values is None:
            values = np.empty((rows.size, columns.size))
            self.kernel.grid(self.base, self.first, self.second, rows, columns, values)
        if self.penalties:
            points = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
            for penalty in self.penalties:
                values += penalty.values(points).reshape(values.shape)
        return values

    def _at_once(self, rows: FloatArray, columns: FloatArray) -> FloatArray | None:
        """The data's loss at many points together; None where that is not known or would lose digits."""
        if self.sums is None or columns.size < MANY_COLUMNS:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return self.sums.on_grid(rows, columns)

    def edges(self, a: tuple[float, float], b: tuple[float, float]) -> tuple[Array, FloatArray]:
        """Where hinge terms of a small problem are 0 in the rectangle a x b: the straight edges of its linear pieces.

        Samples and classes (e, 2), ends of the segments (e, 2, 2) as (a, b). None for losses without such terms, or
        where n_samples * n_classes > 100.
        """
        across, along = _limits(a, "a"), _limits(b, "b")
        if self.sums is None or self.base.size > EDGES_OF:
            return Smooth().edges(across, along)
        return self.sums.edges(across, along)


def _limits(pair: Any, name: str) -> tuple[float, float]:
    """Two finite numbers."""
    ends = check_steps(pair, name)
    if ends.size != 2:
        raise ValueError(f"{name} must hold two numbers, from where to where; it holds {ends.size}")
    return float(ends[0]), float(ends[1])


def along_ray(problem: LinearProblem, W: Array, V: Array) -> LinearRay:
    """``L(W + step * V)``."""
    arrays = checked_arrays(problem, W, V=V)
    base, rate = _scores_of(problem, arrays)
    return LinearRay(
        problem.kernel, problem.loss, base, rate, sums_on(problem, base, rate), penalties_along(problem, arrays)
    )


def on_plane(problem: LinearProblem, W: Array, U: Array, V: Array) -> LinearPlane:
    """``L(W + a * U + b * V)``."""
    arrays = checked_arrays(problem, W, U=U, V=V)
    base, first, second = _scores_of(problem, arrays)
    sums = sums_on(problem, base, first, second)
    return LinearPlane(problem.kernel, base, first, second, sums, penalties_along(problem, arrays))


def checked_arrays(problem: Terms, W: Array, **directions: Array) -> list[FloatArray]:
    """W and directions, of its shape, in float64."""
    check_weights(W, problem.rows.shape)
    arrays = zip(("W", *directions), check_directions(W, **directions), strict=True)
    # What is wider than float64 may be infinite there. A sum of squares keeps none of them; other penalties may.
    strengths = problem.strengths
    copy = strengths is None or strengths.l1 > 0
    return [
        np.array(a, dtype=np.float64, copy=copy or None) if a.itemsize <= 8 else float64_copy(a, name)
        for name, a in arrays
    ]


def _scores_of(problem: LinearProblem, arrays: list[FloatArray]) -> list[FloatArray]:
    k = problem.rows.n_classes
    if sum(array.size for array in arrays) > problem.rows.n_samples * problem.rows.entries_per_row:
        # Side by side they would be scored in one pass; to lay wide ones there takes longer than that.
        return [problem.scores(np.require(array, requirements=["C", "A"]), True) for array in arrays]
    scores = problem.scores(np.stack(arrays), True)
    return [np.ascontiguousarray(scores[:, i * k : (i + 1) * k]) for i in range(len(arrays))]


def sums_on(problem: LinearProblem, *parts: FloatArray) -> RaySums | None:
    """What the loss is a sum of, where that is known to help."""
    return problem.loss.ray_terms(parts, problem.rows.y, problem.rows.normalized_weights)


def penalties_along(problem: LinearProblem, arrays: list[FloatArray]) -> tuple[Penalty, ...]:
    """The regularizer along the directions, which come after the point."""
    return penalties(problem.regularizer, *map(problem.penalised, arrays))
