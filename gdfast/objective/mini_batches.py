"""Mini-batches: which rows step k takes, as a pure function of (seed, k).

Nothing is remembered between steps, so a run that is cut anywhere goes on with the rows it would have
had. The shuffle is our own (Fisher-Yates on a counter-based generator), so a seed means the same order
on every machine and with every version of NumPy.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .. import _kernels
from .._arrays import check_flag, check_indices, check_integer, check_seed
from .block_shuffle import BlockShuffle, Deal, Indices

BLOCKS = 256  # a window: enough that class-sorted data come out mixed, few enough that each is worth its read
ROWS_AT_ONCE = 1 << 17  # of an order that is no shuffle: it need not be written out whole


@dataclass(frozen=True)
class MiniBatches:
    """Rows for stochastic steps: every epoch visits every row once, in an order of its own.

    Step k belongs to epoch ``k // ceil(n_samples / size)`` and takes the next `size` rows of that
    epoch's permutation; the last batch of an epoch may be short.

    Parameters
    ----------
    size : int
        Rows per step, >= 1. More than there are rows means all of them.
    seed : int
        In [0, 2**64): the same seed, the same rows at every step.
    shuffle : bool
        False: the rows come in the order of the data, in every epoch.
    window : int, optional
        Block shuffle, for rows on a disk: so many rows, or a little fewer, are shuffled among themselves, then the next
        ones. >= size. None: all rows, or of a `ChunkedObjective` what its memory holds at a time.
    blocks : int
        A window is read in so many blocks of consecutive rows, one at random from each of so many equal parts of the
        data: it holds a sample of them all, even where they are sorted by class. >= 1. Where `ChunkedObjective` chooses
        the window, it makes 256 fewer, so that blocks are worth their reads.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range.

    Notes
    -----
    A full shuffle holds a permutation of 8 bytes a row; a block shuffle that of a window.

    Examples
    --------
    >>> import gdfast as gd
    >>> batches = gd.MiniBatches(4, shuffle=False)
    >>> [batches.rows(10, k).tolist() for k in range(4)]
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], [0, 1, 2, 3]]
    >>> gd.MiniBatches(2, window=4, blocks=2).permutation(12, epoch=0).tolist()
    [1, 7, 6, 0, 10, 5, 4, 11, 8, 2, 3, 9]
    """

    size: int
    seed: int = 0
    shuffle: bool = True
    window: int | None = None
    blocks: int = BLOCKS

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", check_integer(self.size, "size", minimum=1))
        object.__setattr__(self, "seed", check_seed(self.seed))
        object.__setattr__(self, "shuffle", check_flag(self.shuffle, "shuffle"))
        object.__setattr__(self, "blocks", check_integer(self.blocks, "blocks", minimum=1))
        if self.window is not None:
            object.__setattr__(self, "window", check_integer(self.window, "window", minimum=1))
            if self.window < self.size:
                raise ValueError(f"window must be at least size, {self.size:,} rows; it is {self.window:,}")

    def steps_per_epoch(self, n_samples: int) -> int:
        """``ceil(n_samples / size)``."""
        return -(-check_integer(n_samples, "n_samples", minimum=1) // self.size)

    def permutation(self, n_samples: int, epoch: int) -> Indices:
        """The order in which an epoch visits the rows: int64, (n_samples,)."""
        if type(n_samples) is not int or type(epoch) is not int or n_samples < 1 or epoch < 0:  # it is asked for often
            n_samples = check_integer(n_samples, "n_samples", minimum=1)
            epoch = check_integer(epoch, "epoch", minimum=0)
        if not self.shuffle:
            return np.arange(n_samples, dtype=np.int64)
        shuffle = self._block_shuffle(n_samples)
        if shuffle is None:
            return _kernels.permutation(n_samples, self.seed, epoch)
        order, deal = np.empty(n_samples, dtype=np.int64), shuffle.deal(epoch)
        for j, (begin, end) in enumerate(pairwise(shuffle.boundaries)):
            order[begin:end] = shuffle.rows(deal, epoch, j)
        return order

    def _block_shuffle(self, n_samples: int) -> BlockShuffle | None:
        """Its windows; None where one holds all rows."""
        if self.window is None or not self.shuffle or self.window >= n_samples:
            return None
        return BlockShuffle(n_samples, self.size, self.seed, self.window, self.blocks)

    def rows(self, n_samples: int, k: int) -> Indices:
        """The rows of step k = 0, 1, ...: int64, of length `size` or, at the end of an epoch, less.

        Makes the whole permutation of the epoch, or of the window: `rows_by_step` keeps it for the next steps.
        """
        return self.rows_by_step(n_samples)(check_integer(k, "k", minimum=0))

    def rows_by_step(self, n_samples: int) -> Callable[[int], Indices]:
        """``k -> rows(n_samples, k)``, which keeps the permutation of the epoch, or the window, that it is in."""
        per_epoch, order = self.steps_per_epoch(n_samples), EpochOrder(self, n_samples)

        def rows(k: int) -> Indices:
            epoch, i = divmod(k, per_epoch)
            return order.rows(epoch, i * self.size, min((i + 1) * self.size, n_samples))

        return rows


class EpochOrder:
    """The order in which each epoch visits the rows, made part by part and kept for the next steps.

    A part is a window of a block shuffle; of a full shuffle, or a subclass's own permutation, all rows.

    Attributes
    ----------
    boundaries : list of int
        The places at which the parts begin, and n_samples: each but the last a multiple of the batches' size.
    """

    def __init__(self, batches: MiniBatches, n_samples: int) -> None:
        self._batches, self._n_samples = batches, n_samples
        is_own = type(batches) is not MiniBatches
        self._shuffle = None if is_own else batches._block_shuffle(n_samples)
        self._deal: tuple[int, Deal] | None = None
        self._kept: tuple[int, int, Indices] | None = None
        self.boundaries = [0, n_samples]
        if self._shuffle is not None:
            self.boundaries = self._shuffle.boundaries
        elif not is_own and not batches.shuffle:
            at_once = max(1, ROWS_AT_ONCE // batches.size) * batches.size
            self.boundaries = [*range(0, n_samples, at_once), n_samples]

    def part(self, epoch: int, j: int) -> Indices:
        """The rows of a part, in their order; a subclass's own are checked."""
        if self._kept is not None and self._kept[:2] == (epoch, j):
            return self._kept[2]
        self._kept = None  # two permutations of all rows at a time would be one too many
        batches, n_samples = self._batches, self._n_samples
        if self._shuffle is not None:
            if self._deal is None or self._deal[0] != epoch:
                self._deal = epoch, self._shuffle.deal(epoch)
            made = self._shuffle.rows(self._deal[1], epoch, j)
        elif type(batches) is not MiniBatches:
            made = _checked_permutation(batches.permutation(n_samples, epoch), n_samples, epoch)
        elif batches.shuffle:
            made = _kernels.permutation(n_samples, batches.seed, epoch)
        else:
            made = np.arange(self.boundaries[j], self.boundaries[j + 1], dtype=np.int64)
        self._kept = epoch, j, made
        return made

    def rows(self, epoch: int, start: int, stop: int) -> Indices:
        """Those at the places [start, stop) of an epoch's order."""
        j = bisect_right(self.boundaries, start) - 1
        begin, end = self.boundaries[j : j + 2]
        if stop <= end:
            return self.part(epoch, j)[start - begin : stop - begin]
        pieces = []
        while start < stop:
            begin, end = self.boundaries[j : j + 2]
            pieces.append(self.part(epoch, j)[start - begin : min(stop, end) - begin])
            start, j = end, j + 1
        return np.concatenate(pieces)


# A subclass may choose rows of its own: what it hands back is checked where it comes in.


def _checked_permutation(made: Any, n_samples: int, epoch: int) -> Indices:
    name = f"batches.permutation({n_samples}, {epoch})"
    checked = check_indices(made, n_samples, name)
    if checked.size != n_samples:
        raise ValueError(f"{name} must hold {n_samples} rows; it holds {checked.size}")
    return checked


def rows_of_steps(batches: MiniBatches, n_samples: int) -> Callable[[int], Indices]:
    """``k -> the rows of step k``: `rows_by_step`, or a subclass's own `rows`."""
    kind = type(batches)
    if kind is MiniBatches:
        return batches.rows_by_step(n_samples)
    take = batches.rows_by_step(n_samples) if _is_inherited(kind, "rows") else lambda k: batches.rows(n_samples, k)
    return lambda k: check_indices(take(k), n_samples, f"batches.rows({n_samples}, {k})")


def cuts_permutations(batches: MiniBatches) -> bool:
    """Whether step k takes the next `size` rows of its epoch's permutation, as the compiled steps do."""
    kind = type(batches)
    return kind is MiniBatches or all(_is_inherited(kind, name) for name in ("rows", "rows_by_step", "steps_per_epoch"))


def _is_inherited(kind: type[MiniBatches], method: str) -> bool:
    return getattr(kind, method) is getattr(MiniBatches, method)
