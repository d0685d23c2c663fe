"""How the rows of a chunk come to its worker: read there, sent there, or as a block of a dask array that is there."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..protocols import Array

RECIPE_BYTES = 1 << 16  # what a source may always take
RECIPE_SHARE = (
    1 / 16
)  # of the rows' bytes: many paths, places of lines; a source that is larger holds the rows themselves


class Rows(NamedTuple):
    """A task's argument that is, or holds from `first` on, the rows of a chunk; None where the worker reads them."""

    future: Any
    first: int


class Supplier(Protocol):
    """Where a chunk's rows come from."""

    @property
    def source(self) -> Any:
        """What workers read from; None where rows come to them."""
        ...

    def places(self, client: Any) -> list[str | None]:
        """The worker at which each chunk's rows are; None: none in particular."""
        ...

    def rows(self, client: Any, chunk: int, address: str) -> Rows:
        """Those of a chunk, for a worker."""
        ...

    def release(self) -> None:
        """All chunks are made: what was only sent for that is not needed any more."""
        ...


class Read:
    """Each worker reads its rows from where they lie."""

    def __init__(self, source: Any, n_chunks: int) -> None:
        self.source = source
        self._n_chunks = n_chunks

    def places(self, client: Any) -> list[str | None]:
        """See `Supplier`."""
        return [None] * self._n_chunks

    def rows(self, client: Any, chunk: int, address: str) -> Rows:
        """See `Supplier`."""
        return Rows(None, 0)

    def release(self) -> None:
        """See `Supplier`."""


class Sent:
    """Rows in this process are sent to the worker that holds the chunk, by their hash: what is there is not sent."""

    source = None

    def __init__(self, source: Any, boundaries: Array) -> None:
        self._source = source
        self._boundaries = boundaries
        self._futures: dict[int, Any] = {}

    def places(self, client: Any) -> list[str | None]:
        """See `Supplier`."""
        return [None] * (len(self._boundaries) - 1)

    def rows(self, client: Any, chunk: int, address: str) -> Rows:
        """See `Supplier`."""
        rows = self._source.read(*self._boundaries[chunk : chunk + 2].tolist())
        self._futures[chunk] = client.scatter(rows, workers=[address], hash=True)
        return Rows(self._futures[chunk], 0)

    def release(self) -> None:
        """See `Supplier`."""
        self._futures.clear()


class Blocks:
    """The blocks of a dask array, computed once and kept on the workers."""

    source = None

    def __init__(self, client: Any, X: Any, boundaries: Array) -> None:
        self._futures: list[Any] = client.compute(X.to_delayed().ravel().tolist())
        starts = np.concatenate([[0], np.cumsum(X.chunks[0])])
        self._blocks = np.searchsorted(starts, boundaries[:-1], side="right") - 1
        self._firsts = boundaries[:-1] - starts[self._blocks]

    def places(self, client: Any) -> list[str | None]:
        """See `Supplier`."""
        import distributed

        distributed.wait(self._futures)  # type: ignore[no-untyped-call]
        where = client.who_has(self._futures)
        return [next(iter(where.get(self._futures[block].key, ())), None) for block in self._blocks]

    def rows(self, client: Any, chunk: int, address: str) -> Rows:
        """See `Supplier`."""
        return Rows(self._futures[self._blocks[chunk]], int(self._firsts[chunk]))

    def release(self) -> None:
        """See `Supplier`."""


def supplier_of(source: Any, boundaries: Array) -> Supplier:
    """By what the source is: a small recipe, which is sent; or rows that are in this process."""
    recipe = replace(source, y=None)
    size = _pickled_bytes(recipe)
    if size is not None and size <= max(RECIPE_BYTES, RECIPE_SHARE * source.n_samples * source.bytes_per_row):
        return Read(recipe, len(boundaries) - 1)
    return Sent(source, boundaries)


def _pickled_bytes(value: Any) -> int | None:
    """How much would travel, arrays not copied; None where it can't be pickled."""
    buffers: list[pickle.PickleBuffer] = []
    try:
        inline = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    except Exception:
        return None
    return len(inline) + sum(buffer.raw().nbytes for buffer in buffers)
