"""GDRegressorCV: a linear regressor whose penalty cross-validation chooses, as scikit-learn's RidgeCV and LassoCV."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from .._config import own_threads
from ..protocols import Array, FloatArray
from ..training.cross_validation import Standardized
from ..training.evaluation import r2
from ..training.split import Split
from ..training.target_scaling import in_type
from .base import all_or_nothing
from .cross_validation import CrossValidated
from .regressor import LinearRegressor


@dataclass(eq=False, repr=False)
class GDRegressorCV(LinearRegressor, CrossValidated):
    """Linear regressor whose alpha is chosen by cross-validation, then fitted on all rows.

    Parameters and attributes are those of `GDRegressor`, and of `RidgeCV` where they are about folds: `alphas` (a
    number of them, or an array), `cv`, `scoring` (None: R2); `alpha_`, `alphas_`, `scores_path_` (n_folds, n_alphas).
    Squared error with L2 costs one eigendecomposition a fold, whatever the number of alphas.

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
        """Choose alpha and fit on all rows; `params` go to the splitter (groups) and to the scorer."""
        settings, alphas = self._checked_settings(classifies=False)
        X, y = self._checked(X, y, reset=True)
        weights = self._checked_weights(sample_weight, X)
        split, k = Split(X, y, weights), 1 if y.ndim == 1 else y.shape[1]
        self._one_output = y.ndim == 1
        with nullcontext() if settings.n_threads is None else own_threads(settings.n_threads):
            self._chosen(settings, alphas, split, y, weights, params, 1.0, k)
            self._refit(settings, split, 1.0, k)
        return self

    def _score_of(self, scores: Array, y: Array, weights: FloatArray | None) -> float:
        return r2(scores, y, weights)

    def _coefficients(self, coef: FloatArray, intercept: FloatArray, seen: Standardized) -> dict[str, Any]:
        coef = coef[0] if self._one_output else coef
        return {
            "coef_": in_type(coef, seen.dtype, seen.offset, seen.unit),
            "intercept_": in_type(intercept, seen.dtype, seen.offset, seen.unit),
            "_unit": seen.unit,
        }
