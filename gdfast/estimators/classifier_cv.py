"""GDClassifierCV: a linear classifier whose penalty cross-validation chooses (LogisticRegressionCV)."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._config import own_threads
from ..protocols import Array, FloatArray
from ..training.cross_validation import Standardized, require_classes
from ..training.evaluation import accuracy
from ..training.split import Split, times_class_weight
from .base import all_or_nothing
from .classifier import LinearClassifier
from .cross_validation import CrossValidated


@dataclass(eq=False, repr=False)
class GDClassifierCV(LinearClassifier, CrossValidated):
    """Linear classifier whose alpha is chosen by cross-validation, then fitted on all rows.

    Parameters and attributes are those of `GDClassifier`, and of `LogisticRegressionCV` where they are about folds:
    `alphas` (a number of them, or an array), `cv`, `scoring`; `alpha_`, `alphas_`, `scores_path_` (n_folds, n_alphas),
    `losses_path_`. A fold that trains on no row of a class is an error.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from gdfast.estimators import GDClassifierCV
    >>> X, y = load_wine(return_X_y=True)
    >>> model = GDClassifierCV(alphas=[0.1, 0.01], cv=3).fit(X, y)
    >>> model.scores_path_.shape, model.score(X, y) > 0.98
    ((3, 2), True)
    """

    loss: Any = "cross_entropy"
    class_weight: Any = field(default=None, kw_only=True)

    @all_or_nothing
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> GDClassifierCV:
        """Choose alpha and fit on all rows; `params` go to the splitter (groups) and to the scorer."""
        settings, alphas = self._checked_settings(classifies=True)
        X, y = self._checked(X, y, reset=True)
        weights = self._checked_weights(sample_weight, X)
        self.classes_ = np.unique(y if weights is None else y[weights > 0])
        k = len(self.classes_)
        if k < 2:
            raise ValueError(f"y must hold two classes at least; it holds one class: {self.classes_[0]!r}")
        labels = np.minimum(np.searchsorted(self.classes_, y), k - 1)
        counts, factor = weights, 1.0
        if self.class_weight is not None:
            counts, factor = times_class_weight(self.class_weight, self.classes_, labels, weights)
        split = Split(X, labels, counts)
        with nullcontext() if settings.n_threads is None else own_threads(settings.n_threads):
            self._chosen(settings, alphas, split, y, weights, params, factor, k)
            self._refit(settings, split, factor, k)
        return self

    def _check_fold(self, split: Split, fold: int) -> None:
        require_classes(split, lambda c: self.classes_[c].item(), len(self.classes_), fold)

    def _score_of(self, scores: Array, y: Array, weights: FloatArray | None) -> float:
        return accuracy(scores, y, weights)

    def _coefficients(self, coef: FloatArray, intercept: FloatArray, seen: Standardized) -> dict[str, Any]:
        return self._attributes(coef, intercept, seen.dtype)
