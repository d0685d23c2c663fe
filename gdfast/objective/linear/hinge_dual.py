"""The linear objective's dual, where the loss is the hinge and the regularizer L2: see `DualCoordinateAscent`.

A row has a dual a_c in [0, its weight / the mean weight] for each wrong class; A_c = a_c, A_y = -sum of a. Weights that
belong to duals are ``W = -A'X / (2 strength n)``.
"""

from __future__ import annotations

import numpy as np

from ... import _kernels
from ...protocols import Array, FloatArray
from ..dual_bounds import DualSums, bound_with_free_bias, bound_with_penalty, bound_without_bias
from ..regularizers.regularizers import strengths_of
from .differences import LinearDifferences

REST = 3
"""Epochs that a row whose duals don't move may be left alone."""


class LinearDuals(LinearDifferences):
    """The part of `LinearObjective` that knows its dual."""

    n_features: int

    def dual_epoch(
        self,
        W: Array,
        duals: Array,
        idle: Array,
        squares: FloatArray,
        unit: float,
        bias_square: float,
        seed: int,
        epoch: int,
    ) -> None:
        """Move the rows' duals (n_samples, n_classes) to their optimum in turn, and W with them, in place.

        The order is the permutation of (seed, epoch). `idle` (n_samples,), uint8, counts the visits since a row's duals
        moved; one that has not moved for long is visited in every (REST + 1)-th epoch only. `squares` are those of
        `dual_squares`; `unit` is 1 / (2 strength n_samples); `bias_square` that of the value which the bias is
        multiplied by. W and duals have the type of the arithmetic. At most one pass over X.
        """
        due = (np.arange(self.n_samples) + epoch) % (1 + np.minimum(idle, REST)) == 0
        order = _kernels.permutation(self.n_samples, seed, epoch)
        order = order[due[order]]
        rows = order if self._index is None else np.ascontiguousarray(self._index[order])
        self._touch(len(order))
        _kernels.dual_epoch(self._problem, order, rows, squares, unit, bias_square, self._mean_weight, duals, idle, W)

    def dual_squares(self) -> FloatArray:
        """``|(x_i - mean) / scale|**2`` of each row, (n_samples,); one pass over X."""
        squares = np.empty(self.n_samples)
        self._touch(self.n_samples)
        _kernels.dual_squares(self._problem, squares)
        return squares

    def dual_sums(self, duals: Array, squares: FloatArray) -> tuple[FloatArray, float, float]:
        """``A'X`` with the sums of A as last column (n_classes, n_features + 1), ``sum(a)``, ``sum_i |A_i|_1 |x_i|``.

        In float64; duals are taken into their box first, so that whatever they are, A is feasible. One pass over the
        rows that have any.
        """
        sums = np.empty((self.n_classes, self.n_features + 1))
        self._touch(self.n_samples)
        total, moment = _kernels.dual_sums(self._problem, squares, self._mean_weight, duals, sums, False)
        return sums, total, moment

    def known_of_duals(self, duals: Array, squares: FloatArray) -> DualSums:
        """What `dual_bound` needs to know of duals; one pass over the rows that have any."""
        sums, total, moment = self.dual_sums(duals, squares)
        longest = float(np.sqrt(squares.max())) * (1 + 1e-14)
        if self.mean is not None:  # sums are taken before centring
            offset = 2 * float(np.linalg.norm(self.mean / (1.0 if self.scale is None else self.scale)))
            longest, moment = longest + offset, moment + 2 * total * offset
        return DualSums(sums, total, moment, longest)

    def dual_bound(self, known: DualSums, class_sums: FloatArray | None) -> float:
        """What the objective is nowhere below. `class_sums` where the bias is not penalised; of a class without rows
        all duals must be zero then."""
        strengths = strengths_of(self.regularizer)
        assert strengths is not None
        facts = self.loss.margin, strengths.l2, self.n_samples
        if not self.bias:
            return bound_without_bias(known, *facts)
        if class_sums is None:
            return bound_with_penalty(known, *facts)
        return bound_with_free_bias(known, class_sums, *facts)

    def facts_of_rows(self) -> tuple[FloatArray, FloatArray | None]:
        """`dual_squares`, and `class_sums` where the bias is not penalised."""
        squares = self.dual_squares()
        return squares, self.class_sums(squares) if self.bias and not self.penalize_bias else None

    def class_sums(self, squares: FloatArray) -> FloatArray:
        """Weighted sums of the rows of each class, the weights' own sum last: (n_classes, n_features + 1).

        Weights are those of `sample_weight`, divided by their mean. One pass over X.
        """
        labels, weights = self._labels, self._weights
        assert labels is not None
        if self._index is not None:
            labels, weights = labels[self._index], None if weights is None else weights[self._index]
        chosen = np.zeros((self.n_samples, self.n_classes))
        chosen[np.arange(self.n_samples), labels] = 1.0 if weights is None else weights / self._mean_weight
        sums = np.empty((self.n_classes, self.n_features + 1))
        self._touch(self.n_samples)
        _kernels.dual_sums(self._problem, squares, self._mean_weight, chosen, sums, True)
        return sums
