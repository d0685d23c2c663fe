"""Softmax losses ``log sum_j exp(d_j)`` on a grid: exponentials for rows and for columns, not for points.

``exp(d + a * u + b * v) = exp(d + a * u) * exp(b * v)``, so the sums over classes of a sample on a whole grid are one
small matrix product. Points evenly spaced on a line are a grid as well: coarse steps and fine ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..protocols import Array, FloatArray

MOST_SPREAD = 50.0  # of the exponents of a column: sums then stay far above the smallest float
SURE = 1e-3  # smaller losses are sums near 1, whose logarithms have lost digits
TOGETHER = 8  # samples whose sums are multiplied before the logarithm is taken
BLOCK = 1 << 17  # sums that are held at once


@dataclass(frozen=True, eq=False)
class LogSums:
    """``sum_i share_i log sum_j exp(s_ij - s_iy_i)`` for scores ``s = parts[0] + a * parts[1] + b * parts[2]``.

    Parameters
    ----------
    parts : arrays (n_samples, n_classes), two (a line) or three (a plane)
    labels : integers (n_samples,)
    shares : array (n_samples,)
        What a sample weighs in the mean.
    """

    parts: tuple[FloatArray, ...]
    labels: Array
    shares: FloatArray

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
        middle = 0.5 * float(columns.min() + columns.max())
        offsets = columns - middle
        totals = np.zeros((rows.size, columns.size))
        block = max(1, BLOCK // totals.size // TOGETHER * TOGETHER)
        for first in range(0, self.labels.size, block):
            chosen = slice(first, first + block)
            labels = self.labels[chosen]
            base, u, v = (part[chosen] - part[chosen][np.arange(labels.size), labels][:, None] for part in parts)
            spread = v.max(axis=1) - v.min(axis=1)
            if not float(np.abs(offsets).max() * spread.max()) <= MOST_SPREAD:
                return None
            a = (base + middle * v)[:, None, :] + rows[:, None] * u[:, None, :]
            b = offsets[:, None] * v[:, None, :]
            tops, bounds = a.max(axis=2), b.max(axis=2)
            a -= tops[:, :, None]
            b -= bounds[:, :, None]
            sums = np.exp(a, out=a) @ np.exp(b, out=b).transpose(0, 2, 1)
            shares = self.shares[chosen]
            totals += (shares @ tops)[:, None] + shares @ bounds
            totals += _weighted_logs(sums, shares)
        return totals if np.isfinite(totals).all() and totals.min() > SURE else None


def _weighted_logs(sums: FloatArray, shares: FloatArray) -> FloatArray:
    """``sum_i shares_i log(sums_i)``; of equal shares by a few products, whose logarithms are fewer."""
    if (shares != shares[0]).any():
        return np.asarray(np.tensordot(shares, np.log(sums), 1))
    whole = len(sums) // TOGETHER * TOGETHER
    products = np.multiply.reduce(sums[:whole].reshape(-1, TOGETHER, *sums.shape[1:]), axis=1)
    return np.asarray(shares[0] * (np.log(products).sum(axis=0) + np.log(sums[whole:]).sum(axis=0)))
