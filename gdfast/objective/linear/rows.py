"""What the parts of `LinearObjective` share: each part (differences, certificates, curvature) is a file of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _kernels
from ..._arrays import INPUT_CODES
from ...protocols import Array, FloatArray
from ..losses.base import Loss
from ..losses.residual import SquaredError
from ..regularizers.regularizers import Regularizer

SCANNED_BYTES = 1 << 20


class LinearParts:
    """The attributes that every part reads."""

    X: Any
    loss: Loss
    regularizer: Regularizer | None
    shape: tuple[int, int]
    n_classes: int
    n_features: int
    n_samples: int
    bias: bool
    penalize_bias: bool
    mean: Array | None
    scale: Array | None
    _problem: _kernels.Problem
    _rows: Array | _kernels.SparseRows
    _index: Array | None
    _labels: Array | None
    _targets: Array | None
    _weights: Array | None
    _mean_weight: float
    _wide: bool
    _largest: FloatArray | None
    _facts: tuple[FloatArray, FloatArray | None] | None

    @property
    def arithmetic(self) -> np.dtype[Any]:
        """The type that scores and gradients are computed in."""
        raise TypeError(f"{type(self).__name__} must say how it computes")

    def value(self, W: Array) -> float:
        """L(W)."""
        raise TypeError(f"{type(self).__name__} must have a value")

    def scores(self, W: Array) -> Array:
        """(n_samples, n_classes)."""
        raise TypeError(f"{type(self).__name__} must compute scores")

    def margins(self, W: Array) -> Array:
        """(n_samples, n_classes)."""
        raise TypeError(f"{type(self).__name__} must compute margins")

    def rows(self, indices: Array) -> LinearParts:
        """The mini-batch of these rows."""
        raise TypeError(f"{type(self).__name__} must have mini-batches")

    def _touch(self, rows: int) -> None:
        raise TypeError(f"{type(self).__name__} must count the rows it touches")

    def _penalised(self, W: Array) -> Array:
        raise TypeError(f"{type(self).__name__} must say which weights are penalised")

    def _penalty(self, W: Array) -> float:
        raise TypeError(f"{type(self).__name__} must have a penalty")

    def _shares(self) -> FloatArray:
        """u: the data term is sum_i u_i loss_i, (n_samples,)."""
        if self._weights is None:
            return np.full(self.n_samples, 1 / self.n_samples)
        chosen = self._weights if self._index is None else self._weights[self._index]
        return np.asarray(chosen / (self.n_samples * self._mean_weight))

    def _residual_problem(self, targets: Array, weights: Array | None, normalizer: float) -> _kernels.Problem:
        """``normalizer * sum_i w_i ||W z_i - targets_i||^2`` on the same rows.

        Its gradient makes products with X: for W = 0 and targets -A/2 it is sum_i A_i z_i', for targets 0 it is twice
        W times the second moments of the rows. `targets` stand at the rows of X, mini-batches included.
        """
        sparse = isinstance(self._rows, _kernels.SparseRows)
        make: Any = _kernels.SparseProblem if sparse else _kernels.Problem
        problem: _kernels.Problem = make(
            self._rows, INPUT_CODES[self._rows.dtype.name], None, targets, weights, self._index, self.mean, self.scale,
            SquaredError.code, 0.0, normalizer, targets.shape[1], self.bias,
        )  # fmt: skip
        if isinstance(problem, _kernels.SparseProblem):
            problem.share_tiles(self._problem)
        return problem

    def _weighted_rows(self, C: FloatArray) -> FloatArray:
        """``sum_i C_i z_i'`` for C (n_samples, m): (m, the columns of W), by one pass in float64."""
        largest = float(np.abs(C).max())
        unit = (
            2.0 ** np.floor(np.log2(largest)) if 0 < largest < np.inf else 1.0
        )  # so that no square under- or overflows
        targets = np.zeros((self._rows.shape[0], C.shape[1]))
        targets[slice(None) if self._index is None else self._index] = -0.5 * (C / unit)
        value, product = np.empty(1), np.empty((C.shape[1], self.shape[1]))
        self._touch(self.n_samples)
        self._residual_problem(targets, None, 1.0).evaluate(np.zeros_like(product), value, product, None, True)
        product *= unit
        return product

    def _reach(self) -> FloatArray:
        """At least max_i |z_ij|, (n_features,), and 1 for the bias; X is scanned once."""
        if self._largest is None:
            self._largest = self._largest_elements()
        reach = self._largest + (0.0 if self.mean is None else np.abs(self.mean))
        if self.scale is not None:
            with np.errstate(over="ignore"):
                reach = reach / self.scale
        return np.append(reach, 1.0) if self.bias else reach

    def _largest_elements(self) -> FloatArray:
        """At least max_i |x_ij|, over the rows of the whole or of this mini-batch."""
        largest = np.zeros(self.n_features)
        if isinstance(self._rows, _kernels.SparseRows):
            starts = self._rows.starts
            indices = self._rows.indices[: starts[-1]]
            sizes = np.abs(self._rows.values[: starts[-1]]).astype(np.float64)
            is_rising = indices[1:] > indices[:-1]
            is_rising[starts[(starts > 0) & (starts < indices.size)] - 1] = True
            if not is_rising.all():  # an element may be a sum of several entries
                return np.asarray(np.bincount(indices, weights=sizes, minlength=self.n_features), dtype=np.float64)
            np.maximum.at(largest, indices, sizes)
            return largest
        if self._rows.dtype == np.uint8:
            return np.full(self.n_features, 255.0)
        step = max(1, SCANNED_BYTES // (self.n_features * self._rows.itemsize))
        for first in range(0, self.n_samples, step):
            chosen: Any = slice(first, first + step) if self._index is None else self._index[first : first + step]
            block = self._rows[chosen]
            np.maximum(largest, block.max(axis=0), out=largest)
            np.maximum(largest, -block.min(axis=0), out=largest)
        return largest
