"""Cross-validation of the penalty's strength: a regularization path on each fold, scored on the rows it leaves out.

A fold is an index into X: nothing is copied. Its features are standardised by its training rows alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..descent.path import (
    Point,
    evaluated,
    proving_solver,
    settled_solver,
    shared_gram,
    solved_points,
    strength_grid,
)
from ..descent.path_descent import Shared, SharedGram
from ..objective.regularizers.regularizers import StrengthFamily
from ..protocols import Array, FloatArray
from .choice import GTOL, SMALLER, SMALLER_GTOL, WEIGHTS_COST
from .fit import Standardized
from .settings import Settings
from .split import Split
from .target_scaling import location_and_scale

CLOSE, MOST_CONTENDERS = 2e-3, 4
"""Of the range of mean scores: so near to each other two alphas are compared anew."""

FINER = 0.1
"""Then gradients are so much smaller, and the distance from the optimum about the square of that."""

KEPT_BYTES = 1 << 28
"""Of the weights of all points."""


def standardized_fold(settings: Settings, split: Split, n_outputs: int, class_factor: float) -> Standardized:
    """The rows that the split chooses, in their own units of X and y."""
    offset, unit = np.zeros(1), np.ones(1)
    if not settings.loss.classifies:
        seen = slice(None) if split.chosen is None else split.chosen
        weights = None if split.weights is None else split.weights[seen]
        offset, unit = location_and_scale(split.y[seen], weights, settings)
    return Standardized.of(settings, split, n_outputs, offset, unit, class_factor=class_factor)


class PointScores(NamedTuple):
    """The optimum at one alpha, its coefficients, and the scores and targets of the rows left out."""

    point: Point
    coef: FloatArray
    intercept: FloatArray
    scores: Array
    y: Array


def alpha_grid(seen: Standardized, count: int) -> FloatArray:
    """So many alphas, descending, evenly spaced on a logarithmic scale: the strengths of a path."""
    family: StrengthFamily = seen.penalty(1.0)
    strengths = strength_grid(seen.objective, family, count)
    return strengths / (family.l1 if family.gives_zeros else family.l2)


def shared_by_folds(whole: Standardized, alphas: FloatArray, folds: int) -> SharedGram | None:
    """The Gram matrix of all rows, which serves every fold: theirs differ by some of them, and by their scale."""
    return shared_gram(whole.objective, [whole.penalty(float(alpha)) for alpha in alphas], folds)


@dataclass(frozen=True, eq=False)
class FoldPath:
    """The path of a fold: `seen` are the rows to train on, `held_out` those to score."""

    seen: Standardized
    held_out: Array
    shared: Shared | None

    def points(self, alphas: FloatArray) -> Iterator[PointScores]:
        """The optimum at each alpha, from the first on: as near as scikit-learn's LogisticRegression comes."""
        regularizers: Sequence[StrengthFamily] = [self.seen.penalty(float(alpha)) for alpha in alphas]
        solver = settled_solver(self._gtol(), self.shared)
        for point in solved_points(self.seen.objective, regularizers, solver):
            yield self._scored(point)

    def finer(self, alphas: FloatArray, starts: Sequence[Array], shared: Shared | None) -> Iterator[PointScores]:
        """The same at these alphas, from where `points` left them, to more digits."""
        solver = settled_solver(FINER * self._gtol(), shared, extrapolates=False)
        for alpha, w in zip(alphas, starts, strict=True):
            regularizer = self.seen.penalty(float(alpha))
            objective = self.seen.objective.with_terms(self.seen.objective.loss, regularizer)
            yield self._scored(solver(objective, regularizer, w))

    def _scored(self, point: Point) -> PointScores:
        rest = self.seen.whole.rows(self.held_out)
        return PointScores(point, *self.seen.coefficients(point.w), rest.scores(point.w), rest.y)

    def _gtol(self) -> float:
        X, k = self.seen.whole.X, self.seen.objective.n_classes
        entries = int(X.indptr[-1]) if hasattr(X, "indptr") else X.size
        products = k * (entries + WEIGHTS_COST * X.shape[1])
        curvature = self.seen.settings.loss.largest_curvature(k) or 1.0
        return curvature * (SMALLER_GTOL if products <= SMALLER else GTOL)


def contenders(scores: FloatArray) -> Array:
    """Which alphas (columns) may be the best: those whose mean score is CLOSE to the highest, a few at most."""
    mean = scores.mean(axis=0)
    close = np.flatnonzero(mean >= mean.max() - CLOSE * (mean.max() - mean.min()))
    return np.sort(close[np.argsort(-mean[close], kind="stable")][:MOST_CONTENDERS])


def proven_point(
    seen: Standardized, alpha: float, tol: float, shared: Shared | None = None, start: Array | None = None
) -> Point:
    """The optimum at one alpha, proven where it can be."""
    points = solved_points(seen.objective, [seen.penalty(alpha)], proving_solver(tol, shared), start)
    return evaluated(seen.objective, next(points))


def mean_of_folds(whole: Standardized, paths: Sequence[tuple[FoldPath, list[Array]]], j: int) -> Array:
    """The mean of the folds' weights at alpha j, as weights of all rows: near the optimum there."""
    found = [path.seen.coefficients(weights[j]) for path, weights in paths]
    coef, intercept = (np.mean(part, axis=0) for part in zip(*found, strict=True))
    return whole.weights(coef, intercept).astype(np.float64)


def class_factor(weights: FloatArray | None, sample_weight: FloatArray | None, rows: Array) -> float:
    """The mean class weight of these rows: by how much the sample weights grew (1 where there are no class weights)."""
    if weights is None:
        return 1.0
    own = len(rows) if sample_weight is None else sample_weight[rows].sum()
    return float(weights[rows].sum() / own)


def split_of_fold(X: Any, y: Array, weights: FloatArray | None, train: Array) -> Split:
    """These rows of X, those of weight 0 apart; a row that comes twice counts as two."""
    rows, counts = np.unique(train, return_counts=True)
    if weights is not None or counts.max() > 1:
        own = counts * (1.0 if weights is None else weights[rows])
        rows, own = rows[own > 0], own[own > 0]
        weights = np.full(len(y), own.mean() if own.size else 0.0)
        weights[rows] = own
    return Split(X, y, weights, None if len(rows) == len(y) else rows)


def require_classes(split: Split, classes: Array, fold: int) -> None:
    """ValueError where a fold trains on no row of a class, whose bias has no optimum."""
    labels = split.y if split.chosen is None else split.y[split.chosen]
    missing = np.setdiff1d(np.arange(len(classes)), labels)
    if missing.size:
        raise ValueError(
            f"cv must leave rows of every class to train on; fold {fold} has none of class "
            f"{classes[missing[:1]].tolist()[0]!r}: give fewer folds, or merge classes that are that rare"
        )
