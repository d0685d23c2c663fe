"""Quadratic models with L1 and L2, minimised one weight after another: by their matrix, or column by column of X."""

from __future__ import annotations

import numpy as np

from ... import _kernels
from ...protocols import Array, FloatArray
from ..losses.base import ScoreCurvature
from .columns import DenseColumns, SparseColumns
from .in_background import in_background

EPOCHS = 20
"""Of coordinate descent, before the weights that are not 0 are tried at once."""
ROUNDS = 50


def subgradient_sizes(
    w: FloatArray, gradient: FloatArray, l1: float | FloatArray, l2: float | FloatArray
) -> FloatArray:
    """|the subgradient of minimum norm| where `gradient` is that of the part without penalties."""
    inside = np.maximum(np.abs(gradient) - l1, 0.0)
    return np.where(w == 0, inside, np.abs(gradient + 2 * l2 * w + l1 * np.sign(w)))


def minimise_quadratic(
    matrix: FloatArray, gradient: FloatArray, w: FloatArray, l1: FloatArray, l2: FloatArray, tolerance: float
) -> None:
    """w and gradient (m,), that of the part with the matrix, go to the optimum: no subgradient above the tolerance.

    Coordinate descent finds which weights are 0. Where it is slow, the others go to the optimum that they have with
    their signs, as far as the first one that would change its sign: it is 0 from there on.
    """
    for rounds in range(ROUNDS):
        epochs = max(EPOCHS, int(np.count_nonzero(w)) // 10) if rounds else EPOCHS
        _kernels.descend_quadratic(matrix, gradient, w, l1, l2, tolerance, epochs)
        # (the kernel sees each weight at its visit: where columns are alike, all of them together may be far off)
        if not float(subgradient_sizes(w, gradient, l1, l2).max(initial=0.0)) > tolerance:
            return
        _move_signed(matrix, gradient, w, l1, l2)


def _move_signed(matrix: FloatArray, gradient: FloatArray, w: FloatArray, l1: FloatArray, l2: FloatArray) -> None:
    """Newton's step of the weights that are not 0, or have no L1; those that would change their sign become 0.

    Where that is uphill, the step ends where the first of them reaches 0.
    """
    import scipy.linalg

    free = np.flatnonzero((w != 0) | (l1 == 0))
    if free.size == 0:
        return
    some = matrix[np.ix_(free, free)]
    some.flat[:: free.size + 1] += 2 * l2[free]
    before, a, b = w[free], l1[free], l2[free]
    right = -(gradient[free] + 2 * b * before + a * np.sign(before))
    try:
        factor = in_background(float(free.size) ** 3, scipy.linalg.cho_factor, some, overwrite_a=True)
    except np.linalg.LinAlgError:
        return
    step = scipy.linalg.cho_solve(factor, right)
    if not np.isfinite(step).all():
        return
    crosses = (before * (before + step) < 0) & (a > 0)
    after = np.where(crosses, 0.0, before + step)
    moved = matrix[:, free] @ (after - before)
    change = float((gradient[free] + moved[free] / 2) @ (after - before))
    change += float(a @ (np.abs(after) - np.abs(before)) + b @ (after**2 - before**2))
    if not change < 0 and crosses.any():
        reach = np.full(free.size, np.inf)
        reach[crosses] = -before[crosses] / step[crosses]
        length = float(reach.min())
        after = np.where(reach <= length, 0.0, before + length * step)
        moved = matrix[:, free] @ (after - before)
    w[free] = after
    gradient += moved


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
    """The weights w of `pairs` (output, place of the column, 0 for the ones) move; what the scores change by (k, n)."""
    diagonal, less, more = curvature
    changes, sums = np.zeros_like(diagonal), np.zeros((2, diagonal.shape[1]))
    _kernels.descend_columns(
        columns.padded, columns.starts, columns.entries, pairs[0], pairs[1], diagonal, less, more, changes, sums,
        gradient, w, l1, l2, tolerance, epochs,
    )  # fmt: skip
    return changes
