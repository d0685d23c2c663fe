"""A part of a source: one file, store or array whose rows are read piece by piece, and the checks that all share."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from ..._arrays import INPUT_CODES
from ...protocols import Array


class Part(Protocol):
    """A frozen, picklable recipe of rows: where they lie and how they are read, with nothing opened.

    `name` is what messages call it; `starts` are the rows within it at which its own pieces begin (row groups, a
    store's chunks; small ones joined), 0 the first of them. One that can begin to read ahead has
    ``expect([(start, stop), ...])`` as well: which rows will be read next.
    """

    @property
    def name(self) -> str: ...
    @property
    def n_samples(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def is_sparse(self) -> bool: ...
    @property
    def has_labels(self) -> bool: ...
    @property
    def starts(self) -> Array: ...

    def read(self, start: int, stop: int, out: Array | None, /) -> Any:
        """Rows [start, stop), dense and C-ordered (in `out` where it is given) or CSR."""
        ...

    def labels(self, start: int, stop: int, /) -> Array:
        """Their labels as they were found, where the part has labels."""
        ...

    def require_unchanged(self) -> None:
        """ValueError or FileNotFoundError where what it reads from is no longer what it was."""
        ...


def require_rows(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Rows of numbers in a type that the kernels read.

    Raises
    ------
    TypeError
        Python objects, text, or numbers of another type.
    ValueError
        Not (n_samples, n_features), no features, or another machine's byte order.
    """
    if dtype not in INPUT_CODES:
        if any(dtype.name == known.name for known in INPUT_CODES):
            raise ValueError(f"{name} must be in this machine's byte order; its dtype is {dtype.str}")
        remedy = ": .astype(numpy.float32) converts" if dtype.kind in "biuf" else ""
        raise TypeError(f"{name} must be float64, float32, float16 or uint8; its dtype is {dtype}{remedy}")
    if len(shape) != 2:
        remedy = ".reshape(-1, 1) makes one feature of it" if len(shape) == 1 else ".reshape(len(X), -1) makes rows"
        raise ValueError(f"{name} must be (n_samples, n_features); its shape is {shape}: {remedy}")
    if math.prod(shape) * dtype.itemsize >= 2**63:
        raise ValueError(f"{name} must hold rows that a machine can count; its shape is {shape}")
    if shape[1] == 0:
        raise ValueError(f"{name} must hold at least one feature; its shape is {shape}")


def as_read(rows: Array, out: Array | None) -> Array:
    """Rows as a source gives them: in `out`, or as they are where that is C-ordered and aligned already."""
    if out is None:
        rows = np.require(rows, requirements=["C", "A"])
        return rows.view(rows.dtype.newbyteorder("="))  # (Zarr says "<f4" for this machine's float32)
    np.copyto(out, rows, casting="no")
    return out


def aligned_csr(rows: Any) -> Any:
    """A CSR matrix whose arrays are aligned: what came with a message may begin at any byte."""
    parts = (rows.data, rows.indices, rows.indptr)
    if all(array.flags.aligned for array in parts):
        return rows
    return type(rows)(tuple(np.require(array, requirements="A") for array in parts), shape=rows.shape)


PIECE_BYTES = 1 << 24
"""Pieces of a store that are smaller are joined: each takes a call, and some megabytes are read as one as well."""


def joined(starts: Array, row_bytes: int) -> Array:
    """Where pieces begin, neighbours joined while they are below 16 MB."""
    least = max(1, PIECE_BYTES // max(1, row_bytes))
    kept = [0]
    for start in starts.tolist():
        if start - kept[-1] >= least:
            kept.append(start)
    return np.array(kept, dtype=np.int64)


def only_start() -> Array:
    """Of a part that is one piece."""
    return np.zeros(1, dtype=np.int64)
