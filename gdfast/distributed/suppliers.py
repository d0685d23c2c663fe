"""How the rows of a chunk come to its worker: read there, sent there, or as a block of a dask array that is there."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..protocols import Array

RECIPE_BYTES = 1 << 16  # what the source of a chunk may always take, and more
RECIPE_SHARE = 1 / 16  # of its rows' bytes (many paths, places of lines); a larger one holds the rows themselves


class Rows(NamedTuple):
    """A source that the worker reads them from; or, where it is None, a future that holds them from `first` on."""

    source: Any
    future: Any = None
    first: int = 0


class Supplier(Protocol):
    """Where a chunk's rows come from."""

    @property
    def can_read(self) -> bool:
        """Workers read rows themselves, as often as they like."""
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

    can_read = True

    def __init__(self, sources: list[Any]) -> None:
        self._sources = sources

    def places(self, client: Any) -> list[str | None]:
        """See `Supplier`."""
        return [None] * len(self._sources)

    def rows(self, client: Any, chunk: int, address: str) -> Rows:
        """See `Supplier`."""
        return Rows(self._sources[chunk])

    def release(self) -> None:
        """See `Supplier`."""


class Sent:
    """Rows in this process are sent to the worker that holds the chunk, by their hash: what is there is not sent."""

    can_read = False

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
        return Rows(None, self._futures[chunk])

    def release(self) -> None:
        """See `Supplier`."""
        self._futures.clear()


class Blocks:
    """The blocks of a dask array, computed once and kept on the workers."""

    can_read = False

    def __init__(self, client: Any, X: Any, boundaries: Array) -> None:
        self._futures: list[Any] = client.compute(X.to_delayed().ravel().tolist())
        starts = np.concatenate([[0], np.cumsum(X.chunks[0])])
        self._blocks = np.searchsorted(starts, boundaries[:-1], side="right") - 1
        self._firsts = boundaries[:-1] - starts[self._blocks]

    def places(self, client: Any) -> list[str | None]:
        """See `Supplier`."""
        import distributed

        with client.as_current():
            distributed.wait(self._futures)  # type: ignore[no-untyped-call]
        where = client.who_has(self._futures)
        return [next(iter(where.get(self._futures[block].key, ())), None) for block in self._blocks]

    def rows(self, client: Any, chunk: int, address: str) -> Rows:
        """See `Supplier`."""
        return Rows(None, self._futures[self._blocks[chunk]], int(self._firsts[chunk]))

    def release(self) -> None:
        """See `Supplier`."""


def supplier_of(source: Any, boundaries: Array) -> Supplier:
    """By what the source of a chunk is: a small recipe, which is sent; or rows that are in this process."""
    whole = replace(source, y=None)
    sources = [whole.narrowed(start, stop) for start, stop in pairwise(boundaries.tolist())]
    return Read(sources) if all(map(_is_recipe, sources)) else Sent(source, boundaries)


def _is_recipe(source: Any) -> bool:
    size = _pickled_bytes(source)
    return size is not None and size <= max(RECIPE_BYTES, RECIPE_SHARE * source.n_samples * source.bytes_per_row)


def _pickled_bytes(value: Any) -> int | None:
    """How much would travel, arrays not copied; None where it can't be pickled."""
    buffers: list[pickle.PickleBuffer] = []
    try:
        inline = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    except Exception:
        return None
    return len(inline) + sum(buffer.raw().nbytes for buffer in buffers)
