"""Rows as the model sees them, ``[(x - mean) / scale, 1]``, in float64: some at a time, or all of sparse X at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import _kernels
from ...protocols import FloatArray
from .rows import Rows

BLOCK_BYTES = 1 << 25


def blocks_of_rows(
    rows: Rows, bias: bool, least: int = 1, block_bytes: int = BLOCK_BYTES
) -> Iterator[tuple[slice, FloatArray]]:
    """All of them, at least so many at a time; with `bias` there is a last column of ones."""
    m = rows.n_features + int(bias)
    step = max(least, block_bytes // (8 * m))
    for first in range(0, rows.n_samples, step):
        chosen = slice(first, min(first + step, rows.n_samples))
        block = np.ones((chosen.stop - chosen.start, m))
        block[:, : rows.n_features] = block_of(rows, chosen)
        yield chosen, block


def block_of(rows: Rows, chosen: slice, columns: slice = slice(None)) -> FloatArray:
    """Some rows and some of their features."""
    matrix = rows.matrix
    if isinstance(matrix, _kernels.SparseRows):
        assert columns == slice(None)
        return np.asarray(scaled_csr(rows, chosen).toarray())
    block = matrix[chosen if rows.index is None else rows.index[chosen], columns].astype(np.float64)
    if rows.mean is not None:
        block -= rows.mean[columns]
    if rows.scale is not None:
        block /= rows.scale[columns]
    return np.asarray(block)


def scaled_csr(rows: Rows, chosen: slice = slice(None)) -> Any:
    """Some sparse rows, without a column of ones: a scipy.sparse.csr_array of its own."""
    A = rows.indexable().astype(np.float64)
    if rows.scale is not None:
        A.data /= rows.scale[A.indices]
    return A[chosen if rows.index is None else rows.index[chosen]]


def weighted_csr(rows: Rows, roots: FloatArray, bias: bool) -> Any:
    """All sparse rows times roots; with `bias` there is a last column of ones before."""
    import scipy.sparse

    A = scaled_csr(rows)
    if bias:
        A = scipy.sparse.hstack([A, np.ones((A.shape[0], 1))], format="csr")
    return scipy.sparse.diags_array(roots).tocsr() @ A


def dense_product(A: Any, B: Any) -> FloatArray:
    """Of two sparse arrays."""
    return np.asarray((A @ B).toarray())
