"""Some columns of X as the model sees them, side by side: what coordinate descent goes through again and again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...protocols import Array, FloatArray
from ..one_thread import dot
from .in_background import in_background
from .problem import LinearProblem
from .seen_rows import dense_product, scaled_csr

MOST_BYTES = 1 << 33
RESERVED_BYTES = 1 << 30
BLOCK_ROWS = 2048
BLOCK_BYTES = 1 << 25
SPARSE_PRODUCT = 300
"""A multiply-add that finds its numbers by their places costs so many of a dense product's."""


class DenseColumns:
    """Columns of dense X, (m, n_samples) float64, less their weighted means where the bias is free.

    Scores are then ``weights . columns + level``, with ``level = bias + weights . means``. One of ones goes before.
    """

    starts: Array | None = None
    entries: Array | None = None
    memory: FloatArray

    def __init__(self, problem: LinearProblem, features: Array, known: DenseColumns | None = None) -> None:
        """`known` ones are not read again; they are not to be used afterwards."""
        m, n = features.size, problem.rows.n_samples
        require_memory(m, n)
        self.features, self.means = features, np.zeros(m)
        first = 0
        if known is not None and np.array_equal(known.features, features[: known.features.size]):
            first = known.features.size
        if known is not None and first and m < len(known.memory):
            self.memory = known.memory
        else:
            reserved = min(
                problem.rows.shape[1], max(4 * m, RESERVED_BYTES // (8 * n))
            )  # what is not used takes no room
            self.memory = np.empty((1 + max(m, reserved), n))
            self.memory[0] = 1.0
        new = np.ones(m, dtype=bool)
        if known is not None:
            if self.memory is not known.memory:
                _, here, there = np.intersect1d(features, known.features, return_indices=True)
                for to, place in zip(here, there, strict=True):
                    self.values[to] = known.values[place]
            else:
                here = there = np.arange(first)
            self.means[here], new[here] = known.means[there], False
        self._read(problem, np.flatnonzero(new))

    def _read(self, problem: LinearProblem, places: Array) -> None:
        """Fetch the columns at these places from X."""
        rows, weights = problem.rows, problem.rows.normalized_weights
        mass, some = float(weights.sum()), max(1, BLOCK_BYTES // (8 * rows.n_samples))
        for start in range(0, places.size, some):
            at = places[start : start + some]
            follow = at[-1] - at[0] + 1 == at.size
            part = self.values[at[0] : at[-1] + 1] if follow else np.empty((at.size, rows.n_samples))
            rows.fill_columns(self.features[at], part)
            if problem.has_free_bias and mass > 0:
                for place, column in zip(at, part, strict=True):  # one by one: the same bits in whatever company
                    self.means[place] = dot(column, weights) / mass
                    column -= self.means[place]
            if not follow:
                self.values[at] = part

    @property
    def padded(self) -> FloatArray:
        """The ones, and the columns."""
        return np.asarray(self.memory[: 1 + self.features.size])

    @property
    def values(self) -> FloatArray:
        """The columns."""
        return np.asarray(self.memory[1 : 1 + self.features.size])

    def scores(self, V: FloatArray) -> FloatArray:
        """``V columns``, (n_outputs, n_samples), for V (n_outputs, m); columns whose weights are 0 are left out."""
        used = np.flatnonzero(V.any(axis=0))
        if 2 * used.size > V.shape[1]:
            return np.asarray(V @ self.values)
        return np.asarray(V[:, used] @ self.values[used])

    def times(self, C: FloatArray) -> FloatArray:
        """``C columns'``, (n_outputs, m), for C (n_outputs, n_samples)."""
        return np.asarray(C @ self.values.T)

    def gram(self, weights: FloatArray, first: int = 0, is_wide: bool = True) -> Array:
        """``sum_i weights_i c_i c_i'``, or its last rows from `first` on: block after block of samples."""
        m, n = self.values.shape
        roots = np.sqrt(weights)
        gram = np.zeros((m - first, m))
        memory = np.empty((m, min(n, BLOCK_ROWS)), np.float64 if is_wide else np.float32)
        for start in range(0, n, BLOCK_ROWS):
            block = memory[:, : n - start]
            some = slice(start, start + BLOCK_ROWS)
            np.multiply(self.values[:, some], roots[some], out=block, casting="same_kind")
            gram += in_background(block.size * float(m - first), np.matmul, block[first:] if first else block, block.T)
        return gram


class SparseColumns:
    """Columns of CSR X, compressed; a column of ones goes before."""

    def __init__(self, problem: LinearProblem, features: Array, whole: Any = None) -> None:
        rows = problem.rows
        self.features = features
        self.whole = compressed_columns(problem) if whole is None else whole
        self.csc = self.whole[:, features]
        ones = rows.n_samples
        self.padded = np.append(np.ones(ones), self.csc.data)
        self.starts = np.append(0, self.csc.indptr.astype(np.int64) + ones)
        self.entries = np.append(np.arange(ones), self.csc.indices.astype(np.int64))
        self.means = np.zeros(features.size)

    def scores(self, V: FloatArray) -> FloatArray:
        """``V columns``."""
        return np.ascontiguousarray((self.csc @ V.T).T)

    def times(self, C: FloatArray) -> FloatArray:
        """``C columns'``."""
        return np.ascontiguousarray((self.csc.T @ C.T).T)

    def gram(self, weights: FloatArray, first: int = 0, is_wide: bool = True) -> Array:
        """``sum_i weights_i c_i c_i'``, or its last rows from `first` on: in float64 where zeros are left out."""
        n, m = self.csc.shape
        counts = np.bincount(self.csc.indices, minlength=n)
        if SPARSE_PRODUCT * float(np.vdot(counts, counts)) <= n * float(m) * m:
            weighted = self.csc.copy()
            weighted.data *= weights[weighted.indices]
            return in_background(math.inf, dense_product, weighted[:, first:].T, self.csc)
        weighted, gram = self.csc.tocsr(), np.zeros((m - first, m))
        weighted.data *= np.repeat(np.sqrt(weights), np.diff(weighted.indptr))
        if not is_wide:
            weighted = weighted.astype(np.float32)
        for start in range(0, n, BLOCK_ROWS):
            block = weighted[start : start + BLOCK_ROWS].toarray().T
            gram += in_background(block.size * float(m - first), np.matmul, block[first:] if first else block, block.T)
        return gram


def compressed_columns(problem: LinearProblem) -> Any:
    """All of sparse X as the model sees it, a bias's ones last, by columns (CSC), float64."""
    import scipy.sparse

    csc = scaled_csr(problem.rows).tocsc()
    csc.sum_duplicates()
    n, d = csc.shape
    if problem.rows.bias:
        parts = (
            np.append(csc.data, np.ones(n)),
            np.append(csc.indices, np.arange(n)),
            np.append(csc.indptr, csc.nnz + n),
        )
        csc = scipy.sparse.csc_array(parts, shape=(n, d + 1))
    return csc


def require_memory(m: int, n: int) -> None:
    """ValueError where m columns of n samples would not fit."""
    needed = 8 * m * n
    if needed > MOST_BYTES:
        raise ValueError(
            f"coordinate descent keeps its working columns in float64: {m:,} of {n:,} samples are {needed / 1e9:.0f} "
            f"GB, and it may use {MOST_BYTES / 1e9:.1f}: take ProximalGradient(), or a larger strength"
        )
