"""Dask arrays, read block by block in the thread that asks: only what was persisted on a cluster is computed there."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...protocols import Array
from .part import aligned_csr, as_read


@dataclass(frozen=True, eq=False)
class DaskArray:
    """A dask array of known chunks, of dense blocks or of scipy.sparse ones; those of columns are put together."""

    name: str
    array: Any
    is_sparse: bool

    @staticmethod
    def of(array: Any, name: str) -> DaskArray:
        """Raises a ValueError where the sizes of its chunks are unknown."""
        if any(math.isnan(length) for length in array.shape):
            raise ValueError(
                f"{name} must be a dask array of known chunk sizes; its shape is {array.shape}: "
                f"{name}.compute_chunk_sizes() finds them"
            )
        return DaskArray(name, array, hasattr(array._meta, "tocsr"))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(int(length) for length in self.array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = np.dtype(self.array.dtype)
        return dtype

    @property
    def rows_at_once(self) -> int:
        return max(self.array.chunks[0]) if self.array.chunks else 1

    @property
    def starts(self) -> Array:
        lengths = self.array.chunks[0] if self.array.chunks else (0,)
        return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)

    def read(self, start: int, stop: int, out: Array | None = None, /) -> Any:
        rows = self.array[start:stop]
        client = self._holder()
        found = rows.compute(scheduler="synchronous") if client is None else client.compute(rows).result()
        return self.checked(found, start, stop, out)

    def checked(self, found: Any, start: int, stop: int, out: Array | None) -> Any:
        """What was computed of some rows, if it is what the dask array says."""
        expected = (stop - start, *self.shape[1:])
        if found.shape != expected or found.dtype != self.dtype or hasattr(found, "tocsr") != self.is_sparse:
            raise ValueError(
                f"{self.name} must compute to {expected} of {self.dtype} in rows {start:,} to {stop:,}, as the dask "
                f"array says; it is {found.shape} of {found.dtype}"
            )
        return aligned_csr(found.tocsr()) if self.is_sparse else as_read(np.asarray(found), out)

    def _holder(self) -> Any:
        """The client of the cluster that holds the blocks, where the array was persisted: they are futures; or None."""
        mappings = (getattr(layer, "mapping", {}) for layer in self.array.dask.layers.values())
        values: list[Any] = [next(iter(mapping.values()), None) for mapping in mappings]
        futures = (value for value in values if type(value).__module__.startswith("distributed"))
        return next((future.client for future in futures), None)

    def require_unchanged(self) -> None:
        """What it is computed from tells itself."""

    def narrowed(self, start: int, stop: int, /) -> DaskArray:
        """These rows, with the part of the graph that they are computed by."""
        import dask.array
        import dask.base

        optimize: Any = dask.base.optimize  # (neither has types)
        make: Any = dask.array.Array
        (rows,) = optimize(self.array[start:stop])
        graph = dict(rows.dask.cull(rows.__dask_keys__()))
        array = make(graph, rows.name, rows.chunks, dtype=rows.dtype, meta=rows._meta)
        return replace(self, name=f"rows {start:,} to {stop - 1:,} of {self.name}", array=array)
