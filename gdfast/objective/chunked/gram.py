"""The Gram matrix of the rows of all chunks, its diagonal and its sketch: sums of those of each chunk."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._arrays import check_indices
from ...protocols import FloatArray
from ..linear.gram import check_row_weights, finite_gram, require_memory
from ..linear.gram_sketch import random_basis, sketch_of
from . import operations_on_rows
from .engine import OfRows
from .problem import ChunkedProblem


def gram(problem: ChunkedProblem, row_weights: Any = None, indices: Any = None) -> FloatArray:
    """``sum_i u_i z_i z_i'``, (m, m)."""
    weights = _weights(problem, row_weights, indices)
    require_memory(problem.rows.shape[1])
    return finite_gram(problem.sum(operations_on_rows.gram, weights)[0], _given(row_weights))


def gram_diagonal(problem: ChunkedProblem, row_weights: Any = None, indices: Any = None) -> FloatArray:
    """Its diagonal, (m,)."""
    weights = _weights(problem, row_weights, indices)
    diagonal: FloatArray = problem.sum(operations_on_rows.gram_diagonal, weights)[0]
    if not np.isfinite(diagonal).all():
        raise ValueError(f"{_given(row_weights)} must have squares within float64 for a diagonal: scale the features")
    return diagonal


def gram_sketch(
    problem: ChunkedProblem, rank: Any, seed: Any = 0, row_weights: Any = None, indices: Any = None
) -> tuple[FloatArray, FloatArray]:
    """Its largest eigenvalues and their vectors."""
    weights = _weights(problem, row_weights, indices)
    omega = random_basis(problem.rows.shape[1], rank, seed)
    Y = problem.sum(operations_on_rows.gram_times, weights, omega)[0]
    unit = float(np.abs(Y).max()) or 1.0
    with np.errstate(invalid="ignore"):
        return sketch_of(omega, Y / unit, unit, _given(row_weights))


def _given(row_weights: Any) -> str:
    return "X" if row_weights is None else "X and row_weights"


def _weights(problem: ChunkedProblem, row_weights: Any, indices: Any) -> OfRows | None:
    """What each row of the whole counts, so that the mean over all is the mean over those that are asked for."""
    n = problem.rows.n_samples
    if indices is None:
        weights = check_row_weights(row_weights, n)
        return None if weights is None else OfRows(weights)
    index = check_indices(indices, n)
    weights = check_row_weights(row_weights, index.size)
    return OfRows(np.bincount(index, weights, minlength=n) * (n / index.size))
