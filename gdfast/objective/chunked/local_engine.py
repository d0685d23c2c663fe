"""Chunks on one machine: a thread reads the next ones while the kernels work on this one.

All chunks stay in memory where half of what the whole may take holds them. Elsewhere the memory is divided so: an
eighth for each of the chunk at work, the two that are read ahead and what a kernel makes of one; three for the first
chunks, which stay; and one for scores that rays keep. Scores that find no room there go to files.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from ...protocols import Array
from .chunk import Chunk, ChunkRecipe, View
from .engine import Function, Kept, Outcome, arguments_of, outcome
from .kept_in_files import Folder, opened
from .ordered_sum import OrderedSum
from .reading import AHEAD, read_ahead


class LocalKept:
    """A state for each chunk, in memory or in files."""

    def __init__(self, states: list[Any]) -> None:
        self._states = states

    def of_chunk(self, i: int, start: int, stop: int) -> Any:
        """See `Kept`."""
        return opened(self._states[i])

    def sum(self, function: Function, *arguments: Any) -> tuple[Any, ...]:
        """See `Kept`."""
        total = OrderedSum()
        for found in self.each(function, *arguments):
            total.add(found)
        return total.total()

    def each(self, function: Function, *arguments: Any) -> Iterator[Any]:
        """See `Kept`."""
        return (function(opened(state), *arguments) for state in self._states)


class Room:
    """Bytes that are free, as those who take some are there or gone."""

    def __init__(self, n_bytes: int) -> None:
        self._free, self._lock = n_bytes, threading.Lock()

    def take(self, n_bytes: int) -> bool:
        """Whether there was room."""
        with self._lock:
            fits = n_bytes <= self._free
            self._free -= n_bytes if fits else 0
            return fits

    def give_back(self, n_bytes: int) -> None:
        """What was taken."""
        with self._lock:
            self._free += n_bytes


class Buffers:
    """Arrays that rows are read into, again and again."""

    def __init__(self, rows: int, columns: int, dtype: np.dtype[Any]) -> None:
        self._shape, self._dtype = (rows, columns), dtype
        self._free: list[Array] = []

    def taken(self) -> Array:
        """One that nobody uses."""
        try:
            return self._free.pop()
        except IndexError:
            return np.empty(self._shape, dtype=self._dtype)

    def give_back(self, buffer: Array) -> None:
        """It is free again; more than a pass needs are not kept."""
        if len(self._free) <= AHEAD:
            self._free.append(buffer)


class LocalEngine:
    """Runs functions on chunks that are read from where they lie.

    Parameters
    ----------
    recipes : sequence of ChunkRecipe
    sizes : sequence of int
        Bytes of each chunk in memory; 0 of rows that are there anyway.
    memory_limit : int
        Bytes that all of it may take.
    """

    def __init__(self, recipes: Sequence[ChunkRecipe], sizes: Sequence[int], memory_limit: int) -> None:
        self._recipes = tuple(recipes)
        self._held: dict[int, Chunk] = {}
        held = np.cumsum(sizes, dtype=np.int64)
        most = memory_limit // 2 if held[-1] <= memory_limit // 2 else memory_limit // 8 * 3
        self._n_held = int(np.searchsorted(held, most, side="right"))
        taken = int(held[self._n_held - 1]) if self._n_held else 0
        reads = 0 if self._n_held == len(sizes) else (AHEAD + 1) * int(max(sizes))
        self._room = Room(max(0, memory_limit - memory_limit // 8 - reads - taken))
        source = self._recipes[0].source
        most = max(recipe.n_rows for recipe in self._recipes[self._n_held :]) if reads else 0
        self._buffers = Buffers(most, source.n_features, source.dtype)

    @property
    def n_chunks(self) -> int:
        """How many."""
        return len(self._recipes)

    def sum(self, view: View, function: Function, *arguments: Any) -> Outcome:
        """See `Engine`."""
        total, visited = OrderedSum(), 0.0
        with closing(self.each(view, function, *arguments)) as each:
            for found in each:
                total.add(found.found)
                visited += found.visited
        return Outcome(total.total(), visited)

    def each(self, view: View, function: Function, *arguments: Any) -> Generator[Outcome, None, None]:
        """See `Engine`."""
        with closing(self._chunks()) as chunks:  # an error leaves no thread behind that reads
            for i, chunk in enumerate(chunks):
                yield outcome(chunk, view, function, arguments_of(arguments, i, chunk.start, chunk.stop))

    def keep(self, view: View, function: Function, *arguments: Any) -> tuple[Kept, float]:
        """See `Engine`."""
        states: list[Any] = []
        folder, taken, visited, left = None, 0, 0.0, sum(recipe.n_rows for recipe in self._recipes)
        try:
            for i, found in enumerate(self.each(view, function, *arguments)):
                state, visited = found.found, visited + found.visited
                if folder is None and self._room.take(state.parts.nbytes):
                    taken += state.parts.nbytes
                    states.append(state)
                else:
                    if folder is None:
                        folder = Folder(state.parts.nbytes // self._recipes[i].n_rows * left)
                    states.append(folder.written(state, i))
                left -= self._recipes[i].n_rows
        except BaseException:
            self._room.give_back(taken)
            raise
        kept = LocalKept(states)
        weakref.finalize(kept, self._room.give_back, taken)
        return kept, visited

    def _chunks(self) -> Generator[Chunk, None, None]:
        """One after the other, the next ones being read."""
        for i in range(self._n_held):
            if i not in self._held:
                break
            yield self._held[i]
        else:
            i = self._n_held
        if i == self.n_chunks:
            return
        with closing(read_ahead(self._read, range(i, self.n_chunks))) as reads:
            for chunk, buffer in reads:
                yield chunk
                if buffer is not None:
                    self._buffers.give_back(buffer)

    def _read(self, i: int) -> tuple[Chunk, Array | None]:
        """A chunk, and the buffer that it lies in, where it does not stay in memory."""
        chunk, recipe = self._held.get(i), self._recipes[i]
        if chunk is not None:
            return chunk, None
        if i < self._n_held:
            self._held[i] = chunk = recipe.made()
            return chunk, None
        if recipe.source.is_sparse:
            return recipe.made(), None
        buffer = self._buffers.taken()
        X = recipe.source.read(recipe.start, recipe.stop, buffer[: recipe.n_rows])
        return recipe.made(X), buffer
