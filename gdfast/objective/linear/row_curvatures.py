"""How the loss bends at the rows, and the rows' second moments weighted by that: what preconditioners are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...protocols import Array, FloatArray
from ..one_thread import weighted_sum
from .gram import gram
from .gram_sketch import gram_diagonal, gram_root
from .problem import LinearProblem


@dataclass(frozen=True, eq=False)
class LinearRowCurvatures:
    """Of all rows of a linear problem, or of some; of the last two points they are kept."""

    problem: LinearProblem
    indices: Array | None
    known: list[tuple[Array, FloatArray]] = field(default_factory=list)

    @staticmethod
    def of(problem: LinearProblem, rows: int, seed: int) -> LinearRowCurvatures:
        """Of so many rows, drawn by the seed; in the arithmetic that X's type asks for."""
        n, indices = problem.rows.n_samples, None
        if rows < n:
            indices = np.sort(np.random.default_rng(seed).choice(n, rows, replace=False))
        return LinearRowCurvatures(problem.in_own_arithmetic(), indices)

    @property
    def arithmetic(self) -> np.dtype[Any]:
        """See `RowCurvatures`."""
        return self.problem.rows.arithmetic

    def mean(self, w: Array) -> float:
        """See `RowCurvatures`."""
        return float(weighted_sum(self._rows.rows.normalized_weights, self._at(w)))

    def change(self, before: Array, now: Array) -> float:
        """See `RowCurvatures`."""
        first, last = self._at(before), self._at(now)
        whole = float(first.sum())
        return float(np.abs(last - first).sum()) / whole if whole > 0 else 0.0

    def gram(self, w: Array | None, least: float = 0.0) -> FloatArray:
        """See `RowCurvatures`."""
        return gram(self.problem, self._weights(w, least), self.indices)

    def diagonal(self, w: Array, least: float = 0.0) -> FloatArray:
        """See `RowCurvatures`."""
        return gram_diagonal(self.problem, self._weights(w, least), self.indices)

    def root(self, rank: int, seed: int, w: Array, least: float = 0.0) -> FloatArray:
        """See `RowCurvatures`."""
        weights = self._weights(w, least)
        assert weights is not None
        return gram_root(self.problem, rank, seed, weights, self.indices)

    @property
    def _rows(self) -> LinearProblem:
        return self.problem if self.indices is None else self.problem.on_rows(self.indices)

    def _weights(self, w: Array | None, least: float) -> FloatArray | None:
        if w is None:
            return None
        curvatures = self._at(w)
        return np.maximum(curvatures, least * float(curvatures.mean()))

    def _at(self, w: Array) -> FloatArray:
        for point, curvatures in self.known:
            if np.array_equal(point, w):
                return curvatures
        found = row_curvatures_at(self._rows, w)
        self.known[:] = [*self.known[-1:], (w.copy(), found)]
        return found


def row_curvatures_at(problem: LinearProblem, W: Array) -> FloatArray:
    """The mean of the loss's second derivatives by the scores of each row, (n_samples,); half a pass, none at W = 0."""
    rows = problem.rows
    scores = problem.wide_scores(W) if W.any() else np.zeros((rows.n_samples, rows.n_classes))
    found: FloatArray = problem.loss.curvatures(scores, rows.y).mean(axis=1)
    return found
