"""Products with X by the compiled kernels: the gradient of a squared error is one, for well chosen targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _kernels
from ..._arrays import INPUT_CODES
from ...protocols import Array, FloatArray
from ..losses.base import Loss
from ..losses.residual import SquaredError
from .rows import Rows


def compiled_kernel(
    rows: Rows,
    loss: Loss,
    labels: Array | None,
    targets: Array | None,
    weights: Array | None,
    normalizer: float,
    n_classes: int,
) -> _kernels.Problem:
    """A compiled loss on rows, of other labels or targets than theirs, maybe; without any it makes scores alone."""
    make: Any = _kernels.SparseProblem if rows.is_sparse else _kernels.Problem
    kernel: _kernels.Problem = make(
        rows.matrix, INPUT_CODES[rows.matrix.dtype], labels, targets, weights, rows.index, rows.mean, rows.scale,
        loss.code, loss.parameter, normalizer, n_classes, rows.bias,
    )  # fmt: skip
    return kernel


def residual_kernel(
    rows: Rows, targets: FloatArray | None, weights: FloatArray | None, normalizer: float, n_classes: int
) -> _kernels.Problem:
    """``normalizer * sum_i w_i ||W z_i - targets_i||^2``; targets stand at the rows of X, mini-batches included."""
    return compiled_kernel(rows, SquaredError(), None, targets, weights, normalizer, n_classes)


def weighted_rows(rows: Rows, kernel: _kernels.Problem, C: FloatArray, *, wide: bool) -> FloatArray:
    """``sum_i C_i z_i'`` for C (n_samples, m): (m, the columns of W), in float64, or float32.

    One of the two products of a pass. `kernel` is any on these rows.
    """
    largest = float(np.abs(C).max())
    # In units of a power of two, so that no square under- or overflows.
    unit = 2.0 ** np.floor(np.log2(largest)) if 0 < largest < np.inf else 1.0
    product = np.empty((C.shape[1], rows.shape[1]))
    _kernels.weighted_rows(kernel, np.ascontiguousarray(C / unit), product, wide)
    product *= unit
    return product
