"""Cross-validation of the penalty's strength: a regularization path on each fold, scored on the rows it leaves out.

A fold is an index into X: nothing is copied. Its features are standardised by its training rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..descent.path import Point, Solver, evaluated, proving_solver, settled_solver, solved_points, strength_grid
from ..objective.linear.objective import LinearObjective
from ..objective.regularizers.regularizers import StrengthFamily
from ..protocols import Array, FloatArray
from .choice import GTOL, SMALLER, SMALLER_GTOL, WEIGHTS_COST
from .feature_statistics import FeatureStatistics, coefficients_of, feature_statistics
from .row_norms import standardized_rows
from .settings import Settings, penalty
from .split import Split
from .target_scaling import location_and_scale

Fold = tuple[Array, Array]
"""Rows to train on, and rows to score on."""


@dataclass(frozen=True, eq=False)
class Standardized:
    """The objective of a split's rows without a penalty, and what leads from its weights to coefficients.

    `whole` has all rows of X, `objective` those to train on; targets are (y - offset) / unit.
    """

    whole: LinearObjective
    objective: LinearObjective
    statistics: FeatureStatistics | None
    settings: Settings
    offset: FloatArray
    unit: FloatArray

    @staticmethod
    def of(settings: Settings, split: Split, n_outputs: int) -> Standardized:
        """Of the rows that the split chooses."""
        y, offset, unit = split.y, np.zeros(1), np.ones(1)
        is_class = settings.loss.classifies
        if not is_class:
            seen = slice(None) if split.chosen is None else split.chosen
            weights = None if split.weights is None else split.weights[seen]
            offset, unit = location_and_scale(split.y[seen], weights, settings)
            y = (y - (offset[0] if y.ndim == 1 else offset)) / (unit[0] if y.ndim == 1 else unit)
        statistics = None
        if settings.standardize:
            statistics = feature_statistics(split.X, split.weights, split.chosen, centre=settings.fit_intercept)
        rows = standardized_rows(split.X, statistics, split.weights, split.chosen)
        whole = LinearObjective(
            rows.X, y, settings.loss, None, bias=settings.fit_intercept, sample_weight=split.weights,
            mean=rows.mean, scale=rows.scale, n_classes=n_outputs if is_class else None, check_finite=False,
        )  # fmt: skip
        objective = whole if split.chosen is None else whole.rows(split.chosen)
        return Standardized(whole, objective, statistics, settings, offset, unit)

    def penalty(self, alpha: float, class_factor: float) -> Any:
        """That of an alpha; the mean class weight makes losses larger, but not the penalty."""
        unit = 1.0 if self.settings.loss.is_robust else float(self.unit[0])
        return penalty(replace(self.settings, alpha=alpha / class_factor), 1.0, self.objective.n_classes, unit)

    def coefficients(self, w: Array) -> tuple[FloatArray, FloatArray]:
        """Those of X and y that these weights are."""
        coef, intercept = coefficients_of(w, self.statistics, self.settings.fit_intercept)
        return coef * self.unit[:, None], intercept * self.unit + self.offset

    @property
    def dtype(self) -> Any:
        """The type that coefficients need."""
        can_fold = self.statistics is None or self.statistics.can_fold()
        return self.objective.arithmetic if can_fold else np.dtype(np.float64)

    def solver(self) -> Solver:
        """How a point is found: until the gradient is as small as scikit-learn's LogisticRegression leaves it."""
        X, k = self.whole.X, self.objective.n_classes
        entries = int(X.indptr[-1]) if hasattr(X, "indptr") else X.size
        products = k * (entries + WEIGHTS_COST * X.shape[1])
        curvature = self.settings.loss.largest_curvature(k) or 1.0
        return settled_solver(curvature * (SMALLER_GTOL if products <= SMALLER else GTOL))


class FoldScores(NamedTuple):
    """Of one alpha on one fold: the fitted point, its coefficients, and the scores of the rows left out."""

    alpha: float
    seen: Standardized
    point: Point
    coef: FloatArray
    intercept: FloatArray
    scores: Array
    y: Array


def alpha_grid(settings: Settings, split: Split, n_outputs: int, count: int, class_factor: float) -> FloatArray:
    """So many alphas, descending, evenly spaced on a logarithmic scale: the strengths of a path on all rows."""
    seen = Standardized.of(settings, split, n_outputs)
    family: StrengthFamily = seen.penalty(1.0, class_factor)
    strengths = strength_grid(seen.objective, family, count)
    return strengths / (family.l1 if family.gives_zeros else family.l2)


def path_on_fold(
    settings: Settings, split: Split, held_out: Array, alphas: FloatArray, n_outputs: int, class_factor: float
) -> Iterator[FoldScores]:
    """The optimum at each alpha, from the first on, on the split's rows; and its scores on those held out."""
    seen = Standardized.of(settings, split, n_outputs)
    regularizers: Sequence[StrengthFamily] = [seen.penalty(float(alpha), class_factor) for alpha in alphas]
    rest = seen.whole.rows(held_out)
    for alpha, point in zip(alphas, solved_points(seen.objective, regularizers, seen.solver()), strict=True):
        yield FoldScores(float(alpha), seen, point, *seen.coefficients(point.w), rest.scores(point.w), rest.y)


def fitted_point(
    settings: Settings, split: Split, alpha: float, n_outputs: int, class_factor: float, tol: float
) -> tuple[Standardized, Point]:
    """The optimum at one alpha on the split's rows, proven where it can be, and what leads to its coefficients."""
    seen = Standardized.of(settings, split, n_outputs)
    points = solved_points(seen.objective, [seen.penalty(alpha, class_factor)], proving_solver(tol))
    return seen, evaluated(seen.objective, next(points))


def split_of_fold(X: Any, y: Array, weights: FloatArray | None, train: Array) -> Split:
    """These rows of X, those of weight 0 apart; a row that comes twice counts as two."""
    rows, counts = np.unique(train, return_counts=True)
    if weights is not None or counts.max() > 1:
        own = counts * (1.0 if weights is None else weights[rows])
        rows, own = rows[own > 0], own[own > 0]
        weights = np.full(len(y), own.mean() if own.size else 0.0)
        weights[rows] = own
    return Split(X, y, weights, None if len(rows) == len(y) else rows)


def require_classes(split: Split, names: Callable[[int], Any], n_classes: int, fold: int) -> None:
    """ValueError where a fold trains on no row of a class, whose bias has no optimum."""
    labels = split.y if split.chosen is None else split.y[split.chosen]
    missing = np.setdiff1d(np.arange(n_classes), labels)
    if missing.size:
        raise ValueError(
            f"cv must leave rows of every class to train on; fold {fold} has none of class "
            f"{names(int(missing[0]))!r}: give fewer folds, or merge classes that are that rare"
        )
