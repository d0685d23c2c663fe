"""Block shuffle: an order of rows that is read in blocks, a window of blocks at a time, as a function of (seed, epoch).

The data are cut into as many equal parts as a window has blocks, and every window takes one block of each part at
random: it holds a sample of all the data, whatever their order is. The rows are shuffled within the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._derived import derived

Indices = NDArray[np.int64]


class Deal(NamedTuple):
    """The blocks of an epoch, those of the first window first: where each begins, and how many rows come up to its end.

    The last window's may reach into the next one by less than a batch, for windows end where a batch does.
    """

    starts: Indices
    ends: Indices


@dataclass(frozen=True)
class BlockShuffle:
    """The windows of every epoch. `size` rows are a batch; a window holds at most `window` rows, in `blocks` blocks."""

    n_samples: int
    size: int
    seed: int
    window: int
    blocks: int

    @derived
    def n_windows(self) -> int:
        """How many, alike in size to within a batch."""
        n_steps = -(-self.n_samples // self.size)
        return -(-n_steps // max(1, self.window // self.size))

    @derived
    def boundaries(self) -> list[int]:
        """Where windows begin in the order of an epoch, and its end: each but the last a multiple of `size`."""
        n_steps = -(-self.n_samples // self.size)
        steps = [n_steps * j // self.n_windows for j in range(self.n_windows + 1)]
        return [min(self.n_samples, step * self.size) for step in steps]

    @derived
    def blocks_each(self) -> int:
        """In every window: one of each of so many equal parts of the data."""
        return max(1, min(self.blocks, self.n_samples // self.n_windows))

    def deal(self, epoch: int) -> Deal:
        """Which blocks an epoch's windows take."""
        parts, windows, n = self.blocks_each, self.n_windows, self.n_samples
        dealt = np.empty((windows, parts), dtype=np.int64)
        for part in range(parts):
            dealt[:, part] = _kernels.permutation(windows, self.seed, self._stream(epoch, part))
            dealt[:, part] += part * windows
        places = dealt.reshape(-1)
        starts, stops = n * places // places.size, n * (places + 1) // places.size
        return Deal(starts, np.cumsum(stops - starts))

    def rows(self, deal: Deal, epoch: int, j: int) -> Indices:
        """Those of window j of the epoch, in their order."""
        begin, end = self.boundaries[j : j + 2]
        first, last = np.searchsorted(deal.ends, [begin, end - 1], side="right")
        starts, ends = deal.starts[first : last + 1], deal.ends[first : last + 1]
        before = np.concatenate([[deal.ends[first - 1] if first else 0], ends[:-1]])
        firsts = starts + np.maximum(begin - before, 0)
        counts = np.minimum(ends, end) - np.maximum(before, begin)
        gaps = firsts - (np.cumsum(counts) - counts)
        rows = np.repeat(gaps, counts) + np.arange(end - begin)
        order: Indices = rows[_kernels.permutation(end - begin, self.seed, self._stream(epoch, self.blocks_each + j))]
        return order

    def _stream(self, epoch: int, i: int) -> int:
        return epoch * (self.blocks_each + self.n_windows) + i
