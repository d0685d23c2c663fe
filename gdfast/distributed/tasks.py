"""What runs on a worker: a chunk is made, a function is run on it, parts are added up.

An error is a value here, which the sums hand on: what comes out is the first one in the order of the chunks, as on one
machine, and the cluster's log stays free of it. Each task runs its kernels in one thread; a worker runs as many tasks
side by side as it has threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .._config import own_threads
from ..objective.chunked.chunk import Chunk, ChunkRecipe, View
from ..objective.chunked.engine import Function, Outcome, outcome
from ..objective.chunked.ordered_sum import Total


class Failed(NamedTuple):
    """An error, and the chunk that it came from."""

    error: Exception
    chunk: int


@dataclass(frozen=True, eq=False)
class Call:
    """What is asked of every chunk. Arguments that each chunk has its own of stand in `own`, by their place."""

    view: View
    function: Function
    arguments: tuple[Any, ...]

    def with_own(self, own: dict[int, Any]) -> tuple[Any, ...]:
        """The arguments of one chunk, as kernels read them."""
        found = (own.get(i, argument) for i, argument in enumerate(self.arguments))
        return tuple(aligned(argument.found if isinstance(argument, Kept) else argument) for argument in found)


@dataclass(frozen=True, eq=False)
class Held:
    """A chunk on a worker: in memory, or (`chunk` is None) its recipe, by which it is read in every pass."""

    index: int
    recipe: ChunkRecipe
    chunk: Chunk | None

    def made(self, rows: Any = None) -> Chunk:
        """The chunk, of rows that are given or read."""
        if self.chunk is not None:
            return self.chunk
        rows = self.recipe.source.read(0, self.recipe.n_rows) if rows is None else rows
        return self.recipe.made(aligned(rows))

    def __reduce__(self) -> Any:
        rows = None if self.chunk is None else self.chunk.whole.X
        return _held, (self.recipe, self.index, self.chunk is not None, rows)

    def __sizeof__(self) -> int:
        """Bytes, as dask counts what a worker holds."""
        rows = None if self.chunk is None else self.chunk.whole.X
        return object.__sizeof__(self) + self.recipe.y.nbytes + n_bytes(rows)


@dataclass(frozen=True, eq=False)
class Kept:
    """What a function left on a worker; where it must move, it is computed anew from the chunk."""

    index: int
    found: Any
    visited: float
    held: Held
    call: Call
    own: dict[int, Any]

    def __reduce__(self) -> Any:
        return keep, (self.held, self.call, self.own)


def n_bytes(X: Any) -> int:
    """Of an array or a CSR matrix; 0 of None."""
    if hasattr(X, "indptr"):
        return int(X.data.nbytes + X.indices.nbytes + X.indptr.nbytes)
    return int(getattr(X, "nbytes", 0))


def aligned(value: Any) -> Any:
    """An array as kernels read it: what comes with a message may begin at any byte."""
    if hasattr(value, "indptr"):
        parts = (aligned(value.data), aligned(value.indices), aligned(value.indptr))
        return type(value)(parts, shape=value.shape)
    return np.require(value, requirements=["C", "A"]) if isinstance(value, np.ndarray) else value


def or_failed(chunk: int, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function of a chunk gives, in one thread, or its error."""
    try:
        with own_threads(1):
            return function(*arguments)
    except Exception as error:
        return Failed(error.with_traceback(None), chunk)


def literal(value: Any) -> Any:
    """A value that many tasks use: it travels to the cluster once, and from worker to worker."""
    return value


def hold(recipe: ChunkRecipe, index: int, stays: bool, options: Any, rows: Any = None, first: int = 0) -> Held | Failed:
    """A chunk of rows that are read here (its source begins with them), or lie in `rows` from `first` on."""
    if rows is not None and rows.shape[0] != recipe.n_rows:
        rows = rows[first : first + recipe.n_rows]
    recipe = replace(recipe, options=options)
    found: Held | Failed = or_failed(index, _held, recipe, index, stays, rows)
    return found


def _held(recipe: ChunkRecipe, index: int, stays: bool, rows: Any) -> Held:
    options = {name: aligned(value) for name, value in recipe.options.items()}
    recipe = replace(recipe, y=aligned(recipe.y), sample_weight=aligned(recipe.sample_weight), options=options)
    held = Held(index, recipe, None)
    return replace(held, chunk=held.made(rows)) if stays else held


def run(held: Held | Failed, call: Call, own: dict[int, Any]) -> Outcome | Failed:
    """A function on a chunk."""
    return held if isinstance(held, Failed) else or_failed(held.index, _run, held, call, own)


def _run(held: Held, call: Call, own: dict[int, Any]) -> Outcome:
    return outcome(held.made(), call.view, call.function, call.with_own(own))


def keep(held: Held | Failed, call: Call, own: dict[int, Any]) -> Kept | Failed:
    """The same, whose result stays here."""
    return held if isinstance(held, Failed) else or_failed(held.index, _keep, held, call, own)


def _keep(held: Held, call: Call, own: dict[int, Any]) -> Kept:
    found = _run(held, call, own)
    return Kept(held.index, found.found, found.visited, held, call, own)


def visited(kept: Kept | Failed, call: Call, own: dict[int, Any]) -> Outcome | Failed:
    """How many rows were visited for what is kept."""
    return kept if isinstance(kept, Failed) else Outcome((), kept.visited)


def run_on_kept(kept: Kept | Failed, call: Call, own: dict[int, Any]) -> Outcome | Failed:
    """A function of what is kept."""
    return kept if isinstance(kept, Failed) else or_failed(kept.index, _run_on_kept, kept, call, own)


def _run_on_kept(kept: Kept, call: Call, own: dict[int, Any]) -> Outcome:
    return Outcome(call.function(kept.found, *call.with_own(own)), 0.0)


Parts = list[Outcome | Failed]


def run_each(
    task: Callable[..., Outcome | Failed], firsts: list[Any], call: Call, own: list[dict[int, Any]], is_node: bool
) -> Parts:
    """A task for each of some neighbours, until one fails; their sum where they are a whole node of the tree."""
    parts = (task(first, call, one) for first, one in zip(firsts, own, strict=True))
    return [_sum_or_failed(parts)] if is_node else _until_one_fails(parts)


def add(runs: list[Parts]) -> Parts:
    """A node of the fixed tree."""
    return [_sum_or_failed(part for run in runs for part in run)]


def _until_one_fails(parts: Iterable[Outcome | Failed]) -> Parts:
    found: Parts = []
    for part in parts:
        found.append(part)
        if isinstance(part, Failed):
            break
    return found


def _sum_or_failed(parts: Iterable[Outcome | Failed]) -> Outcome | Failed:
    total, n_visited = Total(), 0.0
    for part in parts:
        if isinstance(part, Failed):
            return part
        total.add(part.found)
        n_visited += part.visited
    return Outcome(total.taken(), n_visited)


@dataclass(frozen=True, eq=False)
class Pinned:
    """The worker of each task, as dask asks for it."""

    places: dict[str, str]

    def __call__(self, key: Any) -> list[str]:
        return [self.places[key]] if key in self.places else list(set(self.places.values()))
