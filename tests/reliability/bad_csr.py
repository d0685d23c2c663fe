"""Damaged sparse matrices: columns and row starts out of range, short, falling, of other types, and what is unusual."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from reliability.bad_arrays import misaligned, read_only
from reliability.bad_values import EITHER, SAME, SURVIVES, Bad


def _csr(change: Callable[[Any, Any, Any], tuple[Any, Any, Any] | None]) -> Callable[[Any], Any]:
    """A CSR whose data, indices and indptr were replaced behind scipy's back."""

    def make(X: Any) -> Any:
        other = X.copy()
        parts = change(other.data, other.indices, other.indptr)
        if parts is not None:
            other.data, other.indices, other.indptr = parts
        return other

    return make


def _put(part: str, at: int, value: int) -> Callable[[Any], Any]:
    def change(data: Any, columns: Any, starts: Any) -> None:
        {"data": data, "indices": columns, "indptr": starts}[part][at] = value

    return _csr(change)


def _unsorted(X: Any) -> Any:
    other = X.copy()
    for i in range(len(other.indptr) - 1):
        row = slice(other.indptr[i], other.indptr[i + 1])
        other.indices[row] = other.indices[row][::-1].copy()
        other.data[row] = other.data[row][::-1].copy()
    other.has_sorted_indices = False
    return other


def _duplicated(X: Any) -> Any:
    other = X.copy()
    other.data, other.indices = np.repeat(other.data / 2, 2), np.repeat(other.indices, 2)
    other.indptr = other.indptr * 2
    return other


def _int64(X: Any) -> Any:
    other = X.copy()
    other.indices, other.indptr = other.indices.astype(np.int64), other.indptr.astype(np.int64)
    return other


CSR = (
    Bad("column too high", _put("indices", -1, 1000)),
    Bad("the first column too high", _put("indices", 0, 2**30)),
    Bad("column n_features", lambda X: _put("indices", 0, X.shape[1])(X)),
    Bad("column -1", _put("indices", 0, -1)),
    Bad("column -1 at the end", _put("indices", -1, -1)),
    Bad("column int32 minimum", _put("indices", 0, -(2**31))),
    Bad("row starts at 1", _put("indptr", 0, 1)),
    Bad("row starts at -1", _put("indptr", 0, -1)),
    Bad("row start int32 minimum", _put("indptr", 1, -(2**31))),
    Bad("row start int32 maximum", _put("indptr", 1, 2**31 - 1)),
    Bad("row starts fall", _csr(lambda d, i, p: (d, i, np.concatenate([p[:1], p[1:-1][::-1], p[-1:]])))),
    Bad("row starts too high", _put("indptr", -1, 10_000)),
    Bad("row starts short", _csr(lambda d, i, p: (d, i, p[:-1]))),
    Bad("row starts long", _csr(lambda d, i, p: (d, i, np.append(p, p[-1])))),
    Bad("no row starts", _csr(lambda d, i, p: (d, i, p[:0]))),
    Bad("columns short", _csr(lambda d, i, p: (d, i[:-1], p))),
    Bad("data short", _csr(lambda d, i, p: (d[:-1], i, p))),
    Bad("no data", _csr(lambda d, i, p: (d[:0], i[:0], p))),
    Bad("float columns", _csr(lambda d, i, p: (d, i.astype(float), p))),
    Bad("float row starts", _csr(lambda d, i, p: (d, i, p.astype(float)))),
    Bad("int16 columns", _csr(lambda d, i, p: (d, i.astype(np.int16), p))),
    Bad("uint32 columns", _csr(lambda d, i, p: (d, i.astype(np.uint32), p))),
    Bad("object columns", _csr(lambda d, i, p: (d, i.astype(object), p))),
    Bad("columns a list", _csr(lambda d, i, p: (d, i.tolist(), p))),
    Bad("columns None", _csr(lambda d, i, p: (d, None, p))),
    Bad("columns two-dimensional", _csr(lambda d, i, p: (d, i[:, None], p))),
    Bad("columns masked", _csr(lambda d, i, p: (d, np.ma.MaskedArray(i), p))),
    Bad("integer data", _csr(lambda d, i, p: (d.astype(np.int64), i, p))),
    Bad("bool data", _csr(lambda d, i, p: (d != 0, i, p))),
    Bad("complex data", _csr(lambda d, i, p: (d + 1j, i, p))),
    Bad("object data", _csr(lambda d, i, p: (d.astype(object), i, p))),
    Bad("float16 data", _csr(lambda d, i, p: (d.astype(np.float16), i, p))),
    Bad("NaN in data", _put("data", 0, math.nan)),
    Bad("inf in data", _put("data", -1, math.inf)),
    Bad("int64 columns", _csr(lambda d, i, p: (d, i.astype(np.int64), p)), SAME),
    Bad("int64 row starts", _csr(lambda d, i, p: (d, i, p.astype(np.int64))), SAME),
    Bad("int64 columns int64 minimum", lambda X: _put("indices", 0, -(2**63))(_int64(X))),
    Bad("int64 columns 2**32", lambda X: _put("indices", 0, 2**32)(_int64(X))),
    Bad("int64 row start 2**62", lambda X: _put("indptr", 1, 2**62)(_int64(X))),
    Bad("unsorted", _unsorted, SAME),
    Bad("entries twice, at half", _duplicated, EITHER),
    Bad("longer data than used", _csr(lambda d, i, p: (np.append(d, 7.0), np.append(i, i[:1]), p)), EITHER),
    Bad("strided columns", _csr(lambda d, i, p: (d, np.repeat(i, 2)[::2], p)), EITHER),
    Bad("misaligned columns", _csr(lambda d, i, p: (d, misaligned(i), p)), EITHER),
    Bad("byte-swapped data", _csr(lambda d, i, p: (d.astype(d.dtype.newbyteorder()), i, p)), EITHER),
    Bad("byte-swapped columns", _csr(lambda d, i, p: (d, i.astype(i.dtype.newbyteorder()), p)), EITHER),
    Bad("read-only parts", _csr(lambda d, i, p: (read_only(d), read_only(i), read_only(p))), SAME),
    Bad("float32 data", _csr(lambda d, i, p: (d.astype(np.float32), i, p)), SURVIVES),
    Bad("uint8 data", _csr(lambda d, i, p: ((d != 0).astype(np.uint8), i, p)), SURVIVES),
    Bad("csr_matrix", sparse.csr_matrix, SAME),
    Bad("CSC", lambda X: X.tocsc()),
    Bad("COO", lambda X: X.tocoo()),
    Bad("BSR", lambda X: X.tobsr()),
    Bad("LIL", lambda X: X.tolil()),
    Bad("DIA", lambda X: X.todia()),
    Bad("no rows", lambda X: X[:0]),
    Bad("no columns", lambda X: X[:, :0]),
    Bad("one row, 1-d", lambda X: sparse.coo_array(X.toarray()[0])),
    Bad("1e308", _put("data", 0, 1e308), SURVIVES),
    Bad("empty rows", lambda X: sparse.csr_array(X.shape), SURVIVES),
)
"""X, sparse: CSR (n, d) of float64 with int32 indices."""
