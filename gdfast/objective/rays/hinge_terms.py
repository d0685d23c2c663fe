"""The terms of a hinge on a line or plane: ``max(0, m + a * r)``, and where each begins to count.

A term belongs to a sample i and a wrong class j; m and r are differences of scores that are already there, so a
term's zero is known exactly. Squared hinges have the same zeros, where their curvature jumps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...protocols import Array, FloatArray
from ..margins import margins as margins_of

BLOCK = 1 << 18  # terms of a block
TOGETHER = 1 << 15  # terms whose arrays stay in the cache
MOST_KINKS = 1 << 26


@dataclass(frozen=True, eq=False)
class HingeTerms:
    """``weight_i * max(0, s_ij - s_iy_i + margin) ** power`` for scores ``s = parts[0] + a * parts[1] + ...``.

    Parameters
    ----------
    parts : arrays (n_samples, n_classes)
    labels : integers (n_samples,)
    weights : array (n_samples,)
        What a sample weighs in the mean.
    margin : float
    power : 1 or 2
    """

    parts: tuple[FloatArray, ...]
    labels: Array
    weights: FloatArray
    margin: float
    power: int

    def on_parts(self, parts: tuple[FloatArray, ...]) -> HingeTerms:
        """The same for other scores."""
        return replace(self, parts=parts)

    @property
    def is_piecewise_linear(self) -> bool:
        """Plain hinges are; squared ones bend between their zeros."""
        return self.power == 1

    @property
    def count(self) -> int:
        """How many there are."""
        n, k = self.parts[0].shape
        return int(n * (k - 1))

    def blocks(self) -> Iterator[tuple[Array, Array, list[FloatArray]]]:
        """Blocks of terms: samples (t,), classes (t,), and for each part the differences of scores (t,).

        The margin is in the first. Samples of weight 0 have no terms.
        """
        n, k = self.parts[0].shape
        rows = max(1, BLOCK // k)
        for first in range(0, n, rows):
            labels = self.labels[first : first + rows]
            counts = (np.arange(k) != labels[:, None]) & (self.weights[first : first + rows, None] > 0)
            samples, classes = np.nonzero(counts)
            differences = []
            for i, part in enumerate(self.parts):
                with np.errstate(over="ignore", invalid="ignore"):
                    moved = margins_of(part[first : first + rows], labels, self.margin if i == 0 else 0.0)
                differences.append(moved[counts])
            yield samples + first, classes, differences

    def on_line(self, points: FloatArray) -> FloatArray | None:
        """Their sum at many points: (m,), each term visited once; None for squares, and where numbers overflow."""
        found = self._sums(points, None)
        return None if found is None else found[0]

    def on_grid(self, rows: FloatArray, columns: FloatArray) -> FloatArray | None:
        """On a plane: (len(rows), len(columns)), each term visited once for each row."""
        return self._sums(columns, rows)

    def _sums(self, points: FloatArray, rows: FloatArray | None) -> FloatArray | None:
        if self.power != 1:
            return None
        sums = np.zeros((1 if rows is None else rows.size, points.size))
        for samples, _, differences in self.blocks():
            weights = self.weights[samples]
            margins, *moves, rates = (weights * difference for difference in differences)
            sums += sums_of_hinge_terms(margins, rates, points, moves[0] if moves else None, rows)
        return sums if np.isfinite(sums).all() else None

    def slope(self, step: float) -> float:
        """On a line, for power 1: the right derivative; a term counts from its zero on, exactly."""
        total = 0.0
        for samples, _, (margins, rates) in self.blocks():
            zeros = _zeros(margins, rates)
            counts = np.where(rates > 0, zeros <= step, np.where(rates < 0, zeros > step, False))
            with np.errstate(over="ignore", invalid="ignore"):
                total += float((self.weights[samples] * rates * counts).sum())
        return total

    def kinks(self, low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """On a line: the steps in [low, high] at which a term is 0; by how much the slope jumps there, if power is 1.

        In no order; ValueError where they are more than memory should hold.
        """
        steps, jumps, found = [], [], 0
        for samples, _, (margins, rates) in self.blocks():
            zeros = _zeros(margins, rates)
            inside = (zeros >= low) & (zeros <= high) & (rates != 0)
            found += int(inside.sum())
            if found > MOST_KINKS:
                raise ValueError(
                    f"[lo, hi] must hold at most {MOST_KINKS:,} breakpoints; [{low:g}, {high:g}] has more, of "
                    f"{self.count:,} terms, which may take {16 * self.count / 2**30:.1f} GiB: narrow it"
                )
            steps.append(zeros[inside])
            jumps.append(self.weights[samples[inside]] * np.abs(rates[inside]))
        return np.concatenate(steps), np.concatenate(jumps)

    def largest(self, steps: FloatArray, most: int) -> tuple[Array, FloatArray]:
        """On a line: up to `most` terms, those that grow largest: samples and classes (t, 2), values (t, len(steps)).

        A term is convex, so it is largest at an end. In the order of samples and classes.
        """
        ids, lines, sizes = np.zeros((0, 2), dtype=np.int64), np.zeros((0, 2)), np.zeros(0)
        for samples, classes, (margins, rates) in self.blocks():
            highest = np.maximum(margins + steps.min() * rates, margins + steps.max() * rates)
            ids = np.concatenate([ids, np.stack([samples, classes], axis=1)])
            lines = np.concatenate([lines, np.stack([margins, rates], axis=1)])
            sizes = np.concatenate([sizes, self.weights[samples] * np.maximum(highest, 0) ** self.power])
            kept = np.sort(np.argsort(-sizes, kind="stable")[:most])
            ids, lines, sizes = ids[kept], lines[kept], sizes[kept]
        terms = np.maximum(lines[:, :1] + lines[:, 1:] * steps, 0) ** self.power
        return ids, self.weights[ids[:, 0], None] * terms

    def edges(self, a: tuple[float, float], b: tuple[float, float]) -> tuple[Array, FloatArray]:
        """On a plane: where terms are 0 in the rectangle a x b: samples, classes (e, 2); segments' ends (e, 2, 2)."""
        ids, segments = [], []
        for samples, classes, (margins, first, second) in self.blocks():
            for i, j, m, p, q in zip(samples, classes, margins, first, second, strict=True):
                segment = _clipped(m, p, q, a, b)
                if segment is not None:
                    ids.append((i, j))
                    segments.append(segment)
        return np.array(ids, dtype=np.int64).reshape(-1, 2), np.array(segments, dtype=np.float64).reshape(-1, 2, 2)


def _zeros(margins: FloatArray, rates: FloatArray) -> FloatArray:
    """Where ``margins + step * rates`` is 0; infinite or NaN where nothing moves."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(-margins / rates)


def _clipped(m: float, p: float, q: float, a: tuple[float, float], b: tuple[float, float]) -> list[list[float]] | None:
    """The part of ``m + a p + b q = 0`` inside the rectangle: its two ends, or None."""
    crossings: list[list[float]] = []
    if q != 0:
        crossings += [[x, y] for x in a if b[0] <= (y := -(m + x * p) / q) <= b[1]]
    if p != 0:
        crossings += [[x, y] for y in b if a[0] <= (x := -(m + y * q) / p) <= a[1]]
    if len(crossings) < 2:
        return None
    start, end = min(crossings), max(crossings)
    return None if start == end else [start, end]


# ---- sums of hinge terms at many points at once ----
# A term that rises begins at its zero and is a straight line from there on. Terms are put into bins between the points,
# by their zeros; from point to point the sum grows by what its slope adds, and by the terms that began in between: sums
# of numbers >= 0, which lose no digits. Terms that fall are terms that rise, seen from the other end.


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
        """The sum at every point of terms with rates > 0; zero_rates is -1 / rates.

        A term whose zero falls on a point may be put on either side of it: there it adds its rounding.
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


def sums_of_hinge_terms(
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
