"""Quadratic models with L1 and L2, minimised one weight after another: by their matrix, or column by column of X."""

from __future__ import annotations

import numpy as np

from ... import _kernels
from ...protocols import Array, FloatArray
from ..losses.base import ScoreCurvature
from .columns import DenseColumns, SparseColumns

EPOCHS = 20
"""Of coordinate descent, before the weights that are not 0 are tried at once."""
ROUNDS = 50


def minimise_quadratic(
    matrix: FloatArray, gradient: FloatArray, w: FloatArray, l1: FloatArray, l2: FloatArray, tolerance: float
) -> None:
    """w and gradient (m,), that of the part with the matrix, go to the optimum: no subgradient above the tolerance.

    Coordinate descent finds which weights are 0. Where it is slow, the others go to the optimum that they have with
    their signs, as far as the first one that would change its sign: it is 0 from there on.
    """
    for rounds in range(ROUNDS):
        epochs = max(EPOCHS, int(np.count_nonzero(w)) // 20) if rounds else EPOCHS
        _, violation = _kernels.descend_quadratic(matrix, gradient, w, l1, l2, tolerance, epochs)
        if not violation > tolerance:
            return
        _move_signed(matrix, gradient, w, l1, l2)


def _move_signed(matrix: FloatArray, gradient: FloatArray, w: FloatArray, l1: FloatArray, l2: FloatArray) -> None:
    """Newton's step of the weights that are not 0, or have no L1, shortened where one of them reaches 0."""
    free = np.flatnonzero((w != 0) | (l1 == 0))
    if free.size == 0:
        return
    some = matrix[np.ix_(free, free)]
    some.flat[:: free.size + 1] += 2 * l2[free]
    right = -(gradient[free] + 2 * l2[free] * w[free] + l1[free] * np.sign(w[free]))
    try:
        factor = np.linalg.cholesky(some)
        step = np.linalg.solve(factor.T, np.linalg.solve(factor, right))
    except np.linalg.LinAlgError:
        return
    if not np.isfinite(step).all():
        return
    before = w[free]
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where((before * step < 0) & (l1[free] > 0), -before / step, np.inf)
    length = min(1.0, float(reach.min()))
    after = before + length * step
    after[reach <= length] = 0.0
    w[free] = after
    gradient += matrix[:, free] @ (after - before)


def minimise_by_columns(
    columns: DenseColumns | SparseColumns,
    pairs: tuple[Array, Array],
    curvature: ScoreCurvature,
    gradient: FloatArray,
    w: FloatArray,
    l1: FloatArray,
    l2: FloatArray,
    tolerance: float,
    epochs: int,
) -> FloatArray:
    """The weights w of `pairs` (output, place of the column) move in place; the change of the scores (n_outputs, n)."""
    diagonal, less, more = curvature
    changes, sums = np.zeros_like(diagonal), np.zeros((2, diagonal.shape[1]))
    _kernels.descend_columns(
        columns.padded, columns.starts, columns.entries, pairs[0], pairs[1], diagonal, less, more, changes, sums,
        gradient, w, l1, l2, tolerance, epochs,
    )  # fmt: skip
    return changes
