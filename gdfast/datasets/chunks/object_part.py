"""Parts of the caller's own making: objects of the `Chunks` protocol, checked at every read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import check_integer, check_matrix
from ...describe import described
from ...protocols import Array, Chunks
from .part import as_read, only_start, require_rows


def is_chunks(X: Any) -> bool:
    """It has what `Chunks` asks for."""
    return callable(getattr(X, "read", None)) and all(hasattr(X, name) for name in ("n_samples", "n_features", "dtype"))


@dataclass(frozen=True, eq=False)
class ObjectPart:
    """An object with n_samples, n_features, dtype, read(start, stop)."""

    name: str
    chunks: Chunks
    n_samples: int
    n_features: int
    dtype: np.dtype[Any]
    is_sparse: bool
    has_labels: bool

    @staticmethod
    def of(chunks: Chunks, name: str) -> ObjectPart:
        """Its first row is read, by which sparse rows and labels are known."""
        n = check_integer(chunks.n_samples, f"{name}.n_samples", minimum=0)
        d = check_integer(chunks.n_features, f"{name}.n_features", minimum=1)
        dtype = np.dtype(chunks.dtype)
        require_rows(name, (n, d), dtype)
        first = chunks.read(0, 1) if n else None
        has_labels = isinstance(first, tuple)
        rows = first[0] if isinstance(first, tuple) and first else first
        is_sparse = hasattr(rows, "indptr") or bool(n == 0 and getattr(chunks, "is_sparse", False))
        part = ObjectPart(name, chunks, n, d, dtype, is_sparse, has_labels)
        if n:
            part._checked(first, 0, 1)
        return part

    @property
    def starts(self) -> Array:
        return only_start()

    def read(self, start: int, stop: int, out: Array | None, /) -> Any:
        rows, _ = self._checked(self.chunks.read(start, stop), start, stop)
        return rows if self.is_sparse else as_read(rows, out)

    def labels(self, start: int, stop: int, /) -> Array:
        y: Array = self._checked(self.chunks.read(start, stop), start, stop)[1]
        return y

    def require_unchanged(self) -> None:
        found = (int(self.chunks.n_samples), int(self.chunks.n_features), np.dtype(self.chunks.dtype))
        if found != (self.n_samples, self.n_features, self.dtype):
            raise ValueError(
                f"{self.name} must not change while it is read: it had {self.n_samples:,} rows of {self.n_features:,} "
                f"features ({self.dtype}), and has {found[0]:,} of {found[1]:,} ({found[2]})"
            )

    def _checked(self, found: Any, start: int, stop: int) -> tuple[Any, Any]:
        """X and y of a read; raises where they are not what the attributes say."""
        self.require_unchanged()
        where = f"{self.name}.read({start}, {stop})"
        if isinstance(found, tuple) != self.has_labels or (self.has_labels and len(found) != 2):
            needed = "(X, y)" if self.has_labels else "X"
            raise TypeError(f"{where} must return {needed}, as read(0, 1) did; it returned {described(found)}")
        X, y = found if self.has_labels else (found, None)
        is_sparse = hasattr(X, "indptr")
        if not is_sparse and (not isinstance(X, np.ndarray) or isinstance(X, np.ma.MaskedArray)):
            raise TypeError(f"{where} must return a numpy array or a scipy.sparse CSR matrix; it is {described(X)}")
        if is_sparse != self.is_sparse:
            kinds = ("sparse", "dense") if self.is_sparse else ("dense", "sparse")
            raise TypeError(f"{where} must return {kinds[0]} rows, as read(0, 1) did; they are {kinds[1]}")
        wanted = (stop - start, self.n_features)
        if X.shape != wanted:
            raise ValueError(f"{where} must return rows of the shape {wanted}; their shape is {X.shape}")
        if X.dtype != self.dtype:
            raise TypeError(f"{where} must return {self.dtype}, as {self.name}.dtype says; the dtype is {X.dtype}")
        if is_sparse and stop > start:
            check_matrix(X, check_finite=False)
        if self.has_labels:
            y = np.asarray(y)
            if y.shape not in ((wanted[0],), (wanted[0], 1)):
                raise ValueError(f"{where} must return {wanted[0]:,} labels; their shape is {y.shape}")
            y = y.reshape(-1)
        return X, y
