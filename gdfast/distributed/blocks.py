"""Dask arrays as rows: blocks of whole rows, whose values are asked for through the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..datasets.chunks.part import as_read, require_rows
from ..protocols import Array


def is_dask(values: Any) -> bool:
    """It is an array of dask's."""
    return hasattr(values, "to_delayed") and hasattr(values, "chunks")


def in_blocks_of_rows(X: Any) -> Any:
    """A dask array whose blocks are whole rows of known number.

    Raises
    ------
    ValueError
        Its shape is not (n_samples, n_features).
    """
    if X.ndim != 2:
        raise ValueError(f"X must be (n_samples, n_features); its shape is {X.shape}")
    if any(np.isnan(size) for size in X.chunks[0]):
        X = X.compute_chunk_sizes()
    return X.rechunk({1: -1}) if len(X.chunks[1]) > 1 else X


def labels_here(client: Any, y: Any) -> Any:
    """Labels in this process, those of a dask array too."""
    return client.compute(y).result() if is_dask(y) else y


@dataclass(frozen=True, eq=False)
class BlockPart:
    """The rows of a dask array. See `gdfast.datasets.chunks.part.Part`."""

    client: Any
    X: Any
    name: str = "X"
    has_labels: bool = False

    def __post_init__(self) -> None:
        require_rows(self.name, self.X.shape, self.X.dtype)

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
    def is_sparse(self) -> bool:
        return hasattr(self.X._meta, "indptr")

    @property
    def starts(self) -> Array:
        starts = np.concatenate([[0], np.cumsum(self.X.chunks[0])[:-1]])
        return starts[np.asarray(self.X.chunks[0]) > 0].astype(np.int64)

    def read(self, start: int, stop: int, out: Array | None, /) -> Any:
        rows = self.client.compute(self.X[start:stop]).result()
        return rows if self.is_sparse else as_read(rows, out)

    def labels(self, start: int, stop: int, /) -> Array:
        raise AssertionError("a dask array has no labels")  # has_labels says so

    def require_unchanged(self) -> None:
        """It never changes."""
