"""Mini-batches: which rows step k takes, as a pure function of (seed, k).

Nothing is remembered between steps, so a run that is cut anywhere goes on with the rows it would have
had. The shuffle is our own (Fisher-Yates on a counter-based generator), so a seed means the same order
on every machine and with every version of NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._arrays import check_flag, check_indices, check_integer, check_seed

Indices = NDArray[np.int64]


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

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range.

    Examples
    --------
    >>> import gdfast as gd
    >>> batches = gd.MiniBatches(4, shuffle=False)
    >>> [batches.rows(10, k).tolist() for k in range(4)]
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], [0, 1, 2, 3]]
    """

    size: int
    seed: int = 0
    shuffle: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", check_integer(self.size, "size", minimum=1))
        object.__setattr__(self, "seed", check_seed(self.seed))
        object.__setattr__(self, "shuffle", check_flag(self.shuffle, "shuffle"))

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
        return _kernels.permutation(n_samples, self.seed, epoch)

    def rows(self, n_samples: int, k: int) -> Indices:
        """The rows of step k = 0, 1, ...: int64, of length `size` or, at the end of an epoch, less.

        Makes the whole permutation of the epoch: `rows_by_step` keeps it for the next steps.
        """
        return self.rows_by_step(n_samples)(check_integer(k, "k", minimum=0))

    def rows_by_step(self, n_samples: int) -> Callable[[int], Indices]:
        """``k -> rows(n_samples, k)``, which keeps the permutation of the epoch it is in."""
        per_epoch = self.steps_per_epoch(n_samples)
        order_of = epoch_orders(self, n_samples)
        current = -1
        order = np.empty(0, dtype=np.int64)

        def rows(k: int) -> Indices:
            nonlocal current, order
            epoch, i = divmod(k, per_epoch)
            if epoch != current:
                order = order_of(epoch)
                current = epoch
            return order[i * self.size : (i + 1) * self.size]

        return rows


# A subclass may choose rows of its own: what it hands back is checked where it comes in.


def epoch_orders(batches: MiniBatches, n_samples: int) -> Callable[[int], Indices]:
    """``epoch -> its permutation``; of a subclass's own every position is checked."""
    if type(batches) is MiniBatches:
        return partial(batches.permutation, n_samples)

    def order_of(epoch: int) -> Indices:
        name = f"batches.permutation({n_samples}, {epoch})"
        checked = check_indices(batches.permutation(n_samples, epoch), n_samples, name)
        if checked.size != n_samples:
            raise ValueError(f"{name} must hold {n_samples} rows; it holds {checked.size}")
        return checked

    return order_of


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
