"""A linear objective along a line or on a plane.

Linear scores are affine in W, so along any direction V they are ``S + step * D`` with S and D computed
once, in float64: a point then costs O(n_samples * n_classes) and no pass over X. Many points together cost
less: the hinge's terms once for all points of a line (`hinge_terms`), softmax an exponential for each row
and column of a grid (`log_sum_exp`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..._arrays import check_number, check_steps, check_weights, float64_copy
from ...protocols import Array, FloatArray
from ..losses.base import Loss
from ..rays.directions import check_directions
from ..rays.generic import Bisected, check_grid, check_points
from ..rays.minimum import lowest_step
from ..rays.sums import RaySums, Smooth
from ..regularizers.along_directions import Penalty, penalties
from .problem import Kernel, LinearProblem
from .terms import Terms

MANY = 32  # points of a line from which on they are computed together
NEAR = 1e-9  # how far from the step that slopes lead to its kink may lie, relative
EDGES_OF = 100  # n_samples * n_classes of the largest problem whose edges are drawn


@dataclass(frozen=True, eq=False)
class LinearRay(Bisected):
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

    def breakpoints(self, lo: float, hi: float) -> FloatArray:
        """The steps in [lo, hi] where two pieces of the ray meet, in order, each once; exact to rounding.

        Where a term of the hinge or squared hinge is 0 (the slope, or the curvature, jumps there), or a weight
        under L1. Other rays have none.

        Raises
        ------
        TypeError, ValueError
            lo and hi are not finite numbers, lo > hi, there are too many in between (2**26 terms), or the loss does not
            say where its kinks are along a ray, as a `ScoreLoss`.
        """
        if not self.has_breakpoints:
            raise ValueError(f"breakpoints are known of losses with ray_terms, or no kinks; the loss is {self.loss!r}")
        low, high = check_number(lo, "lo"), check_number(hi, "hi")
        if low > high:
            raise ValueError(f"hi must be >= lo, {low:g}; it is {high:g}")
        return np.unique(self._kinks(low, high)[0])

    @property
    def has_breakpoints(self) -> bool:
        """Whether the loss says where its kinks are."""
        return self.loss.knows_kinks and (self.sums is not None or not self.loss.has_kinks)

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

    def _lowest(self, max_step: float) -> float:
        """From rough slopes; then, where the ray is made of straight or evenly bent pieces, from the kinks nearby."""
        step = lowest_step(self.rough_slope, max_step)
        curvatures = [penalty.curvature for penalty in self.penalties]
        is_straight = self.sums is not None and self.sums.is_piecewise_linear
        if not is_straight or not 0 < step < max_step or None in curvatures:
            return step
        curvature = sum(c for c in curvatures if c is not None)
        if curvature == 0 and 0 in (self.slope(step), self.rough_slope(step)):  # a flat bottom, which begins at a kink
            steps, _ = self._kinks(0.0, step)
            return float(steps.max(initial=0.0)) or step
        low = (1 - NEAR) * step
        steps, jumps = self._kinks(low, (1 + NEAR) * step)
        if steps.size == 0:
            return step
        order = np.argsort(steps, kind="stable")
        steps, jumps = steps[order], jumps[order]
        slopes = self.slope(low) + curvature * (steps - low) + np.cumsum(jumps)
        turn = int(np.argmax(slopes >= 0))
        if slopes[turn] < 0:
            return step
        above = float(slopes[turn] - jumps[turn])  # to the left of that kink
        if above > 0:
            return step  # between kinks, where the slope is a straight line and its zero is known
        return float(steps[turn])

    def _kinks(self, low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """Where the slope jumps in [low, high], and by how much (of a squared hinge: where its terms are 0)."""
        parts = [] if self.sums is None else [self.sums.kinks(low, high)]
        for penalty in self.penalties:
            steps, jumps = penalty.kinks()
            inside = (steps >= low) & (steps <= high)
            parts.append((steps[inside], jumps[inside]))
        if not parts:
            return np.zeros(0), np.zeros(0)
        return np.concatenate([steps for steps, _ in parts]), np.concatenate([jumps for _, jumps in parts])


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
        grid = np.ascontiguousarray(np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2))
        values = self._at_once(rows, columns)
        if values is None:
            values = np.empty(len(grid))
            self.kernel.mix(self.base, self.first, self.second, grid, values, None, None)
        for penalty in self.penalties:
            values += penalty.values(grid)
        return values.reshape(rows.size, columns.size)

    def _at_once(self, rows: FloatArray, columns: FloatArray) -> FloatArray | None:
        """The data's loss at many points together; None where that is not known or would lose digits."""
        if self.sums is None or columns.size < MANY:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            found = self.sums.on_grid(rows, columns)
        return None if found is None else found.ravel()

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
        problem.kernel, problem.loss, base, rate, sums_on(problem, base, rate), _penalties(problem, arrays)
    )


def on_plane(problem: LinearProblem, W: Array, U: Array, V: Array) -> LinearPlane:
    """``L(W + a * U + b * V)``."""
    arrays = checked_arrays(problem, W, U=U, V=V)
    base, first, second = _scores_of(problem, arrays)
    sums = sums_on(problem, base, first, second)
    return LinearPlane(problem.kernel, base, first, second, sums, _penalties(problem, arrays))


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
        return [problem.scores(np.ascontiguousarray(array), True) for array in arrays]
    scores = problem.scores(np.stack(arrays), True)
    return [np.ascontiguousarray(scores[:, i * k : (i + 1) * k]) for i in range(len(arrays))]


def sums_on(problem: LinearProblem, *parts: FloatArray) -> RaySums | None:
    """What the loss is a sum of, where that is known to help."""
    return problem.loss.ray_terms(parts, problem.rows.y, problem.rows.normalized_weights)


def _penalties(problem: LinearProblem, arrays: list[FloatArray]) -> tuple[Penalty, ...]:
    return penalties(problem.regularizer, *map(problem.penalised, arrays))
