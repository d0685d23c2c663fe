"""Sums of ramps ``max(0, m + a * r)`` at many a at once: each ramp is visited once, not once for each a.

A ramp that rises begins at its zero and is a straight line from there on. Ramps are put into bins between the points,
by their zeros; from point to point the sum grows by what its slope adds, and by the ramps that began in between: sums
of numbers >= 0, which lose no digits. Ramps that fall are ramps that rise, seen from the other end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...protocols import Array, FloatArray

TOGETHER = 1 << 15  # ramps whose arrays stay in the cache


@dataclass(frozen=True, eq=False)
class Bins:
    """Points in order, and which of them is the first at or after a place."""

    points: FloatArray
    width: float  # 0 where the points are not evenly spaced

    @classmethod
    def between(cls, points: FloatArray) -> Bins:
        """For points in rising order."""
        n = points.size
        width = float(points[-1] - points[0]) / max(1, n - 1)
        even = points[0] + width * np.arange(n)
        scale = float(np.abs(points).max())
        rounding = 4 * np.finfo(np.float64).eps * scale
        is_even = width > 1e3 * rounding and float(np.abs(points - even).max()) <= rounding
        return cls(points, width if is_even else 0.0)

    def sums(self, margins: FloatArray, rates: FloatArray, zero_rates: FloatArray) -> FloatArray:
        """The sum at every point of ramps with rates > 0; zero_rates is -1 / rates.

        A ramp whose zero falls on a point may be put on either side of it: there it adds its rounding.
        """
        n = int(self.points.size)
        if self.width:
            places = margins * (zero_rates / self.width)
            places += 1 - float(self.points[0]) / self.width
            np.fmin(places, n, out=places)
            np.fmax(places, 0, out=places)
            bins: Array = places.astype(np.intp)
        else:
            bins = np.searchsorted(self.points, margins * zero_rates)
        begun, risen = (
            np.asarray(np.bincount(bins, weights=weights, minlength=n + 1)[:n], dtype=np.float64)
            for weights in (margins, rates)
        )
        begun += self.points * risen
        np.maximum(begun, 0, out=begun)
        begun[1:] += np.cumsum(risen)[:-1] * np.diff(self.points)
        return np.asarray(np.cumsum(begun))


def sums_of_ramps(
    margins: FloatArray,
    rates: FloatArray,
    points: FloatArray,
    moves: FloatArray | None = None,
    rows: FloatArray | None = None,
) -> FloatArray:
    """``sum_t max(0, margins_t + b * moves_t + a * rates_t)`` for b in rows and a in points: (len(rows), len(points)).

    Without moves and rows: (1, len(points)). Points are in any order.
    """
    order = np.argsort(points, kind="stable")
    forward = Bins.between(points[order])
    backward = Bins.between(-points[order][::-1])
    sums = np.zeros((1 if rows is None else rows.size, points.size))
    for first in range(0, margins.size, TOGETHER):
        chosen = slice(first, first + TOGETHER)
        with np.errstate(divide="ignore", over="ignore"):
            zero_rates = -1 / rates[chosen]
        moving = np.isfinite(zero_rates)  # slower ones stand still
        for bins, which in (
            (forward, moving & (rates[chosen] > 0)),
            (backward, moving & (rates[chosen] < 0)),
            (None, ~moving),
        ):
            if not which.any():
                continue
            m, r, zeros = margins[chosen][which], np.abs(rates[chosen][which]), -np.abs(zero_rates[which])
            q = None if moves is None else moves[chosen][which]
            for j in range(len(sums)):
                moved = m if q is None or rows is None else m + rows[j] * q
                if bins is None:
                    sums[j] += np.maximum(moved, 0).sum()
                else:
                    here = bins.sums(moved, r, zeros)
                    sums[j] += here if bins is forward else here[::-1]
    answer = np.empty_like(sums)
    answer[:, order] = sums
    return answer
