"""Chunks on one machine: a thread reads the next one while the kernels work on this one.

The first chunks stay in memory as far as the limit allows; the others are read in every pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .chunk import Chunk, ChunkRecipe, View
from .engine import Function, Kept, Outcome, arguments_of, outcome
from .ordered_sum import OrderedSum


class LocalKept:
    """A state for each chunk, in memory."""

    def __init__(self, states: list[Any]) -> None:
        self._states = states

    def of_chunk(self, i: int, start: int, stop: int) -> Any:
        """See `Kept`."""
        return self._states[i]

    def sum(self, function: Function, *arguments: Any) -> tuple[Any, ...]:
        """See `Kept`."""
        total = OrderedSum()
        for found in self.each(function, *arguments):
            total.add(found)
        return total.total()

    def each(self, function: Function, *arguments: Any) -> Iterator[Any]:
        """See `Kept`."""
        return (function(state, *arguments) for state in self._states)


class LocalEngine:
    """Runs functions on chunks that are read from where they lie, `room` bytes of which stay in memory."""

    def __init__(self, recipes: Sequence[ChunkRecipe], sizes: Sequence[int], room: int) -> None:
        self._recipes = tuple(recipes)
        self._held: dict[int, Chunk] = {}
        self._n_held = 0
        for size in sizes:
            room -= size
            if room < 0:
                break
            self._n_held += 1

    @property
    def n_chunks(self) -> int:
        """How many."""
        return len(self._recipes)

    def sum(self, view: View, function: Function, *arguments: Any) -> Outcome:
        """See `Engine`."""
        total, visited = OrderedSum(), 0.0
        for found in self.each(view, function, *arguments):
            total.add(found.found)
            visited += found.visited
        return Outcome(total.total(), visited)

    def each(self, view: View, function: Function, *arguments: Any) -> Iterator[Outcome]:
        """See `Engine`."""
        for i, chunk in enumerate(self._chunks()):
            yield outcome(chunk, view, function, arguments_of(arguments, i, chunk.start, chunk.stop))

    def keep(self, view: View, function: Function, *arguments: Any) -> tuple[Kept, float]:
        """See `Engine`."""
        found = list(self.each(view, function, *arguments))
        return LocalKept([one.found for one in found]), sum(one.visited for one in found)

    def _chunks(self) -> Iterator[Chunk]:
        """One after the other, the next one being read."""
        with ThreadPoolExecutor(1, "gdfast-read") as reader:
            coming = reader.submit(self._chunk, 0)
            for i in range(self.n_chunks):
                chunk = coming.result()
                if i + 1 < self.n_chunks:
                    coming = reader.submit(self._chunk, i + 1)
                yield chunk

    def _chunk(self, i: int) -> Chunk:
        chunk = self._held.get(i)
        if chunk is None:
            chunk = self._recipes[i].made()
            if i < self._n_held:
                self._held[i] = chunk
        return chunk
