"""Some columns of X as the model sees them, side by side: what coordinate descent goes through again and again."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import Array, FloatArray
from .in_background import in_background
from .problem import LinearProblem
from .seen_rows import scaled_csr

MOST_BYTES = 1 << 33
BLOCK_ROWS = 1024
BLOCK_BYTES = 1 << 25


class DenseColumns:
    """Columns of dense X, (m, n_samples) float64, less their weighted means where the bias is free.

    Scores are then ``weights . columns + level``, with ``level = bias + weights . means``. A column of ones follows.
    """

    starts: Array | None = None
    entries: Array | None = None

    def __init__(self, problem: LinearProblem, features: Array, known: DenseColumns | None = None) -> None:
        rows = problem.rows
        require_memory(features.size, rows.n_samples)
        self.features = features
        self.padded = np.empty((features.size + 1, rows.n_samples))
        self.padded[-1] = 1.0
        self.means = np.zeros(features.size)
        first = 0
        if known is not None:
            first = known.features.size
            self.values[:first], self.means[:first] = known.values, known.means
        weights = rows.normalized_weights
        mass, some = float(weights.sum()), max(1, BLOCK_BYTES // (8 * rows.n_samples))
        for start in range(first, features.size, some):
            part = self.values[start : start + some]
            rows.fill_columns(features[start : start + some], part)
            if problem.has_free_bias and mass > 0:
                for place, column in enumerate(part, start):  # one by one: the same bits in whatever company
                    self.means[place] = float(np.dot(column, weights)) / mass
                    column -= self.means[place]

    @property
    def values(self) -> FloatArray:
        """The columns, without the ones."""
        return self.padded[:-1]

    def scores(self, V: FloatArray) -> FloatArray:
        """``V columns``, (n_outputs, n_samples), for V (n_outputs, m); columns whose weights are 0 are left out."""
        used = np.flatnonzero(V.any(axis=0))
        if 2 * used.size > V.shape[1]:
            return np.asarray(V @ self.values)
        return np.asarray(V[:, used] @ self.values[used])

    def times(self, C: FloatArray) -> FloatArray:
        """``C columns'``, (n_outputs, m), for C (n_outputs, n_samples)."""
        return np.asarray(C @ self.values.T)

    def gram(self, weights: FloatArray, first: int = 0) -> FloatArray:
        """``sum_i weights_i c_i c_i'``, or its last rows from `first` on: block after block of samples."""
        m, n = self.values.shape
        roots = np.sqrt(weights)
        gram = np.zeros((m - first, m))
        for start in range(0, n, BLOCK_ROWS):
            block = self.values[:, start : start + BLOCK_ROWS] * roots[start : start + BLOCK_ROWS]
            gram += in_background(block.size * float(m - first), np.matmul, block[first:] if first else block, block.T)
        return gram


class SparseColumns:
    """Columns of CSR X, compressed; a column of ones follows."""

    def __init__(self, problem: LinearProblem, features: Array, whole: Any = None) -> None:
        rows = problem.rows
        self.features = features
        self.whole = compressed_columns(problem) if whole is None else whole
        self.csc = self.whole[:, features]
        ones = rows.n_samples
        self.padded = np.append(self.csc.data, np.ones(ones))
        self.starts = np.append(self.csc.indptr.astype(np.int64), self.csc.nnz + ones)
        self.entries = np.append(self.csc.indices.astype(np.int64), np.arange(ones))
        self.means = np.zeros(features.size)

    def scores(self, V: FloatArray) -> FloatArray:
        """``V columns``."""
        return np.ascontiguousarray((self.csc @ V.T).T)

    def times(self, C: FloatArray) -> FloatArray:
        """``C columns'``."""
        return np.ascontiguousarray((self.csc.T @ C.T).T)


def compressed_columns(problem: LinearProblem) -> Any:
    """All of sparse X as the model sees it, a bias's ones last, by columns (CSC), float64."""
    import scipy.sparse

    csc = scaled_csr(problem.rows).tocsc()
    csc.sum_duplicates()
    if problem.rows.bias:
        csc = scipy.sparse.hstack([csc, np.ones((csc.shape[0], 1))], format="csc")
    return csc


def require_memory(m: int, n: int) -> None:
    """ValueError where m columns of n samples would not fit."""
    needed = 8 * m * n
    if needed > MOST_BYTES:
        raise ValueError(
            f"coordinate descent keeps its working columns in float64: {m:,} of {n:,} samples are {needed / 1e9:.0f} "
            f"GB, and it may use {MOST_BYTES / 1e9:.1f}: take ProximalGradient(), or a larger strength"
        )
