"""The terms of a hinge on a line or plane: ``max(0, m + a * r)``, and where each begins to count.

A term belongs to a sample i and a wrong class j; m and r are differences of scores that are already there, so a
term's zero is known exactly. Squared hinges have the same zeros, where their curvature jumps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...protocols import Array, FloatArray
from .ramps import sums_of_ramps

BLOCK = 1 << 18  # terms computed together
MOST_KINKS = 1 << 26


@dataclass(frozen=True, eq=False)
class MaxTerms:
    """``share_i * max(0, s_ij - s_iy_i + margin) ** power`` for scores ``s = parts[0] + a * parts[1] + ...``.

    Parameters
    ----------
    parts : arrays (n_samples, n_classes)
    labels : integers (n_samples,)
    shares : array (n_samples,)
        What a sample weighs in the mean.
    margin : float
    power : 1 or 2
    """

    parts: tuple[FloatArray, ...]
    labels: Array
    shares: FloatArray
    margin: float
    power: int

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
            counts = (np.arange(k) != labels[:, None]) & (self.shares[first : first + rows, None] > 0)
            samples, classes = np.nonzero(counts)
            differences = []
            for i, part in enumerate(self.parts):
                scores = part[first : first + rows]
                with np.errstate(over="ignore", invalid="ignore"):
                    moved = scores - scores[np.arange(len(labels)), labels][:, None]
                differences.append((moved + self.margin if i == 0 else moved)[counts])
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
            shares = self.shares[samples]
            margins, *moves, rates = (shares * difference for difference in differences)
            sums += sums_of_ramps(margins, rates, points, moves[0] if moves else None, rows)
        return sums if np.isfinite(sums).all() else None

    def slope(self, step: float) -> float:
        """On a line, for power 1: the right derivative; a term counts from its zero on, exactly."""
        total = 0.0
        for samples, _, (margins, rates) in self.blocks():
            zeros = _zeros(margins, rates)
            counts = np.where(rates > 0, zeros <= step, np.where(rates < 0, zeros > step, False))
            with np.errstate(over="ignore", invalid="ignore"):
                total += float((self.shares[samples] * rates * counts).sum())
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
            jumps.append(self.shares[samples[inside]] * np.abs(rates[inside]))
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
            sizes = np.concatenate([sizes, self.shares[samples] * np.maximum(highest, 0) ** self.power])
            kept = np.sort(np.argsort(-sizes, kind="stable")[:most])
            ids, lines, sizes = ids[kept], lines[kept], sizes[kept]
        terms = np.maximum(lines[:, :1] + lines[:, 1:] * steps, 0) ** self.power
        return ids, self.shares[ids[:, 0], None] * terms

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
