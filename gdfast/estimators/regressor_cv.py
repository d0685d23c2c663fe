"""GDRegressorCV: a linear regressor whose penalty cross-validation chooses, as scikit-learn's RidgeCV and LassoCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..protocols import Array, FloatArray
from ..training.evaluation import r2
from ..training.fit import Standardized
from ..training.split import Split
from ..training.target_scaling import in_type
from .base import all_or_nothing, documented
from .cross_validation import CrossValidated, PathSettings
from .regressor import LinearRegressor


@documented(PathSettings, CrossValidated)
@dataclass(eq=False, repr=False)
class GDRegressorCV(LinearRegressor, CrossValidated):
    """Linear regressor whose alpha is chosen by cross-validation, then fitted on all rows (RidgeCV, LassoCV).

    ``mean loss(z w' + b - y) / 2 + alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|**2)`` with
    ``z = (x - mean) / scale``, as GDRegressor; alpha is the one of `alphas` whose mean score over the folds is best.

    Parameters
    ----------
    loss : "squared_error", "huber", or a gdfast loss such as ``gd.Huber(delta=0.1)``
        As in GDRegressor.

    Attributes
    ----------
    coef_ : array (n_features,), of y with columns (n_outputs, n_features)
        In the units of X and y.
    intercept_ : array (1,) or (n_outputs,)

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdfast.estimators import GDRegressorCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDRegressorCV().fit(X, y)
    >>> model.scores_path_.shape, round(model.score(X, y), 1)
    ((5, 20), 0.5)
    """

    loss: Any = "squared_error"

    @all_or_nothing
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> GDRegressorCV:
        """Choose alpha by the folds, and fit on all rows with it.

        Parameters
        ----------
        X : array or CSR (n_samples, n_features)
        y : numbers (n_samples,) or (n_samples, n_outputs)
        sample_weight : array (n_samples,) >= 0, optional
            A weight of 3 counts as three equal rows, a weight of 0 as none; in the scores as well.
        **params
            ``groups``: each row's group, for splitters such as GroupKFold. Where scikit-learn's metadata routing is on,
            whatever the splitter and the scorer ask for.

        Returns
        -------
        self
        """
        settings = self._checked_settings(classifies=False)
        X, y = self._checked(X, y, reset=True)
        weights = self._checked_weights(sample_weight, X)
        self._one_output = y.ndim == 1
        self._learn(settings, Split(X, y, weights), y, weights, params, 1 if y.ndim == 1 else y.shape[1])
        return self

    def _check_fold(self, split: Split, held_out: Array, fold: int) -> None:
        if self.scoring is None and len(held_out) < 2:
            raise ValueError(
                f"scoring None is R2, which needs two rows; cv leaves one in fold {fold}: give fewer folds, or a "
                "scoring such as 'neg_mean_squared_error'"
            )

    def _score_of(self, scores: Array, y: Array, weights: FloatArray | None) -> float:
        return r2(scores, y, weights)

    def _coefficients(self, coef: FloatArray, intercept: FloatArray, seen: Standardized) -> dict[str, Any]:
        coef = coef[0] if self._one_output else coef
        return {
            "coef_": in_type(coef, seen.dtype, seen.offset, seen.unit),
            "intercept_": in_type(intercept, seen.dtype, seen.offset, seen.unit),
            "_unit": seen.unit,
        }
