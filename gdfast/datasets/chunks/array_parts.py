"""Parts in memory: dense arrays of any strides, and scipy.sparse CSR matrices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..._arrays import check_matrix
from ...protocols import Array
from .part import as_read, only_start, require_rows


@dataclass(frozen=True, eq=False)
class ArrayPart:
    """An array (n, d) in memory, read without a copy where it is C-ordered; or a CSR matrix."""

    name: str
    X: Any
    is_sparse: bool

    @staticmethod
    def of(X: Any, name: str) -> ArrayPart:
        """Checked: the shape and the type of a dense array, every index of a sparse one."""
        if hasattr(X, "indptr") or hasattr(X, "tocsr"):
            try:
                check_matrix(X, check_finite=False)
            except (TypeError, ValueError) as error:
                raise type(error)(str(error).replace("X ", f"{name} ", 1)) from error
            return ArrayPart(name, X, True)
        if isinstance(X, np.ma.MaskedArray):
            raise TypeError(f"{name} must be a plain array; it is a masked array, whose mask would be ignored")
        require_rows(name, X.shape, X.dtype)
        return ArrayPart(name, X, False)

    @property
    def n_samples(self) -> int:
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        return int(self.X.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.X.dtype
        return dtype

    @property
    def has_labels(self) -> bool:
        return False

    @property
    def in_memory(self) -> bool:
        """`read` copies nothing."""
        return self.is_sparse or bool(self.X.flags.c_contiguous)

    @property
    def starts(self) -> Array:
        return only_start()

    def read(self, start: int, stop: int, out: Array | None, /) -> Any:
        if self.is_sparse:
            return self.X if stop - start == self.n_samples else self.X[start:stop]
        return as_read(np.asarray(self.X[start:stop]), out)

    def labels(self, start: int, stop: int, /) -> Array:
        raise AssertionError("an array has no labels")  # has_labels says so

    def require_unchanged(self) -> None:
        """What is in memory is the caller's."""

    def narrowed(self, start: int, stop: int, /) -> ArrayPart:
        """These rows of the array alone, a view where it is dense."""
        return replace(self, name=f"rows {start:,} to {stop - 1:,} of {self.name}", X=self.X[start:stop])
