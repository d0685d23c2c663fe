"""Where chunks live and who computes on them: the one thing in which a file and a cluster differ.

A computation is a module-level function of ONE chunk's objective and share, ``function(objective, share, *arguments)``,
which returns a tuple of numbers and arrays. An engine runs it on every chunk and adds the tuples up by the fixed tree
of `ordered_sum`, so that engines give the same bits. What is kept (`Kept`) stays where the chunks are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from .chunk import Chunk, View

Function = Callable[..., Any]


class Outcome(NamedTuple):
    """What a function gave of one chunk, and how many rows it visited."""

    found: Any
    visited: float


class Kept(Protocol):
    """A state for each chunk, where the chunks are."""

    def sum(self, function: Function, *arguments: Any) -> tuple[Any, ...]:
        """``function(state, *arguments)`` of each, added up by the fixed tree."""
        ...

    def each(self, function: Function, *arguments: Any) -> Iterator[Any]:
        """The same one after the other, in the order of the chunks."""
        ...


class Engine(Protocol):
    """Runs a function on every chunk."""

    @property
    def n_chunks(self) -> int:
        """How many."""
        ...

    def sum(self, view: View, function: Function, *arguments: Any) -> Outcome:
        """``function(objective, share, *arguments)`` of each chunk, added up by the fixed tree."""
        ...

    def each(self, view: View, function: Function, *arguments: Any) -> Iterator[Outcome]:
        """The same one after the other, in the order of the chunks."""
        ...

    def keep(self, view: View, function: Function, *arguments: Any) -> tuple[Kept, float]:
        """The results stay where they are made; how many rows were visited."""
        ...


def outcome(chunk: Chunk, view: View, function: Function, arguments: tuple[Any, ...]) -> Outcome:
    """A function on one chunk: what every engine calls, wherever the chunk is."""
    objective = chunk.seen(view)
    counter = objective.linear_problem.rows.counter
    before = counter.visited
    found = function(objective, chunk.share, *arguments)
    return Outcome(found, counter.visited - before)
