"""Where chunks live and who computes on them: the one thing in which a file and a cluster differ.

A computation is a module-level function of ONE chunk's objective and share, ``function(objective, share, *arguments)``,
which returns a tuple of numbers and arrays. An engine runs it on every chunk and adds the tuples up by the fixed tree
of `ordered_sum`, so that engines give the same bits. What is kept (`Kept`) stays where the chunks are.

Most arguments are the same for every chunk. One with a method ``of_chunk(i, start, stop)`` is another for each: the
engine calls it before the function runs (`arguments_of`), so that a chunk gets its own rows' part (`OfRows`), or the
state that is kept of it (`Kept`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from ...protocols import Array
from .chunk import Chunk, View

Function = Callable[..., Any]


class Outcome(NamedTuple):
    """What a function gave of one chunk, and how many rows it visited."""

    found: Any
    visited: float


class Kept(Protocol):
    """A state for each chunk, where the chunks are."""

    def of_chunk(self, i: int, start: int, stop: int) -> Any:
        """The state of one: it may be an argument of a function of the chunks."""
        ...

    def sum(self, function: Function, *arguments: Any) -> tuple[Any, ...]:
        """``function(state, *arguments)`` of each, added up by the fixed tree."""
        ...

    def each(self, function: Function, *arguments: Any) -> Iterator[Any]:
        """The same one after the other, in the order of the chunks."""
        ...


@dataclass(frozen=True, eq=False)
class OfRows:
    """An argument with an entry for each row of the whole: a chunk gets those of its own rows."""

    values: Array

    def of_chunk(self, i: int, start: int, stop: int) -> Array:
        """A view."""
        return self.values[start:stop]


class Start:
    """The argument that says where in the whole a chunk begins."""

    def of_chunk(self, i: int, start: int, stop: int) -> int:
        """The number of its first row."""
        return start


def arguments_of(arguments: tuple[Any, ...], i: int, start: int, stop: int) -> tuple[Any, ...]:
    """The arguments of one chunk."""
    return tuple(a.of_chunk(i, start, stop) if hasattr(a, "of_chunk") else a for a in arguments)


class Engine(Protocol):
    """Runs a function on every chunk."""

    @property
    def n_chunks(self) -> int:
        """How many."""
        ...

    def sum(self, view: View, function: Function, *arguments: Any) -> Outcome:
        """``function(objective, share, *arguments)`` of each chunk, added up by the fixed tree."""
        ...

    def each(self, view: View, function: Function, *arguments: Any) -> Generator[Outcome, None, None]:
        """The same one after the other, in the order of the chunks."""
        ...

    def keep(self, view: View, function: Function, *arguments: Any) -> tuple[Kept, float]:
        """The results (`KeptScores`) stay where they are made; how many rows were visited."""
        ...


def outcome(chunk: Chunk, view: View, function: Function, arguments: tuple[Any, ...]) -> Outcome:
    """A function on one chunk, with the arguments that are its own: what every engine calls, wherever the chunk is."""
    objective = chunk.seen(view)
    counter = objective.linear_problem.rows.counter
    before = counter.visited
    found = function(objective, chunk.share, *arguments)
    return Outcome(found, counter.visited - before)
