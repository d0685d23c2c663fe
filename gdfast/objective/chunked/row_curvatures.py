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
from ..linear.row_curvatures import row_curvatures_at
from .problem import ChunkedProblem

Part = tuple[Any, ...]
BLOCK = 1 << 16  # rows whose curvatures at W = 0 are computed at once


class Sample(NamedTuple):
    """Which rows of each chunk: a share of them, drawn by the seed; None: all."""

    share: float | None
    seed: int

    def of(self, n: int) -> Array | None:
        """Of a chunk of n rows."""
        if self.share is None:
            return None
        count = min(n, max(1, round(self.share * n)))
        return np.sort(np.random.default_rng(self.seed).choice(n, count, replace=False))


# ---- of one chunk ----


def curvature_sums(objective: LinearObjective, share: float, sample: Sample, W: Array) -> Part:
    """The sum of the curvatures, how many rows these are, and their weighted mean."""
    found = _curvatures(objective, sample, W)
    return float(found.sum()), found.size, share * float(_shares(objective, sample) @ found)


def curvature_changes(objective: LinearObjective, share: float, sample: Sample, before: Array, now: Array) -> Part:
    """The sum of the absolute differences, and that of the curvatures before."""
    first = _curvatures(objective, sample, before)
    return float(np.abs(_curvatures(objective, sample, now) - first).sum()), float(first.sum())


def weighted_gram(
    objective: LinearObjective, share: float, sample: Sample, W: Array | None, floor: float
) -> tuple[FloatArray]:
    """The second moments, of rows weighted by their curvatures, or by nothing."""
    weights = _weights(objective, sample, W, floor)
    return (share * gram_of_rows(objective.linear_problem, weights, sample.of(objective.n_samples)),)


def weighted_diagonal(
    objective: LinearObjective, share: float, sample: Sample, W: Array, floor: float
) -> tuple[FloatArray]:
    """Their diagonal."""
    weights = _weights(objective, sample, W, floor)
    return (share * gram_diagonal(objective.linear_problem, weights, sample.of(objective.n_samples)),)


def gram_times_block(
    objective: LinearObjective, share: float, sample: Sample, W: Array, floor: float, rank: int, seed: int
) -> tuple[FloatArray]:
    """Their product with a random block."""
    weights, problem = _weights(objective, sample, W, floor), objective.linear_problem
    block = random_block(problem.rows.shape[1], rank, seed)
    product, unit = times_gram(problem, block, weights, sample.of(objective.n_samples))
    return (share * unit * product,)


def _curvatures(objective: LinearObjective, sample: Sample, W: Array) -> FloatArray:
    indices, problem = sample.of(objective.n_samples), objective.linear_problem
    return row_curvatures_at(problem if indices is None else problem.on_rows(indices), W)


def _shares(objective: LinearObjective, sample: Sample) -> FloatArray:
    indices, problem = sample.of(objective.n_samples), objective.linear_problem
    return (problem if indices is None else problem.on_rows(indices)).rows.normalized_weights


def _weights(objective: LinearObjective, sample: Sample, W: Array | None, floor: float) -> FloatArray | None:
    return None if W is None else np.maximum(_curvatures(objective, sample, W), floor)


# ---- of all ----


@dataclass(frozen=True, eq=False)
class ChunkedRowCurvatures:
    """Of all rows, or of a sample of each chunk."""

    problem: ChunkedProblem
    sample: Sample
    known: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(problem: ChunkedProblem, rows: int, seed: int) -> ChunkedRowCurvatures:
        """Of about so many rows, the same share of each chunk, in the arithmetic that X's type asks for."""
        n, own = problem.rows.n_samples, problem.rows.source.dtype == np.float64
        if problem.rows.is_wide != own:
            problem = replace(problem, rows=replace(problem.rows, is_wide=own))
        return ChunkedRowCurvatures(problem, Sample(None if rows >= n else rows / n, seed))

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
        """Of all rows: where all scores are 0, y says it all, and no chunk is read."""
        rows, loss = self.problem.rows, self.problem.loss
        weights, total, mean = rows.sample_weight, 0.0, 0.0
        for start in range(0, rows.n_samples, BLOCK):
            y = rows.y[start : start + BLOCK]
            found = loss.curvatures(np.zeros((len(y), rows.n_classes)), y).mean(axis=1)
            total += float(found.sum())
            mean += float(found.sum() if weights is None else weights[start : start + BLOCK] @ found)
        return total, rows.n_samples, mean / (rows.n_samples * rows.mean_weight)


def _in_its_unit(product: FloatArray) -> tuple[FloatArray, float]:
    largest = float(np.abs(product).max())
    unit = largest if largest > 0 else 1.0
    return product / (unit if np.isfinite(unit) else np.nan), unit
