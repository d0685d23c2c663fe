"""Arrays in files and stores, of which items are read, and the part that is made of two of them: rows and labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ...protocols import Array
from .part import PIECE_BYTES, require_rows


class StoredArray(Protocol):
    """A frozen, picklable recipe of an array: where it lies and how it is read, with nothing opened."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def is_sparse(self) -> bool: ...
    @property
    def starts(self) -> Array:
        """Where its own chunks of rows begin."""
        ...

    @property
    def rows_at_once(self) -> int:
        """How many are read to give one."""
        ...

    def read(self, start: int, stop: int, out: Array | None = None, /) -> Any:
        """Items [start, stop) of the first axis, dense and C-ordered (in `out` where it is given) or CSR."""
        ...

    def require_unchanged(self) -> None:
        """ValueError or FileNotFoundError where what it reads from is no longer what it was."""
        ...


@dataclass(frozen=True, eq=False)
class StoredPart:
    """Rows (n, d) of a stored array, and their labels in another where there are any."""

    rows: StoredArray
    label_array: StoredArray | None = None

    @staticmethod
    def of(rows: StoredArray, labels: StoredArray | None = None) -> StoredPart:
        """Checked: the rows' shape and type, one label for each."""
        require_rows(rows.name, rows.shape, rows.dtype)
        if labels is not None and labels.shape not in ((rows.shape[0],), (rows.shape[0], 1)):
            raise ValueError(
                f"{labels.name} must hold one label for each of the {rows.shape[0]:,} rows of {rows.name}; "
                f"its shape is {labels.shape}"
            )
        return StoredPart(rows, labels)

    @property
    def name(self) -> str:
        return self.rows.name

    @property
    def n_samples(self) -> int:
        return self.rows.shape[0]

    @property
    def n_features(self) -> int:
        return self.rows.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.rows.dtype

    @property
    def is_sparse(self) -> bool:
        return self.rows.is_sparse

    @property
    def has_labels(self) -> bool:
        return self.label_array is not None

    @property
    def starts(self) -> Array:
        return self.rows.starts

    @property
    def rows_at_once(self) -> int:
        return self.rows.rows_at_once

    def read(self, start: int, stop: int, out: Array | None, /) -> Any:
        return self.rows.read(start, stop, out)

    def expect(self, stretches: Sequence[tuple[int, int]], /) -> None:
        """See `Part`."""
        told = getattr(self.rows, "expect", None)
        if told is not None:
            told(stretches)

    def labels(self, start: int, stop: int, /) -> Array:
        assert self.label_array is not None  # has_labels says so
        found: Array = self.label_array.read(start, stop)
        return found.reshape(-1)

    def require_unchanged(self) -> None:
        self.rows.require_unchanged()
        if self.label_array is not None:
            self.label_array.require_unchanged()

    def narrowed(self, start: int, stop: int, /) -> StoredPart | None:
        """These rows of the array alone, where it is more than a place (a graph of dask's); else None."""
        own = getattr(self.rows, "narrowed", None)
        return None if own is None or self.has_labels else StoredPart(own(start, stop))


def starts_in_store(rows_per_chunk: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Where chunks of so many rows begin, small ones joined to pieces of 16 MB."""
    n, *others = shape or (1,)
    row_bytes = math.prod(others) * dtype.itemsize
    step = max(rows_per_chunk, 1)
    step *= max(1, PIECE_BYTES // max(1, step * row_bytes))
    return np.arange(0, max(n, 1), step, dtype=np.int64)
