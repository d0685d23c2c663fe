"""Newton's matrix of the columns in work: made once, grown with them, and made anew where its steps become slow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....objective.linear.columns import DenseColumns, SparseColumns
from ....objective.linear.outputs import Outputs
from ....protocols import Array, FloatArray

IN_FLOAT64 = 2e8
"""Multiply-adds that are made in float64 at once; beyond, float32 takes half the time, and is tried first."""
RIDGE = 2.0**-19
"""Of the diagonal: what float32 may take from the smallest eigenvalue."""
STALE = 0.3
"""A change of the second derivatives by more than this makes matrices worth their cost."""
MOST_OF_SPARSE = 2000
"""Columns of sparse X whose products make a matrix; beyond, the columns themselves are fewer numbers."""


class Kept(NamedTuple):
    """``sum_i d_ci c_i c_i'`` of the columns in work, (k, m, m), float32 or float64, and d (k, n_samples).

    k is 1 where all outputs have the same d, as those of squared error.
    """

    matrices: Array
    diagonal: FloatArray

    @property
    def is_exact(self) -> bool:
        """Made in float64."""
        return bool(self.matrices.dtype == np.float64)


NOTHING_KEPT = Kept(np.empty((0, 0, 0)), np.empty((0, 0)))


def made(columns: DenseColumns | SparseColumns, diagonal: FloatArray, is_exact: bool) -> Kept:
    """The matrices of all columns."""
    m, n = columns.features.size, diagonal.shape[1]
    is_wide = is_exact or not is_dear(m, n)
    matrices = np.empty((len(diagonal), m, m), np.float64 if is_wide else np.float32)
    for c, weights in enumerate(diagonal):
        matrices[c] = columns.gram(weights, 0, is_wide)
    return Kept(matrices, diagonal)


def is_dear(n_columns: int, n_samples: int) -> bool:
    """Whether products of so many columns last: only then may matrices be float32."""
    return n_columns**2 * float(n_samples) > IN_FLOAT64


def grown(columns: DenseColumns | SparseColumns, kept: Kept) -> Kept:
    """Those of all columns, of whose first ones they are there."""
    m, first = columns.features.size, kept.matrices.shape[1]
    if first == m:
        return kept
    matrices = np.empty((len(kept.diagonal), m, m), kept.matrices.dtype)
    for c, weights in enumerate(kept.diagonal):
        more = columns.gram(weights, first, kept.is_exact)
        matrices[c, :first, :first] = kept.matrices[c]
        matrices[c, first:] = more
        matrices[c, :first, first:] = more[:, :first].T
    return Kept(matrices, kept.diagonal)


def diagonal_at(outputs: Outputs, scores: FloatArray) -> FloatArray | None:
    """Second derivatives of the data's part by the scores, (k, n_samples); None where those of a row hang together."""
    if outputs.problem.loss.is_quadratic:
        return 2 * outputs.weights[None]
    curvature = outputs.curvature(scores)
    return None if curvature.less is not None or curvature.more is not None else curvature.diagonal


def is_stale(outputs: Outputs, kept: Kept, scores: FloatArray) -> bool:
    """Whether the loss bends otherwise by now."""
    if outputs.problem.loss.is_quadratic:
        return False
    diagonal = diagonal_at(outputs, scores)
    return diagonal is None or float(np.abs(diagonal - kept.diagonal).sum()) > STALE * float(diagonal.sum())


class Model:
    """The matrices ready for use: float64, and without what a free bias takes off them."""

    def __init__(self, columns: DenseColumns | SparseColumns, kept: Kept, has_free_bias: bool) -> None:
        self.matrices = kept.matrices.astype(np.float64)
        k = len(kept.diagonal)
        self.mass = kept.diagonal.sum(axis=1) if has_free_bias else np.zeros(k)
        self.along = columns.times(kept.diagonal) if has_free_bias else np.zeros((k, columns.features.size))
        for matrix, along, mass in zip(self.matrices, self.along, self.mass, strict=True):
            if mass > 0 and along.any():
                matrix -= np.outer(along, along / mass)
            if not kept.is_exact:
                matrix.flat[:: len(matrix) + 1] *= 1 + RIDGE

    def of_output(self, c: int) -> tuple[FloatArray, FloatArray, float]:
        """Its matrix, the derivative of the level's slope by the weights, and by the level."""
        c = min(c, len(self.matrices) - 1)
        return self.matrices[c], self.along[c], float(self.mass[c])
