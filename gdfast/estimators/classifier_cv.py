"""GDClassifierCV: a linear classifier whose penalty cross-validation chooses (LogisticRegressionCV)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..protocols import Array, FloatArray
from ..training.cross_validation import require_classes
from ..training.evaluation import accuracy
from ..training.fit import Standardized
from ..training.split import Split, times_class_weight
from .base import all_or_nothing, documented
from .classifier import LinearClassifier
from .cross_validation import CrossValidated, PathSettings


@documented(PathSettings, CrossValidated)
@dataclass(eq=False, repr=False)
class GDClassifierCV(LinearClassifier, CrossValidated):
    """Linear classifier whose alpha is chosen by cross-validation, then fitted on all rows (LogisticRegressionCV).

    ``mean loss(scores, y) + alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|**2)`` with scores ``z w' + b`` and
    ``z = (x - mean) / scale``, as GDClassifier; alpha is the one of `alphas` whose mean score over the folds is best.

    Parameters
    ----------
    loss : "cross_entropy" (or "log_loss"), "hinge", "squared_hinge", or a gdfast loss
        As in GDClassifier.
    class_weight : dict, "balanced" or None
        Factors of each row's loss, as in GDClassifier; not of its score. "balanced" counts all rows, not a fold's.

    Attributes
    ----------
    coef_ : array (n_classes, n_features), of two classes (1, n_features)
        In the units of X. Of two classes: the difference of their rows.
    intercept_ : array (n_classes,) or (1,)
    classes_ : array (n_classes,)

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
        """Choose alpha by the folds, and fit on all rows with it.

        Parameters
        ----------
        X : array or CSR (n_samples, n_features)
        y : labels (n_samples,), numbers or strings
        sample_weight : array (n_samples,) >= 0, optional
            A weight of 3 counts as three equal rows, a weight of 0 as none; in the scores as well.
        **params
            ``groups``: each row's group, for splitters such as GroupKFold. Where scikit-learn's metadata routing is on,
            whatever the splitter and the scorer ask for.

        Returns
        -------
        self
        """
        settings = self._checked_settings(classifies=True)
        X, y = self._checked(X, y, reset=True)
        weights = self._checked_weights(sample_weight, X)
        self.classes_ = np.unique(y if weights is None else y[weights > 0])
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold two classes at least; it holds one class: {self.classes_.tolist()[0]!r}")
        labels = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        times_classes = weights
        if self.class_weight is not None:
            times_classes, _ = times_class_weight(self.class_weight, self.classes_, labels, weights)
        self._learn(settings, Split(X, labels, times_classes), y, weights, params, len(self.classes_))
        return self

    def _check_fold(self, split: Split, held_out: Array, fold: int) -> None:
        require_classes(split, self.classes_, fold)

    def _score_of(self, scores: Array, y: Array, weights: FloatArray | None) -> float:
        return accuracy(scores, y, weights)

    def _coefficients(self, coef: FloatArray, intercept: FloatArray, seen: Standardized) -> dict[str, Any]:
        return self._attributes(coef, intercept, seen.dtype)
