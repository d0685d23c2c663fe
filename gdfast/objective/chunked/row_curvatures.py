"""How the loss bends at the rows of all chunks, and the rows' second moments weighted by that.

Nothing of a row leaves its chunk: curvatures are computed where they are needed, from W, and only sums travel.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ...protocols import Array, FloatArray
from ..linear.gram import gram as gram_of_rows
from ..linear.gram_sketch import gram_diagonal, random_block, root_of, times_gram
from ..linear.objective import LinearObjective
from ..linear.problem import LinearProblem
from ..linear.row_curvatures import row_curvatures_at
from ..one_thread import weighted_sum
from .operations import Part, part_of
from .problem import ChunkedProblem

BLOCK = 1 << 16  # rows whose curvatures at W = 0 are computed at once


class Chosen(NamedTuple):
    """Which rows of a chunk, by their numbers in it (None: all); the share of all rows that the whole sample is."""

    indices: Array | None
    fraction: float


@dataclass(frozen=True, eq=False)
class Sample:
    """Which rows of the whole, by their numbers, which rise (None: all): an argument that is another for each chunk."""

    indices: Array | None
    n_samples: int

    def of_chunk(self, i: int, start: int, stop: int) -> Chosen:
        """Its part of the sample."""
        if self.indices is None:
            return Chosen(None, 1.0)
        first, last = np.searchsorted(self.indices, [start, stop])
        return Chosen(self.indices[first:last] - start, self.indices.size / self.n_samples)


# ---- of one chunk ----


def curvature_sums(objective: LinearObjective, share: float, chosen: Chosen, W: Array) -> Part:
    """The sum of the curvatures, how many rows these are, and their weighted mean."""
    part = _part(objective, share, chosen)
    if part is None:
        return 0.0, 0, 0.0
    problem, weight = part
    found = row_curvatures_at(problem, W)
    return float(found.sum()), found.size, part_of(weight, float(weighted_sum(problem.rows.normalized_weights, found)))


def curvature_changes(objective: LinearObjective, share: float, chosen: Chosen, before: Array, now: Array) -> Part:
    """The sum of the absolute differences, and that of the curvatures before."""
    part = _part(objective, share, chosen)
    if part is None:
        return 0.0, 0.0
    first = row_curvatures_at(part[0], before)
    return float(np.abs(row_curvatures_at(part[0], now) - first).sum()), float(first.sum())


def weighted_gram(objective: LinearObjective, share: float, chosen: Chosen, W: Array | None, floor: float) -> Part:
    """The second moments, of rows weighted by their curvatures, or by nothing."""
    part, m = _part(objective, share, chosen), objective.shape[1]
    if part is None:
        return (np.zeros((m, m)),)
    return (part_of(part[1], gram_of_rows(part[0], _weights(part[0], W, floor))),)


def weighted_diagonal(objective: LinearObjective, share: float, chosen: Chosen, W: Array, floor: float) -> Part:
    """Their diagonal."""
    part = _part(objective, share, chosen)
    if part is None:
        return (np.zeros(objective.shape[1]),)
    return (part_of(part[1], gram_diagonal(part[0], _weights(part[0], W, floor))),)


def gram_times_block(
    objective: LinearObjective, share: float, chosen: Chosen, W: Array, floor: float, rank: int, seed: int
) -> Part:
    """Their product with a random block."""
    part, block = _part(objective, share, chosen), random_block(objective.shape[1], rank, seed)
    if part is None:
        return (np.zeros(block.shape),)
    product, unit = times_gram(part[0], block, _weights(part[0], W, floor), None)
    return (part_of(part[1], unit * product),)


def _part(objective: LinearObjective, share: float, chosen: Chosen) -> tuple[LinearProblem, float] | None:
    """The chosen rows of a chunk and what their mean counts in that of all; None where there are none."""
    problem, indices = objective.linear_problem, chosen.indices
    if indices is None:
        return problem, share
    if indices.size == 0:
        return None
    return problem.on_rows(indices), share * indices.size / objective.n_samples / chosen.fraction


def _weights(problem: LinearProblem, W: Array | None, floor: float) -> FloatArray | None:
    return None if W is None else np.maximum(row_curvatures_at(problem, W), floor)


# ---- of all ----


@dataclass(frozen=True, eq=False)
class ChunkedRowCurvatures:
    """Of all rows, or of a sample."""

    problem: ChunkedProblem
    sample: Sample
    known: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(problem: ChunkedProblem, rows: int, seed: int) -> ChunkedRowCurvatures:
        """Of so many rows, those that are drawn in memory too, in the arithmetic that X's type asks for."""
        n, own = problem.rows.n_samples, problem.rows.source.dtype == np.float64
        if problem.rows.is_wide != own:
            problem = replace(problem, rows=replace(problem.rows, is_wide=own))
        indices = None
        if rows < n:
            indices = np.sort(np.random.default_rng(seed).choice(n, rows, replace=False))
        return ChunkedRowCurvatures(problem, Sample(indices, n))

    @property
    def arithmetic(self) -> np.dtype[Any]:
        """See `RowCurvatures`."""
        return self.problem.rows.arithmetic

    def mean(self, w: Array) -> float:
        """See `RowCurvatures`."""
        return self._sums(w)[2]

    def change(self, before: Array, now: Array) -> float:
        """See `RowCurvatures`."""
        changed, whole = self.problem.sum(curvature_changes, self.sample, before, now)
        return float(changed) / float(whole) if whole > 0 else 0.0

    def gram(self, w: Array | None, least: float = 0.0) -> FloatArray:
        """See `RowCurvatures`."""
        return np.asarray(self.problem.sum(weighted_gram, self.sample, w, self._floor(w, least))[0])

    def diagonal(self, w: Array, least: float = 0.0) -> FloatArray:
        """See `RowCurvatures`."""
        return np.asarray(self.problem.sum(weighted_diagonal, self.sample, w, self._floor(w, least))[0])

    def root(self, rank: int, seed: int, w: Array, least: float = 0.0) -> FloatArray:
        """See `RowCurvatures`."""
        (product,) = self.problem.sum(gram_times_block, self.sample, w, self._floor(w, least), rank, seed)
        return root_of(random_block(self.problem.rows.shape[1], rank, seed), *_in_its_unit(product))

    def _floor(self, w: Array | None, least: float) -> float:
        if w is None or least == 0:
            return 0.0
        total, count, _ = self._sums(w)
        return least * total / count

    def _sums(self, w: Array) -> tuple[float, float, float]:
        """As `curvature_sums`; of the last w they are kept."""
        known = self.known.get("w")
        if known is None or not np.array_equal(known, w):
            found = self.problem.sum(curvature_sums, self.sample, w) if w.any() else self._sums_at_zero()
            self.known.update(w=w.copy(), sums=found)
        total, count, mean = self.known["sums"]
        return float(total), float(count), float(mean)

    def _sums_at_zero(self) -> Part:
        """Where all scores are 0, y says it all, and no chunk is read."""
        rows, loss, indices = self.problem.rows, self.problem.loss, self.sample.indices
        n, weights, total, mean = rows.n_samples if indices is None else indices.size, rows.sample_weight, 0.0, 0.0
        for start in range(0, n, BLOCK):
            some: Any = slice(start, start + BLOCK) if indices is None else indices[start : start + BLOCK]
            y = rows.y[some]
            found = loss.curvatures(np.zeros((len(y), rows.n_classes)), y).mean(axis=1)
            total += float(found.sum())
            mean += float(found.sum() if weights is None else weights[some] @ found)
        return total, n, mean / (n * rows.mean_weight)


def _in_its_unit(product: FloatArray) -> tuple[FloatArray, float]:
    largest = float(np.abs(product).max())
    unit = largest if largest > 0 else 1.0
    return product / (unit if np.isfinite(unit) else np.nan), unit
