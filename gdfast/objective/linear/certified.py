"""What a dual point proves, by its sums over rows, and of which objectives: see `duality_gap` for the formulas."""

from __future__ import annotations

import math

import numpy as np

from ...protocols import FloatArray
from ..losses.base import UNIT, Loss, rounding
from ..losses.table import certified_names
from ..one_thread import dot
from ..regularizers.regularizers import Strengths
from .terms import Terms

STEPS = 50


def lower_bound(
    linear: float, square: float, most: float, G: FloatArray, doubt: FloatArray, strengths: Strengths
) -> float:
    """max_t D(t), rounded down, for G (k, m) of the penalised columns, each element known to its `doubt`.

    At least 0, which every objective here is.
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        sizes = np.abs(G) * (1 + 8 * UNIT) + doubt
        sizes += 1e-150  # (the kernel leaves out a row whose squared coefficients underflow)
        if not (linear > 0 and math.isfinite(linear) and 0 <= square < math.inf and np.isfinite(sizes).all()):
            return 0.0
        conjugate = Conjugate(sizes, strengths)
        t = conjugate.best_share(linear, square, most)
        bound = t * linear * (1 - 32 * UNIT) - (t * t * square + conjugate.at(t)) * (1 + 32 * UNIT)
    return bound if 0 < bound < math.inf else 0.0


class Conjugate:
    """Of l1 |W| + l2 W^2 at t sizes, rounded up: ``sum max(t sizes - l1, 0)^2 / (4 l2)``.

    Of l1 |W| alone it is 0 where t sizes <= l1, and infinite elsewhere.
    """

    def __init__(self, sizes: FloatArray, strengths: Strengths) -> None:
        self.sizes, self.l1, self.l2 = sizes, strengths.l1, strengths.l2
        self.rounding = (sizes.size + 32) * UNIT

    def at(self, t: float) -> float:
        """Its value."""
        if self.l2 == 0:
            return 0.0 if t * float(self.sizes.max(initial=0.0)) * (1 + 4 * UNIT) <= self.l1 else math.inf
        beyond = np.maximum(t * self.sizes * (1 + 4 * UNIT) - self.l1 * (1 - 4 * UNIT), 0)
        return dot(beyond, beyond) / (4 * self.l2) * (1 + self.rounding)

    def best_share(self, linear: float, square: float, most: float) -> float:
        """About where t linear - t^2 square - conjugate(t) is largest, 0 <= t <= most.

        Its derivative falls, and ever faster: Newton's steps from the right never pass its zero.
        """
        if square > 0:
            most = min(most, linear / (2 * square))
        largest = float(self.sizes.max(initial=0.0))
        if self.l2 == 0:
            return min(most, self.l1 / largest * (1 - 16 * UNIT)) if largest > 0 else most
        if self.l1 == 0:
            flat = square + dot(self.sizes, self.sizes) / (4 * self.l2)
            return min(most, linear / (2 * flat)) if flat > 0 else most
        t = min(most, (self.l1 + 2 * self.l2 * linear / largest) / largest)  # the largest element alone falls there
        for _ in range(STEPS):
            over = t * self.sizes > self.l1
            part = self.sizes[over]
            slope = linear - 2 * t * square - dot(part, t * part - self.l1) / (2 * self.l2)
            if not slope < 0:
                break
            t += slope / (2 * square + dot(part, part) / (2 * self.l2))
        return t


def score_errors(loss: Loss, W: FloatArray, reach: FloatArray) -> FloatArray:
    """How far rounding in float64 may move a score of each class, or a margin, at W (k, m): (k,).

    `reach` (m,) is max_i |z_ij|, 1 for a bias.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(2 * (W.shape[1] + 16) * UNIT * (np.abs(W) @ reach + loss.margin))


def value_doubt(loss: Loss, data: float, errors: FloatArray, whole: float, n: int) -> float:
    """How far rounding in float64 may move the data's term, which came out as `data`, of n rows with such score errors.

    `whole` is sum_i u_i.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return loss.value_error(data, errors, whole) + 4 * rounding(n, errors.size) * data


def certified_strengths(problem: Terms) -> Strengths:
    """Those of L1, L2 or both, or ValueError that says what `duality_gap` lacks."""
    strengths = problem.strengths
    if not problem.loss.has_dual_point:
        raise ValueError(f"duality_gap needs one of the losses {certified_names()}; it is {problem.loss!r}")
    if strengths is None or (strengths.l1 == 0 and strengths.l2 == 0):
        raise ValueError(
            "duality_gap needs the regularizer L2(strength), L1(strength) or ElasticNet(l1, l2) with a strength > 0; "
            f"it is {problem.regularizer!r}"
        )
    return strengths
