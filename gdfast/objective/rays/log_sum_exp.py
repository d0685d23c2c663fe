"""Softmax losses ``log sum_j exp(d_j)`` on a grid: exponentials for rows and for columns, not for points.

``exp(d + a * u + b * v) = exp(d + a * u) * exp(b * v)``, so the sums over classes of a sample on a whole grid are one
small matrix product. Points evenly spaced on a line are a grid as well: coarse steps and fine ones.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from ..._config import get_num_threads
from ...protocols import Array, FloatArray
from .sums import Smooth

MOST_SPREAD = 40.0  # of the exponents of a column
TOGETHER = 16  # samples whose sums are multiplied before the logarithm is taken: above exp(-640), the smallest float
SURE = 1e-3  # smaller losses are sums near 1, whose logarithms have lost digits
BLOCK = 1 << 17  # sums that a thread holds at once
MOST_PIECES = 16  # of the columns, so that the exponents of each spread no further


@dataclass(frozen=True, eq=False)
class LogSums(Smooth):
    """``sum_i weight_i log sum_j exp(s_ij - s_iy_i)`` for scores ``s = parts[0] + a * parts[1] + b * parts[2]``.

    Parameters
    ----------
    parts : arrays (n_samples, n_classes), two (a line) or three (a plane)
    labels : integers (n_samples,)
    weights : array (n_samples,)
        What a sample weighs in the mean.
    """

    parts: tuple[FloatArray, ...]
    labels: Array
    weights: FloatArray

    def on_parts(self, parts: tuple[FloatArray, ...]) -> LogSums:
        """The same for other scores."""
        return replace(self, parts=parts)

    def on_line(self, points: FloatArray) -> FloatArray | None:
        """At evenly spaced points: (m,); None where they are not, or where digits would be lost."""
        if points.size < 2:
            return None
        n = points.size
        width = math.isqrt(n)
        even = np.linspace(points[0], points[-1], n)
        if not np.all(np.abs(points - even) <= 4 * np.finfo(np.float64).eps * np.abs(points).max()):
            return None
        rows, columns = points[::width], points[:width] - points[0]
        found = self._on_grid((*self.parts, self.parts[1]), rows, columns)
        return None if found is None else found.ravel()[:n]

    def on_grid(self, rows: FloatArray, columns: FloatArray) -> FloatArray | None:
        """On a plane: (len(rows), len(columns)); None where digits would be lost."""
        return self._on_grid(self.parts, rows, columns)

    def _on_grid(self, parts: tuple[FloatArray, ...], rows: FloatArray, columns: FloatArray) -> FloatArray | None:
        v = parts[2]
        reach = 0.5 * np.ptp(columns) * float(np.ptp(v, axis=1).max(initial=0.0))
        if not reach <= MOST_SPREAD * MOST_PIECES or columns.size == 0:
            return None
        pieces = np.array_split(columns, min(columns.size, max(1, math.ceil(reach / MOST_SPREAD))))
        if not all(0.5 * np.ptp(piece) * float(np.ptp(v, axis=1).max()) <= MOST_SPREAD for piece in pieces):
            return None
        totals = np.concatenate([self._on_narrow_grid(parts, rows, piece) for piece in pieces], axis=1)
        return totals if np.isfinite(totals).all() and totals.min() > SURE else None

    def _on_narrow_grid(self, parts: tuple[FloatArray, ...], rows: FloatArray, columns: FloatArray) -> FloatArray:
        middle = 0.5 * float(columns.min() + columns.max())
        offsets = columns - middle
        block = max(1, BLOCK // (rows.size * columns.size) // TOGETHER) * TOGETHER

        def of_block(first: int) -> FloatArray:
            chosen = slice(first, first + block)
            labels, weights = self.labels[chosen], self.weights[chosen]
            base, u, v = (part[chosen] - part[chosen][np.arange(labels.size), labels][:, None] for part in parts)
            a = (base + middle * v)[:, :, None] + u[:, :, None] * rows
            b = v[:, :, None] * offsets
            tops, bounds = a.max(axis=1), b.max(axis=1)
            a -= tops[:, None]
            b -= bounds[:, None]
            with np.errstate(over="ignore", invalid="ignore"):
                sums = np.matmul(np.exp(a, out=a).transpose(0, 2, 1), np.exp(b, out=b))
                return np.asarray((weights @ tops)[:, None] + weights @ bounds + _weighted_logs(sums, weights))

        # Blocks are added up in their order, so that any number of threads gives the same bits.
        totals = np.zeros((rows.size, columns.size))
        with ThreadPoolExecutor(get_num_threads()) as pool:
            for part in pool.map(of_block, range(0, self.labels.size, block)):
                totals += part
        return totals


def _weighted_logs(sums: FloatArray, weights: FloatArray) -> FloatArray:
    """``sum_i weights_i log(sums_i)``; of equal weights by a few products, whose logarithms are fewer."""
    if (weights != weights[0]).any():
        return np.asarray(np.tensordot(weights, np.log(sums), 1))
    whole = len(sums) // TOGETHER * TOGETHER
    products = np.multiply.reduce(sums[:whole].reshape(-1, TOGETHER, *sums.shape[1:]), axis=1)
    np.log(products, out=products)
    return np.asarray(weights[0] * (products.sum(axis=0) + np.log(sums[whole:]).sum(axis=0)))
