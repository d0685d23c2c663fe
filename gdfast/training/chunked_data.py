"""Rows that are read chunk by chunk, as training and predictions take them: a source, and where it is computed on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..datasets.chunks import ChunkSource, chunk_source
from ..datasets.chunks.files import stored_at
from ..objective.chunked.layout import CHUNK_BYTES, check_memory, chunk_boundaries
from ..objective.chunked.objective import ChunkedObjective
from ..objective.losses import Loss
from ..objective.regularizers.regularizers import Regularizer
from ..protocols import Array, FloatArray
from .row_norms import standardise

STORES = ("dask", "h5py", "zarr")
"""Libraries whose arrays are not in memory."""

GAP_BYTES = 1 << 16
"""Rows that lie so near to each other are read together: a seek costs as much."""

GATHERED = 4
"""The part of `memory_limit` that rows held out may take, to be scored on without reading them again."""


def is_chunked(X: Any) -> bool:
    """Whether X is no array in memory: a path, a store's or dask's array, an object with `read`, or a list of them."""
    if isinstance(X, list | tuple):
        return len(X) > 0 and all(map(_is_chunked, X))
    return _is_chunked(X)


def _is_chunked(X: Any) -> bool:
    if isinstance(X, ChunkedData | ChunkSource | str | os.PathLike):
        return True
    if isinstance(X, np.ndarray):
        return False
    return _library_of(X) in STORES or (hasattr(X, "n_samples") and callable(getattr(X, "read", None)))


def _library_of(X: Any) -> str:
    return type(X).__module__.partition(".")[0]


def is_dask(X: Any) -> bool:
    """Whether X is one of dask's collections."""
    return _library_of(X) == "dask"


def active_client() -> Any:
    """The client of a dask cluster that this process uses, or None."""
    if "distributed" not in sys.modules:  # who has a client has imported it
        return None
    from distributed import Client

    try:
        return Client.current()  # type: ignore[no-untyped-call]
    except ValueError:
        return None


@dataclass(frozen=True, eq=False)
class ChunkedData:
    """Rows of a source, of which `memory_limit` bytes at most are in memory at a time.

    `client` is that of the dask cluster whose workers compute on `origin`, the dask array or the source; None: this
    process does.
    """

    source: ChunkSource
    memory_limit: int
    origin: Any = None
    client: Any = None

    @staticmethod
    def of(
        X: Any, y: Any = None, *, memory_limit: int | str = "1 GB", label: str | int | None = None, client: Any = None
    ) -> ChunkedData:
        """Of whatever `chunk_source` takes; a dask array is computed on by the client that is active."""
        limit = check_memory(memory_limit)
        if isinstance(X, ChunkedData):
            return X
        if client is None and is_dask(X):
            client = active_client()
        source = chunk_source(X, y, label=label)
        return ChunkedData(source, limit, X if is_dask(X) else source, client)

    @property
    def shape(self) -> tuple[int, int]:
        """(n_samples, n_features)."""
        return self.source.n_samples, self.source.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers in it."""
        return self.source.dtype

    @property
    def is_sparse(self) -> bool:
        """Rows are CSR."""
        return self.source.is_sparse

    def objective(
        self, y: Array, loss: Loss, regularizer: Regularizer | None = None, *, parts: int = 1, **options: Any
    ) -> Any:
        """The objective on all rows, with an equal share of the memory for each of so many that are used together."""
        if self.client is None:
            limit = max(1, self.memory_limit // parts)
            return ChunkedObjective(self.source, y, loss, regularizer, memory_limit=limit, **options)
        from ..distributed import DaskObjective

        return DaskObjective(self.origin, y, loss, regularizer, client=self.client, **options)

    def blocks(self, rows: Array | None = None) -> Iterator[Block]:
        """All rows, or those of these (rising) indices, some at a time, read once and in order."""
        ends = chunk_boundaries(self.source, self.memory_limit)
        for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            if rows is None:
                yield Block(start, stop, self.source.read(start, stop))
                continue
            first, last = np.searchsorted(rows, (start, stop)).tolist()
            if last > first:
                yield Block(first, last, self.gathered(rows[first:last]))

    def gathered(self, rows: Array) -> Any:
        """The rows of these (rising) indices, in memory."""
        pieces = []
        for first, last in self._runs(rows):
            start = int(rows[first])
            found = self.source.read(start, int(rows[last - 1]) + 1)
            pieces.append(found[rows[first:last] - start])
        if not self.is_sparse:
            return np.concatenate(pieces)
        from scipy.sparse import vstack

        return vstack(pieces, format="csr")

    def _runs(self, rows: Array) -> Iterator[tuple[int, int]]:
        """Which of the indices are read together: those near to each other, or of one piece that is read whole."""
        ends = self.source.boundaries
        row_bytes = max(1, self.shape[1] * self.dtype.itemsize)
        piece = np.searchsorted(ends, rows, side="right") - 1
        is_small = np.diff(ends)[piece] * row_bytes <= CHUNK_BYTES
        near = np.diff(rows) * row_bytes <= GAP_BYTES
        together = (np.diff(piece) == 0) & (is_small[1:] | near)
        cuts = [0, *(np.flatnonzero(~together) + 1).tolist(), len(rows)]
        most = max(1, CHUNK_BYTES // row_bytes)
        for a, b in pairwise(cuts):
            while a < b:  # at most so many rows, those between them included
                last = int(np.searchsorted(rows[a:b], rows[a] + most)) + a
                yield a, last
                a = last

    def fits(self, n_rows: int) -> bool:
        """Whether so many rows may stay in memory beside the chunks."""
        return n_rows * self.shape[1] * self.dtype.itemsize <= self.memory_limit // GATHERED


class Block(NamedTuple):
    """Rows `X`, which are [start, stop) of those asked for."""

    start: int
    stop: int
    X: Any


@dataclass(frozen=True, eq=False)
class StandardizedSource:
    """Rows ``(x - mean) / scale`` of a source, made as they are read: where weights of float32 can't take them in."""

    source: ChunkSource
    mean: FloatArray | None
    scale: FloatArray

    @property
    def n_samples(self) -> int:
        """Rows."""
        return self.source.n_samples

    @property
    def n_features(self) -> int:
        """Columns."""
        return self.source.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return np.dtype(np.float64 if self.source.dtype == np.float64 else np.float32)

    def read(self, start: int, stop: int, /) -> Any:
        """Some rows."""
        X = self.source.read(start, stop)
        if hasattr(X, "indptr"):
            X = X.copy()
            X.data = (X.data.astype(np.float64) / self.scale[X.indices]).astype(X.dtype)
            return X
        block = np.array(X, dtype=np.float64, order="C")
        standardise(block, self.mean, self.scale)
        return block.astype(self.dtype)


def in_memory(values: Any, name: str) -> Any:
    """y or weights, which may lie in a .npy file, a store, dask's arrays or a list of these; arrays as they are."""
    if isinstance(values, str | os.PathLike):
        return _at(Path(values), name)
    if isinstance(values, list | tuple) and values and all(map(_is_array_like, values)):
        return np.concatenate([np.asarray(in_memory(part, name)) for part in values])
    if _library_of(values) == "dask":
        return np.asarray(values.compute())
    if _library_of(values) in STORES:
        return np.asarray(values[...])
    return values


def _is_array_like(values: Any) -> bool:
    return isinstance(values, os.PathLike | np.ndarray) or _library_of(values) in STORES


def _at(path: Path, name: str) -> Array:
    try:
        if path.suffix == ".npy":  # text as well
            found: Array = np.load(path, allow_pickle=False)
            return found
        stored = stored_at(path)
        return np.asarray(stored.read(0, stored.shape[0]))
    except ValueError as error:
        raise ValueError(f"{name} must be a file of numbers or text; {path} is not: {error}") from error
