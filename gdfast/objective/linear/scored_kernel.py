"""The generic implementation of a loss on rows of X: scores by a compiled kernel, the loss by its function, then C'X.

It does what the kernel of a compiled loss does, by two passes over X instead of one.
"""

from __future__ import annotations

import numpy as np

from ... import _kernels
from ...protocols import Array, FloatArray
from ..losses.base import RowFunction
from ..losses.score_loss import weighted, weighted_sum
from .products import residual_kernel, weighted_rows
from .rows import Rows

COLUMNS = 64  # of X that are dense at once
CENTERED = 0  # the first of the schemes of differences


class ScoredKernel:
    """A loss by its function of scores; `scorer` is the compiled kernel that makes the scores."""

    __slots__ = ("function", "rows", "scorer")

    def __init__(self, rows: Rows, scorer: _kernels.Problem, function: RowFunction) -> None:
        self.rows, self.scorer, self.function = rows, scorer, function

    @staticmethod
    def on(rows: Rows, function: RowFunction) -> ScoredKernel:
        """With a scorer made for these rows."""
        return ScoredKernel(rows, residual_kernel(rows, None, None, rows.normalizer, rows.n_classes), function)

    def on_rows(self, rows: Rows) -> ScoredKernel:
        """The same loss on some of the rows."""
        assert rows.index is not None
        return ScoredKernel(rows, self.scorer.on_rows(rows.index, rows.normalizer), self.function)

    def of(self, rows: Rows) -> ScoredKernel:
        """The same, which goes by other rows' arithmetic and counts there."""
        return ScoredKernel(rows, self.scorer, self.function)

    def evaluate(
        self,
        W: Array,
        values: Array | None,
        gradient: Array | None,
        scores: Array | None,
        double_arithmetic: bool,
    ) -> None:
        """The data's loss at W (k, m), or at many W (q, k, m); its gradient (of one W); scores (n, q * k)."""
        rows, k = self.rows, self.rows.n_classes
        many = len(W) if W.ndim == 3 else 1
        found = scores
        if found is None:
            found = np.empty((rows.n_samples, many * k), dtype=np.float64 if double_arithmetic else np.float32)
        self.scorer.evaluate(W, None, None, found, double_arithmetic)
        if values is None:
            return
        for i in range(many):
            losses, each = self.function(_copy(found[:, i * k : (i + 1) * k]), rows.y)
            values[i] = weighted_sum(rows.normalized_weights, losses)
            if gradient is not None:
                rows.counter.add(rows.n_samples)
                C = weighted(rows.normalized_weights, each)
                gradient[...] = weighted_rows(rows, self.scorer, C, wide=double_arithmetic)

    def differences(
        self, W: Array, h: float, scheme: int, columns: Array, difference: Array, crossings: Array | None
    ) -> None:
        """Differences of the data's loss by the weights of some columns, (k, len(columns)): each row's, added up."""
        rows, k = self.rows, self.rows.n_classes
        base = np.empty((rows.n_samples, k))
        self.scorer.evaluate(np.asarray(W, dtype=np.float64), None, None, base, True)
        behind = None if scheme == CENTERED else self.function(base.copy(), rows.y)[0].copy()
        for first in range(0, columns.size, COLUMNS):
            seen = rows.seen_columns(columns[first : first + COLUMNS])
            for j, moves in enumerate(h * seen.T, start=first):
                for c in range(k):
                    ahead = self._moved(base, c, moves).copy()
                    low = self._moved(base, c, -moves) if behind is None else behind
                    with np.errstate(invalid="ignore"):
                        difference[c, j] = weighted_sum(rows.normalized_weights, ahead - low)

    def mix(
        self,
        base: Array,
        first: Array | None,
        second: Array | None,
        points: Array | None,
        values: Array | None,
        slopes: Array | None,
        coefficients: Array | None,
    ) -> None:
        """The data's loss, slope and coefficients where the scores are ``base + a * first + b * second``."""
        rows, weights = self.rows, self.rows.normalized_weights
        many = 1 if points is None else len(points)
        for i in range(many):
            scores = np.array(base)
            steps = np.zeros(0) if points is None else np.ravel(points[i])
            for direction, step in zip((first, second), steps, strict=False):
                if direction is not None:
                    scores += step * direction
            losses, each = self.function(scores, rows.y)
            if values is not None:
                values[i] = weighted_sum(weights, losses)
            if coefficients is not None or slopes is not None:
                C = weighted(weights, each)
                if coefficients is not None:
                    coefficients[...] = C
                if slopes is not None and first is not None:
                    slopes[i] = float(np.vdot(C, first))

    def grid(self, base: Array, first: Array, second: Array, a: Array, b: Array, values: Array) -> None:
        """The data's loss at all points of a grid: (len(a), len(b))."""
        points = np.stack(np.meshgrid(a, b, indexing="ij"), axis=-1).reshape(-1, 2)
        self.mix(base, first, second, points, values.reshape(-1), None, None)

    def _moved(self, base: FloatArray, c: int, moves: FloatArray) -> FloatArray:
        """Each row's loss where the scores of class c are moved."""
        scores = base.copy()
        scores[:, c] += moves
        return self.function(scores, self.rows.y)[0]


def _copy(scores: Array) -> FloatArray:
    return np.array(scores, dtype=np.float64, order="C")
