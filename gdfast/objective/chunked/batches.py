"""Mini-batches of rows that are read in chunks: by a thread, a piece of the epoch's order ahead of the steps."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..._background import Coming
from ...protocols import Array, Objective
from ..linear.compiled_steps import LinearSteps, steps_of
from ..linear.objective import LinearObjective
from ..linear.problem import LinearProblem
from ..mini_batches import BLOCKS, EpochOrder, MiniBatches, cuts_permutations, rows_of_steps
from .problem import ChunkedProblem
from .row_reads import problem_on

PIECES_AT_ONCE = 16  # the one at work and the one being read take what the scores of rays may have elsewhere
BLOCK_BYTES = 1 << 18  # large enough that finding it takes less than reading it
BLOCK_READS = 2  # of what a source reads at once, in a block: blocks begin anywhere, so that one more is read
FEWEST_BLOCKS = 64  # of small ones: fewer would tell where classes begin


class Piece(NamedTuple):
    """Some batches of an epoch, in memory: those rows, and the order in which the batches take them."""

    problem: LinearProblem
    places: Array


class ChunkedBatches:
    """See `gdfast.protocols.RunBatches`.

    The order of an epoch is cut into pieces of whole batches, as many rows as a sixteenth of the memory holds: the one
    at work and the one that is being read. All rows are one piece where half of the memory holds them, or they are in
    memory anyway. Which rows a step takes does not depend on that, but for the window of a block shuffle, which is a
    piece where nobody chose another.
    """

    def __init__(self, problem: ChunkedProblem, batches: MiniBatches, memory_limit: int) -> None:
        n = problem.rows.n_samples
        most = rows_in_memory(problem, batches, memory_limit)
        self.batches = with_window(batches, problem.rows.source, most)
        self._problem, self._n_samples = problem, n
        self._per_epoch, self._size = self.batches.steps_per_epoch(n), min(self.batches.size, n)
        self._rows_of = None if cuts_permutations(self.batches) else rows_of_steps(self.batches, n)
        self._order = EpochOrder(self.batches, n)
        self._bounds = [0] if most >= n else piece_bounds(self._order.boundaries, self._size, most)
        self._all: LinearProblem | None = None
        self._here: tuple[int, Piece] | None = None
        self._coming: tuple[int, Coming[Piece]] | None = None

    def batch(self, k: int) -> Objective:
        """The mini-batch of step k, unbiased."""
        if self._rows_of is not None:
            return LinearObjective.of_problem(problem_on_any(self._problem, self._rows_of(k)))
        piece, places, starts = self.steps_at(k, 1)
        return LinearObjective.of_problem(piece.problem.on_rows(places[starts[0] : starts[1]]))

    def compiled_steps(self, w: Array, rule: str, settings: tuple[float, ...]) -> ChunkedSteps | None:
        """See `RunBatches`; None also where the batches are no permutation in pieces."""
        if self._rows_of is not None:
            return None
        kernel = steps_of(problem_on(self._problem, np.zeros(1, dtype=np.int64)), w, rule, settings)
        return None if kernel is None else ChunkedSteps(self, kernel, rule, settings)

    def steps_at(self, k: int, n: int) -> tuple[Piece, Array, Array]:
        """At most n steps from k on, whose rows are in one piece: their places there, and where each step's begin."""
        epoch, i = divmod(k, self._per_epoch)
        p = bisect_right(self._bounds, i * self._size) - 1
        piece = self._piece(epoch * len(self._bounds) + p)
        place = i * self._size - self._bounds[p]
        starts = place + self._size * np.arange(n + 1)
        n = min(n, int(np.searchsorted(starts, piece.places.size)))
        return piece, piece.places, np.minimum(starts[: n + 1], piece.places.size)

    def _piece(self, number: int) -> Piece:
        """Pieces are numbered through all epochs. The next one is read while this one is at work."""
        if self._here is not None and self._here[0] == number:
            return self._here[1]
        coming, self._coming, self._here = self._coming, None, None
        if coming is None or coming[0] != number:
            coming = number, self._being_read(number)
        self._here = number, coming[1].result()
        if len(self._bounds) > 1:
            self._coming = number + 1, self._being_read(number + 1)
        return self._here[1]

    def _being_read(self, number: int) -> Coming[Piece]:
        return Coming(partial(self._read, number), "gdfast-read", daemon=False)

    def _read(self, number: int) -> Piece:
        epoch, p = divmod(number, len(self._bounds))
        rows = self._order.rows(epoch, self._bounds[p], [*self._bounds, self._n_samples][p + 1])
        if len(self._bounds) == 1:
            if self._all is None:
                self._all = problem_on(self._problem, np.arange(self._n_samples))
            return Piece(self._all, rows)
        rising = np.argsort(rows)
        places = np.empty_like(rows)
        places[rising] = np.arange(rows.size)
        return Piece(problem_on(self._problem, rows[rising]), places)


class ChunkedSteps:
    """See `gdfast.protocols.RunSteps`: the compiled steps of a linear objective, on one piece after the other."""

    def __init__(self, batches: ChunkedBatches, kernel: LinearSteps, rule: str, settings: tuple[float, ...]) -> None:
        self._batches, self._rule, self._settings = batches, rule, settings
        self.extra_state: tuple[Array, ...] = kernel.extra_state

    def __call__(
        self, w: Array, states: tuple[Array, ...], k: int, rates: Array, first_step: int, values: Array, done: Array
    ) -> None:
        """Steps k, k + 1, ..."""
        taken, n = 0, len(rates)
        while taken < n:
            part, some = np.zeros(1, dtype=np.int64), slice(taken, n)
            try:
                here = self._on_one_piece(w, states, k + taken, rates[some], first_step + taken, values[some], part)
            finally:
                taken += int(part[0])
                done[0] = taken
            if part[0] < here:
                return

    def _on_one_piece(
        self, w: Array, states: tuple[Array, ...], k: int, rates: Array, first_step: int, values: Array, done: Array
    ) -> int:
        """As many of the steps as have their rows in one piece, which nobody holds when the next one is asked for."""
        piece, places, starts = self._batches.steps_at(k, len(rates))
        kernel = steps_of(piece.problem, w, self._rule, self._settings)
        assert kernel is not None
        n = starts.size - 1
        kernel(w, states, places[starts[0] : starts[-1]], starts - starts[0], rates[:n], first_step, values[:n], done)
        return n


def problem_on_any(problem: ChunkedProblem, indices: Array) -> LinearProblem:
    """The loss and the regularizer on rows in any order, repeats allowed."""
    some, places = np.unique(indices, return_inverse=True)
    found = problem_on(problem, some)
    return found if np.array_equal(some, indices) else found.on_rows(places.reshape(-1).astype(np.int64))


def rows_in_memory(problem: ChunkedProblem, batches: MiniBatches, memory_limit: int) -> int:
    """How many a piece may hold, at least a batch; all of them, where they fit."""
    n, source = problem.rows.n_samples, problem.rows.source
    width = source.bytes_per_row
    if source.in_memory or n * width <= memory_limit // 2:
        return n
    most = int(memory_limit // PIECES_AT_ONCE / width)
    if batches.size > most:
        raise ValueError(
            f"batches must be of at most {most:,} rows, a sixteenth of memory_limit ({memory_limit:,} bytes); "
            f"they are of {batches.size:,}"
        )
    return most


def with_window(batches: MiniBatches, source: Any, most: int) -> MiniBatches:
    """A window for a shuffle that was given none: what is in memory at a time. (A subclass's order is its own.)"""
    if type(batches) is not MiniBatches or not batches.shuffle:
        return batches
    if batches.window is None:
        blocks = batches.blocks if batches.blocks != BLOCKS else blocks_for(source, most)
        return replace(batches, window=max(batches.size, most), blocks=blocks)
    if min(batches.window, source.n_samples) > most:
        raise ValueError(
            f"batches must have a window of at most {most:,} rows, a sixteenth of the objective's memory_limit; it is "
            f"{batches.window:,}"
        )
    return batches


def blocks_for(source: Any, most: int) -> int:
    """How many of them make a window of so many rows worth reading; all that it may have, where nothing is read."""
    if most >= source.n_samples:
        return BLOCKS
    by_size = max(FEWEST_BLOCKS, int(most * source.bytes_per_row / BLOCK_BYTES))
    by_store = most if source.rows_at_once == 1 else most // (BLOCK_READS * source.rows_at_once)
    return max(1, min(BLOCKS, by_size, by_store))


def piece_bounds(boundaries: list[int], size: int, most: int) -> list[int]:
    """Where pieces begin: each part of the order, cut into equal pieces of whole batches."""
    bounds = []
    for begin, end in pairwise(boundaries):
        n_steps = -(-(end - begin) // size)
        n_pieces = -(-n_steps // max(1, most // size))
        bounds += [begin + size * (n_steps * i // n_pieces) for i in range(n_pieces)]
    return bounds
