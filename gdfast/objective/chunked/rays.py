"""A chunked objective along a line or on a plane: each chunk keeps its scores, and only numbers are added up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..._arrays import check_number
from ...protocols import Array, FloatArray
from ..linear.rays import checked_arrays
from ..losses.base import Loss
from ..rays.generic import check_grid, check_points
from ..rays.hinge_terms import MOST_KINKS
from ..rays.pieces import PiecewiseRay
from ..rays.sums import RaySums
from ..regularizers.along_directions import Penalty, penalties
from . import operations
from .engine import Kept
from .problem import ChunkedProblem


@dataclass(frozen=True, eq=False)
class ChunkedRay(PiecewiseRay):
    """``L(W + sign * step * V)``, from the scores that the chunks keep."""

    kept: Kept
    loss: Loss
    penalties: tuple[Penalty, ...]
    sign: float = 1.0

    def value(self, step: float) -> float:
        """L there."""
        return float(self.values(np.array([check_number(step, "step")]))[0])

    def values(self, steps: Array) -> FloatArray:
        """L at many steps: (m,) -> (m,)."""
        points = check_points(steps)
        values: FloatArray = np.array(self.kept.sum(operations.ray_values, self.sign * points)[0])
        for penalty in self.penalties:
            values += penalty.values(points[:, None])
        return values

    def slope(self, step: float) -> float:
        """The right derivative there."""
        return self._slope(step, rough=False)

    def rough_slope(self, step: float) -> float:
        """The same, several times as fast; at a breakpoint that of either side."""
        return self._slope(step, rough=True)

    def _slope(self, step: float, rough: bool) -> float:
        step = check_number(step, "step")
        (slope,) = self.kept.sum(operations.ray_slope, step, self.sign, rough)
        return float(slope) + sum(penalty.slope(step) for penalty in self.penalties)

    @property
    def is_straight(self) -> bool:
        """See `PiecewiseRay`."""
        sums = self._no_terms
        return sums is not None and sums.is_piecewise_linear

    @property
    def knows_terms(self) -> bool:
        """See `PiecewiseRay`."""
        return self._no_terms is not None

    @property
    def _no_terms(self) -> RaySums | None:
        """What the loss is a sum of, for no rows: it says of which kind."""
        nothing = np.zeros((0, 2))
        return self.loss.ray_terms((nothing, nothing), np.zeros(0, dtype=np.int32), np.zeros(0))

    def _data_kinks(self, low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """See `PiecewiseRay`."""
        low, high = sorted((self.sign * low, self.sign * high))
        steps, jumps, found = [], [], 0
        for some, each in self.kept.each(operations.ray_kinks, low, high):
            found += some.size
            if found > MOST_KINKS:
                raise ValueError(
                    f"[lo, hi] must hold at most {MOST_KINKS:,} breakpoints; [{low:g}, {high:g}] has more: narrow it"
                )
            steps.append(self.sign * some)
            jumps.append(each)
        return np.concatenate(steps), np.concatenate(jumps)

    def reversed(self) -> ChunkedRay:
        """The same line, run through the other way."""
        turned = tuple(penalty.reversed() for penalty in self.penalties)
        return replace(self, penalties=turned, sign=-self.sign)


@dataclass(frozen=True, eq=False)
class ChunkedPlane:
    """``L(W + a * U + b * V)``, from the scores that the chunks keep."""

    kept: Kept
    penalties: tuple[Penalty, ...]

    def values(self, a: Array, b: Array) -> FloatArray:
        """L on the grid: (len(a), len(b))."""
        rows, columns = check_grid(a, b)
        values: FloatArray = np.array(self.kept.sum(operations.plane_values, rows, columns)[0])
        grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
        for penalty in self.penalties:
            values += penalty.values(grid).reshape(values.shape)
        return values


def along_ray(problem: ChunkedProblem, W: Array, V: Array) -> ChunkedRay:
    """``L(W + step * V)``: one pass over X, then O(n_samples * n_classes) a point."""
    arrays = checked_arrays(problem, W, V=V)
    return ChunkedRay(problem.keep(*arrays), problem.loss, _penalties(problem, arrays))


def on_plane(problem: ChunkedProblem, W: Array, U: Array, V: Array) -> ChunkedPlane:
    """``L(W + a * U + b * V)``: one pass over X, then O(n_samples * n_classes) a point."""
    arrays = checked_arrays(problem, W, U=U, V=V)
    return ChunkedPlane(problem.keep(*arrays), _penalties(problem, arrays))


def _penalties(problem: ChunkedProblem, arrays: list[FloatArray]) -> tuple[Penalty, ...]:
    return penalties(problem.regularizer, *map(problem.penalised, arrays))
